"""What becomes of samples that are laid over those already there. Pure; it knows no spans and no database."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from twin.series.columns import Columns, join


class Outcome(IntEnum):
    """What became of one incoming sample."""

    STORED = 0
    KNOWN = 1
    REPLACED = 2
    SUPPRESSED = 3


@dataclass(frozen=True, slots=True)
class Overlaid:
    """The samples that are there now, by start and duration, and the Outcome of each incoming one."""

    columns: Columns
    outcome: npt.NDArray[np.uint8]


def overlay(stored: Columns, buried: Columns, incoming: Columns) -> Overlaid:
    """What is there after the incoming samples came one by one, in the order in which they stand.

    A sample's identity is its start and duration. One whose identity is buried (deleted earlier) is
    SUPPRESSED. One that finds nothing of its identity is STORED. One that finds exactly itself is KNOWN. Any
    other takes the place of what it finds and is REPLACED. `stored` and `buried` hold each at most once.
    """
    if not len(stored) and not len(buried) and _is_in_order(incoming):
        return Overlaid(incoming, np.full(len(incoming), Outcome.STORED, np.uint8))
    samples = join([buried, stored, incoming])
    # A stable sort: within one identity what was there comes first, and what came last comes last.
    order = np.lexsort((samples.duration, samples.start))
    samples = samples.take(order)
    is_first = np.ones(len(order), np.bool_)
    is_first[1:] = (samples.start[1:] != samples.start[:-1]) | (samples.duration[1:] != samples.duration[:-1])
    first = np.flatnonzero(is_first)
    is_buried = np.repeat(order[first] < len(buried), np.diff(first, append=len(order)))

    outcome = np.full(len(order), Outcome.REPLACED, np.uint8)
    outcome[1:][_is_same_as_before(samples)] = Outcome.KNOWN
    outcome[is_first] = Outcome.STORED
    outcome[is_buried] = Outcome.SUPPRESSED
    as_given = np.empty_like(outcome)
    as_given[order] = outcome

    is_last = np.append(is_first[1:], np.True_)
    return Overlaid(samples.take(is_last & ~is_buried), as_given[len(stored) + len(buried) :])


def without(columns: Columns, start: int, duration: int) -> Columns:
    """The samples but the one of this identity."""
    return columns.take((columns.start != start) | (columns.duration != duration))


def _is_in_order(columns: Columns) -> bool:
    """Whether the identities rise strictly."""
    start, duration = columns.start, columns.duration
    steps = start[1:] - start[:-1]
    if (steps > 0).all():
        return True
    return bool(((steps > 0) | ((steps == 0) & (duration[1:] > duration[:-1]))).all())


def _is_same_as_before(samples: Columns) -> npt.NDArray[np.bool_]:
    """For each sample but the first: whether what it says is, bit for bit, what the one before it says."""
    bits = samples.value.view(np.int64)
    same: npt.NDArray[np.bool_] = bits[1:] == bits[:-1]
    for column in (samples.offset, samples.flags):
        if column is not None:
            same &= column[1:] == column[:-1]
    return same
