"""A series cut into blocks, one a span, each with what is asked about it beside its bytes. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from twin.series.codec import encode_each
from twin.series.columns import Columns

DAY_MS = 86_400_000


class Block(NamedTuple):
    """The samples whose start falls into one span, encoded, and the identities deleted there; b"" is none.

    `first_at` is the earliest start, `last_at` the latest end (ms). The samples may all be gone while
    tombstones stay.
    """

    span: int
    tombstones: bytes
    data: bytes = b""
    samples: int = 0
    first_at: int | None = None
    last_at: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    total: float | None = None


def spans_of(start: npt.NDArray[np.int64], days: int) -> npt.NDArray[np.int64]:
    """For each start (ms) the number of its span, when spans of so many days are counted from the epoch."""
    return start // (days * DAY_MS)


def cut(columns: Columns, days: int, tombstones: Mapping[int, bytes]) -> list[Block]:
    """The blocks of samples that stand in order of their start; raises ValueError as encode() does."""
    if not len(columns):
        return []
    spans = spans_of(columns.start, days)
    low = np.flatnonzero(np.diff(spans, prepend=spans[0] - 1))
    bounds = np.append(low, len(spans))
    numbers = spans[low].tolist()
    return list(
        map(
            Block,
            numbers,
            [tombstones.get(span, b"") for span in numbers],
            encode_each(columns, bounds.tolist()),
            np.diff(bounds).tolist(),
            columns.start[low].tolist(),
            np.maximum.reduceat(columns.start + columns.duration, low).tolist(),
            np.minimum.reduceat(columns.value, low).tolist(),
            np.maximum.reduceat(columns.value, low).tolist(),
            np.add.reduceat(columns.value, low).tolist(),
        )
    )
