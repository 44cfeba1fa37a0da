"""The chance that a limit is passed: by hand, at its edges, and as often as it says."""

from dataclasses import replace
from datetime import date, timedelta
from functools import partial

import numpy as np
import pytest

from twin import forecast
from twin.forecast import Series
from twin.forecast.crossing import LEAST, SEED, Crossing, chance, crossings, may_pass
from twin.forecast.limits import Limit
from twin.forecast.windows import Window
from twin.kinds import KINDS

TODAY = date(2026, 6, 30)
WEIGHT = KINDS["weight"]
NAN = np.nan


def above(value: float, days: int = 1, basis: str = "threshold") -> Limit:
    return Limit(basis, "rule", "above", value, Window(days))


def flat(level: float, reach: float = 1.0) -> forecast.Forecast:
    """A forecast of one level, whose 80 % band reaches as far as said."""
    mean = np.full(forecast.HORIZON, level)
    far = 1.53 * reach
    return forecast.Forecast(
        model="kalman_mixture",
        version="1",
        reason="",
        through=TODAY,
        last_value=level,
        days=np.datetime64(TODAY) + np.arange(1, forecast.HORIZON + 1),
        mean=mean,
        low80=mean - reach,
        high80=mean + reach,
        low95=mean - far,
        high95=mean + far,
        backtest=None,
    )


def test_chance_is_the_share_of_courses_and_its_day_when_half_have_passed():
    courses = np.array([[1.0, 5.0, 1.0], [1.0, 1.0, 5.0], [1.0, 1.0, 1.0], [5.0, 1.0, 1.0]])
    limit = above(3.0)
    found = chance(limit, np.array([1.0]), TODAY, courses)
    assert found == Crossing(limit, 0.75, TODAY + timedelta(days=2))
    assert chance(above(9.0), np.array([1.0]), TODAY, courses) == Crossing(above(9.0), 0.0, None)


def test_chance_of_several_days_counts_the_known_ones():
    courses = np.array([[6.0, 6.0], [0.0, 0.0]])
    found = chance(above(3.0, days=2), np.array([1.0]), TODAY, courses)
    assert (found.probability, found.expected_on) == (0.5, TODAY + timedelta(days=1))


@pytest.mark.parametrize(
    ("past", "expected"),
    [
        ([1.0, 9.0], [1.0]),
        ([9.0, NAN, NAN], [1.0]),  # the last value that is known
        ([9.0, 1.0], []),
        ([NAN, NAN], []),
    ],
)
def test_crossings_of_a_limit_that_is_passed_say_so(past, expected):
    found = crossings([above(5.0)], np.array(past), flat(0.0, 0.1), None)
    assert [one.probability for one in found] == expected
    assert all(one.is_passed for one in found)


def test_crossings_of_a_goal_that_is_not_reached_are_none():
    limit = above(5.0, basis="goal")
    assert crossings([limit], np.array([9.0]), flat(9.0), lambda: np.full((4, 28), 9.0)) == []
    (falls_back,) = crossings([limit], np.array([4.0]), flat(4.0), lambda: np.full((4, 28), 9.0))
    assert (falls_back.probability, falls_back.is_passed) == (1.0, False)


def test_crossings_without_a_model_or_too_unlikely_are_none():
    past = np.array([4.0])
    assert crossings([above(5.0)], past, flat(4.0), None) == []
    assert crossings([above(5.0)], past, flat(4.0), lambda: np.full((4, 28), 4.0)) == []

    def fail() -> np.ndarray:
        raise AssertionError("drawn for nothing")

    assert crossings([above(50.0)], past, flat(4.0), fail) == []


def test_crossings_draw_once_for_all_limits():
    drawn = []

    def draw() -> np.ndarray:
        drawn.append(1)
        return np.full((4, 28), 9.0)

    assert len(crossings([above(5.0), above(6.0)], np.array([4.0]), flat(4.0), draw)) == 2
    assert len(drawn) == 1


@pytest.mark.parametrize(("side", "limit"), [("above", 12.0), ("below", -12.0)])
def test_may_pass_goes_by_all_days_together(side, limit):
    one = Limit("threshold", "rule", side, limit, Window())
    past = np.array([0.0])
    # Twelve is 3.2 standard deviations off: one day in 1,400, one month in 52.
    assert may_pass(one, past, flat(0.0, 12 / 3.2 * 1.2816))
    assert not may_pass(one, past, flat(0.0, 12 / 3.8 * 1.2816))


def walks(count: int, length: int) -> np.ndarray:
    """Series of a level that wanders, and noise."""
    generator = np.random.default_rng(11)
    level = 80 + np.cumsum(generator.normal(0, 0.15, (count, length)), axis=1)
    return level + generator.normal(0, 0.5, (count, length))


@pytest.mark.parametrize("days", [1, 7])
def test_chances_come_true_as_often_as_they_say(days):
    """300 series, of each one limit above and one below at its own distance: a reliability table."""
    length = 120
    values = walks(300, length + forecast.HORIZON)
    dates = np.datetime64(TODAY) - np.arange(length)[::-1] - 1
    known = [Series(dates, each[:length], (), TODAY) for each in values]
    stated, came = [], []
    generator = np.random.default_rng(3)
    for each, series, (outcome, state) in zip(
        values, known, forecast.forecast_many(WEIGHT, known), strict=True
    ):
        past = each[length - 14 : length]
        draw = partial(
            forecast.paths, WEIGHT, state, replace(series, days=dates[-1:], values=past[-1:]), seed=SEED
        )
        for side, sign in (("above", 1), ("below", -1)):
            window = Window(days)
            limit = Limit(
                "threshold", side, side, window.now(past) + sign * generator.uniform(0.1, 3.0), window
            )
            whole = window.ahead(past, each[None, length:])
            for found in crossings([limit], past, outcome, partial(draw, draws=400)):
                stated.append(found.probability)
                came.append(bool(limit.passed(whole).any()))
    chances, truth = np.array(stated), np.array(came)
    assert len(chances) > 300
    assert chances.min() >= LEAST
    assert abs(chances.mean() - truth.mean()) < 0.06
    for low in np.arange(0, 1, 0.2):
        inside = (chances >= low) & (chances < low + 0.2)
        # Three standard errors of what so many would show by luck, and what the model may miss.
        assert abs(chances[inside].mean() - truth[inside].mean()) < 0.08 + 3 * np.sqrt(0.25 / inside.sum())
