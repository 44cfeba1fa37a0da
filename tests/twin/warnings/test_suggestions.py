"""Suggestions: each rule at its limits, rank and fit, groups, dismissal, and what each must say."""

import re
from dataclasses import replace
from datetime import date, timedelta
from math import ceil

import numpy as np
import pytest

from backend.rules import Topic
from twin.forecast.glucose import Readings
from twin.kinds import KINDS
from twin.risk.facts import Said, facts
from twin.risk.kidney_course import Result
from twin.scores.cgm import metrics
from twin.state.summary import DaySummary
from twin.warnings import early_signs
from twin.warnings.known import Known
from twin.warnings.suggestions import look_backs, suggestions, suggestions_file, topics_of_rules

TODAY = date(2026, 6, 30)
FORTNIGHT = 14 * 86_400_000
DIABETES = Said("condition", (), "Type 2 diabetes mellitus", "active", date(2019, 5, 1))
PRESSURE = Said("condition", (), "Essential hypertension", "active", date(2019, 5, 1))
KIDNEYS = Said("condition", (), "Chronic kidney disease, stage G3a", "active", date(2019, 5, 1))
HEART = Said("condition", (), "Heart failure", "active", date(2019, 5, 1))
SMOKER = Said(
    "observation", (("http://snomed.info/sct", "77176002"),), "Smokes", "final", TODAY - timedelta(365)
)


def day(ago, value, *, low=None, count=1):
    on = TODAY - timedelta(days=ago)
    return DaySummary(on, value, value if low is None else low, value, count, "Home", 1)


def days(code, *values, first=1, count=1):
    """A kind's values of days in a row, the newest first."""
    return {code: [day(first + ago, value, count=count) for ago, value in reversed(list(enumerate(values)))]}


def pressure(systolic=138, diastolic=87, number=7):
    return days("sbp", *[systolic] * number, count=2) | days("dbp", *[diastolic] * number, count=2)


def body(weight, height=170.0, ago=9):
    return {"weight": [day(ago, weight)], "height": [day(900, height)]}


def sensor(low=0, very_low=0, high=0):
    """Two weeks at 5 minutes, with so many percent below 70 and above 180."""
    at = np.arange(0, FORTNIGHT, 300_000, np.int64)
    value = np.full(len(at), 120.0)
    edges = [0, *np.cumsum([very_low, low - very_low, high])]
    for level, first, last in zip((50.0, 60.0, 200.0), edges, edges[1:], strict=False):
        value[ceil(first * len(at) / 100) : ceil(last * len(at) / 100)] = level
    nothing = np.zeros(len(at), np.bool_)
    return metrics(Readings(at, value, nothing, nothing), start=0, end=FORTNIGHT)


def known(*parts, records=(), age=60, **more):
    found = {code: values for part in parts for code, values in part.items()}
    return Known(age=age, days=found, on_file=facts(records, TODAY), **more)


def rules(one, dismissed=()):
    return [suggestion.rule for suggestion in suggestions(one, today=TODAY, dismissed=dismissed)]


EVERY_PRESSURE = {"pressure_weight", "pressure_activity", "pressure_diet", "pressure_salt"}
LAZY = days("exercise_minutes", *[12] * 14)
EXAMPLES = {
    "glucose_lows_sensor": known(records=[DIABETES], sensor=sensor(low=4)),
    "glucose_lows_meter": known({"glucose": [day(3, 95, low=69)]}),
    "smoking_help": known(records=[SMOKER]),
    "pressure_week": known(pressure(120, 70, 2), records=[PRESSURE]),
    "pressure_weight": known(pressure(), body(80)),
    "pressure_activity": known(pressure(), LAZY),
    "pressure_diet": known(pressure()),
    "pressure_salt": known(pressure(), records=[KIDNEYS]),
    "glucose_in_range": known(records=[DIABETES], sensor=sensor(high=30)),
    "weight_programme": known(body(86.7)),
    "activity_daily": known(LAZY),
    "hba1c_due": known({"hba1c": [day(365, 6.8)]}, records=[DIABETES]),
    "kidney_test_due": known({"creatinine": [day(366, 0.9)]}, records=[DIABETES]),
    "lipids_due": known({"total_cholesterol": [day(366, 180)]}, records=[DIABETES]),
}


def test_every_rule_of_the_file_has_an_example():
    assert list(EXAMPLES) == [row["id"] for row in suggestions_file()["rules"]]


