"""Many small state-space models side by side over many series, each weighed by how it foretold. Pure.

Kalman filters of the models of grid.py (Harvey, Forecasting, Structural Time Series Models and the Kalman
Filter, 1989, chapter 3), with weights that forget (Raftery, Kárný and Ettler, Technometrics 52, 2010). An
innovation beyond three standard deviations counts as three.

Arrays are float32 with the series along the last axis. Sums over models go model by model, so that a series
gets the same numbers to the bit alone or among others.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from twin.forecast.band import Values
from twin.forecast.grid import JUMP, MODELS, Floats, Grid

Numbers = TypeVar("Numbers", npt.NDArray[np.float32], npt.NDArray[np.float64])

FORGETTING = 0.98
"""What the evidence of a day is worth one observed day later."""
BLOCK = 7
"""Days whose evidence is multiplied up before a logarithm is taken: forgetting is by the block."""

_FARTHEST = np.float32(3.0**2)
_LEAST_VARIANCE = np.float32(1e-6)
_START_FREEDOM = np.float32(2)


@dataclass(frozen=True, slots=True)
class Mixture:
    """The filters of N series on an evening. `freedom` and `seen` are [N]; all else has a row a model.

    `x` is level and state, `p` their covariance. `square` is the sum of squared innovations: the noise
    variance times `freedom`. `evidence` is each model's log likelihood up to the block's first day, `opening`
    what its noise variance came to by then; `product` is the block's predictive variances multiplied, `seen`
    its observed days.
    """

    x: Floats
    p: Floats
    square: Floats
    evidence: Floats
    opening: Floats
    product: Floats
    freedom: Floats
    seen: Floats

    def __iter__(self) -> Iterator[Floats]:
        yield from (self.x, self.p, self.square, self.evidence)
        yield from (self.opening, self.product, self.freedom, self.seen)

    def __len__(self) -> int:
        return len(self.freedom)

    @property
    def known(self) -> Floats:
        """How many values each series has had."""
        return self.freedom - _START_FREEDOM

    def copy(self) -> "Mixture":
        """One that can go on without this one."""
        return Mixture(*(part.copy() for part in self))


def start(count: int, models: Grid = MODELS) -> Mixture:
    """`count` series before their first day."""
    many = (len(models), count)
    return Mixture(
        x=np.zeros((2, *many), np.float32),
        p=np.tile(models.start, count),
        square=np.ones(many, np.float32),
        evidence=np.zeros(many, np.float32),
        opening=np.zeros(many, np.float32),
        product=np.ones(many, np.float32),
        freedom=np.full(count, _START_FREEDOM),
        seen=np.zeros(count, np.float32),
    )


def take(mixture: Mixture, which: npt.NDArray[np.int64]) -> Mixture:
    """The filters of some of the series, in this order, apart from the others'."""
    return Mixture(*(np.ascontiguousarray(part[..., which]) for part in mixture))


def together(mixtures: Sequence[Mixture]) -> Mixture:
    """The filters of all of them, one after the other."""
    if len(mixtures) == 1:
        return mixtures[0]
    return Mixture(*(np.concatenate(parts, axis=-1) for parts in zip(*mixtures, strict=True)))


def follow(
    mixture: Mixture, values: Floats, first: int, jumps: Floats | None = None, models: Grid = MODELS
) -> Iterator[int]:
    """Day by day through `values` [T, N], in place: predicts, then learns from what came (nan: nothing did).

    Yields each day's place once the filters stand on its evening. `first` is the number of the first day, in
    a count that goes on from call to call: blocks end by it. `jumps` [T, N] are the variances by which events
    of a day may move the level that is to come.
    """
    # What goes by whether there is a value, and not by which, is worked out for all days at once.
    known = ~np.isnan(values)
    observed = known.astype(np.float32)
    filled = np.where(known, values, np.float32(0))
    freedom = mixture.freedom + np.cumsum(observed, axis=0)
    farthest = _FARTHEST / (freedom - observed)
    begins = known & (np.cumsum(known, axis=0) == 1) & (mixture.freedom == _START_FREEDOM)
    beginners = {day: np.flatnonzero(begins[day]) for day in _days_with(begins)}
    moved = {} if jumps is None else {day: jumps[day] for day in _days_with(jumps)}
    space = _Workspace(mixture)
    for day in range(len(values)):
        new = beginners.get(day)
        if new is not None:
            # What is before the first value is no gap: the series begins here.
            mixture.x[..., new] = 0
            mixture.p[..., new] = models.start
        _predict(mixture, moved.get(day), models)
        variance = _correct(mixture, filled[day], observed[day], farthest[day], space)
        mixture.freedom[...] = freedom[day]
        np.add(mixture.seen, observed[day], out=mixture.seen)
        if new is not None:
            # The first value says nothing for or against a model but how wide it was before any.
            variance[:, new] = 1
            mixture.opening[:, new] = _noise_term(mixture)[:, new]
        np.multiply(mixture.product, variance, out=mixture.product)
        if (first + day) % BLOCK == 0:
            _close_block(mixture)
        yield day


