"""Tables whose cells are parted by comma, semicolon or tab: lines and rows in bounded memory. Pure."""

import csv
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO

from twin.intake.gathering import BATCH, Tally
from twin.intake.items import ProblemCode

LONGEST_LINE = 64 * 1024

UNREADABLE = "\ufffd"
"""What bytes that are not UTF-8 are read as, and NUL, which no text column can hold."""

_DELIMITERS = (",", ";", "\t")
_MOST_TEXT = 2 * 1024**2


class Lines:
    """The lines of the file as text; a line too long is a csv.Error, and the next call goes on after it.

    `number` is that of the line given last, `size` the bytes of all so far; `ended` is false where the file
    stops inside the last.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self.number = self.size = 0
        self.ended = True
        self._stream = stream

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> str:
        line = self._stream.readline(LONGEST_LINE)
        if not line:
            raise StopIteration
        self.number += 1
        self.size += len(line)
        if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
            while line and not line.endswith(b"\n"):
                line = self._stream.readline(LONGEST_LINE)
            raise csv.Error(f"the line is longer than {LONGEST_LINE} bytes")
        self.ended = line.endswith(b"\n")
        return _text(line)

    def first(self) -> str:
        """The first line that is not blank, without a byte order mark; empty when missing or too long."""
        with suppress(csv.Error):
            return next((line for line in self if line.strip()), "").lstrip("\ufeff")
        return ""


def first_line(head: bytes) -> str:
    """The first line that is not blank of a file that begins with these bytes, without a byte order mark."""
    return _text(head.lstrip().split(b"\n", 1)[0]).lstrip("\ufeff")


def cuts(line: str) -> Iterator[tuple[str, list[str]]]:
    """The line as cells, once for each delimiter that can part it."""
    for delimiter in _DELIMITERS:
        try:
            yield delimiter, next(csv.reader([line], delimiter=delimiter), [])
        except csv.Error:
            continue


def rows(lines: Lines, delimiter: str, tally: Tally, *, width: int = 0) -> Iterator[list[str]]:
    """Every row that can be read; the lines of any other are counted as malformed.

    A row inside which the file stops counts when it has its `width` cells, else it is truncated: many files
    have no line end after their last row.
    """
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    before = lines.number
    while True:
        try:
            row = next(reader, None)
            if row is None:
                return
            before = lines.number
            if row and len(row) < width and not lines.ended:
                tally.add(ProblemCode.TRUNCATED, delimiter.join(row), f"line {lines.number}")
                return
            yield row
        except csv.Error as error:
            # A quote that is never closed swallows the lines after it: they are counted.
            lost = max(lines.number - before, 1)
            tally.add(ProblemCode.MALFORMED, error, f"line {before + 1}", sort=str(before + 1), count=lost)
            before = lines.number


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows, as columns of text; `lines` are the numbers of the lines on which they end."""

    lines: list[int]
    columns: list[tuple[str, ...]]

    def take(self, rows: Sequence[int]) -> "Batch":
        """The chosen rows, in this order."""
        columns = [tuple(column[row] for row in rows) for column in self.columns]
        return Batch([self.lines[row] for row in rows], columns)


def batches(lines: Lines, delimiter: str, width: int, tally: Tally, *, most: int = BATCH) -> Iterator[Batch]:
    """The rows of `width` cells, at most `most` at a time; a row of fewer cells or of more is malformed."""
    held: list[list[str]] = []
    numbers: list[int] = []
    begun = lines.size
    for row in rows(lines, delimiter, tally, width=width):
        if len(row) != width and (len(row) < width or any(row[width:])):
            if any(row):
                tally.add(ProblemCode.MALFORMED, delimiter.join(row), f"line {lines.number}")
        else:
            held.append(row)
            numbers.append(lines.number)
            if len(held) >= most or lines.size - begun >= _MOST_TEXT:
                yield Batch(numbers, list(zip(*held, strict=False))[:width])
                held, numbers, begun = [], [], lines.size
    if held:
        yield Batch(numbers, list(zip(*held, strict=False))[:width])


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").replace("\0", UNREADABLE)
