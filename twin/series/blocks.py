"""A series cut into blocks, one a span, each with what is asked about it beside its bytes. Pure."""

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


def cut(columns: Columns, graves: Columns, days: int) -> list[Block]:
    """The blocks of samples and tombstones that each stand in order of their start.

    A span that holds only tombstones has its block too. Raises ValueError as encode() does.
    """
    buried, tombs, _ = _encoded(graves, days)
    tombstones = dict(zip(buried, tombs, strict=True))
    numbers, encoded, bounds = _encoded(columns, days)
    low = bounds[:-1]
    blocks = map(
        Block,
        numbers,
        [tombstones.pop(span, b"") for span in numbers],
        encoded,
        np.diff(bounds).tolist(),
        columns.start[low].tolist(),
        np.maximum.reduceat(columns.start + columns.duration, low).tolist(),
        np.minimum.reduceat(columns.value, low).tolist(),
        np.maximum.reduceat(columns.value, low).tolist(),
        np.add.reduceat(columns.value, low).tolist(),
    )
    return [*blocks, *map(Block, tombstones.keys(), tombstones.values())]


def _encoded(columns: Columns, days: int) -> tuple[list[int], list[bytes], npt.NDArray[np.intp]]:
    """Of each span that the samples fall into its number and its bytes, and the bounds between them."""
    if not len(columns):
        return [], [], np.zeros(1, np.intp)
    spans = spans_of(columns.start, days)
    low = np.flatnonzero(np.diff(spans, prepend=spans[0] - 1))
    bounds = np.append(low, len(spans))
    return spans[low].tolist(), encode_each(columns, bounds.tolist()), bounds
