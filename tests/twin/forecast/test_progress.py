"""How far a goal has come, and when nothing can be said of it."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.forecast import Series
from twin.forecast.progress import Ahead, Aim, progress, value_now
from twin.kinds import KINDS

TODAY = date(2026, 6, 30)
WEIGHT, STEPS = KINDS["weight"], KINDS["steps"]


def series(values, last: date = TODAY) -> Series:
    days = np.datetime64(last) - np.arange(len(values))[::-1]
    known = ~np.isnan(np.array(values, float))
    return Series(days[known], np.array(values, float)[known], (), TODAY)


def aim(target=75.0, direction="at_most", *, since=28, start_value=80.0, by=14) -> Aim:
    by_day = None if by is None else TODAY + timedelta(days=by)
    return Aim(direction, target, TODAY - timedelta(days=since), start_value, by_day)


def falling(rate: float, count: int = 8) -> Ahead:
    """Courses that fall from 78 by so much a day, each tenth of a kilogram apart from the next."""
    start = 78 + 0.1 * np.arange(count)[:, None]
    return Ahead(TODAY, start - rate * np.arange(1, 29)[None, :])


LOSING = np.linspace(80.7, 78.0, 28)


def test_progress_of_a_goal_on_its_way():
    found = progress(WEIGHT, aim(), series(LOSING), falling(0.5))
    assert found.value_now == pytest.approx(78.3)
    assert found.pace_per_week == pytest.approx((78.3 - 80) / 4)
    assert found.needed_per_week == pytest.approx((75 - 78.3) / 2)
    assert (found.reached, found.reason) == (False, "")
    # The median of a week is the day three days ago: 78 - 0.5 (d - 3) ≤ 75 from the ninth day on.
    assert found.probability == 1.0
    assert found.expected_on == TODAY + timedelta(days=10)


@pytest.mark.parametrize(
    ("by", "probability"), [(8, 0.0), (9, 1 / 8), (10, 6 / 8), (11, 1.0), (28, 1.0), (None, 1.0)]
)
def test_progress_counts_the_courses_that_are_there_by_the_day(by, probability):
    assert progress(WEIGHT, aim(by=by), series(LOSING), falling(0.5)).probability == pytest.approx(
        probability
    )


def test_progress_towards_a_day_too_far_ahead_says_so():
    found = progress(WEIGHT, aim(by=60), series(LOSING), falling(0.01))
    assert (found.probability, found.expected_on) == (None, None)
    assert found.reason == "Its day is 60 days ahead, and forecasts reach 28."
    assert found.needed_per_week == pytest.approx((75 - 78.3) / 60 * 7)


def test_progress_of_what_is_reached_needs_no_more():
    found = progress(WEIGHT, aim(target=79.0), series(LOSING), falling(0.5))
    assert (found.reached, found.probability, found.needed_per_week) == (True, 1.0, None)


@pytest.mark.parametrize("by", [0, -3])
def test_progress_of_a_goal_whose_day_has_come_says_so(by):
    found = progress(WEIGHT, aim(by=by), series(LOSING), falling(0.5))
    assert (found.probability, found.needed_per_week, found.reason) == (None, None, "Its day has come.")


def test_progress_without_a_forecast_gives_its_reason():
    found = progress(WEIGHT, aim(), series(LOSING), "Too few days.")
    assert (found.value_now, found.probability, found.reason) == (pytest.approx(78.3), None, "Too few days.")


@pytest.mark.parametrize("values", [[], [80.0] + [np.nan] * 29])
def test_progress_without_a_recent_value_says_so(values):
    found = progress(WEIGHT, aim(), series(values), falling(0.5))
    assert (found.value_now, found.reason) == (None, "There is no value of the last 28 days.")
    assert not found.reached


@pytest.mark.parametrize(
    ("since", "start_value", "values", "expected"),
    [
        (14, 80.0, LOSING, (78.3 - 80) / 2),
        (13, 80.0, LOSING, -0.7),  # the trend, for the goal is young
        (90, None, LOSING, -0.7),
        (90, None, LOSING[-14:], None),  # thirteen days
        (90, None, [80.0, *[np.nan] * 20, 79.0], None),
        (13, None, [*LOSING[:20], 300.0, *LOSING[21:]], -0.7),
    ],
)
def test_pace_is_the_goals_own_after_a_fortnight_and_the_trend_before(since, start_value, values, expected):
    found = progress(WEIGHT, aim(since=since, start_value=start_value), series(values), "")
    assert found.pace_per_week == (None if expected is None else pytest.approx(expected, abs=1e-6))


def test_value_now_of_steps_is_a_week_that_is_over():
    values = [10_000.0] * 7 + [0.0]
    assert value_now(STEPS, series(values)) == 10_000.0
    assert value_now(STEPS, series(values, last=TODAY - timedelta(days=1))) == pytest.approx(60_000 / 7)


def test_value_now_is_that_of_the_last_value_however_few_there_are():
    assert value_now(WEIGHT, series([80.0, np.nan, np.nan, 79.0, *[np.nan] * 20])) == 79.5


@given(
    st.lists(st.floats(30, 200) | st.just(np.nan), max_size=60),
    st.floats(30, 200),
    st.sampled_from(["at_least", "at_most"]),
    st.integers(-5, 40) | st.none(),
    st.integers(0, 40),
)
def test_progress_is_a_chance_or_a_reason(values, target, direction, by, since):
    goal = aim(target, direction, by=by, since=since)
    found = progress(WEIGHT, goal, series(values), falling(0.3))
    assert (found.probability is None) <= bool(found.reason)
    assert found.probability is None or 0 <= found.probability <= 1
    numbers = (found.value_now, found.pace_per_week, found.needed_per_week)
    assert all(number is None or np.isfinite(number) for number in numbers)
