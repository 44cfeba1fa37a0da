"""What rules find in facts: each condition at its limits, hysteresis, what is late, why alerts end."""

from dataclasses import replace
from datetime import date, timedelta
from time import process_time
from uuid import UUID

import numpy as np
import pytest
from facts_of import NOW, TODAY, ago, cleared, days, every, facts, found, opened, readings
from hypothesis import given
from hypothesis import strategies as st

from backend.rules import Topic
from twin.instants import milliseconds
from twin.series.columns import Flag
from twin.state.baseline import Baseline
from twin.warnings.evaluate import evaluate, next_look
from twin.warnings.facts import Ahead, Crossing, Doses, Score, Source, Threshold
from twin.warnings.finding import Clearing, Evaluation, Open, Severity
from twin.warnings.rule_file import current_rules
from twin.warnings.vital_score import vital_score, vital_scores

ID = UUID(int=7)
NOW_MS = milliseconds(NOW)
HEART_FAILURE = frozenset({"heart_failure"})


def told(given):
    """Rule, key and severity of what holds."""
    return [(one.rule, one.key, one.severity.value) for one in found(given)]


def severities(given):
    return [one.severity.value for one in found(given)]


def pressure(*rows):
    """Rows of instant, systolic and diastolic; None where one is missing."""
    sbp = readings(*((at, high) for at, high, _ in rows if high is not None))
    dbp = readings(*((at, low) for at, _, low in rows if low is not None))
    return facts(readings={"sbp": sbp, "dbp": dbp})


READINGS = [
    ("sbp", every(1, 180), []),
    ("sbp", every(1, 180.0000000001), []),
    ("sbp", every(1, 181), ["urgent"]),
    ("dbp", every(1, 120), []),
    ("dbp", every(1, 121), ["urgent"]),
    ("resting_heart_rate", every(20, 101), []),
    ("resting_heart_rate", every(20, 100, 101), []),
    ("resting_heart_rate", every(20, 101, 101), ["caution"]),
    ("resting_heart_rate", every(5, 101, 101), []),
    ("resting_heart_rate", every(1, 50), []),
    ("resting_heart_rate", every(1, 49), ["caution"]),
    ("resting_heart_rate", every(1, 40), ["urgent"]),
    ("spo2", every(30, 95, 95), []),
    ("spo2", every(30, 94, 94), []),
    ("spo2", every(30, 94, 94, 94), ["caution"]),
    ("spo2", every(30, 92), []),
    ("spo2", every(10, 92, 92), ["urgent"]),
    ("spo2", every(10, 93, 92), []),
    ("resp_rate", every(10, 20, 20), []),
    ("resp_rate", every(10, 21, 21), ["caution"]),
    ("resp_rate", every(10, 25, 25), ["urgent"]),
    ("temperature", every(1, 37.9), []),
    ("temperature", every(1, 38.0), ["caution"]),
    ("temperature", every(1, 39.0), ["caution"]),
    ("temperature", every(1, 39.1), ["urgent"]),
    ("temperature", every(10, 34.9), []),
    ("temperature", every(10, 34.9, 34.9), ["urgent"]),
    ("glucose", every(1, 70), []),
    ("glucose", every(1, 69), ["caution"]),
    ("glucose", every(1, 54), ["caution"]),
    ("glucose", every(1, 53), ["urgent"]),
    ("glucose", every(60, 251), []),
    ("glucose", every(60, 251, 251), ["caution"]),
    ("glucose", every(60, 301, 301), ["urgent"]),
    ("glucose_cgm", every(5, 69, 69), []),
    ("glucose_cgm", every(5, 69, 69, 69, 69), ["caution"]),
    ("glucose_cgm", every(15, 53, 53), ["urgent"]),
    ("glucose_cgm", every(15, *[181] * 8), []),
    ("glucose_cgm", every(15, *[181] * 9), ["information"]),
    ("glucose_cgm", every(15, *[251] * 5), ["caution"]),
    ("glucose_cgm", every(15, *[301] * 17), ["urgent"]),
    ("ketones", every(1, 1.4), []),
    ("ketones", every(1, 1.5), ["urgent"]),
    ("ketones", every(1, 3.0), ["critical"]),
    ("hba1c", every(1, 5.6), []),
    ("hba1c", every(1, 6.5), ["information"]),
    ("glucose_fasting", every(1, 100), ["information"]),
    ("potassium", every(1, 5.5), []),
    ("potassium", every(1, 5.6), ["caution"]),
    ("potassium", every(1, 6.0), ["urgent"]),
    ("potassium", every(1, 3.4), ["caution"]),
    ("potassium", every(1, 2.9), ["urgent"]),
    ("inr", every(1, 4.5), []),
    ("inr", every(1, 4.6), ["urgent"]),
]