@pytest.mark.parametrize("rule", EXAMPLES)
def test_rule_suggests_out_of_the_persons_own_data_with_its_source(rule):
    (one,) = suggestions(EXAMPLES[rule], today=TODAY)
    assert one.rule == rule
    assert re.search(r"\d", one.because)
    assert re.search("[yY]our?", one.because) or one.because.startswith("The last")
    assert re.findall(r"[{}_]", one.because + one.text + one.title) == []
    assert one.source
    assert one.verification
    assert one.evidence
    assert one.topic in one.topics
    assert rules(replace(EXAMPLES[rule], age=17)) == []
    assert rule not in rules(EXAMPLES[rule], {rule})


def test_effect_has_its_range_where_the_source_gives_one():
    effects = {rule: suggestions(one, today=TODAY)[0].effect for rule, one in EXAMPLES.items()}
    assert {rule for rule, effect in effects.items() if effect is not None} == EVERY_PRESSURE
    weight, activity = effects["pressure_weight"], effects["pressure_activity"]
    assert weight.text == (
        "In 25 trials systolic blood pressure went down by 1.05 mmHg for each kilogram less "
        "(95 % interval 0.66 to 1.43)."
    )
    assert (weight.mean, weight.low, weight.high, weight.unit) == (-1.05, -1.43, -0.66, "mm[Hg]/kg")
    assert activity.text.endswith("lower by 4.49 mmHg (no interval is given here).")
    assert (activity.low, activity.high) == (None, None)
    assert all(effect.source and effect.verification for effect in effects.values() if effect)


@pytest.mark.parametrize(
    ("one", "found"),
    [
        (known(records=[DIABETES], sensor=sensor(low=3.9)), []),
        (known(records=[DIABETES], sensor=sensor(low=1, very_low=1)), ["glucose_lows_sensor"]),
        (known(sensor=sensor(low=9)), []),
        (known({"glucose": [day(3, 95, low=70)]}), []),
        (known({"glucose": [day(13, 95, low=60)]}), ["glucose_lows_meter"]),
        (known({"glucose": [day(14, 95, low=60)]}), []),
        (known(records=[replace(SMOKER, starts_on=TODAY - timedelta(366))]), []),
        (known(pressure(120, 70, 3), records=[PRESSURE]), []),
        (known(days("sbp", 120, first=89), records=[PRESSURE]), ["pressure_week"]),
        (known(days("sbp", 120, first=90), records=[PRESSURE]), []),
        (known(pressure(120, 70, 2)), []),
        (known(pressure(129.9, 79.9)), []),
        (known(pressure(130, 70)), ["pressure_diet"]),
        (known(pressure(120, 80)), ["pressure_diet"]),
        (known(pressure(180, 120)), ["pressure_diet"]),
        (known(pressure(180.1, 90)), []),
        (known(pressure(150, 120.1)), []),
        (known(pressure(number=2)), []),
        (known(pressure(number=3)), ["pressure_diet"]),
        (known(days("sbp", *[138] * 5), days("dbp", *[87] * 5)), []),
        (known(days("sbp", *[138] * 6), days("dbp", *[87] * 6)), ["pressure_diet"]),
        (known(pressure(), egfr=[Result(TODAY, 59.4)]), ["pressure_salt"]),
        (known(pressure(), egfr=[Result(TODAY, 59.5)]), ["pressure_diet"]),
        (known(pressure(), egfr=[Result(TODAY, 70), Result(date(2020, 1, 1), 50)]), ["pressure_diet"]),
        (known(pressure(), body(72.2)), ["pressure_diet"]),
        (known(pressure(), body(72.25)), ["pressure_weight"]),
        (known(pressure(), body(72.25, ago=365)), ["pressure_diet"]),
        (known(pressure(), body(80), records=[HEART]), ["pressure_diet"]),
        (known(pressure(), {"bmi": [day(9, 27)]}), ["pressure_weight"]),
        (known(records=[DIABETES], sensor=sensor(high=29.9)), []),
        (known(body(86.6)), []),
        (known(body(90), records=[HEART]), []),
        (known(days("exercise_minutes", *[12] * 13)), []),
        (known(days("exercise_minutes", *[30] * 14)), []),
        (known(days("exercise_minutes", 500, *[12] * 14, first=0)), ["activity_daily"]),
        (known(days("exercise_minutes", *[12] * 13, first=0)), []),
        (known(days("exercise_minutes", *[12] * 14, first=16)), []),
        (known({"hba1c": [day(182, 6.8)]}, records=[DIABETES]), ["hba1c_due"]),
        (known({"hba1c": [day(181, 6.8)]}, records=[DIABETES]), []),
        (known({"hba1c": [day(365, 6.8)]}), []),
        (known({"creatinine": [day(365, 0.9)], "egfr": [day(364, 80)]}, records=[DIABETES]), []),
        (known({"creatinine": [day(365, 0.9)]}, records=[DIABETES]), ["kidney_test_due"]),
        (known({"total_cholesterol": [day(364, 180)]}, records=[DIABETES]), []),
        (known(records=[DIABETES]), []),
        (known(), []),
    ],
)
def test_rules_hold_from_their_limits_on_and_go_with_their_cause(one, found):
    assert rules(one) == found


