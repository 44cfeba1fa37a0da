"""Glucose in the next 30, 60 and 120 minutes, with the bands in which it stays. Pure: readings and `now` in.

Trees that were grown on openly licensed people (bench/train_glucose.py) say quantiles of the change from the
last reading; glucose_band.py makes them hold.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import numpy as np
import numpy.typing as npt

from twin.forecast.glucose_band import KIND, MINUTES, QUANTILES, Bands, Floats, Integers, held
from twin.forecast.glucose_features import HISTORY, STEP_MINUTES, features
from twin.forecast.trees import Trees
from twin.kinds import DATA

MinutesOfDay = Callable[[Integers], Floats]
"""The patient's own minute of the day at each instant (ms)."""
SILENCE = 20
"""Minutes after which a silent sensor is not spoken for, and over which two readings are not joined."""
NEEDED = 30
"""Minutes of readings without such a silence that a forecast needs."""
FEWEST = 3
"""Readings that it needs at least: those of a sensor that gives one every 15 minutes."""

_MINUTE = 60_000
_STEP = STEP_MINUTES * _MINUTE
_QUARTER = 15 * _MINUTE
FOLLOWED = 2 * 24 * 60 * _MINUTE
"""How far back (ms) past readings are forecast from, to learn how well this person's bands hold."""
LOOK_BACK = FOLLOWED + (HISTORY * STEP_MINUTES + SILENCE) * _MINUTE
"""How far before `now` readings count, in ms."""


class Refusal(StrEnum):
    """Why there is no forecast, in words for the person."""

    NOTHING = "There are no sensor readings yet."
    SILENT = "The sensor has been silent for more than 20 minutes."
    LOW = "The sensor shows Low: how low is not known, so nothing is forecast from it."
    HIGH = "The sensor shows High: how high is not known, so nothing is forecast from it."
    TOO_FEW = "A forecast needs 30 minutes of readings without a gap of more than 20 minutes."


@dataclass(frozen=True, slots=True)
class Readings:
    """A sensor's readings in any order: `at` in ms since the epoch, `value` in mg/dL.

    `low` and `high` mark those that stand for a value below or above what the sensor can measure.
    """

    at: Integers
    value: Floats
    low: npt.NDArray[np.bool_]
    high: npt.NDArray[np.bool_]

    def until(self, place: int) -> "Readings":
        """Those up to and with this one."""
        past = slice(place + 1)
        return Readings(self.at[past], self.value[past], self.low[past], self.high[past])


@dataclass(frozen=True, slots=True)
class GlucoseAhead:
    """mg/dL, to a tenth, at each of MINUTES after the reading of `at` (ms); the bands lie in each other."""

    at: int
    last_value: float
    version: str
    mean: Floats
    low80: Floats
    high80: Floats
    low95: Floats
    high95: Floats


@dataclass(frozen=True, slots=True)
class NoGlucoseForecast:
    """Why there is none, and when the last reading was (ms), if there is one."""

    reason: Refusal
    at: int | None


def forecast_glucose(
    readings: Readings, bands: Bands, *, now: int, minutes_of_day: MinutesOfDay
) -> GlucoseAhead | NoGlucoseForecast:
    """What comes after the last reading, or why nothing is said; never an exception, whatever the readings.

    `now` is ms since the epoch. Readings after it, not finite or outside the kind's hard range are left out;
    of two at one time the later in the arrays counts. The same input gives the same numbers to the bit.
    """
    known = _usable(readings, now)
    if not len(known.at):
        return NoGlucoseForecast(Refusal.NOTHING, None)
    at = int(known.at[-1])
    refusal = _refusal(known, now)
    if refusal is not None:
        return NoGlucoseForecast(refusal, at)
    raw = model().raw(resample(known.at, known.value)[None], minutes_of_day(known.at[-1:]))
    said = held(raw, model().factors[-1] * np.exp(bands.stretch))[0].round(1)
    low95, low80, mean, high80, high95 = said.T
    return GlucoseAhead(at, float(known.value[-1]), model().version, mean, low80, high80, low95, high95)


