"""The thresholds' vectors, through the rules that are in force."""

import pytest
from facts_of import NOW, days, every, facts, found

from tests.vector_cases import vector_cases
from twin.instants import milliseconds
from twin.warnings.conditions import Situation
from twin.warnings.moments import gains, mean_of_week
from twin.warnings.rule_file import current_rules

CASES = vector_cases("thresholds")
LEVELS = {"info": "information", "attention": "caution", "urgent": "urgent", "emergency": "critical"}
SCORES = {"home_bp_mean", "home_bp_protocol", "spo2", "glucose_single", "hf_weight_daily_series"}


def of(score):
    return pytest.mark.parametrize(
        "case", [case for case in CASES if case["score"] == score], ids=lambda case: case["id"]
    )


def severity(**readings):
    """Of what is found where a value has stood for a day."""
    holding = found(facts(readings=readings))
    return max((one.severity for one in holding), key=lambda one: one.rank, default=None)


@of("spo2")
def test_saturation_vectors(case):
    expected = LEVELS.get(case["expected"]["level"])
    assert severity(spo2=every(30, *[case["input"]["spo2"]] * 48)) == expected


@of("glucose_single")
def test_glucose_vectors(case):
    expected = LEVELS.get(case["expected"]["level"])
    assert severity(glucose_cgm=every(5, *[case["input"]["mg_dl"]] * 288)) == expected


@of("home_bp_mean")
def test_home_pressure_vectors(case):
    for scheme, label in case["expected"].items():
        assert current_rules().category(scheme, case["input"]["sbp"], case["input"]["dbp"]) == label


@of("home_bp_protocol")
def test_home_protocol_vectors(case):
    given, expected = case["input"], case["expected"]
    apart = 24 * 60 / given["readings_per_day"]
    end = NOW.replace(hour=23, minute=59)
    sbp, dbp = (every(apart, *(pair[place] for pair in given["readings"]), until=end) for place in (0, 1))
    now = milliseconds(end)
    situation = Situation(current_rules(), facts(readings={"sbp": sbp, "dbp": dbp}), now, [])
    pairs = situation.moments(("sbp", "dbp"), None)
    (rule,) = (rule for rule in current_rules().rules if rule.id == "bp_home_high")
    mean = mean_of_week(pairs, int(pairs.day[-1]), days=rule.days, least_days=rule.least_days, least=1)
    assert (mean.readings, mean.of["sbp"], mean.of["dbp"]) == tuple(
        expected[name] for name in ("n_used", "mean_sbp", "mean_dbp")
    )
    assert current_rules().category("aha_home", mean.of["sbp"], mean.of["dbp"]) == expected["aha_home"]


@of("hf_weight_daily_series")
def test_heart_failure_weight_vectors(case):
    (rule,) = (rule for rule in current_rules().rules if rule.id == "hf_weight_gain")
    series = days(*case["input"]["daily_kg"])
    raised = [
        level.id
        for level in rule.levels
        if any(bound.passed(gains(series, level.days)[0]).any() for bound in level.bounds)
    ]
    assert raised == case["expected"]["alerts"]
    holding = found(facts(days={"weight": series}, conditions=frozenset({"heart_failure"})))
    assert [one.rule for one in holding] == ["hf_weight_gain"] * bool(raised)


def test_every_vector_is_of_a_known_sort():
    assert {case["score"] for case in CASES} <= SCORES
