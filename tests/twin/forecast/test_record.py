"""Forecasts that were shown, held against the days that came."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.forecast.band import Band
from twin.forecast.record import APART, Said, track_record, weekly
from twin.kinds import KINDS

WEIGHT, STEPS = KINDS["weight"], KINDS["steps"]
TODAY = date(2026, 3, 31)


def said(ago, mean=80.0, *, last=81.0, reach80=1.0, reach95=2.0, horizon=28):
    """A forecast whose last day lies `ago` days back, level at `mean`."""
    centre = np.full(horizon, float(mean))
    band = Band(centre, centre - reach80, centre + reach80, centre - reach95, centre + reach95)
    through = TODAY - timedelta(days=ago)
    return Said(datetime.combine(through, time(8), UTC), through, last, band)


def record(kind, shown, **values):
    """By days named for how long ago they were: d3=80.0."""
    days = np.array([TODAY - timedelta(days=int(name[1:])) for name in values], "datetime64[D]")
    return track_record(kind, shown, days, np.array(list(values.values()), np.float64), today=TODAY)


def test_record_holds_each_forecast_against_the_days_that_came():
    found = record(WEIGHT, [said(10), said(5, 79.0)], d11=99.0, d9=80.5, d4=82.0, d0=81.0)
    # Of the first forecast three days have come (off by 0.5, 2, 1), of the second two (off by 3, 2).
    assert (found.shown, found.points) == (2, 5)
    assert found.overall.mae == pytest.approx((0.5 + 2 + 1 + 3 + 2) / 5)
    assert found.overall.mae_last_value == pytest.approx((0.5 + 1 + 0 + 1 + 0) / 5)
    assert (found.overall.held80, found.overall.held95) == (0.4, 0.8)
    assert [(one.from_day, one.to_day, one.score.points) for one in found.horizons] == [
        (1, 3, 2),
        (4, 7, 2),
        (8, 14, 1),
    ]


def test_record_of_forecasts_of_which_no_day_has_come_has_no_figures():
    found = record(WEIGHT, [said(0), said(1)], d1=80.0, d40=82.0)
    assert (found.shown, found.points, found.overall, found.horizons) == (2, 0, None, ())
    assert found.better_than_last_value is None


def test_record_without_forecasts_is_empty():
    assert record(WEIGHT, [], d1=80.0).shown == 0


@pytest.mark.parametrize(("kind", "points"), [(STEPS, 1), (WEIGHT, 2)])
def test_record_counts_today_unless_it_is_still_adding_up(kind, points):
    assert record(kind, [said(5, 90)], d1=90.0, d0=40.0).points == points


def test_record_takes_no_day_that_lies_ahead_and_no_value_that_cannot_be():
    ahead = TODAY + timedelta(days=1)
    found = track_record(
        WEIGHT,
        [said(5)],
        np.array([TODAY - timedelta(days=1), ahead], "datetime64[D]"),
        np.array([9e9, 80.0]),
        today=TODAY,
    )
    assert found.points == 0


@pytest.mark.parametrize(
    ("forecasts", "days", "better"),
    [
        (1, 28, True),
        (1, 27, None),  # too few points
        (3, 13, None),  # enough points, of too few days
        (3, 14, True),
    ],
)
def test_record_says_who_is_better_only_on_enough_points_and_days(forecasts, days, better):
    shown = [said(29 - one, 80.0, last=90.0) for one in range(forecasts)]
    came = {f"d{28 - day - forecasts + 1}": 80.0 for day in range(days)}
    found = record(WEIGHT, shown, **came)
    assert (found.points, found.better_than_last_value) == (forecasts * days, better)


def test_record_that_the_last_value_wins_or_equals_is_not_better():
    came = {f"d{day}": 81.0 for day in range(28)}
    assert record(WEIGHT, [said(28, 80.0, last=81.0)], **came).better_than_last_value is False
    assert record(WEIGHT, [said(28, 80.0, last=80.0)], **came).better_than_last_value is False


def test_record_reads_forecasts_of_different_lengths():
    came = {f"d{day}": 80.0 for day in range(28)}
    assert record(WEIGHT, [said(28), said(27, horizon=14)], **came).points == 28 + 14


def test_weekly_takes_one_a_week_that_is_a_week_old():
    shown = [said(ago) for ago in (0, 1, 6, 7, 8, 13, 14, 15, 30)]
    assert [(TODAY - one.through).days for one in weekly(shown, TODAY)] == [30, 14, 7]


@given(st.sets(st.integers(0, 400), max_size=60))
def test_weekly_forecasts_are_a_week_old_a_week_apart_and_leave_no_gap_they_could_fill(ages):
    shown = [said(ago) for ago in ages]
    chosen = weekly(shown, TODAY)
    edges = [*(one.through for one in chosen), TODAY]
    assert all(after - before >= APART for before, after in pairwise(edges))
    left = [one.through for one in shown if one not in chosen]
    # Whatever was left out lies within a week before one that was chosen, or before today.
    assert all(any(timedelta() <= edge - day < APART for edge in edges) for day in left)


@given(
    st.lists(st.integers(0, 90), unique=True, max_size=20),
    st.dictionaries(st.integers(0, 120), st.floats(40, 150), max_size=60),
    st.floats(50, 120),
)
def test_scores_add_up_over_horizons_and_bands_nest(ages, values, mean):
    found = record(WEIGHT, [said(ago, mean) for ago in ages], **{f"d{ago}": v for ago, v in values.items()})
    assert sum(one.score.points for one in found.horizons) == found.points
    assert (found.overall is None) == (found.points == 0)
    for score in [one.score for one in found.horizons] + [found.overall] * (found.overall is not None):
        assert 0 <= score.held80 <= score.held95 <= 1
        assert score.mae >= 0
    if found.overall:
        weighed = sum(one.score.mae * one.score.points for one in found.horizons) / found.points
        assert found.overall.mae == pytest.approx(weighed)