def follow(bands: Bands, readings: Readings, *, now: int, minutes_of_day: MinutesOfDay) -> Bands:
    """The person's bands after what the readings up to `now` taught of them.

    About every 15 minutes, as the bench does, it is promised what comes, and settled when it came; no promise
    knows of what came after it. Readings of the last FOLLOWED count that are later than all that the bands
    know already, so that one call or many give the same.
    """
    known = _usable(readings, now)
    quarter = known.at // _QUARTER
    _, first = np.unique(quarter, return_index=True)
    is_new = (quarter[first] > bands.through // _QUARTER) & (known.at[first] > now - FOLLOWED)
    origins = [
        place
        for place in first[is_new].tolist()
        if _refusal(known.until(place), int(known.at[place])) is None
    ]
    if origins:
        at = known.at[origins]
        histories = [resample(known.at[: place + 1], known.value[: place + 1]) for place in origins]
        raw = model().raw(np.stack(histories), minutes_of_day(at))
        for place, quantiles in zip(origins, raw, strict=True):
            bands = _settle(bands, known.until(place))
            said = held(quantiles, model().factors[-1] * np.exp(bands.stretch))
            bands = bands.promise(int(known.at[place]), said)
    return _settle(bands, known)


def _settle(bands: Bands, known: Readings) -> Bands:
    """What the readings say of what had been promised by the last of them."""
    if not len(known.at):
        return bands
    return bands.learn(bands.due(int(known.at[-1])), known_at(known.at, known.value, bands.meant()))


def _usable(readings: Readings, now: int) -> Readings:
    """The readings that count, in order, one a time."""
    lowest, highest = KIND.hard
    good = (readings.at <= now) & (readings.value >= lowest) & (readings.value <= highest)
    order = np.flatnonzero(good)[::-1]
    # Of equal times unique() finds the first, which in reverse is the last that was given.
    _, first = np.unique(readings.at[order], return_index=True)
    kept = order[first]
    return Readings(readings.at[kept], readings.value[kept], readings.low[kept], readings.high[kept])


def _refusal(known: Readings, now: int) -> Refusal | None:
    at = known.at
    if now - at[-1] > SILENCE * _MINUTE:
        return Refusal.SILENT
    if known.low[-1] or known.high[-1]:
        return Refusal.LOW if known.low[-1] else Refusal.HIGH
    breaks = np.flatnonzero(np.diff(at) > SILENCE * _MINUTE)
    unbroken = at[breaks[-1] + 1 :] if len(breaks) else at
    # Readings come with jitter: half a step short of the time is the time.
    if len(unbroken) < FEWEST or unbroken[-1] - unbroken[0] < NEEDED * _MINUTE - _STEP // 2:
        return Refusal.TOO_FEW
    return None


def resample(at: Integers, value: Floats) -> Floats:
    """Ordered readings as one history: [HISTORY] every five minutes that ends with the last of them."""
    return known_at(at, value, at[-1] - np.arange(HISTORY - 1, -1, -1) * _STEP)


def known_at(at: Integers, value: Floats, wanted: Integers) -> Floats:
    """What ordered readings say of other times, NaN where they say nothing.

    Between two readings no more than SILENCE apart it is the line that joins them; else a reading counts up
    to half a step away.
    """
    after = np.searchsorted(at, wanted).clip(0, len(at) - 1)
    before = np.maximum(after - 1, 0)
    apart = at[after] - at[before]
    joined = (apart > 0) & (apart <= SILENCE * _MINUTE) & (at[before] <= wanted) & (wanted <= at[after])
    share = (wanted - at[before]) / np.where(joined, apart, 1)
    on_line = value[before] + np.where(joined, share, 0.0) * (value[after] - value[before])
    nearest = np.where(wanted - at[before] < at[after] - wanted, before, after)
    near = np.abs(at[nearest] - wanted) <= _STEP // 2
    return np.where(joined, on_line, np.where(near, value[nearest], np.nan))


@dataclass(frozen=True, slots=True)
class GlucoseModel:
    """The trees by fold of people, then horizon, then quantile, and the factors that make the bands hold.

    The trees of a fold never saw its people. `factors` is [folds + 1, horizons, 2], for 80 and for 95 %: of
    each fold those that its people had no part in, and at last those of all folds, for anybody else.
    """

    version: str
    folds: int
    trees: Trees
    factors: Floats

    def raw(self, history: Floats, minute_of_day: Floats, fold: int | None = None) -> Floats:
        """mg/dL by horizon and quantile as the trees say them, in order: [N, 3, 5].

        Takes what features() takes. It is the mean of what every fold's trees say; with `fold`, for one of
        its people, of those alone that never saw them.
        """
        size = len(self.trees.feature) // self.folds
        trees = self.trees if fold is None else self.trees.take(slice(fold * size, (fold + 1) * size))
        each = trees.values(features(history, minute_of_day))
        boosted = size // (len(MINUTES) * len(QUANTILES))
        by_fold = each.reshape(len(history), -1, len(MINUTES), len(QUANTILES), boosted)
        change = by_fold.sum(axis=-1, dtype=np.float64).mean(axis=1)
        return np.sort(change) + history[:, -1, None, None]


@cache
def model() -> GlucoseModel:
    """The model that ships; read once."""
    about = json.loads((DATA / "glucose_model.json").read_text())
    with np.load(DATA / "glucose_model.npz", allow_pickle=False) as arrays:
        trees = Trees(*(arrays[name] for name in Trees.names()))
    return GlucoseModel(about["version"], about["folds"], trees, np.array(about["factors"]))
