"""Columns of text become arrays: instants and numbers, fast where a column is regular, exact always. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

import numpy as np
import numpy.typing as npt

from twin.instants import milliseconds
from twin.intake import wall_time
from twin.series.columns import UNKNOWN_OFFSET

# Clocks have stood at most 15 h 13 min from UTC (Metlakatla, before 1867).
MOST_OFFSET = 16 * 60


@dataclass(frozen=True, slots=True)
class Instants:
    """`at`: milliseconds since the epoch, UTC; `offset`: minutes east of UTC; where not `good` both are 0.

    "Z" names an instant and no place: there the offset is UNKNOWN_OFFSET (RFC 9557, section 2.2).
    """

    at: npt.NDArray[np.int64]
    offset: npt.NDArray[np.int16]
    good: npt.NDArray[np.bool_]


def parse_instants(texts: Sequence[str], zone: tzinfo) -> Instants:
    """Every text as an instant; one without an offset is wall-clock time in `zone`."""
    regular = _regular(texts, zone)
    if regular is not None:
        return regular
    at = np.zeros(len(texts), np.int64)
    offset = np.zeros(len(texts), np.int16)
    good = np.zeros(len(texts), np.bool_)
    for index, text in enumerate(texts):
        instant = parse_instant(text, zone)
        if instant is not None:
            at[index], offset[index] = instant
            good[index] = True
    return Instants(at, offset, good)


def parse_instant(text: str, zone: tzinfo) -> tuple[int, int] | None:
    """One instant and its offset, as in Instants; None when the text is none."""
    moment = _moment(text.strip().replace("\u202f", " "))
    if moment is None:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    east = moment.utcoffset() or timedelta()
    if abs(east) > timedelta(minutes=MOST_OFFSET):
        return None
    is_placeless = text.rstrip().endswith(("Z", "z"))
    return milliseconds(moment), UNKNOWN_OFFSET if is_placeless else east // timedelta(minutes=1)


def parse_numbers(texts: Sequence[str]) -> npt.NDArray[np.float64]:
    """Every text as the nearest float64; NaN where the text is no finite number."""
    try:
        numbers = np.fromiter(map(float, texts), np.float64, len(texts))
    except ValueError:
        numbers = np.fromiter(map(_number, texts), np.float64, len(texts))
    numbers[~np.isfinite(numbers)] = np.nan
    # Python takes 1_000 for a number; no file means that.
    if "_" in "".join(texts):
        numbers[["_" in text for text in texts]] = np.nan
    return numbers


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


# Beside ISO 8601: Apple's own layout, and what its formatter makes of it on a 12-hour clock.
_LAYOUTS = ("%Y-%m-%d %H:%M:%S %z", "%Y-%m-%d %I:%M:%S %p %z")
_SHORTEST = len("2019-01-01T10:00")


def _moment(text: str) -> datetime | None:
    if len(text) < _SHORTEST:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    for layout in _LAYOUTS:
        try:
            return datetime.strptime(text, layout)  # noqa: DTZ007 (each layout has an offset)
        except ValueError:
            continue
    return None


# In 2019-01-01 10:00:00.000, by column.
_DIGITS = (0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18, 20, 21, 22)
_MARKS = {4: b"-", 7: b"-", 10: b" T", 13: b":", 16: b":", 19: b"."}


def _regular(texts: Sequence[str], zone: tzinfo) -> Instants | None:
    """All texts at once when they share one layout and all are valid; otherwise None."""
    joined = "".join(texts)
    width = len(texts[0]) if texts else 0
    if not width or len(joined) != width * len(texts) or not joined.isascii():
        return None
    grid = np.frombuffer(joined.encode("ascii"), np.uint8).reshape(len(texts), width)
    local_width = 23 if joined[19:20] == "." else 19
    local, tail = grid[:, :local_width], grid[:, local_width:]
    digits = [column for column in _DIGITS if column < local_width]
    marks = {column: mark for column, mark in _MARKS.items() if column < local_width}
    if width < local_width or not (_are_digits(local[:, digits]) and _are_marks(local, marks)):
        return None
    wall = _wall(local[:, digits])
    if wall is None:
        return None
    good = np.ones(len(texts), np.bool_)
    if not tail.shape[1]:
        return Instants(*wall_time.instants(wall, zone), good)
    offset = _regular_offsets(tail)
    return None if offset is None else Instants(wall - _east(offset) * np.int64(60_000), offset, good)


def _wall(figures: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64] | None:
    """Wall-clock milliseconds since 1970 from rows of 14 or 17 digits; None when one of them is no time.

    Not by numpy's own parser: its cast of more than 500 texts to dates crashes at one that is none (2.4.6).
    """
    digit = (figures - np.uint8(ord("0"))).astype(np.int64)
    year = digit[:, :4] @ np.array([1000, 100, 10, 1])
    month, day, hour, minute, second = (digit[:, at] * 10 + digit[:, at + 1] for at in range(4, 14, 2))
    if not (year.min() >= 1 and month.min() >= 1 and month.max() <= 12 and day.min() >= 1):
        return None
    if not (hour.max() < 24 and minute.max() < 60 and second.max() < 60):
        return None
    months = ((year - 1970) * 12 + month - 1).astype("M8[M]")
    begins, ends = ((months + step).astype("M8[D]").astype(np.int64) for step in (0, 1))
    if (day > ends - begins).any():
        return None
    seconds = ((begins + day - 1) * 24 + hour) * 3600 + minute * 60 + second
    thousandths = digit[:, 14:] @ np.array([100, 10, 1])[: digit.shape[1] - 14]
    wall: npt.NDArray[np.int64] = seconds * 1000 + thousandths
    return wall


# How an offset may be written: its marks, and where its digits stand.
_OFFSETS = (
    ({0: b"Z"}, ()),
    ({0: b"+-"}, (1, 2, 3, 4)),
    ({0: b" ", 1: b"+-"}, (2, 3, 4, 5)),
    ({0: b"+-", 3: b":"}, (1, 2, 4, 5)),
)


def _regular_offsets(tail: npt.NDArray[np.uint8]) -> npt.NDArray[np.int16] | None:
    for marks, digits in _OFFSETS:
        if tail.shape[1] != len(marks) + len(digits) or not _are_marks(tail, marks):
            continue
        figures = tail[:, digits]
        if not _are_digits(figures):
            return None
        if not digits:
            return np.full(len(tail), UNKNOWN_OFFSET, np.int16)
        minutes = (figures - ord("0")).astype(np.int16) @ np.array([600, 60, 10, 1], np.int16)
        if (minutes > MOST_OFFSET).any():
            return None
        west = tail[:, digits[0] - 1] == ord("-")
        return np.where(west, -minutes, minutes).astype(np.int16)
    return None


def _east(offset: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
    return np.where(offset == UNKNOWN_OFFSET, np.int16(0), offset)


def _are_digits(grid: npt.NDArray[np.uint8]) -> bool:
    return bool(((grid >= ord("0")) & (grid <= ord("9"))).all())


def _are_marks(grid: npt.NDArray[np.uint8], marks: dict[int, bytes]) -> bool:
    return all(np.isin(grid[:, column], list(mark)).all() for column, mark in marks.items())