@pytest.mark.parametrize(("kind", "given", "expected"), READINGS)
def test_readings_hold_from_their_limits_on(kind, given, expected):
    assert severities(facts(readings={kind: given})) == expected


def test_finding_says_what_it_stands_on():
    (one,) = found(facts(readings={"glucose": every(10, 90, 52)}))
    assert (one.rule, one.key, one.severity) == ("glucose_low", "glucose", Severity.URGENT)
    assert (one.topic, one.direction, one.at, one.is_late) == (Topic.GLUCOSE, "low", NOW, False)
    assert [(piece.kind, piece.value, piece.unit, piece.at) for piece in one.evidence] == [
        ("glucose", 52.0, "mg/dL", NOW)
    ]
    assert (one.action, one.source, one.verification) == ("low_glucose", "ADA, level 2", "two sources")
    assert "54 mg/dL" in one.text


def test_pressure_of_one_moment_is_one_finding_and_nonsense_is_none():
    (one,) = found(pressure((NOW, 190, 125)))
    assert [(piece.kind, piece.value) for piece in one.evidence] == [("sbp", 190.0), ("dbp", 125.0)]
    assert told(pressure((NOW, 190, None))) == [("bp_severe", "", "urgent")]
    assert told(pressure((NOW, 125, 190))) == []


def test_device_that_reads_no_higher_counts_as_beyond():
    low = readings((ago(minutes=15), 40.0, Flag.CENSORED_LOW), (NOW, 40.0, Flag.CENSORED_LOW))
    (one,) = found(facts(readings={"glucose_cgm": low}))
    assert (one.severity, one.evidence[-1].flags) == (Severity.URGENT, Flag.CENSORED_LOW)


def test_absurd_value_needs_a_second_and_a_low_glucose_does_not():
    soft = int(Flag.SOFT_RANGE)
    assert told(facts(readings={"temperature": readings((NOW, 44.0, soft))})) == []
    twice = readings((ago(minutes=9), 44.0, soft), (NOW, 43.0, soft))
    assert severities(facts(readings={"temperature": twice})) == ["urgent"]
    assert severities(facts(readings={"glucose": readings((NOW, 30.0, soft))})) == ["urgent"]


def test_reading_that_two_sources_tell_of_counts_once():
    def seen(second, value):
        rows = [(ago(seconds=40), 92.0, 0, "Watch"), (ago(seconds=second), value, 0, "Phone")]
        return severities(facts(readings={"spo2": readings(*rows)}))

    assert seen(10, 92.0) == []
    assert seen(10, 91.0) == ["urgent"]


@pytest.mark.parametrize(
    ("ahead", "expected"),
    [(timedelta(minutes=1), ["urgent"]), (timedelta(minutes=5), []), (timedelta(hours=20), [])],
)
def test_reading_of_the_future_is_not_taken_for_now(ahead, expected):
    assert severities(facts(readings={"glucose": readings((NOW + ahead, 50.0))})) == expected


def test_fast_heart_counts_at_rest_only():
    fast = every(1, *[135.0] * 15)
    assert told(facts(readings={"heart_rate": fast})) == []
    walked = readings((ago(hours=2), 40.0, 0, "Device", timedelta(minutes=10)))
    still = {"heart_rate": fast, "steps": walked}
    assert told(facts(readings=still)) == [("hr_rest_very_high", "heart_rate", "urgent")]
    walking = readings((NOW, 900.0, 0, "Device", timedelta(minutes=20)))
    assert told(facts(readings={"heart_rate": fast, "steps": walking})) == []
    counted_long_ago = readings((ago(hours=30), 40.0))
    assert told(facts(readings={"heart_rate": fast, "steps": counted_long_ago})) == []


