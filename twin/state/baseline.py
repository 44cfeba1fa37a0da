"""What is usual for one person: centre and spread of a kind's recent days, and how far a value is off. Pure.

Every number below is a working choice, reviewed by no clinician.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from twin.kinds import Kind, Values

WINDOW = 91
"""Days before today that count: thirteen whole weeks, so that each weekday comes as often. Today stays out:
it is what is held against the others, and its total may still be growing."""
HALF_LIFE = 30
"""A day so many days older counts half, so that a new habit is known as one within two months."""
LEAST_DAYS = 10
"""Fewer days with a value are no habit, and there is no baseline."""
LEAST_OF_A_WEEKDAY = 6
"""Each of the seven weekdays must have so many values before any is told apart from the others."""
USUAL_WITHIN = 2.0
"""Spreads to either side that are called usual: a day in twenty lies outside if days are spread as a bell."""
GOOD_FOR = 28
"""Days after its last day for which a baseline speaks of now."""
GRID = (10, 5, 2)
"""Multiples of a kind's last shown decimal to which people and devices round."""

_WEEK = 7
_MAD_TO_SD = 1.4826  # 1 / Φ⁻¹(3/4): of a bell the median absolute deviation, times this, is the deviation
_MEDIAN_TO_MEAN = np.pi / 2  # of a bell a median's variance, to a mean's of as many values
_ON_GRID = 1e-6  # of a step: what has been through another unit and back is rarely exact

