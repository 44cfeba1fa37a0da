"""Consecutive days of one time zone as instants, so that wall-clock lives become samples. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from twin.intake import wall_time
from twin.series.columns import Columns

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Days:
    """`count` local days from `first` on. `midnights` has one entry more: the end of the last day."""

    zone: ZoneInfo
    first: date
    count: int
    midnights: Integers

    @classmethod
    def until(cls, last: date, count: int, zone: ZoneInfo) -> "Days":
        """The `count` days that end with `last`."""
        first = last - timedelta(days=count - 1)
        midnights = [wall_time.midnight(first + timedelta(days=day), zone) for day in range(count + 1)]
        return cls(zone, first, count, np.array(midnights, dtype=np.int64))

    @property
    def ago(self) -> Integers:
        """How many days before the last one each day is."""
        return self.count - 1 - np.arange(self.count)

    @property
    def weekdays(self) -> Integers:
        """Monday is 0."""
        return (np.arange(self.count) + self.first.weekday()) % 7

    def instants(self, day: Integers, minute: Floats | Integers) -> Integers:
        """Milliseconds since the epoch, that many minutes after each day's midnight (negative: before)."""
        return self.midnights[day] + np.rint(np.asarray(minute) * MINUTE_MS).astype(np.int64)

    def moments(self, instants: Integers) -> tuple[Integers, Floats]:
        """The day each instant falls in, and the hours since its midnight."""
        day = np.searchsorted(self.midnights, instants, side="right") - 1
        return day, (instants - self.midnights[day]) / HOUR_MS

    def columns(
        self,
        start: Integers,
        value: Floats | Integers,
        duration: Integers | None = None,
        flag: int = 0,
    ) -> Columns:
        """Samples in order of time with their offsets; a `flag` stands on every one."""
        order = np.argsort(start, kind="stable")
        return Columns(
            start=start[order],
            duration=np.zeros(len(start), dtype=np.int64) if duration is None else duration[order],
            value=value[order].astype(np.float64),
            offset=self._offsets(start[order]),
            flags=np.full(len(start), flag, dtype=np.uint8) if flag else None,
        )

    def _offsets(self, start: Integers) -> npt.NDArray[np.int16]:
        # A zone changes its clocks on the full hour of UTC, or so rarely otherwise that no demo lives there.
        hours, which = np.unique(start // HOUR_MS, return_inverse=True)
        local = [datetime.fromtimestamp(hour * HOUR_MS // 1000, self.zone) for hour in hours.tolist()]
        east = [(at.utcoffset() or timedelta()) // timedelta(minutes=1) for at in local]
        return np.array(east, dtype=np.int16)[which]
