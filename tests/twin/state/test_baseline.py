"""What is usual for one person: robust against outliers, weekdays told apart only when they differ."""

from datetime import date, timedelta

import numpy as np
import pytest

from twin.kinds import KINDS
from twin.state.baseline import (
    GOOD_FOR,
    LEAST_DAYS,
    USUAL_WITHIN,
    WINDOW,
    Baseline,
    baseline,
    baselines,
    deviation,
    row_before,
    usual_range,
)

TODAY = date(2026, 11, 30)  # a Monday
PULSE, STEPS, WEIGHT = KINDS["resting_heart_rate"], KINDS["steps"], KINDS["weight"]
MADE = Baseline("resting_heart_rate", 60.0, 2.0, None, 40, date(2026, 9, 1), date(2026, 11, 29))


def before(values, *, today=TODAY, last=1):
    """Days and values of which the last lies `last` days before today."""
    ends = np.datetime64(today) - last
    return ends - np.arange(len(values))[::-1], np.array(values, np.float64)


def made(values, *, kind=PULSE, today=TODAY, last=1):
    return baseline(kind, *before(values, today=today, last=last), today=today)


def noise(count, level=60.0, spread=2.0, seed=1):
    return np.random.default_rng(seed).normal(level, spread, count)


def test_baseline_of_a_bell_finds_its_middle_and_spread():
    found = [made(noise(WINDOW, seed=seed)) for seed in range(40)]
    assert abs(np.mean([one.centre for one in found]) - 60) < 0.1
    assert 1.8 < np.mean([one.spread for one in found]) < 2.2
    assert (found[0].kind, found[0].days) == ("resting_heart_rate", WINDOW)
    assert (found[0].first, found[0].last) == (TODAY - timedelta(days=WINDOW), TODAY - timedelta(days=1))


@pytest.mark.parametrize(("days", "there"), [(LEAST_DAYS - 1, False), (LEAST_DAYS, True), (0, False)])
def test_baseline_needs_its_least_number_of_days(days, there):
    assert (made(noise(days)) is not None) is there


def test_baseline_leaves_today_the_future_and_what_is_long_ago_out():
    days = np.array([TODAY + timedelta(days=ahead) for ahead in (-WINDOW - 1, 0, 1)], "datetime64[D]")
    own, values = before([60.0, 61.0] * 10)
    found = baseline(PULSE, np.append(own, days), np.append(values, [99.0] * 3), today=TODAY)
    assert found == baseline(PULSE, own, values, today=TODAY)
    assert found.days == 20


def test_baseline_takes_days_in_any_order():
    days, values = before(noise(60))
    order = np.random.default_rng(2).permutation(60)
    assert baseline(PULSE, days[order], values[order], today=TODAY) == made(noise(60))


def test_baseline_leaves_impossible_values_out():
    days, values = before([60.0, 62.0] * 10)
    values[[3, 7]] = np.nan, 900.0
    assert baseline(PULSE, days, values, today=TODAY).days == 18


@pytest.mark.parametrize("share", [0.05, 0.1, 0.2])
def test_baseline_bears_outliers(share):
    values = noise(WINDOW)
    wild = np.random.default_rng(3).choice(WINDOW, int(share * WINDOW), replace=False)
    values[wild] = 140
    found = made(values)
    assert abs(found.centre - 60) < 2.5
    assert found.spread < 6


def test_baseline_follows_a_new_habit_within_two_months():
    assert made([*[70.0, 71.0] * 23, *[60.0, 61.0] * 22]).centre in (60.0, 61.0)
    assert made([*[70.0, 71.0] * 38, *[60.0, 61.0] * 7]).centre in (70.0, 71.0)


def test_baseline_tells_weekdays_apart_that_differ():
    values = noise(WINDOW, 8000, 400)
    days, _ = before(values)
    sundays = np.array([day.item().weekday() == 6 for day in days])
    found = baseline(STEPS, days, values - 4000 * sundays, today=TODAY)
    assert found.by_weekday is not None
    on = [found.on(date(2026, 11, 30) + timedelta(days=ahead)) for ahead in range(7)]
    assert abs(on[6] - 4000) < 400
    assert max(abs(level - 8000) for level in on[:6]) < 400
    assert abs(deviation(found, 4000.0, date(2026, 11, 29))) < 1
    assert deviation(found, 4000.0, date(2026, 11, 30)) < -5


