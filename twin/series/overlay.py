"""What becomes of samples that are laid over those already there. Pure; it knows no spans and no database."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from twin.series.columns import UNKNOWN_OFFSET, Columns, join


class Outcome(IntEnum):
    """What became of one incoming statement, a sample or a withdrawal."""

    STORED = 0
    KNOWN = 1
    REPLACED = 2
    SUPPRESSED = 3
    DELETED = 4


class BuriedBy(IntEnum):
    """Who deleted a sample, as its tombstone says by its value."""

    PERSON = 0
    SOURCE = 1


@dataclass(frozen=True, slots=True)
class Overlaid:
    """What is there now, by start and duration, and the Outcome of each incoming statement.

    `graves` are the identities that are deleted; their values are BuriedBy.
    """

    columns: Columns
    graves: Columns
    outcome: npt.NDArray[np.uint8]


def overlay(
    stored: Columns,
    graves: Columns,
    incoming: Columns,
    withdrawn: npt.NDArray[np.bool_] | None = None,
    lifts: Collection[BuriedBy] = (),
) -> Overlaid:
    """What is there after the incoming statements came one by one, in the order in which they stand.

    A sample's identity is its start and duration. One that finds nothing of its identity is STORED. One that
    finds exactly itself is KNOWN. Any other takes the place of what it finds and is REPLACED. One that finds
    a grave is SUPPRESSED, unless `lifts` names who dug it: then it is STORED and the grave is gone.

    Where `withdrawn`, the statement is that the source takes this identity back, whatever its value: it is
    DELETED, or KNOWN where there is a grave. What a statement withdraws a later one may bring back. `stored`
    and `graves` are in order of identity, hold each at most once, and none that the other holds.
    """
    if not len(graves) and withdrawn is None and _is_in_order(incoming):
        simple = _without_sorting(stored, incoming)
        if simple is not None:
            return simple
    samples = join([graves, stored, incoming])
    is_gone = np.zeros(len(samples), np.bool_)
    is_gone[: len(graves)] = True
    if withdrawn is not None:
        is_gone[len(graves) + len(stored) :] = withdrawn
    # A stable sort: within one identity what was there comes first, and what came last comes last.
    order = np.lexsort((samples.duration, samples.start))
    samples, is_gone = samples.take(order), is_gone[order]
    is_first = np.ones(len(order), np.bool_)
    is_first[1:] = (samples.start[1:] != samples.start[:-1]) | (samples.duration[1:] != samples.duration[:-1])
    first = np.flatnonzero(is_first)
    sizes = np.diff(first, append=len(order))
    is_closed = (order[first] < len(graves)) & ~np.isin(samples.value[first], [int(by) for by in lifts])
    is_barred = np.repeat(is_closed, sizes)

    outcome = np.full(len(order), Outcome.REPLACED, np.uint8)
    outcome[1:][_is_same_as_before(samples)] = Outcome.KNOWN
    outcome[1:][is_gone[:-1]] = Outcome.STORED
    outcome[is_first] = Outcome.STORED
    outcome[is_barred] = Outcome.SUPPRESSED
    outcome[is_gone] = Outcome.DELETED
    # Within one identity the first statement that it is gone is news, unless nobody may say otherwise.
    outcome[1:][is_gone[1:] & is_gone[:-1] & ~is_first[1:]] = Outcome.KNOWN
    outcome[is_gone & is_barred] = Outcome.KNOWN
    as_given = np.empty_like(outcome)
    as_given[order] = outcome

    last = first + sizes - 1
    is_grave = is_closed | is_gone[last]
    # Who buried a sample first has buried it, until it is brought back.
    is_dug = is_gone.copy()
    is_dug[1:] &= ~is_gone[:-1] | is_first[1:]
    dug = np.maximum.accumulate(np.where(is_dug, np.arange(len(order)), 0))
    buried = np.where(is_closed, first, dug[last])[is_grave]
    by = np.where(order[buried] < len(graves), samples.value[buried], float(BuriedBy.SOURCE))
    return Overlaid(
        samples.take(last[~is_grave]),
        Columns(samples.start[buried], samples.duration[buried], by),
        as_given[len(stored) + len(graves) :],
    )


def _without_sorting(stored: Columns, incoming: Columns) -> Overlaid | None:
    """What overlay() answers where all that comes is later than what there is, or is there; else None."""
    none = stored.take(slice(0))
    if not len(stored) or not len(incoming) or incoming.start[0] > stored.start[-1]:
        return Overlaid(join([stored, incoming]), none, np.full(len(incoming), Outcome.STORED, np.uint8))
    begin = int(np.searchsorted(stored.start, incoming.start[0]))
    there = stored.take(slice(begin, begin + len(incoming)))
    if len(there) < len(incoming) or not _is_same(there, incoming).all():
        return None
    return Overlaid(stored, none, np.full(len(incoming), Outcome.KNOWN, np.uint8))


def grave(start: int, duration: int, by: BuriedBy) -> Columns:
    """One identity that is deleted."""
    return Columns(np.array([start]), np.array([duration]), np.array([float(by)]))


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
    return _says_same(samples.take(slice(1, None)), samples.take(slice(0, -1)))


def _is_same(some: Columns, others: Columns) -> npt.NDArray[np.bool_]:
    """For each two samples whether they are the same, identity and all."""
    same: npt.NDArray[np.bool_] = (some.start == others.start) & (some.duration == others.duration)
    return same & _says_same(some, others)


def _says_same(some: Columns, others: Columns) -> npt.NDArray[np.bool_]:
    same: npt.NDArray[np.bool_] = some.value.view(np.int64) == others.value.view(np.int64)
    for mine, theirs, silent in (
        (some.offset, others.offset, UNKNOWN_OFFSET),
        (some.flags, others.flags, 0),
    ):
        if mine is not None or theirs is not None:
            same &= (silent if mine is None else mine) == (silent if theirs is None else theirs)
    return same
