"""Samples laid into a person's own days: what of each lies in which. Pure and vectorised."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twin.kinds import DayRule, Values
from twin.series.columns import Columns
from twin.state.clock import DAY, Integers, LocalClock, Offsets

# Sleep that ended in the evening belongs to the night that goes on within two hours: without this, what was
# slept before midnight would be lost to the day before.
EVENING = DAY * 18 // 24
NIGHT_BREAK = DAY * 2 // 24


@dataclass(frozen=True, slots=True)
class Pieces:
    """Samples, or the pieces of them that lie in one local day; `start` and `covered` in ms."""

    day: Integers
    start: Integers
    covered: Integers
    value: Values
    flags: npt.NDArray[np.uint8] | None = None


def pieces_of(rule: DayRule, columns: Columns, clock: LocalClock, first: int, last: int) -> Pieces:
    """The samples as the rule lays them into days: by their start, parted at midnight, or by the night.

    Those outside the days from `first` to `last` may be missing.
    """
    away = clock.elsewhere(columns.start, columns.offset)
    if rule is DayRule.SUM:
        return _split_at_midnight(columns, away, clock, first, last)
    if rule is DayRule.DURATION:
        return _nights(columns, away, clock)
    day = clock.day_of(columns.start, away)
    return Pieces(day, columns.start, columns.duration, columns.value, columns.flags)


def days_of(rule: DayRule, columns: Columns, clock: LocalClock) -> Integers:
    """The day in which each sample counts, or begins to."""
    away = clock.elsewhere(columns.start, columns.offset)
    return (
        _nights(columns, away, clock).day if rule is DayRule.DURATION else clock.day_of(columns.start, away)
    )


def _split_at_midnight(
    columns: Columns, away: Offsets | None, clock: LocalClock, first: int, last: int
) -> Pieces:
    start, duration = columns.start, columns.duration
    end = start + duration
    day = clock.day_of(start, away)
    # A journey west over midnight leads back into the day before.
    last_day = np.maximum(clock.day_of(np.maximum(end - 1, start), away), day)
    if (day == last_day).all():
        return Pieces(day, start, duration, columns.value, columns.flags)

    # Only the days asked for: a sample that claims a century must not become a piece for each of its days.
    day = np.maximum(day, first)
    pieces = np.maximum(np.minimum(last_day, last) - day + 1, 0)
    sample = np.repeat(np.arange(len(start)), pieces)
    nth = np.arange(len(sample)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    day = day[sample] + nth
    away = None if away is None else away[sample]
    begins = np.maximum(start[sample], clock.start_of(day, away))
    # What a journey west repeats after midnight is not parted a second time.
    is_last = day == last_day[sample]
    covered = np.where(is_last, end[sample], np.minimum(end[sample], clock.start_of(day + 1, away))) - begins
    whole = duration[sample]
    share = np.divide(covered, whole, out=np.ones(len(sample)), where=whole > 0)
    real = (covered > 0) | (whole == 0)
    flags = None if columns.flags is None else columns.flags[sample][real]
    return Pieces(day[real], begins[real], covered[real], (columns.value[sample] * share)[real], flags)


def _nights(columns: Columns, away: Offsets | None, clock: LocalClock) -> Pieces:
    start, duration = columns.start, columns.duration
    if not len(start):
        return Pieces(start, start, duration, columns.value, columns.flags)
    end = start + duration
    until = np.maximum.accumulate(end)  # what the segments so far have covered
    before = np.append(start[0], until[:-1])
    covered = np.maximum(end - np.maximum(start, before), 0)
    share = np.divide(covered, duration, out=np.ones(len(start)), where=duration > 0)

    goes_on = (start - before <= NIGHT_BREAK) & (clock.local(before, away) % DAY >= EVENING)
    goes_on[0] = True
    night = np.cumsum(~goes_on)
    last_of_night = np.searchsorted(night, np.arange(night[-1] + 1), side="right") - 1
    woken = np.maximum(until - 1, start)[last_of_night]  # a day's total ends at midnight, still in its day
    day = clock.day_of(woken, None if away is None else away[last_of_night])[night]
    return Pieces(day, start, covered, columns.value * share, columns.flags)