@pytest.mark.parametrize("today", [TODAY + timedelta(days=ahead) for ahead in range(7)])
def test_baseline_knows_which_weekday_is_which_on_every_day_of_the_week(today):
    days, values = before([100.0] * WINDOW, today=today)
    wednesdays = np.array([day.item().weekday() == 2 for day in days])
    found = baseline(STEPS, days, values + 50.0 * wednesdays, today=today)
    assert found.by_weekday == pytest.approx([-50 / 7] * 2 + [300 / 7] + [-50 / 7] * 4)
    assert [found.on(date(2026, 11, 30) + timedelta(days=n)) for n in range(4)] == pytest.approx(
        [100, 100, 150, 100]
    )


def test_baseline_makes_little_of_weekdays_that_differ_by_chance():
    shares = []
    for seed in range(60):
        found = made(noise(WINDOW, 8000, 400, seed), kind=STEPS)
        shares.append(max(abs(one) for one in found.by_weekday) if found.by_weekday else 0.0)
    assert np.mean(shares) < 0.5 * 400


def test_baseline_of_few_weeks_has_no_weekdays():
    values = [8000.0, 8100.0, 7900.0, 8050.0, 7950.0, 2000.0, 2100.0] * 5
    assert made(values, kind=STEPS).by_weekday is None


@pytest.mark.parametrize(
    ("kind", "values", "spread"),
    [
        (PULSE, [60.0] * 20, 1.0),
        (WEIGHT, [80.0] * 20, 0.1),
        (WEIGHT, [80.0] * 17 + [79.0, 81.0, 82.0], 1.0),
        (WEIGHT, [80.0] * 17 + [79.5, 81.0, 82.0], 0.5),
        (WEIGHT, [80.0] * 17 + [79.5, 81.3, 82.0], 0.1),
        (KINDS["sbp"], [120.0] * 17 + [110.0, 130.0, 140.0], 10.0),
    ],
)
def test_baseline_is_never_narrower_than_what_values_are_rounded_to(kind, values, spread):
    assert made(values, kind=kind).spread == pytest.approx(spread)


def test_baselines_of_many_are_those_of_each():
    series = [noise(count, level, spread, count) for count, level, spread in
              ((91, 60, 2), (5, 60, 2), (40, 70, 9), (91, 55, 1), (10, 90, 3))]  # fmt: skip
    rows = np.array([row_before(TODAY, *before(values)) for values in series])
    assert baselines([PULSE] * 5, rows, today=TODAY) == [made(values) for values in series]
    assert baselines([], np.empty((0, WINDOW)), today=TODAY) == []


def test_deviation_is_in_spreads_and_has_a_sign():
    assert deviation(MADE, 66.0, TODAY) == 3.0
    assert deviation(MADE, 57.0, TODAY) == -1.5


@pytest.mark.parametrize(("later", "there"), [(-30, True), (GOOD_FOR, True), (GOOD_FOR + 1, False)])
def test_deviation_is_not_taken_from_a_baseline_of_long_ago(later, there):
    day = MADE.last + timedelta(days=later)
    assert (deviation(MADE, 61.0, day) is not None) is there
    assert MADE.speaks_of(day) is there


def test_usual_range_lies_around_the_weekdays_level_and_within_what_is_possible():
    assert usual_range(PULSE, MADE, TODAY) == (60 - 2 * USUAL_WITHIN, 60 + 2 * USUAL_WITHIN)
    lazy = Baseline("steps", 900.0, 800.0, (0.0,) * 6 + (-500.0,), 40, MADE.first, MADE.last)
    assert usual_range(STEPS, lazy, date(2026, 11, 29)) == (0.0, 400 + 800 * USUAL_WITHIN)
