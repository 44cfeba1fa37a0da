"""A series cut into blocks, one a span, each with what is asked about it beside its bytes. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twin.series.codec import encode_each
from twin.series.columns import Columns

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Block:
    """The samples whose start falls into one span, encoded, and the identities deleted there.

    `first_at` is the earliest start, `last_at` the latest end (ms). The samples may all be gone while
    tombstones stay.
    """

    span: int
    tombstones: bytes | None
    data: bytes | None = None
    count: int = 0
    first_at: int | None = None
    last_at: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    total: float | None = None


def spans_of(start: npt.NDArray[np.int64], days: int) -> npt.NDArray[np.int64]:
    """For each start (ms) the number of its span, when spans of so many days are counted from the epoch."""
    return start // (days * DAY_MS)


def cut(columns: Columns, days: int, tombstones: Mapping[int, bytes | None]) -> list[Block]:
    """The blocks of samples that stand in order of their start; raises ValueError as encode() does."""
    if not len(columns):
        return []
    spans = spans_of(columns.start, days)
    low = np.flatnonzero(np.diff(spans, prepend=spans[0] - 1))
    bounds = np.append(low, len(spans))
    numbers = spans[low].tolist()
    return [
        Block(span, tombstones.get(span), *block)
        for span, block in zip(
            numbers,
            zip(
                encode_each(columns, bounds.tolist()),
                np.diff(bounds).tolist(),
                columns.start[low].tolist(),
                np.maximum.reduceat(columns.start + columns.duration, low).tolist(),
                np.minimum.reduceat(columns.value, low).tolist(),
                np.maximum.reduceat(columns.value, low).tolist(),
                np.add.reduceat(columns.value, low).tolist(),
                strict=True,
            ),
            strict=True,
        )
    ]