def test_slow_heart_that_is_usual_for_the_person_is_none():
    usual = Baseline("resting_heart_rate", 46.0, 2.0, None, 60, TODAY - timedelta(60), TODAY - timedelta(1))
    slow = {"resting_heart_rate": every(1, 45)}
    assert severities(facts(readings=slow)) == ["caution"]
    assert severities(facts(readings=slow, baselines={"resting_heart_rate": usual})) == []
    slower = {"resting_heart_rate": every(1, 40)}
    assert severities(facts(readings=slower, baselines={"resting_heart_rate": usual})) == ["urgent"]


@pytest.mark.parametrize(
    ("on_file", "expected"), [(frozenset(), ["information"]), (frozenset({"diabetes"}), [])]
)
def test_rule_that_is_not_for_a_condition_goes_with_it(on_file, expected):
    given = facts(readings={"hba1c": every(1, 7.0)}, conditions=on_file)
    assert severities(given) == expected
    alert = Open("hba1c_high", "hba1c", Severity.INFORMATION, NOW)
    assert cleared(given, alert) == (Clearing.RETIRED if on_file else None)


def week(*pressures, per_day=2):
    """So many readings a day, morning and evening, of these days' pressures; the last day is today."""
    rows = []
    for place, (high, low) in enumerate(pressures):
        day = NOW - timedelta(days=len(pressures) - 1 - place)
        rows += [(day - timedelta(hours=6 * number), high, low) for number in range(per_day)]
    return pressure(*rows)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (week(*[(129, 79)] * 7), []),
        (week(*[(130, 79)] * 7), ["information"]),
        (week(*[(120, 80)] * 7), ["information"]),
        (week(*[(135, 79)] * 7), ["caution"]),
        (week(*[(120, 85)] * 7), ["caution"]),
        (week(*[(140, 90)] * 2), []),
        (week(*[(140, 90)] * 4, per_day=1), []),
        (week(*[(140, 90)] * 4), ["caution"]),
        (week((200, 90), *[(120, 70)] * 6), []),
    ],
)
def test_mean_of_a_week_at_home(given, expected):
    assert [one.severity.value for one in found(given) if one.rule == "bp_home_high"] == expected


def test_mean_says_of_how_many_readings_it_is():
    (one,) = found(week(*[(142, 88)] * 7))
    assert (
        "12 readings on 6 days is 142/88 mmHg, which is called stage 2 by AHA, hypertension by ESC"
        in one.text
    )
    assert len(one.evidence) == 10


@pytest.mark.parametrize(
    ("series", "text"),
    [
        ([80, 81.3], None),
        ([80, 81.4], "1.4 kg within 1 day"),
        ([80, 80.7, 81.3, 82.0], None),
        ([80, 80.7, 81.3, 82.1], "2.1 kg within 3 days"),
        ([80, 80.3, 80.6, 81.0, 81.3, 81.7, 82.0, 82.2], None),
        ([80, 80.3, 80.6, 81.0, 81.3, 81.7, 82.0, 82.3], "2.3 kg within 7 days"),
        ([80, None, None, None, None, None, None, 82.3], "2.3 kg within 7 days"),
        ([80, None, None, None, None, None, None, None, 82.3], None),
        ([82.4, 80], None),
    ],
)
def test_gain_of_weight_is_told_of_heart_failure_only(series, text):
    given = facts(days={"weight": days(*series)})
    assert found(given) == []
    holding = found(replace(given, conditions=HEART_FAILURE))
    assert [text in one.text for one in holding] == ([True] if text else [])


def usual(kind, days_known=60):
    last = TODAY - timedelta(days=1)
    return {kind: Baseline(kind, 60.0, 2.0, None, days_known, last - timedelta(days=90), last)}


