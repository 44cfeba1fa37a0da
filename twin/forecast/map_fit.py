"""The mode of Prophet's posterior, solved exactly: a piecewise linear or flat trend, additive features. Pure.

The model and its priors are those of Prophet's own prophet.stan (1.5.0; MIT licence):
y = k·t + m + Σ δ·max(t - t_change, 0) + X·β + noise, with k, m ~ N(0, 5), δ ~ Laplace(0, τ),
β ~ N(0, sigmas), noise ~ N(0, σ) and σ ~ half-N(0, 0.5).
"""

import math
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

LEAST_SIGMA = 1e-5
"""Of the largest value, which Prophet scales to 1: finer than anything reads, and what a perfect fit gets."""
_TREND_PRIOR = 25.0
_TURNS = 200
_SETTLED = 1e-7


@dataclass(frozen=True, slots=True)
class Problem:
    """What is fitted, scaled as Prophet scales it: T values at times in [0, 1], S change points, K features.

    The columns of `design` are k's, m's, the δ's and the β's, in this order; a flat trend has no k and no δ.
    """

    y: Values
    design: Values
    precision: Values
    """Of each coefficient's normal prior; 0 for a δ, whose prior is not normal."""
    changes: Flags
    """Which columns are a δ's."""
    tau: float

    @classmethod
    def of(
        cls,
        t: Values,
        y: Values,
        t_change: Values,
        features: Values,
        sigmas: Values,
        tau: float,
        *,
        flat: bool,
    ) -> "Problem":
        """The problem of the times `t`, shape (T,), and of the features, shape (T, K)."""
        hinges = np.empty((len(t), 0)) if flat else np.maximum(t[:, None] - t_change, 0.0)
        trend = [np.ones_like(t)] if flat else [t, np.ones_like(t)]
        first, last = len(trend), len(trend) + hinges.shape[1]
        precision = np.zeros(last + features.shape[1])
        precision[:first] = 1 / _TREND_PRIOR
        precision[last:] = sigmas**-2.0
        changes = np.zeros(len(precision), np.bool_)
        changes[first:last] = True
        return cls(y, np.column_stack([*trend, hinges, features]), precision, changes, tau)

    def negative_log_posterior(self, weights: Values, sigma: float) -> float:
        """What the mode makes smallest, without the constants that Stan leaves out too."""
        missed = self.y - self.design @ weights
        return float(
            len(self.y) * math.log(sigma)
            + missed @ missed / (2 * sigma**2)
            + 2 * sigma**2
            + self.precision @ weights**2 / 2
            + np.abs(weights[self.changes]).sum() / self.tau
        )


@dataclass(frozen=True, slots=True)
class Mode:
    """The coefficients, one a column of the design, with the noise, where the posterior is highest."""

    weights: Values
    sigma: float


def mode(problem: Problem) -> Mode:
    """Where the posterior is highest; needs one row or more.

    Weights and noise take turns. For a given noise the weights solve a convex quadratic program, exactly; for
    given weights the noise is the root of an equation that has one. No turn makes the posterior lower, and it
    is bounded while the noise is, so that it settles.
    """
    gram, moments = problem.design.T @ problem.design, problem.design.T @ problem.y
    weights = np.zeros(len(moments))
    sigma = max(float(problem.y.std()), LEAST_SIGMA)
    for _ in range(_TURNS):
        variance = sigma**2
        curved = gram + np.diag(variance * problem.precision)
        weights = _weights(curved, moments, weights, problem.changes, variance / problem.tau)
        missed = problem.y - problem.design @ weights
        before, sigma = sigma, _sigma(len(missed), float(missed @ missed))
        if abs(sigma - before) <= _SETTLED * before:
            break
    return Mode(weights, sigma)


def waves(days: Values, period: float, order: int) -> Values:
    """Sines and cosines, in turn, of the first `order` frequencies of a period; days since the epoch."""
    angles = np.arange(1, order + 1) / period * (np.pi * 2 * days)[:, None]
    columns = np.empty((len(days), 2 * order))
    columns[:, 0::2], columns[:, 1::2] = np.sin(angles), np.cos(angles)
    return columns


def _sigma(rows: int, squares: float) -> float:
    """The root of rows/σ - squares/σ³ + 4σ = 0, which has one, written so that nothing cancels."""
    return max(math.sqrt(2 * squares / (rows + math.sqrt(rows**2 + 16 * squares))), LEAST_SIGMA)


def _weights(gram: Values, moments: Values, start: Values, changes: Flags, penalty: float) -> Values:
    """The w with the least w'·gram·w/2 - moments'·w + penalty·Σ|w of changes|, `gram` positive definite.

    An active-set method, as Lawson and Hanson (1974, chapter 23) solve least squares with signs: on the face
    of weights that are not zero go to the minimum, or as far as the first weight that would change its sign,
    which leaves the face; there, let in the zero weight that would gain most. Each face is met once at most.
    """
    weights = start.copy()
    sign = np.where(changes, np.sign(weights), 0.0)
    entered = -1
    for _ in range(10 * len(weights)):
        face = np.flatnonzero(~changes | (sign != 0))
        target = _solved(gram[np.ix_(face, face)], moments[face] - penalty * sign[face])
        turns = sign[face] * target < 0
        if turns.any():
            held = weights[face]
            shares = np.ones(len(face))
            shares[turns] = held[turns] / (held[turns] - target[turns])
            first = int(shares.argmin())
            weights[face] = held + shares[first] * (target - held)
            weights[face[first]] = sign[face[first]] = 0.0
            if face[first] == entered:
                break  # it gains nothing but rounding
            continue
        weights[face] = target
        slope = gram @ weights - moments
        gain = np.where(changes & (sign == 0), np.abs(slope) - penalty, -np.inf)
        entered = int(gain.argmax())
        if gain[entered] <= _SETTLED * penalty:
            break
        sign[entered] = -np.sign(slope[entered])
    return weights


def _solved(matrix: Values, right: Values) -> Values:
    try:
        return cast("Values", np.linalg.solve(matrix, right))
    except (
        np.linalg.LinAlgError
    ):  # two features alike, and noise too small for their priors to tell them apart
        return cast("Values", np.linalg.lstsq(matrix, right)[0])
