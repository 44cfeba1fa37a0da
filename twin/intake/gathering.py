"""What a reader collects on its way: samples until a batch is full, problems until the end. Pure."""

from array import array
from collections.abc import Iterator

import numpy as np

from twin.intake.items import Problem, ProblemCode, Samples
from twin.series.columns import Columns

BATCH = 50_000
"""Samples that a reader holds before it hands them on."""

_SORTS = 200
_EXAMPLE = 120


class Tally:
    """Problems counted by code, kind and sort; the first of each is kept as its example."""

    def __init__(self) -> None:
        self._counts: dict[tuple[ProblemCode, str, str], int] = {}
        self._firsts: dict[tuple[ProblemCode, str, str], tuple[str, str]] = {}

    def add(
        self,
        code: ProblemCode,
        example: object,
        place: str,
        *,
        kind: str = "",
        sort: str = "",
        count: int = 1,
    ) -> None:
        """Counts `count` problems; those of one code and kind are told apart only by `sort`."""
        key = (code, kind, sort)
        if key not in self._counts and len(self._counts) >= _SORTS:
            # A hostile file could invent sorts without end.
            key = (code, "", "")
        self._counts[key] = self._counts.get(key, 0) + count
        self._firsts.setdefault(key, (str(example)[:_EXAMPLE], place[:_EXAMPLE]))

    def problems(self) -> Iterator[Problem]:
        """Every problem counted so far, in the order in which each first appeared."""
        for key, count in self._counts.items():
            code, kind, _ = key
            example, place = self._firsts[key]
            yield Problem(code, example, place, count, kind)


class _Gathered:
    __slots__ = ("duration", "flags", "offset", "start", "value")

    def __init__(self) -> None:
        self.start, self.duration, self.value = array("q"), array("q"), array("d")
        self.offset, self.flags = array("h"), array("B")


class Batches:
    """Single samples gathered into columns, by kind, source and unit, each in the order of arrival."""

    def __init__(self) -> None:
        self._gathered: dict[tuple[str, str, str, bool], _Gathered] = {}
        self._count = 0

    def add(
        self,
        kind: str,
        source: str,
        unit: str,
        start: int,
        duration: int,
        value: float,
        *,
        offset: int | None = None,
        flags: int = 0,
    ) -> None:
        """Adds one sample; start and duration in milliseconds, offset in minutes east of UTC where known."""
        # Samples with and without an offset go separate ways: an offset column has no "unknown".
        key = (kind, source, unit, offset is not None)
        gathered = self._gathered.get(key)
        if gathered is None:
            gathered = self._gathered[key] = _Gathered()
        gathered.start.append(start)
        gathered.duration.append(duration)
        gathered.value.append(value)
        gathered.flags.append(flags)
        if offset is not None:
            gathered.offset.append(offset)
        self._count += 1

    def full(self) -> Iterator[Samples]:
        """Everything gathered, once it makes a batch; nothing before."""
        if self._count >= BATCH:
            yield from self.rest()

    def rest(self) -> Iterator[Samples]:
        """Everything gathered so far; the batches start anew."""
        gathered, self._gathered, self._count = self._gathered, {}, 0
        for (kind, source, unit, has_offset), own in gathered.items():
            flags = np.array(own.flags, dtype=np.uint8)
            columns = Columns(
                start=np.array(own.start, dtype=np.int64),
                duration=np.array(own.duration, dtype=np.int64),
                value=np.array(own.value, dtype=np.float64),
                offset=np.array(own.offset, dtype=np.int16) if has_offset else None,
                flags=flags if flags.any() else None,
            )
            yield Samples(kind, source, unit, columns)
