"""The modules of forecasts by themselves: what is said, sentence by sentence, and what is laid out."""

import pytest

WEIGHT = {"code": "weight", "title": "Weight", "unit": "kg", "decimals": 1, "daily": "mean", "forecast": True}
PULSE = {**WEIGHT, "code": "resting_heart_rate", "title": "Resting heart rate", "unit": "/min", "decimals": 0}
FORECAST = {
    "through": "2026-03-01",
    "last_value": 81.0,
    "days": ["2026-03-02", "2026-03-03", "2026-03-04"],
    "mean": [82.0, 82.2, 82.4],
    "low80": [81.0, 81.1, 81.2],
    "high80": [83.0, 83.3, 83.6],
    "low95": [80.0, 80.0, 80.0],
    "high95": [84.0, 84.4, 84.8],
    "model": "kalman_mixture",
    "reason": "Level and week of 90 days with data.",
}
OVERALL = {"points": 400, "mae": 2.13, "mae_last_value": 2.64, "held80": 0.79, "held95": 0.95}
RECORD = {
    "shown": 24,
    "overall": OVERALL,
    "better_than_last_value": True,
    "past": [{"through": "2026-02-01"}],
}
PROGRESS = {
    "value_now": 82.0,
    "pace_per_week": -0.25,
    "needed_per_week": -0.4,
    "probability": 0.62,
    "expected_on": "2026-03-20",
    "reached": False,
    "reason": "",
}
HELD = "Of 400 values that have come since, 79 % lay in the 80 % band."
FALLS = "chance that resting heart rate falls below 45 per min on one of the next 28 days"
GOAL = {"direction": "at_most", "target": 80.0, "by_day": "2026-04-01", "start_value": 84.0}


@pytest.fixture
def call(module_page):
    """A function: an exported function of a module, called with JSON."""

    def run(module, name, *args):
        code = "async ([m, n, a]) => (await import(`/static/pollux/js/${m}`))[n](...a)"
        said = module_page.evaluate(code, [module, name, list(args)])
        return said.replace("\u00a0", " ") if isinstance(said, str) else said

    return run


def words(call, name, *args):
    return call("outlook/words.js", name, *args)


def plain(sentences):
    return [text.replace("\u00a0", " ") for text in sentences]


@pytest.mark.parametrize(
    ("simpler", "days", "text"),
    [
        (False, 2, "In 2 days, on 3 March: about 82.2 kg, and with 80 % between 81.1 and 83.3."),
        (True, 2, "In 2 days, on 3 March: about 81.0 kg, and with 80 % between 81.1 and 83.3."),
        (False, 28, "In 3 days, on 4 March: about 82.4 kg, and with 80 % between 81.2 and 83.6."),
    ],
)
def test_expectation_is_of_the_line_that_is_drawn(call, simpler, days, text):
    assert (
        words(call, "expectation", {"forecast": FORECAST, "simpler": simpler, "kind": WEIGHT}, days) == text
    )


@pytest.mark.parametrize(
    ("title", "name"),
    [("Weight", "weight"), ("REM sleep", "REM sleep"), ("Heart rate, RMSSD", "heart rate, RMSSD")],
)
def test_name_in_a_sentence_keeps_what_is_an_abbreviation(call, title, name):
    assert words(call, "nameOf", {"title": title}) == name


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "less than 1 %"), (0.01, "1 %"), (0.354, "35 %"), (0.99, "99 %"), (1, "more than 99 %")],
)
def test_percent_is_never_certain(call, share, text):
    assert words(call, "percent", share) == text


@pytest.mark.parametrize(
    ("better", "more"), [(True, []), (False, []), (None, ["That is too little to say which is better."])]
)
def test_record_says_how_often_the_band_held_and_both_errors(call, better, more):
    one = {"record": RECORD | {"better_than_last_value": better}, "kind": PULSE}
    assert plain(words(call, "recordSentences", one)) == [
        f"24 forecasts were shown since 1 February. {HELD}",
        "Typical error 2.1 per min; repeating the last value: 2.6.",
        *more,
    ]


def test_record_of_nothing_that_has_come_says_nothing(call):
    assert words(call, "recordSentences", {"record": RECORD | {"overall": None}, "kind": PULSE}) == []


def test_simpler_says_by_which_of_the_two_records(call):
    shown = words(
        call,
        "simplerSentence",
        {"simpler": True, "forecast": FORECAST, "record": RECORD | {"better_than_last_value": False}},
    )
    own = words(call, "simplerSentence", {"simpler": True, "forecast": FORECAST, "record": RECORD})
    assert shown.startswith("So far the forecasts shown here were no better")
    assert own.startswith("On the days already known, repeating the last value came closer")
    assert words(call, "simplerSentence", {"simpler": False, "forecast": FORECAST, "record": RECORD}) is None


@pytest.mark.parametrize(
    ("days", "text"),
    [
        (5, "Not enough data yet: 5 more days with a value. Why."),
        (1, "Not enough data yet: 1 more day with a value. Why."),
        (0, "The forecast is on its way. Why."),
    ],
)
def test_waiting_says_how_many_days_are_missing(call, days, text):
    assert words(call, "waitingSentence", {"waiting": {"more_days": days, "reason": "Why."}}) == text


CROSSING = {
    "basis": "guideline",
    "title": "High at rest",
    "side": "above",
    "limit": 100,
    "probability": 0.35,
    "expected_on": None,
    "passed": False,
    "window_days": 1,
    "source": "A guideline",
    "verification": "named by two sources",
}