@pytest.mark.parametrize(
    ("values", "known", "expected"),
    [
        ([66, 66, 66], 60, ["information"]),
        ([66, 66, 65.9], 60, []),
        ([66, None, 66, 66], 60, []),
        ([66, 66, 66, 65], 60, ["information"]),
        ([66, 66, 66, 64], 60, []),
        ([66, 66, 66], 20, []),
        ([54, 54, 54], 60, []),
    ],
)
def test_days_away_from_what_is_usual(values, known, expected):
    given = facts(days={"resting_heart_rate": days(*values)}, baselines=usual("resting_heart_rate", known))
    assert severities(given) == expected


def test_today_does_not_count_where_it_still_grows():
    low = facts(days={"steps": days(50, 50, 50, last=TODAY)}, baselines=usual("steps"))
    assert severities(low) == []
    low = facts(days={"steps": days(50, 50, 50, last=TODAY - timedelta(days=1))}, baselines=usual("steps"))
    assert told(low) == [("unusually_low", "steps", "information")]


def limit(kind, low=None, high=None):
    return Threshold(ID, kind, low, high, NOW_MS)


@pytest.mark.parametrize(
    ("kind", "series", "threshold", "expected"),
    [
        # calmer than the guideline's: only the clinician's counts, and is as severe as the guideline's there
        ("spo2", every(10, 90, 90), limit("spo2", low=88), []),
        ("spo2", every(10, 87, 87), limit("spo2", low=88), [("clinician_limit", "spo2/low", "urgent")]),
        # stricter than the guideline's: told of earlier, and what is dangerous stays so
        ("glucose", every(1, 75), limit("glucose", low=80), [("clinician_limit", "glucose/low", "caution")]),
        ("glucose", every(1, 50), limit("glucose", low=80), [("clinician_limit", "glucose/low", "urgent")]),
        # the other side is left alone
        ("glucose", every(1, 50), limit("glucose", high=160), [("glucose_low", "glucose", "urgent")]),
        ("sbp", every(1, 151), limit("sbp", high=150), [("clinician_limit", "sbp/high", "caution")]),
        ("sbp", every(1, 150), limit("sbp", high=150), []),
        ("sbp", every(1, 190), limit("sbp", high=150), [("clinician_limit", "sbp/high", "urgent")]),
        ("weight", every(1, 91), limit("weight", high=90), [("clinician_limit", "weight/high", "caution")]),
    ],
)  # fmt: skip
def test_clinicians_limit_takes_the_place_of_guidelines_on_its_side(kind, series, threshold, expected):
    assert told(facts(readings={kind: series}, thresholds=[threshold])) == expected


def test_clinicians_limit_of_a_counted_kind_is_held_against_whole_days():
    def steps(*values, last):
        return facts(days={"steps": days(*values, last=last)}, thresholds=[limit("steps", low=2000)])

    assert told(steps(3000, 500, last=TODAY)) == []
    assert told(steps(3000, 500, last=TODAY - timedelta(days=1))) == [
        ("clinician_limit", "steps/low", "caution")
    ]


def test_clinicians_limit_that_ended_retires_its_alert_and_the_guidelines_is_back():
    low = {"spo2": every(10, 91, 91)}
    alert = Open("clinician_limit", "spo2/low", Severity.CAUTION, NOW)
    assert cleared(facts(readings=low), alert) is Clearing.RETIRED
    assert told(facts(readings=low)) == [("spo2_low", "spo2", "urgent")]
    replaced = Open("spo2_low", "spo2", Severity.URGENT, NOW)
    assert cleared(facts(readings=low, thresholds=[limit("spo2", low=88)]), replaced) is Clearing.RETIRED


def crossing(probability, *, basis="threshold", is_passed=False):
    return Crossing("weight", basis, str(ID), "above", 90.0, probability, is_passed, NOW_MS)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (crossing(0.49), []),
        (crossing(0.5), [("crossing_of_limit", f"weight/{ID}/above", "caution")]),
        (crossing(0.5, basis="goal"), [("crossing_of_goal", f"weight/{ID}/above", "information")]),
        (crossing(1.0, is_passed=True), []),
    ],
)
def test_limit_that_may_be_passed(row, expected):
    assert told(facts(crossings=[row])) == expected


