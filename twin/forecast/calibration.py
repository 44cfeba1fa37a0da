"""Bands that mean what they say: the model's spread times a factor that held for others, then for this one.

A band reaches `factor` of the model's standard deviations to either side of the mean. The factor of a kind,
horizon and level is learnt from other people (twin/data/forecast_calibration.json, which bench/train_daily.py
writes). Each series starts from it and moves it as its own truth arrives: out a little after a miss, in a
little after a hit. Pure.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from twin.forecast.band import Band, Values
from twin.kinds import DATA

Floats = npt.NDArray[np.float32]

# Days ahead that share a factor, and the day of each for which it stands; between them it is interpolated.
BUCKETS = ((1, 3), (4, 7), (8, 14), (15, 28))
ANCHORS = (2, 5, 11, 21)
LEVELS = (0.80, 0.95)

# How many days ahead a series is held to account. What came three weeks later says little about today.
TESTED = (2, 5, 11)
# From this many values on: the factors were learnt from forecasts that had as many to stand on.
LEAST_SEEN = 28

_MISSES = 1 - np.array(LEVELS, dtype=np.float32)[:, None]
# A step is _STEPS over the number of values seen, but no less than _LEAST_STEP (see docs/forecasting.md).
_STEPS = np.float32(7)
_LEAST_STEP = np.float32(0.1)
# A series' own multiplier stays within a factor of about three, whatever comes.
_MOST = np.float32(1.1)
# Promises for TESTED[i] days ahead wait in TESTED[i] places, from this one on.
_FIRST = np.concatenate([[0], np.cumsum(TESTED)[:-1]])
_WAITING = sum(TESTED)


@dataclass(frozen=True, slots=True)
class Factors:
    """What is learnt from many people: (bucket, level) factors of each kind, and of a kind nobody knows."""

    version: str
    kinds: Mapping[str, Values]
    pooled: Values

    def of(self, code: str) -> Values:
        """The kind's factors, [bucket, level]."""
        return self.kinds.get(code, self.pooled)


@dataclass(frozen=True, slots=True)
class Adaptive:
    """N series: where their bands stand, and the forecasts whose truth has not come yet.

    `factors` are what held for others [bucket, level, N], `own` the series' multipliers [level, N], both as
    logarithms. `seen` [N] is how many values there were. `mean` and `sd` are of what was promised
    [sum(TESTED), N], nan where nothing was.
    """

    factors: Floats
    own: Floats
    seen: Floats
    mean: Floats
    sd: Floats

    def copy(self) -> "Adaptive":
        """One that can move on without this one."""
        return from_rows(to_rows(self))


def factors(document: Mapping[str, Any]) -> Factors:
    """The factors of a document of the shape of twin/data/forecast_calibration.json."""
    return Factors(
        version=document["version"],
        kinds=MappingProxyType({code: np.array(rows) for code, rows in document["kinds"].items()}),
        pooled=np.array(document["pooled"]),
    )


SHIPPED = factors(json.loads((DATA / "forecast_calibration.json").read_text(encoding="utf-8")))


def start(code: str, count: int, learnt: Factors = SHIPPED) -> Adaptive:
    """`count` series of a kind of which nothing is known yet but what held for others.

    A back-test gives `learnt` without the people it is scored on: whoever estimates passes it on.
    """
    logs = np.log(learnt.of(code)).astype(np.float32)
    own, seen = np.zeros((len(LEVELS), count), np.float32), np.zeros(count, np.float32)
    none = np.full((_WAITING, count), np.nan, np.float32)
    return Adaptive(np.repeat(logs[:, :, None], count, axis=2), own, seen, none, none.copy())


