"""Samples as the plain table that twin.intake.plain_csv reads, exact to the bit. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from operator import add

import numpy as np
import numpy.typing as npt

from twin.intake.delimited import UNREADABLE
from twin.intake.plain_csv import FLAG_WORDS
from twin.kinds import Kind
from twin.series.columns import UNKNOWN_OFFSET, Columns

HEADER = b"start,end,kind,value,unit,source,flags\n"

_ROWS = 20_000  # that are text in memory at once


def rows(kind: Kind, source: str, columns: Columns) -> Iterator[bytes]:
    """A row a sample, in the order given, some thousand rows a chunk.

    Times are the sample's own wall clock to the millisecond with its offset, or UTC with a "Z" where none is
    known. An instant has no end. A value is the shortest text that is read as the same float64.
    """
    # The reader takes this letter for bytes that were no text.
    fixed = [kind.code, kind.unit, source.replace(UNREADABLE, "?")]
    code, unit, name = map(_cell, fixed)
    for first in range(0, len(columns), _ROWS):
        part = columns.take(slice(first, first + _ROWS))
        offset = np.full(len(part), UNKNOWN_OFFSET, np.int16) if part.offset is None else part.offset
        flags = np.zeros(len(part), np.uint8) if part.flags is None else part.flags
        zones = {east: _zone(east) for east in np.unique(offset).tolist()}
        words = {found: _words(found) for found in np.unique(flags).tolist()}
        # What follows the value is the same in nearly every row.
        tails = {found: f",{unit},{name},{flagged}\n" for found, flagged in words.items()}
        east = [zones[minutes] for minutes in offset.tolist()]
        starts = map(add, _wall(part.start, offset), east)
        ends = _ends(part, offset, east)
        rest = map(tails.__getitem__, flags.tolist())
        cells = zip(starts, ends, part.value.tolist(), rest, strict=True)
        yield "".join([f"{start},{end},{code},{value!r}{tail}" for start, end, value, tail in cells]).encode()


def _ends(part: Columns, offset: npt.NDArray[np.int16], east: Sequence[str]) -> Iterable[str]:
    lasts = part.duration > 0
    if not lasts.any():
        return repeat("", len(part))
    ends = map(add, _wall(part.start + part.duration, offset), east)
    return [end if own else "" for end, own in zip(ends, lasts.tolist(), strict=True)]


def _wall(at: npt.NDArray[np.int64], offset: npt.NDArray[np.int16]) -> list[str]:
    east = np.where(offset == UNKNOWN_OFFSET, 0, offset).astype(np.int64)
    texts: list[str] = np.datetime_as_string((at + east * 60_000).astype("M8[ms]")).tolist()
    return texts


def _zone(offset: int) -> str:
    if offset == UNKNOWN_OFFSET:
        return "Z"
    hours, minutes = divmod(abs(offset), 60)
    return f"{'-' if offset < 0 else '+'}{hours:02}:{minutes:02}"


def _words(flags: int) -> str:
    return " ".join(word for word, flag in FLAG_WORDS.items() if flags & flag)


def _cell(text: str) -> str:
    plain = text.isascii() and text.isprintable() and not {",", ";", '"', "\t"} & set(text)
    quoted = text.replace('"', '""')
    return text if plain else f'"{quoted}"'