@pytest.mark.parametrize(
    ("rows", "thresholds", "why"),
    [
        ([crossing(0.5)], [limit("weight", high=90)], None),
        ([crossing(0.45)], [limit("weight", high=90)], None),
        ([crossing(0.39)], [limit("weight", high=90)], Clearing.RECOVERED),
        ([], [limit("weight", high=90)], Clearing.RECOVERED),
        ([], [], Clearing.RETIRED),
    ],
)
def test_limit_that_is_no_longer_likely_to_be_passed(rows, thresholds, why):
    alert = Open("crossing_of_limit", f"weight/{ID}/above", Severity.CAUTION, ago(hours=1))
    assert cleared(facts(crossings=rows, thresholds=thresholds), alert) is why


@pytest.mark.parametrize(
    ("last", "mean", "minutes", "expected"),
    [
        (100.0, [90, 80, 70], [5, 30, 60], []),
        (100.0, [90, 80, 69], [5, 30, 60], ["caution"]),
        (100.0, [90, 80, 69], [5, 30, 65], []),
        (69.0, [60, 60, 60], [5, 30, 60], []),
    ],
)
def test_low_glucose_that_is_ahead(last, mean, minutes, expected):
    assert severities(facts(ahead=Ahead(NOW_MS, last, minutes, mean))) == expected


def test_low_glucose_ahead_is_of_a_forecast_that_speaks_of_now():
    said = Ahead(milliseconds(ago(minutes=40)), 100.0, [30], [60.0])
    assert found(facts(ahead=said)) == []


@pytest.mark.parametrize(
    ("name", "low", "high", "expected"),
    [
        ("news2", 4, 9, []),
        ("news2", 5, 5, [("news2", "", "urgent")]),
        ("news2", 7, 12, [("news2", "", "critical")]),
        ("news2_single", 3, 3, [("news2_single", "", "caution")]),
        ("phq9_item9", 0, 0, []),
        ("phq9_item9", 1, 1, [("phq9_item9", "", "urgent")]),
    ],
)
def test_score_holds_as_far_as_it_is_certain(name, low, high, expected):
    assert told(facts(scores={name: Score(low, high, NOW_MS)})) == expected


def test_score_of_which_too_little_is_known_ends_nothing():
    alert = Open("news2", "", Severity.URGENT, ago(hours=1))
    assert cleared(facts(scores={"news2": Score(2, 9, NOW_MS)}), alert) is None
    assert cleared(facts(scores={"news2": Score(2, 4, NOW_MS)}), alert) is Clearing.RECOVERED
    assert cleared(facts(), alert) is None
    assert cleared(facts(), replace(alert, at=ago(days=8))) is Clearing.OUTDATED


def vital(given, activities=(), *, now=NOW, age=60):
    scores = vital_scores(vital_score(given, activities, now=now, age=age))
    return {name: (one.low, one.at) for name, one in scores.items()}


def test_vital_score_is_of_what_was_measured_in_a_moment_and_at_rest():
    given = {"resp_rate": every(1, 26), "spo2": every(1, 90), "heart_rate": every(1, 135)}
    walked = given | {"steps": readings((ago(hours=3), 5.0))}
    walks = given | {"steps": readings((ago(hours=3), 5.0), (NOW, 40.0))}
    assert [vital(one)["news2"] for one in (given, walked, walks)] == [(9, NOW_MS), (9, NOW_MS), (3, NOW_MS)]
    assert vital(given, [(ago(hours=5), ago(hours=4)), (ago(minutes=30), ago(minutes=5))])["news2"][0] == 3
    night = {kind: replace(one, start=one.start - 2 * 3_600_000) for kind, one in given.items()}
    assert vital(night) == {}
    assert vital(given | {"heart_rate": night["heart_rate"]})["news2"][0] == 6
    assert vital(given, age=12) == {}
    assert vital({}) == {}
    assert vital(given, now=NOW + timedelta(days=2)) == {}


