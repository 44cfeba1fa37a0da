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

# Days ahead that share a factor, and the one of each at which a series is held to account.
BUCKETS = ((1, 3), (4, 7), (8, 14), (15, 28))
TESTED = (2, 5, 11, 21)
LEVELS = (0.80, 0.95)

_MISSES = 1 - np.array(LEVELS, dtype=np.float32)
_STEP = np.float32(0.05)
# Log factors stay between these, level by level, whatever a series does.
_LEAST = np.log(np.array([0.4, 0.6], dtype=np.float32))
_MOST = np.log(np.array([6.0, 10.0], dtype=np.float32))
# Promises for TESTED[i] days ahead wait in TESTED[i] columns of `pending`, from this one on.
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
    """N series' own log factors [N, bucket, level], how many truths moved them [N, bucket], and the forecasts
    whose truth has not come yet: their mean and spread [N, sum(TESTED)], nan where there is none.
    """

    log_factors: Floats
    scored: Floats
    mean: Floats
    sd: Floats

    def copy(self) -> "Adaptive":
        """One that can move on without this one."""
        return Adaptive(self.log_factors.copy(), self.scored.copy(), self.mean.copy(), self.sd.copy())


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
    empty = np.full((count, _WAITING), np.nan, dtype=np.float32)
    scored = np.zeros((count, len(BUCKETS)), dtype=np.float32)
    return Adaptive(np.tile(logs, (count, 1, 1)), scored, empty, empty.copy())


def due(adaptive: Adaptive, day: int) -> tuple[Floats, Floats]:
    """Mean and spread [N, bucket] that were promised for `day`, TESTED days before it; nan where none was."""
    columns = _columns(day)
    return adaptive.mean[:, columns], adaptive.sd[:, columns]


def held(adaptive: Adaptive, day: int, truth: Values) -> npt.NDArray[np.bool_]:
    """Whether the bands promised for `day` hold the truth, [N, bucket, level]; False where there is none."""
    mean, sd = due(adaptive, day)
    reach = np.exp(adaptive.log_factors) * sd[:, :, None]
    inside: npt.NDArray[np.bool_] = np.abs(truth[:, None] - mean)[:, :, None] <= reach
    return inside


def learn(adaptive: Adaptive, day: int, truth: Values) -> None:
    """Moves each series' factors, in place, by whether its bands held `truth` [N] of `day` (nan: no truth).

    `day` counts days from any fixed one. Call it once a day, before promise() of the same day: both use the
    same places. Truth and promises are on one scale, the one that the model works on.
    """
    mean, _ = due(adaptive, day)
    known = np.isfinite(truth)[:, None] & np.isfinite(mean)
    outside = ~held(adaptive, day, truth)
    step = np.where(known[:, :, None], _STEP * (outside - _MISSES), np.float32(0))
    np.clip(adaptive.log_factors + step, _LEAST, _MOST, out=adaptive.log_factors)
    adaptive.scored[...] += known


def promise(adaptive: Adaptive, day: int, mean: Values, sd: Values) -> None:
    """Keeps, in place, what is forecast on the evening of `day` for TESTED days later: [N, bucket] each."""
    columns = _columns(day)
    adaptive.mean[:, columns] = mean
    adaptive.sd[:, columns] = sd


def band(adaptive: Adaptive, mean: Values, sd: Values) -> Band:
    """Mean and spread [N, H] of the next H days, widened or narrowed to what holds 80 and 95 % of truths."""
    horizons = np.arange(1, mean.shape[1] + 1)
    share = np.array([np.interp(horizons, TESTED, row) for row in np.eye(len(TESTED))])
    reach80, reach95 = (
        np.exp(adaptive.log_factors[:, :, level] @ share) * sd for level in range(len(LEVELS))
    )
    reach95 = np.maximum(reach80, reach95)
    return Band(mean, mean - reach80, mean + reach80, mean - reach95, mean + reach95)


def to_rows(adaptive: Adaptive) -> Floats:
    """Everything there is to keep of each series, a row each."""
    count = len(adaptive.scored)
    parts = (adaptive.log_factors.reshape(count, -1), adaptive.scored, adaptive.mean, adaptive.sd)
    return np.concatenate(parts, axis=1)


def from_rows(rows: Floats) -> Adaptive:
    """to_rows() undone, to the bit."""
    count, buckets = len(rows), len(BUCKETS)
    ends = np.cumsum([buckets * len(LEVELS), buckets, _WAITING])
    log_factors, scored, mean, sd = (part.copy() for part in np.split(rows, ends, axis=1))
    return Adaptive(log_factors.reshape(count, buckets, len(LEVELS)), scored, mean, sd)


def _columns(day: int) -> npt.NDArray[np.int64]:
    """Where what was promised for `day` waits: a promise for h days later takes the place that comes due."""
    columns: npt.NDArray[np.int64] = _FIRST + day % np.array(TESTED)
    return columns