@pytest.mark.parametrize(
    ("changed", "chance", "text", "source"),
    [
        (
            {},
            "35 %",
            "chance that resting heart rate rises above 100 per min on one of the next 28 days",
            "High at rest · A guideline · named by two sources",
        ),
        (
            {"basis": "threshold", "side": "below", "limit": 45, "expected_on": "2026-03-12"},
            "35 %",
            f"{FALLS}, as likely as not by 12 March",
            "a limit set for this person",
        ),
        (
            {"passed": True, "probability": 1, "window_days": 7},
            "Now",
            "the 7-day mean of resting heart rate is above 100 per min",
            "High at rest · A guideline · named by two sources",
        ),
        (
            {"basis": "goal", "passed": True, "probability": 1, "window_days": 7},
            "Now",
            "resting heart rate is above 100 per min",
            "the goal, by a week's value",
        ),
    ],
)
def test_crossing_says_chance_limit_and_where_it_comes_from(call, changed, chance, text, source):
    said = words(call, "crossingWords", CROSSING | changed, PULSE)
    assert plain(said.values()) == [chance, text, source]


@pytest.mark.parametrize(
    ("changed", "sentences"),
    [
        (
            {},
            [
                "Now 82.0 kg, by the last week.",
                "Pace −0.25 kg a week, needed −0.40 kg a week.",
                "Chance to be there by 1 April: 62 %.",
                "As likely as not by 20 March.",
            ],
        ),
        ({"reached": True, "value_now": 79.8}, ["Reached: a week now stands at 79.8 kg."]),
        (
            dict.fromkeys(("value_now", "pace_per_week", "needed_per_week", "probability", "expected_on"))
            | {"reason": "There is no value of the last 28 days."},
            ["There is no value of the last 28 days."],
        ),
    ],
)
def test_goal_says_where_it_stands_and_what_cannot_be_said(call, changed, sentences):
    goal = GOAL | {"progress": PROGRESS | changed}
    assert plain(words(call, "goalSentences", goal, WEIGHT)) == sentences


@pytest.mark.parametrize(
    ("goal", "share"),
    [
        (GOAL | {"progress": PROGRESS}, 0.5),
        (GOAL | {"progress": PROGRESS | {"value_now": 90}}, 0),
        (GOAL | {"progress": PROGRESS | {"reached": True}}, 1),
        (GOAL | {"progress": PROGRESS, "start_value": None}, None),
    ],
)
def test_goal_share_is_of_the_way_from_its_start(call, goal, share):
    assert words(call, "goalShare", goal) == share


@pytest.mark.parametrize(
    ("edges", "text"),
    [
        ({"low": None, "high": 90}, "at most 90.0 kg"),
        ({"low": 70, "high": None}, "at least 70.0 kg"),
        ({"low": 70, "high": 90}, "70.0 to 90.0 kg"),
    ],
)
def test_range_words_name_the_edges_there_are(call, edges, text):
    assert words(call, "rangeWords", edges, WEIGHT) == text


def test_limit_lines_are_those_of_goal_threshold_and_guideline_each_value_once(call):
    one = {
        "goal": {"target": 80},
        "threshold": {"low": 70, "high": 90},
        "forecast": {
            "crossings": [
                CROSSING | {"title": "Too heavy, by the week", "limit": 95},
                CROSSING | {"basis": "threshold", "limit": 90},
                CROSSING | {"limit": 90},
            ]
        },
        "kind": WEIGHT,
    }
    lines = words(call, "limitLines", one)
    assert [(line["value"], line["text"], line["name"], line["tone"]) for line in lines] == [
        (80, "Goal 80.0 kg", "goal 80.0 kg", "goal"),
        (70, "Limit 70.0 kg", "limit 70.0 kg", "limit"),
        (90, "Limit 90.0 kg", "limit 90.0 kg", "limit"),
        (95, "95.0 kg", "too heavy 95.0 kg", "limit"),
    ]


def test_forecast_line_is_cut_to_the_days_and_level_when_the_last_value_is_drawn(call):
    line = call("chart/data.js", "forecastLine", FORECAST, {"days": 2, "simpler": True})
    assert (len(line["x"]), line["mean"], line["high80"]) == (2, [81.0, 81.0], [83.0, 83.3])
    assert call("chart/data.js", "forecastLine", FORECAST)["mean"] == FORECAST["mean"]
    assert call("chart/data.js", "forecastLine", None) is None


def test_past_line_shows_each_forecast_up_to_the_next_with_a_gap_between(call):
    def past(through, *days):
        line = [float(day[-2:]) for day in days]
        return {"through": through, "days": days, "mean": line, "low80": line, "high80": line}

    first = past("2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04")
    second = past("2026-03-03", "2026-03-04", "2026-03-05", "2026-03-06")
    until = 1_772_712_000_000  # noon of the fifth
    line = call("chart/data.js", "pastLine", [first, second], until)
    assert line["mean"] == [2, 3, None, 4, 5]
    assert line["x"] == sorted(line["x"])
    assert call("chart/data.js", "pastLine", [], until) is None


def test_glucose_line_opens_from_the_reading(call):
    said = {name: [100, 105] for name in ("mean", "low80", "high80", "low95", "high95")}
    answer = {"at": "2026-03-01T08:00:00Z", "last_value": 98, "minutes": [30, 60], **said}
    line = call("chart/data.js", "glucoseLine", answer)
    assert [at - line["x"][0] for at in line["x"]] == [0, 1_800_000, 3_600_000]
    assert line["low95"] == [98, 100, 105]
    assert call("chart/data.js", "glucoseLine", {"reason": "No reading yet.", "at": None}) is None