def test_suggestion_says_the_mean_of_readings_and_how_many():
    one = known(
        {"sbp": [day(3, 150, count=2), day(2, 132, count=10), day(1, 141, count=2)]},
        {"dbp": [day(3, 90, count=2), day(2, 85, count=10), day(1, 94, count=2)]},
    )
    (suggestion,) = suggestions(one, today=TODAY)
    assert suggestion.because == "Your mean blood pressure of the last week was 136/87 mmHg, 14 readings."
    assert [(part.value, part.unit, part.on) for part in suggestion.evidence] == [
        (135.9, "mm[Hg]", TODAY - timedelta(1)),
        (87.0, "mm[Hg]", TODAY - timedelta(1)),
    ]


MANY = known(
    {"glucose": [day(3, 95, low=65)], "hba1c": [day(365, 6.8)], "creatinine": [day(400, 0.9)]},
    pressure(),
    body(90),
    LAZY,
    records=[DIABETES, SMOKER],
)


def test_three_at_most_are_chosen_by_rank_and_fit_one_of_a_group():
    assert rules(MANY) == ["glucose_lows_meter", "smoking_help", "pressure_activity"]
    assert rules(MANY, {"pressure_activity"}) == ["glucose_lows_meter", "smoking_help", "pressure_weight"]
    assert rules(MANY, {"glucose_lows_meter", "smoking_help"}) == [
        "pressure_activity",
        "weight_programme",
        "hba1c_due",
    ]
    assert rules(MANY, {"glucose_lows_meter", "smoking_help", *EVERY_PRESSURE, "hba1c_due"}) == [
        "activity_daily",
        "weight_programme",
        "kidney_test_due",
    ]


def test_the_same_data_gives_the_same_suggestions_in_whatever_order_it_comes():
    first = suggestions(MANY, today=TODAY)
    for order in (sorted(MANY.days), sorted(MANY.days, reverse=True)):
        shuffled = replace(MANY, days={code: MANY.days[code] for code in order})
        assert suggestions(shuffled, today=TODAY) == first


def test_topics_are_those_of_all_that_a_rule_looks_at():
    topics = topics_of_rules()
    assert topics["glucose_lows_meter"] == {Topic.GLUCOSE}
    assert topics["pressure_salt"] == topics["activity_daily"] == {Topic.VITALS}
    assert topics["pressure_week"] == topics["pressure_diet"] == {Topic.VITALS, Topic.RECORDS}
    assert topics["glucose_in_range"] == topics["hba1c_due"] == {Topic.GLUCOSE, Topic.RECORDS}
    assert topics["kidney_test_due"] == {Topic.RECORDS}


def test_look_backs_reach_as_far_as_the_rules_do():
    assert look_backs() == {
        "creatinine": 1,
        "egfr": 1,
        "glucose": 15,
        "sbp": 91,
        "dbp": 8,
        "bmi": 366,
        "weight": 366,
        "height": 366,
        "exercise_minutes": 29,
        "hba1c": 1,
        "total_cholesterol": 1,
    }
    assert early_signs.look_backs() == {
        "creatinine": 1826,
        "egfr": 1826,
        "hba1c": 1096,
        "glucose_fasting": 1096,
        "glucose": 90,
        "sbp": 84,
        "dbp": 84,
        "uacr": 1096,
    }


def test_the_file_names_only_what_is_known_and_at_most_three():
    data = suggestions_file()
    assert data["at_most"] == 3
    looks = [look for row in data["rules"] for look in row["when"]]
    assert {look["kind"] for look in looks if "kind" in look} <= KINDS.keys()
    assert {row["effect"] for row in data["rules"] if "effect" in row} == data["effects"].keys()
    assert all(len(row["id"]) <= 40 for row in data["rules"])
