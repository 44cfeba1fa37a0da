"""Metrics of a glucose sensor: bands at their edges, both units, censored readings, coverage, targets."""

import time
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vector_cases import vector_cases
from twin.forecast.glucose import Readings
from twin.risk.result import Band
from twin.scores import cgm
from twin.scores.cgm import Group, NoReadings, in_mmol, metrics, scores, targets

# 10.0 mmol/L is 180.16 mg/dL, 13.9 are 250.42, and both are in the lower band.
IN_MMOL = {
    2.9: "tbr2",
    3.0: "tbr1",
    3.8: "tbr1",
    3.9: "tir",
    10.0: "tir",
    10.1: "tar1",
    13.9: "tar1",
    14.0: "tar2",
}
DAY = 86_400_000
MINUTE = 60_000
START = 1_790_000_000_000


def readings(values, *, every=5, start=START, at=None, low=(), high=()):
    value = np.array(values, np.float64)
    where = np.arange(len(value), dtype=np.int64) * every * MINUTE + start if at is None else np.array(at)
    marks = [np.isin(np.arange(len(value)), places) for places in (low, high)]
    return Readings(where.astype(np.int64), value, *marks)


def found(values, *, days=14, **said):
    return metrics(readings(values, **said), start=START, end=START + days * DAY)


def mmol(*values):
    return [value * cgm.MMOL for value in values]


@pytest.mark.parametrize("case", vector_cases("cgm"), ids=lambda case: case["id"])
def test_cgm_vectors(case):
    expected = dict(case["expected"])
    told = case["input"]
    values = told.get("glucose_mg_dl", [told.get("mean_mg_dl")])
    if "error" in expected:
        with pytest.raises(NoReadings, match=f"^{expected['error']}$"):
            found(values)
        return
    ours = found(values)
    if "gmi_1dp" in expected:
        assert round(ours.gmi, 1) == expected.pop("gmi_1dp")
    names = {"n": "count", "tbr54": "tbr2", "tar250": "tar2"}
    said = {name: getattr(ours, names.get(name, name)) for name in expected}
    assert said == pytest.approx(expected, abs=case.get("tolerance", 1e-9))


@pytest.mark.parametrize(
    ("value", "band"),
    [
        (53.99, "tbr2"),
        (54.0, "tbr1"),
        (69.99, "tbr1"),
        (70.0, "tir"),
        (180.0, "tir"),
        (180.1, "tar1"),
        (250.0, "tar1"),
        (250.1, "tar2"),
        *((value * cgm.MMOL, band) for value, band in IN_MMOL.items()),
    ],
)
def test_metrics_judge_a_reading_by_the_edges_of_its_own_unit(value, band):
    assert getattr(found([value]), band) == 100


def test_metrics_of_the_tight_range_know_both_units():
    assert found(mmol(3.8, 3.9, 7.8, 7.9)).titr == 50
    assert found([69.0, 70.0, 140.0, 141.0]).titr == 50


def test_metrics_count_censored_readings_in_the_outermost_bands():
    ours = found([60.0, 100.0, 240.0], low=[0], high=[2])
    assert (ours.tbr2, ours.tir, ours.tar2) == pytest.approx((100 / 3, 100 / 3, 100 / 3))
    assert (ours.low, ours.high) == (1, 1)
    assert ours.mean == pytest.approx(400 / 3)
    assert ours.below63 == ours.above140 == pytest.approx(100 / 3)


def test_metrics_take_each_instant_once_and_only_what_is_a_number_in_the_span():
    at = [START + 5 * MINUTE, START, START, START - 1, START + 14 * DAY, START + 1, START + 2]
    ours = found([120.0, 300.0, 100.0, 50.0, 50.0, np.nan, 0.0], at=at)
    assert (ours.count, ours.mean) == (2, 110)


def test_metrics_of_one_reading_have_no_spread_and_no_coverage():
    ours = found([100.0])
    assert (ours.sd, ours.cv, ours.interval_minutes, ours.coverage) == (None, None, None, None)
    assert not ours.is_sufficient
    (cv,) = (one for one in targets(ours, Group.ADULT) if one.metric == "cv")
    assert (cv.value, cv.is_met) == (None, None)