def test_silent_device_is_told_of_until_it_speaks_or_is_gone():
    silent = Source(ID, "Watch", Topic.GLUCOSE, milliseconds(ago(days=2)))
    (one,) = found(facts(sources=[silent]))
    assert (one.rule, one.key, one.topic, one.title) == (
        "silent_device",
        str(ID),
        Topic.GLUCOSE,
        "Watch has gone quiet",
    )
    assert cleared(facts(sources=[replace(silent, silent_since=None)]), opened(one)) is Clearing.RECOVERED
    assert cleared(facts(), opened(one)) is Clearing.RETIRED


def test_critical_medicine_that_was_not_taken():
    def taken(missed):
        return facts(doses=[Doses("plan", "Warfarin", missed, milliseconds(ago(hours=1)))])

    assert told(taken(0)) == []
    assert told(taken(1)) == [("missed_medicine", "plan", "caution")]
    (one,) = found(taken(2))
    assert (one.severity, one.title, one.topic) == (
        Severity.URGENT,
        "Warfarin was missed 2 times",
        Topic.MEDICATION,
    )
    assert cleared(taken(0), opened(one)) is Clearing.RECOVERED
    assert cleared(facts(), opened(one)) is Clearing.RETIRED


LOW = Open("glucose_low", "glucose", Severity.CAUTION, ago(minutes=20))


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([(20, 65), (0, 74)], None),
        ([(20, 65), (0, 75)], Clearing.RECOVERED),
        ([(0, 75)], Clearing.CORRECTED),
        ([(20, 95)], Clearing.CORRECTED),
        ([], Clearing.CORRECTED),
        ([(60, 90), (20, 65)], None),
    ],
)
def test_low_glucose_ends_elsewhere_than_it_began_and_says_why(rows, why):
    given = facts(readings={"glucose": readings(*((ago(minutes=minutes), value) for minutes, value in rows))})
    assert cleared(given, LOW) is why


def test_second_reading_that_is_taken_back_takes_its_alert_along():
    both = readings((ago(minutes=20), 91.0), (ago(minutes=5), 91.0))
    (one,) = found(facts(readings={"spo2": both}))
    first = readings((ago(minutes=20), 91.0))
    assert cleared(facts(readings={"spo2": first}), opened(one)) is Clearing.CORRECTED
    second = readings((ago(minutes=5), 91.0))
    assert cleared(facts(readings={"spo2": second}), opened(one)) is Clearing.CORRECTED


def test_alert_is_outdated_when_nothing_newer_came():
    low = facts(readings={"glucose": readings((ago(hours=23), 50.0))})
    alert = Open("glucose_low", "glucose", Severity.URGENT, ago(hours=23))
    assert cleared(low, alert) is None
    assert cleared(low, alert, now=NOW + timedelta(hours=2)) is Clearing.OUTDATED
    nothing_new = Evaluation([], [])
    assert next_look(current_rules(), nothing_new, [alert]) == ago(hours=-1) + timedelta(milliseconds=1)
    assert next_look(current_rules(), nothing_new, []) is None


def test_alert_of_a_rule_that_is_no_more_is_retired():
    assert cleared(facts(), Open("of_old", "", Severity.CAUTION, NOW)) is Clearing.RETIRED


def came(kind, *instants):
    return {kind: (milliseconds(min(instants)), milliseconds(max(instants)))}


@pytest.mark.parametrize(
    ("hours", "arrived", "expected"),
    [
        (0.5, True, [False]),
        (0.5, False, [False]),
        (3, True, [True]),
        (3, False, []),
        (25, True, []),
    ],
)
def test_what_comes_late_says_so_and_what_was_known_is_no_news(hours, arrived, expected):
    at = ago(hours=hours)
    given = facts(readings={"glucose": readings((at, 50.0))}, arrived=came("glucose", at) if arrived else {})
    assert [one.is_late for one in found(given)] == expected


def test_late_reading_before_a_calm_one_raises_nothing():
    low, calm = ago(hours=3), ago(hours=1)
    given = facts(readings={"glucose": readings((low, 50.0), (calm, 100.0))}, arrived=came("glucose", low))
    assert found(given) == []


def test_late_reading_is_told_of_once():
    at = ago(hours=3)
    given = facts(readings={"glucose": readings((at, 50.0))}, arrived=came("glucose", at))
    (one,) = found(given)
    assert found(given, [opened(one)]) == []
    assert cleared(given, opened(one)) is None