Days = npt.NDArray[np.datetime64]


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is usual of a kind, in its unit; `by_weekday` are seven offsets from the centre, Monday first.

    `spread` is a robust standard deviation, never smaller than what the values are rounded to. `days` is how
    many days with a value stand behind it, from `first` to `last`.
    """

    kind: str
    centre: float
    spread: float
    by_weekday: tuple[float, ...] | None
    days: int
    first: date
    last: date

    def on(self, day: date) -> float:
        """What is usual on a day of this weekday."""
        return self.centre + (self.by_weekday[day.weekday()] if self.by_weekday else 0.0)

    def speaks_of(self, day: date) -> bool:
        """Whether its last day is near enough to hold a value of `day` against it."""
        return (day - self.last).days <= GOOD_FOR


def baseline(kind: Kind, days: Days, values: Values, *, today: date) -> Baseline | None:
    """The baseline of one series, in any order; None when fewer than LEAST_DAYS days of it count."""
    return baselines([kind], row_before(today, days, values)[None], today=today)[0]


def row_before(today: date, days: Days, values: Values) -> Values:
    """The WINDOW days before today as baselines() takes them, nan where one has no value."""
    row = np.full(WINDOW, np.nan)
    place = (days.astype("datetime64[D]") - np.datetime64(today, "D")).astype(np.int64) + WINDOW
    inside = (place >= 0) & (place < WINDOW)
    row[place[inside]] = values[inside]
    return row


def baselines(kinds: Sequence[Kind], rows: Values, *, today: date) -> list[Baseline | None]:
    """The baseline of each row [n, WINDOW] of the days before today, oldest first, nan where there is none.

    The centre is the weighted median of the days, each weighing half of one HALF_LIFE days younger. A
    weekday's offset is that of its own days from the centre, shrunk towards none by as much as chance alone
    would scatter seven of them (James and Stein 1961, its positive part). The spread is 1.4826 times the
    weighted median distance from centre and offset, and at least what the values are rounded to.
    """
    if not len(rows):
        return []
    low, high = (np.array([kind.hard[edge] for kind in kinds])[:, None] for edge in (0, 1))
    known = (rows >= low) & (rows <= high)  # nan is neither
    ages = np.arange(WINDOW, 0, -1)
    weights = np.where(known, 0.5 ** (ages / HALF_LIFE), 0.0)
    count = known.sum(axis=1)
    enough = np.flatnonzero(count >= LEAST_DAYS).tolist()
    values, weights = np.where(known, rows, 0.0)[enough], weights[enough]
    offsets = np.zeros((len(enough), _WEEK))
    weekly = (weights > 0).reshape(-1, WINDOW // _WEEK, _WEEK).sum(axis=1).min(axis=1) >= LEAST_OF_A_WEEKDAY
    if weekly.any():
        offsets[weekly] = _offsets(values[weekly], weights[weekly])
    # Whole weeks end with today's weekday before today: offset i is that of the i-th day of the window.
    flat = values - np.tile(offsets, WINDOW // _WEEK)
    centre = _median(flat, weights)
    spread = _MAD_TO_SD * _median(np.abs(flat - centre[:, None]), weights)
    found: list[Baseline | None] = [None] * len(rows)
    monday = -(today - timedelta(days=WINDOW)).weekday() % _WEEK
    for place, row in enumerate(enough):
        at = np.flatnonzero(known[row])
        own = np.roll(offsets[place], -monday)
        found[row] = Baseline(
            kind=kinds[row].code,
            centre=float(centre[place]),
            spread=max(float(spread[place]), _step(kinds[row], rows[row, at])),
            by_weekday=tuple(own.tolist()) if own.any() else None,
            days=len(at),
            first=today - timedelta(days=WINDOW - int(at[0])),
            last=today - timedelta(days=WINDOW - int(at[-1])),
        )
    return found


def deviation(baseline: Baseline, value: float, day: date) -> float | None:
    """How many spreads a day's value lies above what is usual on its weekday, negative below.

    None when the baseline's own days are too long ago to speak of that day.
    """
    if not baseline.speaks_of(day):
        return None
    return (value - baseline.on(day)) / baseline.spread


def usual_range(kind: Kind, baseline: Baseline, day: date) -> tuple[float, float]:
    """Between which values a day of this weekday is usual, within what is possible of the kind."""
    middle, reach = baseline.on(day), USUAL_WITHIN * baseline.spread
    return max(middle - reach, kind.hard[0]), min(middle + reach, kind.hard[1])


def _offsets(values: Values, weights: Values) -> Values:
    """Of each row [n, WINDOW] seven offsets, for the window's first seven days."""
    shape = (len(values), WINDOW // _WEEK, _WEEK)
    by_weekday = values.reshape(shape).transpose(0, 2, 1)
    weighing = weights.reshape(shape).transpose(0, 2, 1)
    centre = _median(values, weights)
    raw = _median(by_weekday, weighing) - centre[:, None]
    spread = _MAD_TO_SD * _median(np.abs(values - np.tile(raw, WINDOW // _WEEK) - centre[:, None]), weights)
    raw -= raw.mean(axis=1, keepdims=True)
    # Kish 1965: as many equal ones as these unequal ones are worth.
    worth = weighing.sum(axis=2) ** 2 / np.maximum((weighing**2).sum(axis=2), 1e-300)
    chance = _MEDIAN_TO_MEAN * spread**2 / np.maximum(worth.mean(axis=1), 1.0)
    scatter = (raw**2).sum(axis=1)
    # Their mean is taken out, which leaves them one freedom less than seven.
    kept = 1 - (_WEEK - 3) * chance / np.maximum(scatter, 1e-300)
    shrunk: Values = raw * np.clip(kept, 0.0, 1.0)[:, None]
    return shrunk


def _median(values: Values, weights: Values) -> Values:
    """The weighted median along the last axis; what weighs nothing is not looked at."""
    ordered = np.argsort(np.where(weights > 0, values, np.inf), axis=-1, kind="stable")
    values = np.take_along_axis(values, ordered, axis=-1)
    reached = np.cumsum(np.take_along_axis(weights, ordered, axis=-1), axis=-1)
    half = reached[..., -1:] / 2
    at = (reached < half).sum(axis=-1, keepdims=True)
    median: Values = np.take_along_axis(values, np.minimum(at, values.shape[-1] - 1), axis=-1)[..., 0]
    return median


def _step(kind: Kind, values: Values) -> float:
    """What the values are rounded to: the last shown decimal, or the coarsest of GRID that they all keep."""
    shown = float(10.0**-kind.decimals)
    if len(np.unique(values)) >= 3:  # one value that never changes keeps any grid
        for times in GRID:
            steps = values / (times * shown)
            if np.abs(steps - np.round(steps)).max() < _ON_GRID:
                return times * shown
    return shown
