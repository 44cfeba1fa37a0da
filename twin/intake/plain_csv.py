"""A plain table: start,kind,value,unit[,end][,source][,flags], one measurement a row. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from twin.intake.delimited import UNREADABLE, Lines, cuts, first_line, rows
from twin.intake.gathering import BATCH, Tally
from twin.intake.items import Item, ProblemCode, RefusalCode, Refused, Samples
from twin.intake.parsing import parse_instants, parse_numbers
from twin.kinds import KINDS
from twin.series.columns import Columns, Flag

NAME = "plain_csv"

_REQUIRED = ("start", "kind", "value", "unit")
_OPTIONAL = ("end", "source", "flags")
_LONGEST_SOURCE = 200

FLAG_WORDS = {flag.name.lower(): flag for flag in Flag if flag.name}
"""What stands in the column `flags`, apart by spaces."""


def sniff(head: bytes) -> bool:
    """Whether the first line that is not blank names the columns."""
    return _header(first_line(head)) is not None


def read(stream: BinaryIO, *, zone: tzinfo) -> Iterator[Item]:
    """Every row as a sample; a row that cannot be one is a problem with its line number.

    Columns stand in any order, and others are let be. Cells are parted by comma, semicolon or tab; with
    semicolons the decimal mark may be a comma. Times are ISO 8601, in `zone` where they have no offset. A row
    with a flag that is none of FLAG_WORDS is malformed: what it says of its value is not known.
    Raises Refused when the first line does not name the columns.
    """
    lines = Lines(stream)
    header = _header(lines.first())
    if header is None:
        raise Refused(
            RefusalCode.MALFORMED, "The first line must name the columns start, kind, value and unit."
        )
    tally = Tally()
    table = _Table(header, zone, tally)
    for row in rows(lines, header.delimiter, tally, width=header.width):
        table.add(row, lines.number)
        if table.count >= BATCH:
            yield from table.samples()
    yield from table.samples()
    yield from tally.problems()


@dataclass(frozen=True, slots=True)
class _Header:
    """Where the columns stand; one that is missing stands at -1."""

    delimiter: str
    width: int
    place: dict[str, int]


def _header(line: str) -> _Header | None:
    for delimiter, cells in cuts(line):
        names = [cell.strip().lower() for cell in cells]
        place = {name: names.index(name) for name in (*_REQUIRED, *_OPTIONAL) if names.count(name) == 1}
        if all(name in place for name in _REQUIRED):
            missing = dict.fromkeys(_OPTIONAL, -1)
            return _Header(delimiter, max(place.values()) + 1, missing | place)
    return None


@dataclass(slots=True)
class _Rows:
    """The rows of one kind, source and unit, as text, with their line numbers."""

    starts: list[str] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)


class _Table:
    """Rows pile up as text, and become arrays a batch at a time."""

    def __init__(self, header: _Header, zone: tzinfo, tally: Tally) -> None:
        self.count = 0
        self._header = header
        self._zone = zone
        self._tally = tally
        self._rows: dict[tuple[str, str, str], _Rows] = {}
        place = header.place
        self._key = (place["kind"], place["source"], place["unit"])
        self._cells = (place["start"], place["end"], place["value"], place["flags"])

    def add(self, row: list[str], line: int) -> None:
        """Takes one row; a blank one is none."""
        if len(row) < self._header.width:
            if any(row):
                self._bad(ProblemCode.MALFORMED, self._header.delimiter.join(row), line)
            return
        row.append("")  # what a missing column holds
        kind, source, unit = self._key
        key = (row[kind], row[source], row[unit])
        rows = self._rows.get(key)
        if rows is None:
            rows = self._rows[key] = _Rows()
        start, end, value, flags = self._cells
        rows.starts.append(row[start])
        rows.ends.append(row[end])
        rows.values.append(row[value])
        rows.flags.append(row[flags])
        rows.lines.append(line)
        self.count += 1

    def samples(self) -> Iterator[Samples]:
        """Everything that has piled up, in the order in which each kind and source first appeared."""
        rows, self._rows, self.count = self._rows, {}, 0
        for (kind, source, unit), own in rows.items():
            samples = self._samples(kind.strip(), source.strip(), unit.strip(), own)
            if samples is not None:
                yield samples

    def _samples(self, kind: str, source: str, unit: str, rows: _Rows) -> Samples | None:
        if kind not in KINDS or UNREADABLE in source:
            code = ProblemCode.UNKNOWN_KIND if kind not in KINDS else ProblemCode.MALFORMED
            example = kind if kind not in KINDS else source
            self._tally.add(code, example, f"line {rows.lines[0]}", kind=kind, count=len(rows.lines))
            return None
        starts = ends = parse_instants(rows.starts, self._zone)
        if any(rows.ends):
            texts = [end.strip() or start for start, end in zip(rows.starts, rows.ends, strict=True)]
            ends = parse_instants(texts, self._zone)
        decimal_comma = self._header.delimiter == ";"
        values = parse_numbers(
            [text.replace(",", ".") for text in rows.values] if decimal_comma else rows.values
        )
        flags, flagged = _flags(rows.flags)
        timed, numeric = starts.good & ends.good, ~np.isnan(values)
        good = timed & numeric & flagged
        for index in np.flatnonzero(~good):
            line = rows.lines[index]
            if not timed[index]:
                self._bad(
                    ProblemCode.BAD_TIME, f"{rows.starts[index]} {rows.ends[index]}".strip(), line, kind
                )
            elif not numeric[index]:
                self._bad(ProblemCode.NOT_A_NUMBER, rows.values[index], line, kind)
            else:
                self._bad(ProblemCode.MALFORMED, rows.flags[index], line, kind)
        columns = Columns(
            starts.at, ends.at - starts.at, values, starts.offset, flags if flags.any() else None
        )
        return Samples(kind, source[:_LONGEST_SOURCE], unit, columns.take(good))

    def _bad(self, code: ProblemCode, example: str, line: int, kind: str = "") -> None:
        self._tally.add(code, example, f"line {line}", kind=kind, sort=str(line))


def _flags(texts: Sequence[str]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """Each text's sum of flags, and whether all of its words are known."""
    if not any(texts):
        return np.zeros(len(texts), np.uint8), np.ones(len(texts), np.bool_)
    sums = {text: _sum_of(text.lower().split()) for text in set(texts)}
    known = [sums[text] for text in texts]
    return (
        np.array([flags or 0 for flags in known], np.uint8),
        np.array([flags is not None for flags in known]),
    )


def _sum_of(words: Sequence[str]) -> int | None:
    return sum({FLAG_WORDS[word] for word in words}) if FLAG_WORDS.keys() >= set(words) else None