def _days_with(marks: npt.NDArray[np.bool_] | Floats) -> list[int]:
    """The days of [T, N] on which any series has one."""
    days: list[int] = np.flatnonzero(marks.any(axis=1)).tolist()
    return days


class _Workspace:
    """Where the arithmetic of one day after another is done."""

    def __init__(self, mixture: Mixture) -> None:
        self.pair = tuple(np.empty_like(mixture.x) for _ in range(3))
        self.single = tuple(np.empty_like(mixture.square) for _ in range(4))


def _predict(mixture: Mixture, jump: Floats | None, models: Grid) -> None:
    x, p = mixture.x[1], mixture.p
    x *= models.phi
    p *= models.transition
    p += models.noise
    if jump is not None:
        p += jump * JUMP


def _correct(
    mixture: Mixture, value: Floats, observed: Floats, farthest: Floats, space: _Workspace
) -> Floats:
    """Answers the variance of the value to come, in units of the noise's; 1 where there is none."""
    x, p, square = mixture.x, mixture.p, mixture.square
    (b, k, change), (f, gain, error, limit) = space.pair, space.single
    # b is the covariance of level and state with the value to come, f the value's variance.
    np.add(p[:2], p[1:], out=b)
    np.add(b[0], b[1], out=f)
    f *= observed
    f += 1
    np.divide(observed, f, out=gain)
    np.subtract(value, x[0], out=error)
    error -= x[1]
    np.multiply(square, f, out=limit)
    limit *= farthest
    np.sqrt(limit, out=limit)
    np.minimum(error, limit, out=error)
    np.negative(limit, out=limit)
    np.maximum(error, limit, out=error)

    np.multiply(b, gain, out=k)
    np.multiply(k, error, out=change)
    x += change
    np.multiply(b, k[0], out=change)
    p[:2] -= change
    np.multiply(b[1], k[1], out=limit)
    p[2] -= limit
    gain *= error
    error *= gain
    square += error
    return f


def _close_block(mixture: Mixture) -> None:
    """Makes the block's products evidence, in place, and begins the next block."""
    mixture.evidence[...] = _evidence(mixture)
    mixture.opening[...] = _noise_term(mixture)
    mixture.product[...] = 1
    mixture.seen[...] = 0


def _noise_term(mixture: Mixture) -> Floats:
    """The part of Student's likelihood that telescopes over days: freedom / 2 · log(noise variance)."""
    term: Floats = np.log(mixture.square / mixture.freedom)
    term *= 0.5 * mixture.freedom
    return term


def _evidence(mixture: Mixture) -> Floats:
    """Log likelihood of each model by now, up to what is the same for all."""
    kept: Floats = np.exp(mixture.seen * np.float32(np.log(FORGETTING)))
    evidence = mixture.evidence * kept
    evidence -= 0.5 * np.log(mixture.product)
    evidence -= _noise_term(mixture) - mixture.opening
    return evidence


def weights(mixture: Mixture) -> Floats:
    """How much each model counts by now, [M, N]; a series' add up to one."""
    weight = _evidence(mixture)
    weight -= weight.max(axis=0)
    np.exp(weight, out=weight)
    shares: Floats = weight / total(weight)
    return shares