def test_worse_and_better_values_move_the_same_alert():
    mild = readings((ago(minutes=20), 65.0))
    (one,) = found(facts(readings={"glucose": mild}))
    worse = readings((ago(minutes=20), 65.0), (NOW, 50.0))
    (two,) = found(facts(readings={"glucose": worse}), [opened(one)])
    assert (two.rule, two.key, two.severity) == (one.rule, one.key, Severity.URGENT)
    better = readings((ago(minutes=20), 50.0), (NOW, 65.0))
    (three,) = found(facts(readings={"glucose": better}), [opened(two)])
    assert (three.severity, three.at) == (Severity.CAUTION, NOW)


VALUES = st.lists(
    st.tuples(st.integers(0, 400), st.sampled_from([45.0, 52.0, 57.0, 62.0, 69.0, 72.0, 80.0, 120.0])),
    min_size=1,
    max_size=14,
    unique_by=lambda row: row[0],
)


def deliver(rows, order):
    """What is open after each of the rows came in this order, and the rules were looked at every time."""
    known, open_ = [], {}
    for step, place in enumerate(order):
        known.append(rows[place])
        at = ago(minutes=rows[place][0])
        given = facts(
            readings={"glucose": readings(*((ago(minutes=minutes), value) for minutes, value in known))},
            arrived=came("glucose", at),
        )
        answer = evaluate(
            current_rules(), given, now=NOW + timedelta(seconds=step), open_=list(open_.values())
        )
        for one, _ in answer.cleared:
            del open_[one.rule, one.key]
        open_ |= {(one.rule, one.key): opened(one) for one in answer.holds}
    return open_


@given(VALUES, st.randoms(use_true_random=False))
def test_data_out_of_order_ends_in_the_same_alerts(rows, chance):
    in_order = sorted(range(len(rows)), key=lambda place: -rows[place][0])
    shuffled = list(in_order)
    chance.shuffle(shuffled)
    assert deliver(rows, shuffled) == deliver(rows, in_order)


@given(VALUES)
def test_looking_again_finds_nothing_new(rows):
    given = facts(readings={"glucose": readings(*((ago(minutes=minutes), value) for minutes, value in rows))})
    first = evaluate(current_rules(), given, now=NOW, open_=[])
    open_ = [opened(one) for one in first.holds]
    again = evaluate(current_rules(), given, now=NOW, open_=open_)
    assert [opened(one) for one in again.holds] == open_
    assert list(again.cleared) == []


def test_all_rules_are_looked_at_within_ten_milliseconds():
    heart = every(1 / 6, *(70 + 20 * np.sin(np.arange(8640))))
    glucose = every(5, *(110 + 40 * np.sin(np.arange(288))))
    twice = every(720, *[131.0] * 30)
    given = facts(
        readings={
            "heart_rate": heart,
            "steps": every(10, *[20.0] * 144),
            "glucose_cgm": glucose,
            "glucose": every(240, *[110.0] * 6),
            "sbp": twice,
            "dbp": replace(twice, value=twice.value - 50),
            "spo2": every(10, *[97.0] * 300),
            "resp_rate": every(10, *[15.0] * 400),
            "resting_heart_rate": every(1440, *[61.0] * 8),
            "temperature": every(720, *[36.7] * 6),
        },
        days={
            kind: days(*[60.0] * 30)
            for kind in ("weight", "resting_heart_rate", "hrv_sdnn", "sleep_duration", "steps", "spo2")
        },
        baselines=usual("resting_heart_rate") | usual("hrv_sdnn") | usual("sleep_duration") | usual("spo2"),
        conditions=HEART_FAILURE,
        thresholds=[limit("heart_rate", high=150), limit("weight", high=90)],
    )
    took = []
    for _ in range(7):
        begun = process_time()
        evaluate(current_rules(), given, now=NOW, open_=[])
        took.append(process_time() - begun)
    # The promise is 10 ms on a machine of its own; others share this one.
    assert min(took) < 0.02


def test_facts_of_tests_are_of_whole_days():
    assert days(1.0).day.tolist() == [(TODAY - date(1970, 1, 1)).days]