@pytest.mark.parametrize("every", [1, 5, 15])
def test_coverage_is_by_the_sensors_own_interval(every):
    whole = found(np.full(14 * 1440 // every, 100.0), every=every)
    assert (whole.interval_minutes, whole.coverage, whole.days) == (every, 100, 14)
    assert whole.is_sufficient
    half = found(np.full(7 * 1440 // every, 100.0), every=every)
    assert (half.coverage, half.days, half.is_sufficient) == (50, 7, False)


def test_coverage_holds_each_day_against_the_sensor_of_that_day():
    minutely = START + np.arange(7 * 1440) * MINUTE
    quarterly = START + 7 * DAY + np.arange(7 * 96) * 15 * MINUTE
    at = np.concatenate([minutely, quarterly])
    ours = found(np.full(len(at), 100.0), at=at)
    assert (ours.interval_minutes, ours.coverage) == (1, 100)


def test_coverage_of_scans_now_and_then_is_what_they_cover():
    ours = found(np.full(14 * 6, 100.0), every=240)
    assert ours.interval_minutes == 15
    assert ours.coverage == 6.25


def test_coverage_of_readings_that_drift_by_seconds_is_whole():
    at = START + np.arange(14 * 288) * (5 * MINUTE + 400)
    assert found(np.full(len(at), 100.0), at=at).coverage > 99.5


def test_seventy_percent_of_two_weeks_is_sufficient_and_less_is_not():
    assert found(np.full(int(14 * 288 * 0.7) + 1, 100.0)).is_sufficient
    assert not found(np.full(int(14 * 288 * 0.7), 100.0)).is_sufficient
    assert not found(np.full(13 * 288, 100.0), days=13).is_sufficient


@pytest.mark.parametrize(
    ("group", "met"),
    [
        (
            Group.ADULT,
            {"tir": False, "tbr70": False, "tbr2": False, "tar180": True, "tar2": True, "cv": True},
        ),
        (Group.OLDER, {"tir": True, "tbr70": False, "tar180": True, "tar2": True, "cv": False}),
        (Group.PREGNANCY, {"from63to140": False, "below63": True, "tbr2": False, "above140": False}),
    ],
)
def test_targets_of_a_group_are_strict(group, met):
    # 70 % in range, 5 % above, 25 % below; 1 % below 54; 69 % of 63 to 140.
    values = [50.0] + [65.0] * 24 + [100.0] * 45 + [150.0] * 25 + [200.0] * 5
    found_ = found(values)
    assert {one.metric: one.is_met for one in targets(found_, group)} == met


def test_a_target_says_who_says_so():
    (of_180,) = (one for one in targets(found([100.0, 90.0]), Group.OLDER) if one.metric == "tar180")
    assert (of_180.title, of_180.limit, of_180.verification) == ("Time above 180 mg/dL", 50, "one source")
    assert "Battelino" in of_180.source


def test_scores_claim_nothing_before_there_are_enough_readings():
    few = scores(found([100.0, 300.0]), on=date(2026, 11, 30), source="Dexcom G7")
    assert [(one.code, one.value, one.band) for one in few] == [
        ("cgm_tir", None, None),
        ("cgm_gmi", None, None),
        ("cgm_cv", None, None),
        ("cgm_gri", None, None),
    ]
    assert few[0].missing == ("Readings of 14 days, 70 % of them covered",)
    enough = found(np.tile([100.0, 190.0], 14 * 144), low=[0])
    tir, gmi, _, gri = scores(enough, on=date(2026, 11, 30), source="Dexcom G7")
    assert (tir.value, round(gmi.value, 2)) == (enough.tir, 6.78)
    assert (gri.value, gri.band) == (pytest.approx(40.0, abs=0.1), Band("B", "Zone B"))
    assert gri.notes == ("Readings of Low and High count as the sensor's limits in the mean.",)
    assert [one.name for one in tir.inputs] == ["Glucose readings", "Coverage"]


def test_in_mmol_is_shown_to_a_tenth():
    assert [in_mmol(value) for value in (54, 70, 100, 180)] == [3.0, 3.9, 5.6, 10.0]


@given(
    st.lists(st.floats(1, 600) | st.integers(10, 330).map(lambda tenths: tenths / 10 * cgm.MMOL), min_size=1),
    st.sets(st.integers(0, 40)),
    st.sets(st.integers(41, 80)),
)
def test_shares_of_time_add_up(values, low, high):
    ours = found(values, low=sorted(low), high=sorted(high))
    slices = [ours.tbr2, ours.tbr1, ours.tir, ours.tar1, ours.tar2]
    assert min(slices) >= 0
    assert sum(slices) == pytest.approx(100)
    assert ours.tbr70 + ours.tir + ours.tar180 == pytest.approx(100)
    assert ours.below63 + ours.from63to140 + ours.above140 == pytest.approx(100)
    assert 0 <= ours.titr <= ours.tir
    assert 0 <= ours.gri <= 100
    assert ours.coverage is None or 0 <= ours.coverage <= 100


def test_two_weeks_of_minutes_take_milliseconds():
    values = np.random.default_rng(1).normal(150, 40, 14 * 1440).clip(40, 400)
    given_ = readings(values, every=1)
    spent = []
    for _ in range(5):
        began = time.perf_counter()
        metrics(given_, start=START, end=START + 14 * DAY)
        spent.append(time.perf_counter() - began)
    assert min(spent) < 0.05