class Outlook:
    """Some horizons, and how much of what is known of each family of models is left by them."""

    def __init__(self, horizons: npt.NDArray[np.int64], models: Grid = MODELS) -> None:
        days = horizons.astype(np.float64)
        self.models = models
        self.days = days.astype(np.float32)[:, None]
        self.families = []
        for phi, members in models.families:
            fade = phi**days
            walked, shared = (1 - fade**2) / (1 - phi**2), (1 - fade) / (1 - phi)
            course = np.stack([fade, fade**2, fade, shared, walked]).astype(np.float32)
            self.families.append((members, course[:, :, None]))


def moments(mixture: Mixture, outlook: Outlook) -> tuple[Floats, Floats]:
    """Mean and variance [H, N] of what will be observed at these horizons, every model's by its weight."""
    x, p, models = mixture.x, mixture.p, outlook.models
    weight = weights(mixture)
    noise = mixture.square / mixture.freedom
    noise *= weight
    middle = total(weight * x[0])
    level = x[0] - middle  # squares of what is near the middle keep their digits
    # Per model: state, its square, what it shares with the level, the noise that will join both and it; and
    # what does not fade: the level's square with the noise, and its walk.
    terms = np.empty((len(models), 7, len(mixture)), np.float32)
    state = np.multiply(weight, x[1], out=terms[:, 0])
    terms[:, 1] = state * x[1] + noise * p[2]
    terms[:, 2] = 2 * (state * level + noise * p[1])
    np.multiply(noise, 2 * models.noise[1], out=terms[:, 3])
    np.multiply(noise, models.noise[2], out=terms[:, 4])
    terms[:, 5] = weight * level * level + noise * (p[0] + 1)
    np.multiply(noise, models.noise[0], out=terms[:, 6])

    away = np.zeros((len(outlook.days), len(mixture)), np.float32)
    square = np.zeros_like(away)
    for members, course in outlook.families:
        of_family = total(terms[members])
        away += of_family[0] * course[0]
        square += total(of_family[1:5, None] * course[1:])
        square += of_family[5] + of_family[6] * outlook.days
    square -= away * away
    return middle + away, np.maximum(square, _LEAST_VARIANCE)


def total(rows: Numbers) -> Numbers:
    """The sum over the first axis, halves upon halves: the same to the bit however many columns there are."""
    while len(rows) > 1:
        half = len(rows) // 2
        folded = rows[:half] + rows[half : 2 * half]
        if len(rows) % 2:
            folded[0] += rows[-1]
        rows = folded
    only: Numbers = rows[0]
    return only


def draws(mixture: Mixture, horizon: int, count: int, seed: int, models: Grid = MODELS) -> Values:
    """`count` courses [count, H] that the first series may take: under each model as many as it counts."""
    share, chances = _chances(horizon, count, seed)
    weight = np.cumsum(weights(mixture)[:, 0].astype(np.float64))
    which = np.searchsorted(weight[:-1], share * weight[-1])
    scale = np.sqrt(mixture.square[which, 0] / mixture.freedom[0])
    first, shared, own = (part[which] for part in _roots(mixture.p[:, :, 0]))
    level = mixture.x[0, which, 0] + scale * first * chances[0, 0]
    state = mixture.x[1, which, 0] + scale * (shared * chances[0, 0] + own * chances[0, 1])
    walk, shared, own = (scale * part[which] for part in _roots(models.noise[:, :, 0]))
    phi = models.phi[which, 0]
    courses = np.empty((horizon, count))
    for day, (one, other, noise) in enumerate(chances[1:]):
        level = level + walk * one
        state = phi * state + shared * one + own * other
        courses[day] = level + state + scale * noise
    return courses.T


@lru_cache(maxsize=4)
def _chances(horizon: int, count: int, seed: int) -> tuple[Values, Floats]:
    """Shares [count] spread over one, and normal numbers [1 + horizon, 3, count]: the same for a seed."""
    generator = np.random.default_rng(seed)
    share = (np.arange(count) + generator.random(count)) / count
    return share, generator.standard_normal((1 + horizon, 3, count), np.float32)


def _roots(covariance: Floats) -> tuple[Floats, Floats, Floats]:
    """What turns two normal numbers into level and state of these covariances [3, M] (Cholesky)."""
    first = np.sqrt(np.maximum(covariance[0], 0))
    shared = np.divide(covariance[1], first, out=np.zeros_like(first), where=first > 0)
    return first, shared, np.sqrt(np.maximum(covariance[2] - shared * shared, 0))
