"""What is a series' own before any model sees it: its centre, its scale, its days of the week. Pure.

Arrays are [T, N], a day a row. No sum's order depends on how many series there are: a series gets the same
numbers to the bit alone or among others.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twin.forecast.band import Values
from twin.forecast.mixture import total

_REACH = 10
"""A day is compared with the mean of the days this near to it, before and after."""
_OUTLIER = 2.5
_FINEST = 1e-3
"""A series that hardly moves has this share of its centre for a scale: what is finer is rounding."""
_PRIOR = 0.02
"""Share of the variance that lies between days of the week before anything is known of a series."""


@dataclass(frozen=True, slots=True)
class Habits:
    """Centre [N], scale [N] and what each weekday adds [7, N], Monday first."""

    centre: Values
    scale: Values
    weekday: Values

    def standardised(self, values: Values, weekday: int) -> Values:
        """Values [N] of a day of this `weekday`, or [T, N] of the days from one on, on the models' scale."""
        days = weekday if values.ndim == 1 else weekday + np.arange(len(values))
        return (values - self.centre - self.weekday[np.mod(days, 7)]) / self.scale

    def in_units(self, standard: npt.NDArray[np.floating], weekdays: npt.NDArray[np.int64]) -> Values:
        """The way back for days [T, N] of these `weekdays` [T]."""
        return standard * self.scale + self.centre + self.weekday[weekdays % 7]

    def take(self, which: npt.NDArray[np.int64]) -> "Habits":
        """The habits of some of the series, in this order."""
        return Habits(self.centre[which], self.scale[which], self.weekday[:, which])


def habits(values: Values, weekday: int) -> Habits:
    """The habits of N series, [T, N] with nan where a value is missing; the first day is of that `weekday`.

    A series without values has centre 0 and scale 1.
    """
    known = ~np.isnan(values)
    effects = _weekday_effects(values, known, weekday)
    days = (weekday + np.arange(len(values))) % 7
    level = values - effects[days]
    centre = np.nan_to_num(_median(values))
    spread = 1.4826 * np.nan_to_num(_median(np.abs(level - centre)))
    count = np.maximum(known.sum(axis=0), 1)
    mean = total(np.where(known, level, 0.0)) / count
    deviation = np.sqrt(total(np.where(known, level - mean, 0.0) ** 2) / count)
    scale = np.maximum(np.maximum(spread, 0.25 * deviation), _FINEST * np.abs(centre)) + 1e-9
    return Habits(centre, np.where(known.any(axis=0), scale, 1.0), effects)


def _weekday_effects(values: Values, known: npt.NDArray[np.bool_], weekday: int) -> Values:
    """[7, N]: how each weekday differs from the days around it, shrunken towards none by its own noise."""
    days, count = values.shape
    filled = np.where(known, values, 0.0)
    zero = np.zeros((1, count))
    summed = np.concatenate([zero, np.cumsum(filled, axis=0)])
    number = np.concatenate([zero, np.cumsum(known, axis=0)])
    low = np.maximum(np.arange(days) - _REACH, 0)
    high = np.minimum(np.arange(days) + _REACH + 1, days)
    around = (summed[high] - summed[low]) / np.maximum(number[high] - number[low], 1)
    rest = np.where(known, values - around, 0.0)
    observed = number[-1]
    reach = _OUTLIER * np.sqrt(total(rest**2) / np.maximum(observed, 1))
    rest = np.clip(rest, -reach, reach)

    sums, counts = np.zeros((7, count)), np.zeros((7, count))
    for offset in range(min(7, days)):
        sums[(weekday + offset) % 7] = total(rest[offset::7])
        counts[(weekday + offset) % 7] = total(known[offset::7].astype(np.float64))
    raw = sums / np.maximum(counts, 1)
    noise = total(rest**2) / np.maximum(observed - 7, 5)
    between = total((raw - total(raw) / 7) ** 2) / 6 - noise * total(1 / np.maximum(counts, 1)) / 7
    between = 0.7 * np.maximum(between, 0.0) + 0.3 * _PRIOR * noise
    shrunken = raw * between / (between + noise / np.maximum(counts, 0.5) + 1e-300)
    centred: Values = shrunken - total(shrunken) / 7
    return centred


def _median(values: Values) -> Values:
    """Down the days, leaving out nan; nan where there is nothing else."""
    ordered = np.sort(values, axis=0)
    count = (~np.isnan(values)).sum(axis=0)
    middle = np.stack([np.maximum(count - 1, 0) // 2, count // 2])
    low, high = np.take_along_axis(ordered, np.minimum(middle, len(values) - 1), axis=0)
    median: Values = low + (high - low) / 2
    return median
