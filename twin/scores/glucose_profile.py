"""A glucose sensor's typical day: percentiles by the time of day on the patient's own clock. Pure."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from twin.forecast.glucose import Readings
from twin.state.clock import DAY, LocalClock

PERCENTILES = (5, 25, 50, 75, 95)

_MINUTE = 60_000


@dataclass(frozen=True, slots=True)
class Profile:
    """By time of day: row i is about the minutes from `minutes[i]` on, counted from midnight.

    `percentiles` has a column for each of PERCENTILES, in mg/dL, nan where there is no reading. `days` is
    how many local days stand behind a row, `counts` how many readings.
    """

    minutes: npt.NDArray[np.int64]
    percentiles: npt.NDArray[np.float64]
    days: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]


def daily_profile(
    readings: Readings, *, clock: LocalClock, start: int, end: int, width: Literal[15, 30] = 30
) -> Profile:
    """The profile of the readings from `start` up to `end` (ms), in rows of `width` minutes.

    Percentiles lie on the line between the two nearest readings. A night with a change of the clock counts
    an hour twice or not at all, as the clock did. Readings of Low and High are the sensor's limits.
    """
    inside = (readings.at >= start) & (readings.at < end) & np.isfinite(readings.value)
    local, value = clock.local(readings.at[inside]), readings.value[inside]
    rows = DAY // (width * _MINUTE)
    row, day = local % DAY // (width * _MINUTE), local // DAY
    in_order = value[np.lexsort((value, row))]
    counts = np.bincount(row, minlength=rows)
    first = np.cumsum(counts) - counts
    percentiles = np.full((rows, len(PERCENTILES)), np.nan)
    there = counts > 0
    place = np.outer(counts[there] - 1, np.array(PERCENTILES) / 100.0)
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, counts[there, None] - 1)
    share = place - below
    lower, upper = in_order[first[there, None] + below], in_order[first[there, None] + above]
    percentiles[there] = lower + share * (upper - lower)
    return Profile(np.arange(rows) * width, percentiles, _days(row, day, rows), counts)


def _days(row: npt.NDArray[np.int64], day: npt.NDArray[np.int64], rows: int) -> npt.NDArray[np.int64]:
    if not len(day):
        return np.zeros(rows, np.int64)
    seen = np.zeros((rows, int(day.max() - day.min()) + 1), np.bool_)
    seen[row, day - day.min()] = True
    days: npt.NDArray[np.int64] = seen.sum(axis=1, dtype=np.int64)
    return days
