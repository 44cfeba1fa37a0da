import numpy as np
import pytest

from tests.vector_cases import vector_cases
from twin import kinds
from twin.kinds import KINDS, DayRule, UnknownKind, UnknownUnit, Verdict

CASES = vector_cases("observation_kinds")
VERDICTS = {"accept": Verdict.ACCEPT, "warn": Verdict.WARN, "reject": Verdict.REJECT}


@pytest.mark.parametrize(
    "case", [case for case in CASES if case["score"] == "plausibility"], ids=lambda case: case["id"]
)
def test_judge_vectors(case):
    kind = kinds.kind(case["input"]["kind"])
    verdict = kinds.judge(kind, np.array([float(case["input"]["value"])]))
    assert list(verdict) == [VERDICTS[case["expected"]["result"]]]


@pytest.mark.parametrize(
    "case", [case for case in CASES if case["score"] == "convert"], ids=lambda case: case["id"]
)
def test_from_canonical_vectors(case):
    given = case["input"]
    kind = kinds.kind(given["kind"])
    assert given["from"] == kind.unit
    converted = kinds.from_canonical(kind, given["to"], np.array([float(given["value"])]))
    assert converted[0] == pytest.approx(case["expected"]["value"], abs=case.get("tolerance", 1e-9))


def test_every_vector_is_of_a_known_sort():
    assert {case["score"] for case in CASES} == {"plausibility", "convert"}


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.code)
def test_kind_ranges_nest_and_conversions_come_back(kind):
    assert kind.hard[0] <= kind.soft[0] < kind.soft[1] <= kind.hard[1]
    assert kind.span_days >= 1
    for unit in kind.conversions:
        middle = np.array([sum(kind.soft) / 2])
        back = kinds.to_canonical(kind, unit, kinds.from_canonical(kind, unit, middle))
        assert back[0] == pytest.approx(middle[0], rel=1e-12)


@pytest.mark.parametrize(
    ("code", "unit", "given", "expected"),
    [
        ("heart_rate", "count/min", 61.0, 61.0),
        ("glucose", "mmol<180.1558800000541>/L", 5.55062, 100.0),
        ("glucose_cgm", "mmol/L", 5.55062, 100.0),
        ("weight", "lb", 200.0, 90.718474),
        ("temperature", "degF", 98.6, 37.0),
        ("sbp", "kPa", 16.0, 120.0098),
        ("hba1c", "mmol/mol", 48.0, 6.542),
        ("sleep_duration", "min", 450.0, 7.5),
        ("distance", "km", 1.5, 1500.0),
        ("steps", "count", 12.0, 12.0),
        ("insulin", "U", 4.25, 4.25),
        ("insulin", "IU", 4.25, 4.25),
        ("insulin", "units", 4.25, 4.25),
    ],
)
def test_to_canonical_accepts_vendors_units(code, unit, given, expected):
    canonical = kinds.to_canonical(kinds.kind(code), unit, np.array([given]))
    assert canonical[0] == pytest.approx(expected, rel=1e-5)


def test_to_canonical_in_the_canonical_unit_changes_no_bit():
    values = np.array([81.35, 0.1 + 0.2])
    assert kinds.to_canonical(kinds.kind("weight"), "kg", values) is values


def test_to_canonical_of_what_no_float_can_hold_is_infinite():
    (value,) = kinds.to_canonical(kinds.kind("distance"), "km", np.array([1e308]))
    assert value == np.inf


def test_to_canonical_refuses_a_unit_of_another_dimension():
    with pytest.raises(UnknownUnit):
        kinds.to_canonical(kinds.kind("weight"), "mmol/L", np.array([1.0]))


def test_judge_rejects_what_is_not_finite():
    values = np.array([np.nan, np.inf, -np.inf])
    assert list(kinds.judge(kinds.kind("heart_rate"), values)) == [Verdict.REJECT] * 3


def test_lookups_find_a_kind_by_its_codes():
    assert kinds.by_loinc("8480-6") is KINDS["sbp"]
    assert kinds.by_healthkit("HKQuantityTypeIdentifierBloodGlucose") is KINDS["glucose"]
    assert kinds.by_health_connect("BloodPressureRecord.systolic") is KINDS["sbp"]
    assert kinds.by_health_connect("BasalMetabolicRateRecord") is None
    assert kinds.by_loinc("0-0") is None
    with pytest.raises(UnknownKind):
        kinds.kind("aura")


def test_day_rules_of_the_common_kinds():
    common = ("steps", "insulin", "weight", "heart_rate", "sleep_duration")
    rules = {code: KINDS[code].daily for code in common}
    assert rules == {
        "steps": DayRule.SUM,
        "insulin": DayRule.SUM,
        "weight": DayRule.LAST,
        "heart_rate": DayRule.MEAN,
        "sleep_duration": DayRule.DURATION,
    }
