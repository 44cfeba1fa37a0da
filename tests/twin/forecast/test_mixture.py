"""The filters against one written out with matrices, their weights, and what they foresee."""

import math

import numpy as np
import pytest

from twin.forecast import mixture
from twin.forecast.grid import MODELS, Grid, around_mean, damped_trend, local_level
from twin.forecast.mixture import Outlook


def walk(days, *, seed=1):
    """A standardised series that slowly walks, with noise."""
    generator = np.random.default_rng(seed)
    return np.cumsum(generator.normal(0, 0.08, days)) + generator.normal(0, 1, days)


def filtered(values, grid=MODELS):
    """The filters after standardised values [T, N]."""
    filters = mixture.start(values.shape[1], grid)
    for _ in mixture.follow(filters, values.astype(np.float32), 0, models=grid):
        pass
    return filters


def by_hand(model, values, horizon):
    """Mean and variance a horizon ahead, by matrices in double precision."""
    transition, seen = np.diag([1.0, model.phi]), np.array([1.0, 1.0])

    def matrix(covariance):
        return np.array([[covariance[0], covariance[1]], [covariance[1], covariance[2]]])

    x, p, square, freedom = np.zeros(2), matrix(model.start), 1.0, 2.0
    for value in values:
        x, p = transition @ x, transition @ p @ transition.T + matrix(model.noise)
        if math.isnan(value):
            continue
        variance = seen @ p @ seen + 1
        farthest = 3 * math.sqrt(square / freedom * variance)
        error = min(max(value - seen @ x, -farthest), farthest)
        gain = p @ seen / variance
        x, p = x + gain * error, p - np.outer(gain, seen @ p)
        square, freedom = square + error**2 / variance, freedom + 1
    for _ in range(horizon):
        x, p = transition @ x, transition @ p @ transition.T + matrix(model.noise)
    return seen @ x, square / freedom * (seen @ p @ seen + 1)


@pytest.mark.parametrize(
    "model",
    [local_level(0.1), around_mean(0.85, 0.3), damped_trend(0.97, 0.03, 1e-4)],
    ids=["local level", "around a mean", "damped trend"],
)
def test_one_model_is_the_kalman_filter(model):
    values = walk(90)
    values[::6] = np.nan
    values[40] = 30.0  # an outlier, that counts as three standard deviations
    grid = Grid([model])
    filters = filtered(values[:, None], grid)
    for horizon in (1, 7, 28):
        mean, variance = mixture.moments(filters, Outlook(np.array([horizon]), grid))
        assert (mean.item(), variance.item()) == pytest.approx(by_hand(model, values, horizon), rel=2e-3)


def test_damped_trend_is_a_level_and_a_slope_that_fades():
    level, slope, phi = 0.0, 1.0, 0.97
    model = damped_trend(phi, 0.0, 0.0)
    off = slope / (1 - phi)
    x = np.array([level + off, -off])
    for _ in range(10):
        level, slope = level + slope, phi * slope
        x = x * [1, model.phi]
        assert x.sum() == pytest.approx(level)


def test_weights_favour_the_model_that_foretold():
    calm = np.random.default_rng(3).normal(0, 1, 200)
    walk = np.cumsum(np.random.default_rng(4).normal(0, 3, 200))
    grid = Grid([local_level(0.0), local_level(3.0)])
    weights = mixture.weights(filtered(np.stack([calm, walk], axis=1), grid))
    assert weights.sum(axis=0) == pytest.approx([1, 1], abs=1e-5)
    assert weights[0, 0] > 0.95
    assert weights[1, 1] > 0.95


def test_an_event_moves_the_level_to_come_and_not_the_value_of_the_day():
    """What it may add to the level it may take from the state: the day itself is no less sure for it."""
    without, with_event = filtered(walk(60)[:, None]), filtered(walk(60)[:, None])
    for filters, jump in ((without, None), (with_event, np.array([[4.0]], np.float32))):
        assert [*mixture.follow(filters, np.array([[np.nan]], np.float32), 60, jump)] == [0]
    spreads = [mixture.moments(each, Outlook(np.array([0, 28])))[1][:, 0] for each in (without, with_event)]
    assert spreads[1][0] == pytest.approx(spreads[0][0], rel=1e-3)
    assert spreads[1][1] > 1.5 * spreads[0][1]


def test_filters_taken_apart_and_put_together_are_the_same():
    many = filtered(np.stack([walk(30, seed=seed) for seed in range(4)], axis=1))
    again = mixture.together([mixture.take(many, np.array(some)) for some in ([0, 1], [2], [3])])
    assert all((one == other).all() for one, other in zip(many, again, strict=True))


def test_draws_have_the_moments_of_the_mixture():
    filters = filtered(walk(120)[:, None])
    courses = mixture.draws(filters, 28, 20_000, seed=1)
    mean, variance = mixture.moments(filters, Outlook(np.arange(1, 29)))
    assert courses.mean(axis=0) == pytest.approx(mean[:, 0], abs=0.05)
    assert courses.std(axis=0) == pytest.approx(np.sqrt(variance[:, 0]), rel=0.05)