def follow(
    adaptive: Adaptive, first: int, truth: Values, mean: Values, sd: Values
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Day by day, in place: each series learns from how its bands held `truth` [T, N] (nan: no truth), and
    keeps what the evening forecasts for TESTED days later, `mean` and `sd` [T, tested, N].

    Answers the mean that was promised for each day [T, tested, N], nan where none was, and whether bands as
    wide as they were then held the truth [T, tested, level, N]; False where nothing was promised or nothing
    came. `first` is the number of the first day, by a count that goes on from call to call. All is on the
    scale that the model works on.
    """
    known = np.isfinite(truth)
    seen = adaptive.seen + np.cumsum(known, axis=0, dtype=np.float32)
    is_learning = (seen >= LEAST_SEEN)[:, None]
    promised = _due(adaptive.mean, first, np.where(is_learning, mean, np.nan).astype(np.float32))
    spread = _due(adaptive.sd, first, sd.astype(np.float32))
    held = _learn(adaptive, np.abs(truth[:, None] - promised), spread, seen - known)
    adaptive.seen[...] += known.sum(axis=0)
    return promised, held


def _due(waiting: Floats, first: int, made: Floats) -> Floats:
    """What was promised for each day [T, tested, N], when `made` is what each evening promises.

    In place: what has come due no longer waits. A promise for h days later takes the place that comes due.
    """
    due = np.empty_like(made)
    for at, (begin, ahead) in enumerate(zip(_FIRST, TESTED, strict=True)):
        since = np.arange(min(len(made), ahead))
        new = len(made) - len(since)
        due[: len(since), at] = waiting[begin + (first + since) % ahead]
        due[len(since) :, at] = made[:new, at]
        waiting[begin + (first + new + since) % ahead] = made[new:, at]
    return due


def _learn(adaptive: Adaptive, away: Values, spread: Floats, seen: Floats) -> npt.NDArray[np.bool_]:
    """Moves each series' multipliers, in place, day by day; answers what of the truths the bands held.

    `away` [T, tested, N] is how far each truth lay from what was promised, nan where one was missing, `seen`
    [T, N] how many values there were before. The step of conformal quantile tracking (Angelopoulos, Candès,
    Tibshirani 2023; Gibbs, Candès 2021) on a logarithmic scale, by the mean over the horizons that come due:
    they err together.
    """
    scored = np.isfinite(away).sum(axis=1)
    many = np.maximum(scored, 1)
    usual = _MISSES * (scored > 0)[:, None]
    step = np.maximum(_LEAST_STEP, _STEPS / np.maximum(seen, LEAST_SEEN))
    factors, own = adaptive.factors[: len(TESTED)], adaptive.own
    held = np.zeros((len(away), len(TESTED), *own.shape), np.bool_)
    for day in np.flatnonzero(scored.any(axis=1)).tolist():
        reach = np.exp(factors + own) * spread[day][:, None]
        np.less_equal(away[day][:, None], reach, out=held[day])
        missed = scored[day] - held[day].sum(axis=0)
        np.clip(own + step[day] * (missed / many[day] - usual[day]), -_MOST, _MOST, out=own)
    return held


def band(adaptive: Adaptive, mean: Values, sd: Values) -> Band:
    """Mean and spread [N, H] of the next H days, widened or narrowed to what holds 80 and 95 % of truths."""
    ahead = np.arange(1, mean.shape[1] + 1)
    shares = np.array([np.interp(ahead, ANCHORS, row) for row in np.eye(len(ANCHORS))])
    # Added bucket by bucket: a library's sum may depend on how many series there are.
    logs = adaptive.own[:, :, None] + sum(
        (factors[:, :, None] * share for factors, share in zip(adaptive.factors, shares, strict=True)),
        start=0.0,
    )
    reach80, reach95 = np.exp(logs) * sd
    reach95 = np.maximum(reach80, reach95)
    return Band(mean, mean - reach80, mean + reach80, mean - reach95, mean + reach95)


def to_rows(adaptive: Adaptive) -> Floats:
    """Everything there is to keep of each series, a row of WIDTH each."""
    factors = adaptive.factors.reshape(-1, len(adaptive.seen))
    parts = (factors, adaptive.own, adaptive.seen[None], adaptive.mean, adaptive.sd)
    return np.ascontiguousarray(np.concatenate(parts).T)


def from_rows(rows: Floats) -> Adaptive:
    """to_rows() undone, to the bit."""
    factors, own, seen, mean, sd = np.split(np.array(rows.T, order="C"), _ENDS)
    return Adaptive(factors.reshape(len(BUCKETS), len(LEVELS), -1), own, seen[0], mean, sd)


_ENDS = np.cumsum([len(BUCKETS) * len(LEVELS), len(LEVELS), 1, _WAITING])
WIDTH = int(_ENDS[-1]) + _WAITING
