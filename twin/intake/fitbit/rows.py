"""The rows of a CSV file, one at a time, in bounded memory. Pure."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from twin.intake.items import ProblemCode

_LONGEST = 64 * 1024


@dataclass(frozen=True, slots=True)
class Row:
    """One line; `cells` is None where it cannot be read, `ended` false where the file stops inside it."""

    line: int
    cells: list[str] | None
    ended: bool

    def whole(self, width: int) -> list[str] | ProblemCode:
        """Its `width` cells, or why it has not so many: it is truncated where the file stops inside it."""
        if self.cells is not None and len(self.cells) == width:
            return self.cells
        is_cut = not self.ended and len(self.cells or ()) < width
        return ProblemCode.TRUNCATED if is_cut else ProblemCode.MALFORMED


def rows(stream: BinaryIO) -> Iterator[Row]:
    """Every line that is not blank. A line longer than 64 KiB, or not in UTF-8, has no cells."""
    line = 0
    while raw := stream.readline(_LONGEST):
        line += 1
        if len(raw) == _LONGEST and not raw.endswith(b"\n"):
            while (rest := stream.readline(_LONGEST)) and not rest.endswith(b"\n"):
                pass
            yield Row(line, None, ended=bool(rest))
            continue
        if line == 1:
            raw = raw.removeprefix(b"\xef\xbb\xbf")
        if raw.strip():
            yield Row(line, cells_of(raw), ended=raw.endswith(b"\n"))


def cells_of(raw: bytes) -> list[str] | None:
    """The cells of one line; None when it is not UTF-8 or not CSV."""
    try:
        text = raw.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        return None
    if '"' not in text:
        return text.split(",")
    try:
        return next(csv.reader([text], strict=True), [])
    except csv.Error:
        return None
