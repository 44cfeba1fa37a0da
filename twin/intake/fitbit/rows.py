"""The rows of a CSV file, one at a time, in bounded memory. Pure."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

_LONGEST = 64 * 1024


@dataclass(frozen=True, slots=True)
class Row:
    """One line; `cells` is None where it cannot be read, `ended` false where the file stops inside it."""

    line: int
    cells: list[str] | None
    ended: bool


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
