"""Samples by wall clock, gathered and turned into instants a batch at a time. Pure."""

from array import array
from collections.abc import Iterator
from datetime import tzinfo

import numpy as np

from twin.intake.clock import DAY
from twin.intake.gathering import BATCH
from twin.intake.items import Samples
from twin.intake.wall_time import instants, instants_in_order
from twin.series.columns import Columns

WHOLE_DAY = -1
"""The duration of a sample that covers its day, of 23, 24 or 25 hours."""


class _Column:
    __slots__ = ("duration", "flags", "value", "wall")

    def __init__(self) -> None:
        self.wall, self.duration = array("q"), array("q")
        self.value, self.flags = array("d"), array("B")


class WallSamples:
    """Samples in the wall-clock time of one zone, by kind, source and unit, each in the order of arrival."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._columns: dict[tuple[str, str, str], _Column] = {}
        self._count = 0

    def add(
        self, kind: str, source: str, unit: str, wall: int, duration: int, value: float, flags: int = 0
    ) -> None:
        """Adds one sample at wall-clock milliseconds since 1970; duration in ms, or WHOLE_DAY."""
        key = (kind, source, unit)
        column = self._columns.get(key)
        if column is None:
            column = self._columns[key] = _Column()
        column.wall.append(wall)
        column.duration.append(duration)
        column.value.append(value)
        column.flags.append(flags)
        self._count += 1

    def full(self) -> Iterator[Samples]:
        """Everything gathered, once it makes a batch; nothing before."""
        if self._count >= BATCH:
            yield from self.rest()

    def rest(self) -> Iterator[Samples]:
        """Everything gathered so far; it starts anew."""
        columns, self._columns, self._count = self._columns, {}, 0
        for (kind, source, unit), column in columns.items():
            yield Samples(kind, source, unit, self._instants(column))

    def _instants(self, column: _Column) -> Columns:
        wall = np.array(column.wall, dtype=np.int64)
        start, offset = instants_in_order(wall, self._zone)
        duration = np.array(column.duration, dtype=np.int64)
        whole = duration == WHOLE_DAY
        if whole.any():
            end, _ = instants(wall[whole] + DAY, self._zone)
            duration[whole] = end - start[whole]
        flags = np.array(column.flags, dtype=np.uint8)
        return Columns(
            start=start,
            duration=duration,
            value=np.array(column.value, dtype=np.float64),
            offset=offset,
            flags=flags if flags.any() else None,
        )
