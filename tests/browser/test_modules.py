"""The scripts' pure parts, called in the browser that runs them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import RFC_4122, UUID

import pytest

from reminders.timing import may_take, parse
from reminders.wording import amount_words


@pytest.fixture
def call(module_page):
    """A function: the answer of one exported function of a module to JSON arguments."""

    def run(module: str, name: str, *args: object) -> object:
        return module_page.evaluate(
            "async ([module, name, args]) => (await import(`/static/pollux/js/${module}`))[name](...args)",
            [module, name, list(args)],
        )

    return run


def test_unit_text_is_what_people_write(call):
    given = ["mm[Hg]", "mL/min/{1.73_m2}", "Cel", "10*3/uL", "kg/m2", "{steps}", "mg/dL", "m[IU]/L", "/min"]
    shown = ["mmHg", "mL/min/1.73\u00a0m²", "°C", "10³/µL", "kg/m²", "steps", "mg/dL", "mIU/L", "per min"]
    assert [call("format.js", "unitText", unit) for unit in given] == shown


def test_new_id_is_a_uuid_of_version_7_sorted_by_its_time(call):
    ids = [UUID(call("id.js", "newId", now)) for now in (0, 1_772_362_800_000, 1_772_362_800_001)]
    assert [(one.version, one.variant, one.int >> 80) for one in ids] == [
        (7, RFC_4122, now) for now in (0, 1_772_362_800_000, 1_772_362_800_001)
    ]


@pytest.mark.parametrize(
    ("text", "number"),
    [("72", 72), (" 81,5 ", 81.5), ("81.5", 81.5), ("", None), ("7 2", None), ("1e3", None)],
)
def test_parse_number_takes_what_people_type(call, text, number):
    assert call("format.js", "parseNumber", text) == number


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        # The reader's midnight, here Berlin's, tells today from yesterday.
        ("2026-03-03T23:30:00Z", "today 00:30"),
        ("2026-03-03T22:30:00Z", "yesterday 23:30"),
        ("2026-02-27T10:00:00Z", "Friday 11:00"),
        ("2026-01-02T10:00:00Z", "2 Jan"),
        ("2024-01-02T10:00:00Z", "2 Jan 2024"),
    ],
)
def test_when_names_days_as_the_reader_lives_them(call, instant, text):
    assert call("format.js", "when", instant, datetime(2026, 3, 4, 12, tzinfo=UTC)) == text


def test_align_breaks_a_line_at_a_long_pause_and_joins_a_short_one(call):
    day = 86_400_000
    x = [0, day, 2 * day, 30 * day]
    line = {"x": x, "value": [1, 2, 3, 4], "low": None, "high": None, "forecast": None}
    seconds, values, *_ = call("chart/data.js", "align", [line], "days")
    assert seconds == [at / 1000 for at in (*x[:3], 16 * day, x[3])]
    assert values == [1, 2, 3, None, 4]


def test_days_line_of_totals_has_no_band(call):
    total = {"day": "2026-03-01", "value": 8000, "min": 0, "max": 400}
    plain = {"day": "2026-03-01", "value": 70, "min": 55, "max": 120}
    assert call("chart/data.js", "daysLine", {"days": [total]}) | {"x": None} == {
        "x": None, "value": [8000], "low": None, "high": None, "isTotal": True,
        "other": None, "marks": [],
    }  # fmt: skip
    assert call("chart/data.js", "daysLine", {"days": [plain]})["high"] == [120]


def test_samples_line_keeps_what_does_not_count_apart(call):
    answer = {"start": [1, 2, 3], "value": [40, 90, 95], "flags": [4, 0, 2], "counts": [True, True, False]}
    line = call("chart/data.js", "samplesLine", answer)
    assert (line["x"], line["value"]) == ([1, 2], [40, 90])
    assert line["other"] == {"x": [3], "value": [95]}
    assert line["marks"] == [
        {"x": 1, "y": 40, "flags": 4, "counts": True},
        {"x": 3, "y": 95, "flags": 2, "counts": False},
    ]


def test_day_marks_stand_at_the_end_that_is_a_limit(call):
    days = [{"value": 90, "min": 40, "max": 400, "flags": 4 | 8 | 2}]
    assert call("chart/marks.js", "dayMarks", days, [7]) == [
        {"x": 7, "y": 40, "flags": 4, "counts": True},
        {"x": 7, "y": 400, "flags": 8, "counts": True},
        {"x": 7, "y": 90, "flags": 2, "counts": True},
    ]


@pytest.mark.parametrize(
    ("bounds", "text"),
    [((None, None), "250/40"), (("above", None), "> 250/40"), ((None, "below"), "250/< 40")],
)
def test_blood_pressure_says_which_of_its_values_is_a_limit(call, bounds, text):
    tiles = [
        {"kind": kind, "value": value, "bound": bound, "decimals": 0, "mean_28": 120, "flag": None}
        for kind, value, bound in zip(("sbp", "dbp"), (250, 40), bounds, strict=True)
    ]
    (card,) = call("tile.js", "tileCards", tiles)
    assert (card["text"], card["meanText"]) == (text, "120/120")


def test_mark_words_say_each_flag(call):
    assert call("chart/marks.js", "markWords", 1 | 2) == ["outside the usual range", "typed in"]


@pytest.mark.parametrize(
    ("skew", "text"),
    [
        (None, None),
        (119_000, None),
        (440_000, "Its clock is 7 minutes ahead."),
        (-7_200_000, "Its clock is 2 hours behind."),
    ],
)
def test_skew_is_said_from_two_minutes_on(call, skew, text):
    assert call("sources.js", "skewWords", skew) == text


def test_silent_device_is_said_with_its_habit(call):
    device = {"voice": "silent", "habit": {"usual": 1, "patience": 2}, "spoke_on": "2026-03-01"}
    said = call("sources.js", "voiceWords", device, "2026-03-06T12:00:00Z")
    assert said["badge"] == "Silent"
    assert said["text"].startswith("Nothing new for")
    assert said["text"].endswith("Usually something comes every day.")


def test_a_stopped_clock_is_shown_until_it_goes_again(module_page):
    hidden = module_page.evaluate(
        """async () => {
          const { showClock } = await import("/static/pollux/js/notices.js");
          const live = new EventTarget();
          const banner = document.createElement("div");
          showClock(live, banner);
          return [false, true].map((goes) => {
            live.dispatchEvent(new CustomEvent("clock", { detail: { goes } }));
            return banner.hidden;
          });
        }"""
    )
    assert hidden == [False, True]


CHOICE = {
    "often": "1",
    "times": ["08:00"],
    "every": 2,
    "weekdays": ["mon"],
    "gapHours": None,
    "most": None,
    "on": None,
    "off": None,
}
TIMINGS = [
    (
        {"often": "2", "times": ["08:00", "20:00"]},
        {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d", "timeOfDay": ["08:00", "20:00"]}},
    ),
    (
        {"often": "1", "on": 21, "off": 7},
        {
            "repeat": {"frequency": 1, "period": 1, "periodUnit": "d", "timeOfDay": ["08:00"]},
            "cycle": {"on": 21, "off": 7},
        },
    ),
    (
        {"often": "days", "every": 3},
        {"repeat": {"frequency": 1, "period": 3, "periodUnit": "d", "timeOfDay": ["08:00"]}},
    ),
    (
        {"often": "week", "weekdays": ["tue", "fri"]},
        {"repeat": {"dayOfWeek": ["tue", "fri"], "timeOfDay": ["08:00"]}},
    ),
    (
        {"often": "hours", "every": 8, "times": ["06:00"]},
        {
            "repeat": {
                "frequency": 1,
                "period": 8,
                "periodUnit": "h",
                "timeOfDay": ["06:00", "14:00", "22:00"],
            }
        },
    ),
    (
        {"often": "needed", "times": ["08:00"], "gapHours": 6, "most": 4},
        {"asNeeded": {"minimumGapMinutes": 360, "maximumPerDay": 4}},
    ),
]


@pytest.mark.parametrize(("choice", "timing"), TIMINGS)
def test_choices_of_a_form_become_a_timing_and_come_back(call, choice, timing):
    assert call("timing.js", "timingOf", CHOICE | choice, {"zone": "UTC", "startsOn": "2026-03-01"}) == timing
    parse(timing)
    back = call("timing.js", "choiceOf", timing)
    assert back == CHOICE | choice


def test_hours_that_do_not_divide_a_day_count_from_the_first_dose_by_the_patients_clock(call):
    choice = CHOICE | {"often": "hours", "every": 36}
    timing = call("timing.js", "timingOf", choice, {"zone": "America/New_York", "startsOn": "2026-07-01"})
    assert timing == {"everyHours": {"hours": 36, "first": "2026-07-01T12:00:00.000Z"}}
    parse(timing)


@pytest.mark.parametrize(
    "timing",
    [
        None,
        {"code": "BID"},
        {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d", "when": ["CM"]}},
        {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d", "timeOfDay": ["08:00"]}, "amounts": [1]},
    ],
)
def test_timing_that_the_form_cannot_say_has_no_choice(call, timing):
    assert call("timing.js", "choiceOf", timing) is None


@pytest.mark.parametrize(
    ("choice", "lacks"),
    [
        ({"often": "2", "times": ["08:00", ""]}, "Give the time of each dose."),
        ({"often": "hours", "every": None}, "Say every how many hours."),
        ({"often": "week", "weekdays": []}, "Choose at least one day."),
        ({"on": 21}, "Say how many days with it, and how many without."),
        ({"often": "needed", "times": []}, None),
    ],
)
def test_choice_says_what_it_lacks(call, choice, lacks):
    assert call("timing.js", "lacking", CHOICE | choice) == lacks


def millis(at: datetime) -> int:
    return round(at.timestamp() * 1000)


@pytest.mark.parametrize(
    ("needed", "taken", "until"),
    [
        ({}, [-1], None),
        ({"minimumGapMinutes": 360}, [-1], 5),
        ({"minimumGapMinutes": 360}, [-6], None),
        ({"maximumPerDay": 2}, [-20, -3], 4),
        ({"maximumPerDay": 2}, [-21, -3, -25], 3),
        ({"maximumPerDay": 2}, [-3], None),
        ({"minimumGapMinutes": 90, "maximumPerDay": 1}, [-1], 23),
    ],
)
def test_dose_as_needed_comes_too_soon_as_the_server_holds_it(call, needed, taken, until):
    now = datetime(2026, 3, 4, 8, tzinfo=UTC)
    at = [now + timedelta(hours=hours) for hours in taken]
    server = may_take(parse({"asNeeded": needed}), at, now)
    found = call("timing.js", "tooSoon", needed, [f"{one:%Y-%m-%dT%H:%M:%SZ}" for one in at], millis(now))
    assert found == (server and {"why": server.reason, "until": millis(server.until)})
    assert (server and server.until) == (until and now + timedelta(hours=until))


@pytest.mark.parametrize(
    ("amount", "unit", "text"),
    [
        (1, "tablet", "1 tablet"),
        (2, "tablet", "2 tablets"),
        (0.5, "tablet", "0.5 tablets"),
        (5, "mL", "5 mL"),
    ],
)
def test_amount_words_are_the_servers(call, amount, unit, text):
    assert call("format.js", "amountWords", amount, unit) == text == amount_words(Decimal(str(amount)), unit)
