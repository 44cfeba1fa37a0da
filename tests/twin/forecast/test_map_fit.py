"""Where Prophet's posterior is highest: the conditions of an optimum, on easy problems and on bad ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.forecast.map_fit import LEAST_SIGMA, Problem, mode


def problem_of(y, *, changes=5, features=(), flat=False):
    t = np.linspace(0, 1, len(y))
    columns = np.array(features, dtype=np.float64).reshape(-1, len(y)).T
    return Problem.of(t, y, t[1 : 1 + changes], columns, np.full(columns.shape[1], 10.0), tau=0.05, flat=flat)


def unmet(problem, found):
    """By how much the conditions of an optimum in the weights are missed, in units of Laplace's pull."""
    variance = found.sigma**2
    slope = problem.design.T @ (problem.design @ found.weights - problem.y)
    slope += variance * problem.precision * found.weights
    pull = variance / problem.tau
    moved = problem.changes & (found.weights != 0)
    slope[moved] += pull * np.sign(found.weights[moved])
    still = problem.changes & (found.weights == 0)
    slope[still] = np.maximum(np.abs(slope[still]) - pull, 0)
    return float(np.abs(slope).max() / pull)


def noise_slope(problem, found):
    missed = problem.y - problem.design @ found.weights
    return len(missed) / found.sigma - missed @ missed / found.sigma**3 + 4 * found.sigma


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(40, 120),
    changes=st.integers(0, 9),
    noise=st.floats(0.003, 0.3),
    wander=st.floats(0, 0.05),
    seed=st.integers(0, 10_000),
    flat=st.booleans(),
)
def test_mode_of_any_series_meets_the_conditions_of_an_optimum(rows, changes, noise, wander, seed, flat):
    draws = np.random.default_rng(seed)
    y = 0.8 + draws.normal(0, wander, rows).cumsum() + draws.normal(0, noise, rows)
    problem = problem_of(y, changes=changes, features=draws.normal(size=(3, rows)), flat=flat)
    found = mode(problem)
    assert unmet(problem, found) < 1e-4
    assert abs(noise_slope(problem, found)) < 1e-3 * rows / found.sigma


def test_mode_in_every_direction_around_it_is_no_better():
    draws = np.random.default_rng(3)
    problem = problem_of(0.8 + draws.normal(0, 0.05, 90), features=draws.normal(size=(2, 90)))
    found = mode(problem)
    best = problem.negative_log_posterior(found.weights, found.sigma)
    for _ in range(300):
        step = draws.normal(0, 10.0 ** draws.uniform(-6, -1), len(found.weights))
        sigma = found.sigma * np.exp(draws.normal(0, 0.01))
        assert problem.negative_log_posterior(found.weights + step, sigma) >= best - 1e-9


def test_mode_of_a_series_without_change_leaves_every_change_at_zero():
    t = np.linspace(0, 1, 60)
    problem = problem_of(0.5 + 0.1 * t + 0.01 * (-1.0) ** np.arange(60), changes=20)
    assert not mode(problem).weights[problem.changes].any()


@pytest.mark.parametrize(
    "y",
    [np.full(20, 0.7), np.linspace(0, 1, 20), np.zeros(20), np.array([1.0]), np.array([1.0, 0.5])],
    ids=["constant", "line", "zero", "one row", "two rows"],
)
def test_mode_of_a_perfect_fit_has_the_least_noise_and_finite_weights(y):
    problem = problem_of(y, changes=max(len(y) - 2, 0) // 4)
    found = mode(problem)
    assert np.isfinite(found.weights).all()
    assert found.sigma >= LEAST_SIGMA
    assert problem.design @ found.weights == pytest.approx(y, abs=0.1)


def test_mode_with_a_feature_twice_shares_its_weight():
    draws = np.random.default_rng(1)
    column = (np.arange(80) > 40).astype(float)
    problem = problem_of(0.7 + 0.1 * column + draws.normal(0, 0.02, 80), features=[column, column])
    one, two = mode(problem).weights[-2:]
    assert one == pytest.approx(two, abs=1e-6)
    assert one + two == pytest.approx(0.1, abs=0.03)
