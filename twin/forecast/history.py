"""A daily series as it comes, and as a model may see it: one possible value a day, none too early. Pure."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from twin.forecast.band import Days, Values
from twin.forecast.events import Jump
from twin.kinds import DayRule, Kind

WINDOW = 365
"""Days before today that a model sees."""


@dataclass(frozen=True, slots=True)
class Series:
    """One patient's days of one kind, in any order: of two values for one day the later in the array counts.

    `today` is the patient's own; `jumps` are the events of the patient's life.
    """

    days: Days
    values: Values
    jumps: tuple[Jump, ...]
    today: date


@dataclass(frozen=True, slots=True)
class History:
    """A finite value inside the kind's hard range for each of `days`, which are in order and within WINDOW.

    `notes` are what a reader must be told of what was left out.
    """

    kind: Kind
    days: Days
    values: Values
    jumps: tuple[Jump, ...]
    today: date
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.days)

    def has(self, day: np.datetime64) -> bool:
        """Whether `day`, which is none before the last, has a value."""
        return len(self) > 0 and bool(self.days[-1] == day)

    def row(self, first: np.datetime64, count: int) -> Values:
        """The values of `count` days from `first` on, nan where a day has none."""
        row = np.full(count, np.nan)
        place = (self.days - first).astype(np.int64)
        inside = (place >= 0) & (place < count)
        row[place[inside]] = self.values[inside]
        return row


def history(kind: Kind, series: Series) -> History:
    """What of a series counts. Later days than today never do, nor today where its total is still growing."""
    days, values = series.days.astype("datetime64[D]"), series.values
    today = np.datetime64(series.today, "D")
    possible = (values >= kind.hard[0]) & (values <= kind.hard[1])
    over = (days < today) if kind.daily is DayRule.SUM else (days <= today)
    kept = possible & over & (days >= today - np.timedelta64(WINDOW, "D"))
    later = int((possible & (days > today)).sum())
    notes = (f"{count(later, 'value')} dated after today left out.",) if later else ()
    # unique() names the first of equal days, so it reads the arrays from their end.
    unique, last = np.unique(days[kept][::-1], return_index=True)
    return History(kind, unique, values[kept][::-1][last], series.jumps, series.today, notes)


def count(number: int, noun: str) -> str:
    """The number with its noun, in the plural where it needs one."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
