"""The blocks in the database: merge, delete, read. Everything runs in the caller's transaction, as its actor.

A merge or a deletion is one patient's: it holds that patient's advisory lock until the transaction ends, so
transactions that write to one patient each cannot deadlock. READ COMMITTED is required: what is read after
the lock is taken must show what the lock's last holder wrote.

A batch of which every sample is here may be known again by its body, without being read (SampleBatch). No
writer has to think of that: what is here as it was said, stays so or is forgotten in the same transaction.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import accumulate, pairwise
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
import psycopg

from backend import sql
from twin.kinds import kind
from twin.series.blocks import Block, cut, spans_of
from twin.series.codec import CorruptBlock, decode_all
from twin.series.columns import Columns, join
from twin.series.overlay import BuriedBy, Outcome, grave, overlay, without

# The instants that PostgreSQL, Python and people can date: years 1 to 9999.
EARLIEST_MS, LATEST_MS = -62_135_596_800_000, 253_402_300_799_999

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('series of ' || %s::text, 0))"
_LOCK_ALL = """
    SELECT pg_advisory_xact_lock(hashtextextended('series of ' || patient, 0))
    FROM unnest(%s::text[]) AS patient
"""
_FIND = """
    SELECT wanted.place, block.data, block.tombstones
    FROM unnest(%s::text[], %s::uuid[], %s::int[]) WITH ORDINALITY AS wanted (kind, source_id, span, place)
    JOIN twin_seriesblock AS block USING (kind, source_id, span)
    WHERE block.patient_id = %s
    ORDER BY wanted.place
"""
# COPY cannot write under row-level security; arrays can, in one statement. Binary arrays cannot be all NULL,
# hence the empty bytes.
_WRITE = """
    INSERT INTO twin_seriesblock (
        patient_id, kind, topic, source_id,
        span, tombstones, data, count, first_at, last_at, minimum, maximum, total
    )
    SELECT %s, kind, topic, source_id,
        span, nullif(tombstones, ''), nullif(data, ''), count, first_at, last_at, minimum, maximum, total
    FROM unnest(
        %s::text[], %s::text[], %s::uuid[],
        %s::int[], %b::bytea[], %b::bytea[], %s::int[], %s::bigint[], %s::bigint[],
        %s::float8[], %s::float8[], %s::float8[]
    ) AS block (
        kind, topic, source_id,
        span, tombstones, data, count, first_at, last_at, minimum, maximum, total
    )
    ON CONFLICT (patient_id, kind, source_id, span) DO UPDATE SET
        tombstones = excluded.tombstones, data = excluded.data, count = excluded.count,
        first_at = excluded.first_at, last_at = excluded.last_at,
        minimum = excluded.minimum, maximum = excluded.maximum, total = excluded.total
"""
_READ = """
    SELECT source_id, count, data FROM twin_seriesblock
    WHERE patient_id = %s AND kind = %s AND count > 0 AND first_at < %s AND last_at >= %s
        AND (%s::uuid IS NULL OR source_id = %s)
    ORDER BY source_id, span
"""
_PAGE = """
    SELECT span, data FROM twin_seriesblock
    WHERE patient_id = %s AND kind = %s AND source_id = %s AND span > %s AND count > 0
    ORDER BY span LIMIT %s
"""
_EXTENTS = """
    SELECT kind, source_id, sum(count)::bigint, min(first_at), max(last_at) FROM twin_seriesblock
    WHERE patient_id = %s AND count > 0 AND (%s::text IS NULL OR kind = %s)
    GROUP BY kind, source_id ORDER BY kind, source_id
"""
_BEFORE_ALL_SPANS = -(1 << 31)
_ERASE = "DELETE FROM twin_seriesblock WHERE patient_id = %s"
_FORGET = """
    UPDATE twin_samplebatch SET body_digest = NULL, first_at = NULL, last_at = NULL
    WHERE patient_id = %s AND body_digest IS NOT NULL AND first_at <= %s AND last_at >= %s
"""

# A series of one patient: kind and source.
_Series = tuple[str, UUID]


@dataclass(frozen=True, slots=True)
class Batch:
    """Samples of one kind and one source, in the canonical unit and in any order.

    Where `withdrawn`, the source takes the identity back, and the finite value beside it says nothing.
    """

    kind: str
    source_id: UUID
    columns: Columns
    withdrawn: npt.NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True)
class Merged:
    """What became of one batch's samples: the five counts add up to their number.

    `first_at` and `last_at` (ms) are the earliest start and the latest end of those stored, replaced or
    deleted, None when there were none. `outcome` says it of each sample.
    """

    stored: int = 0
    known: int = 0
    replaced: int = 0
    suppressed: int = 0
    deleted: int = 0
    first_at: int | None = None
    last_at: int | None = None
    outcome: npt.NDArray[np.uint8] = field(
        default_factory=lambda: np.empty(0, np.uint8), compare=False, repr=False
    )


@dataclass(frozen=True, slots=True)
class Reading:
    """Samples by start, duration and source; `source[i]` is the place in `sources` of sample i's source.

    The arrays are for reading: one that holds the same throughout may refuse to be written to.
    """

    columns: Columns
    source: npt.NDArray[np.int16]
    sources: list[UUID]


@dataclass(frozen=True, slots=True)
class Extent:
    """How many samples of one kind one source gave; their earliest start and latest end (ms)."""

    kind: str
    source_id: UUID
    count: int
    first_at: int
    last_at: int


@dataclass(frozen=True, slots=True)
class _Found:
    """What one row of the store holds."""

    span: int
    data: bytes | None
    tombstones: bytes | None


def merge(patient_id: UUID, batches: Sequence[Batch], *, lifts: Collection[BuriedBy] = ()) -> list[Merged]:
    """Every sample is in the store, unless it was deleted earlier; returns what became of each batch.

    The samples count as if they came one by one, in the order given; overlay() says what can become of one.
    `lifts` names those whose deletions a sample undoes; a copy, which may be old, undoes none.
    Merging the same again changes nothing: a row is written only when something in it changed. Raises
    UnknownKind, and ValueError for a sample that cannot be kept (not finite, negative duration, outside the
    years 1 to 9999); then nothing is written.

    1. The patient's lock is taken. 2. The blocks that the samples fall into are read. 3. The samples are laid
    over them. 4. The blocks that changed are written.
    """
    together: defaultdict[_Series, list[int]] = defaultdict(list)
    for place, batch in enumerate(batches):
        _check(batch.columns)
        together[batch.kind, batch.source_id].append(place)
    incoming = {series: _join([batches[place] for place in places]) for series, places in together.items()}
    merged = [Merged()] * len(batches)
    with _locked(patient_id) as cursor:
        found = _find(cursor, patient_id, {series: batch.columns.start for series, batch in incoming.items()})
        changed: dict[_Series, list[Block]] = {}
        for series, places in together.items():
            changed[series], outcome = _lay_over(found[series], incoming[series], lifts)
            bounds = accumulate((len(batches[place].columns) for place in places), initial=0)
            for place, (low, high) in zip(places, pairwise(bounds), strict=True):
                merged[place] = _count(batches[place].columns, outcome[low:high])
            if any(merged[place].replaced or merged[place].deleted for place in places):
                unsaid = np.isin(outcome, (Outcome.REPLACED, Outcome.DELETED))
                _forget_bodies(cursor, patient_id, incoming[series].columns.start[unsaid])
        _write(cursor, patient_id, changed)
    return merged


def delete(patient_id: UUID, code: str, source_id: UUID, start: int, duration: int) -> int:
    """A person's word: the sample is gone and no copy brings it back; returns 1, or 0 if it was not there.

    What was not there leaves no tombstone, so deleting twice changes nothing.
    """
    series, new = (code, source_id), grave(start, duration, BuriedBy.PERSON)
    with _locked(patient_id) as cursor:
        rows = _find(cursor, patient_id, {series: new.start})[series]
        stored = _decode(row.data for row in rows)
        left = without(stored, start, duration)
        if len(left) == len(stored):
            return 0
        graves = join([_decode(row.tombstones for row in rows), new])
        _forget_bodies(cursor, patient_id, new.start)
        _write(cursor, patient_id, {series: cut(left, graves, kind(code).span_days)})
    return 1


def read(patient_id: UUID, code: str, start_ms: int, end_ms: int, source_id: UUID | None = None) -> Reading:
    """The samples that touch the time from `start_ms` up to but not including `end_ms`, of one source or all.

    A sample touches it that starts in it, or that starts before and lasts into it. Raises CorruptBlock.
    """
    with sql.cursor() as cursor:
        cursor.execute(_READ, [patient_id, code, end_ms, start_ms, source_id, source_id], binary=True)
        rows = cursor.fetchall()
    columns = _decode(data for _, _, data in rows)
    counts = [count for _, count, _ in rows]
    if sum(counts) != len(columns):
        raise CorruptBlock("blocks hold another number of samples than their rows say")
    place = {source: place for place, source in enumerate(dict.fromkeys(source for source, _, _ in rows))}
    # Of one source, the same zero reads as an array.
    source = np.broadcast_to(np.int16(0), len(columns))
    if len(place) > 1:
        source = np.repeat(np.array([place[source] for source, _, _ in rows], np.int16), counts)
        order = np.lexsort((source, columns.duration, columns.start))
        columns, source = columns.take(order), source[order]
    # Most reads want whole blocks, and to select from a year takes as long as to decode it.
    if len(columns) and not (columns.start[0] >= start_ms and columns.start[-1] < end_ms):
        touches = (columns.start >= start_ms) | (columns.start + columns.duration > start_ms)
        touches &= columns.start < end_ms
        columns, source = columns.take(touches), source[touches]
    return Reading(columns, source, list(place))


def page(
    patient_id: UUID, code: str, source_id: UUID, after: int | None = None, *, blocks: int = 8
) -> tuple[Columns, int | None]:
    """The samples of the next blocks of one series in order, and the span to go on after: None at the end.

    Raises CorruptBlock.
    """
    first = _BEFORE_ALL_SPANS if after is None else after
    with sql.cursor() as cursor:
        cursor.execute(_PAGE, [patient_id, code, source_id, first, blocks], binary=True)
        rows = cursor.fetchall()
    return _decode(data for _, data in rows), rows[-1][0] if rows else None


def extents(patient_id: UUID, code: str | None = None) -> list[Extent]:
    """What there is of each kind, or of one, from each source; reads no samples."""
    with sql.cursor() as cursor:
        return [Extent(*row) for row in cursor.execute(_EXTENTS, [patient_id, code, code])]


def erase(patient_id: UUID) -> None:
    """Nothing of the patient is left in the store, tombstones included."""
    with _locked(patient_id) as cursor:
        cursor.execute(_ERASE, [patient_id])
        _forget_bodies(cursor, patient_id, np.array([EARLIEST_MS, LATEST_MS]))


def lock(patient_id: UUID) -> None:
    """No other transaction writes to or locks this patient until this one ends; twice is harmless."""
    with _locked(patient_id):
        pass


def lock_all(patient_ids: Collection[UUID]) -> None:
    """The same for many at once, in the order of their ids: two who take many wait for each other."""
    with sql.cursor() as cursor:
        cursor.execute(_LOCK_ALL, [[str(patient) for patient in sorted(patient_ids)]])


@contextmanager
def _locked(patient_id: UUID) -> Iterator[psycopg.Cursor[Any]]:
    """A pipeline that begins with the patient's lock, which is held until the transaction ends."""
    with sql.pipeline() as cursor:
        cursor.execute(_LOCK, [patient_id])
        yield cursor


def _join(batches: Sequence[Batch]) -> Batch:
    """Batches of one series as one."""
    if len(batches) == 1:
        return batches[0]
    withdrawn = None
    if any(batch.withdrawn is not None for batch in batches):
        stays = (np.zeros(len(batch.columns), np.bool_) for batch in batches)
        withdrawn = np.concatenate(
            [
                no if batch.withdrawn is None else batch.withdrawn
                for batch, no in zip(batches, stays, strict=True)
            ]
        )
    columns = join([batch.columns for batch in batches])
    return Batch(batches[0].kind, batches[0].source_id, columns, withdrawn)


def _check(columns: Columns) -> None:
    start, duration = columns.start, columns.duration
    if not np.isfinite(columns.value).all():
        raise ValueError("a value is not a finite number")
    # Each bound is checked before the sum, which might wrap around.
    if (duration < 0).any() or (duration > LATEST_MS - EARLIEST_MS).any():
        raise ValueError("a duration is negative or longer than all time")
    if (start < EARLIEST_MS).any() or (start > LATEST_MS).any() or (start + duration > LATEST_MS).any():
        raise ValueError("an instant lies outside the years 1 to 9999")


def _find(
    cursor: psycopg.Cursor[Any], patient_id: UUID, starts: Mapping[_Series, npt.NDArray[np.int64]]
) -> Mapping[_Series, list[_Found]]:
    """Of each series the rows into whose spans these starts fall."""
    wanted: list[tuple[_Series, int]] = []
    for series, start in starts.items():
        spans = spans_of(start, kind(series[0]).span_days)
        # Neighbours mostly share a span, and to sort half a million numbers is slow.
        is_turn = np.ones(len(spans), np.bool_)
        is_turn[1:] = spans[1:] != spans[:-1]
        wanted += [(series, span) for span in np.unique(spans[is_turn]).tolist()]
    keys = [[key[0] for key, _ in wanted], [key[1] for key, _ in wanted], [span for _, span in wanted]]
    found: dict[_Series, list[_Found]] = {series: [] for series in starts}
    for place, data, tombstones in cursor.execute(_FIND, [*keys, patient_id], binary=True):
        series, span = wanted[place - 1]
        found[series].append(_Found(span, data, tombstones))
    return found


def _lay_over(
    found: Sequence[_Found], incoming: Batch, lifts: Collection[BuriedBy]
) -> tuple[list[Block], npt.NDArray[np.uint8]]:
    """The blocks that change when the samples are laid over what was found, and each sample's Outcome."""
    days = kind(incoming.kind).span_days
    stored, graves = _decode(row.data for row in found), _decode(row.tombstones for row in found)
    laid = overlay(stored, graves, incoming.columns, incoming.withdrawn, lifts)
    changes = _is_change(laid.outcome)
    if not changes.any():
        return [], laid.outcome
    columns, graves = laid.columns, laid.graves
    if not changes.all():
        changed = np.unique(spans_of(incoming.columns.start[changes], days))
        columns = columns.take(np.isin(spans_of(columns.start, days), changed))
        graves = graves.take(np.isin(spans_of(graves.start, days), changed))
    return cut(columns, graves, days), laid.outcome


def _forget_bodies(cursor: psycopg.Cursor[Any], patient_id: UUID, starts: npt.NDArray[np.int64]) -> None:
    """No batch that may have said samples of these starts is known by its body any more."""
    cursor.execute(_FORGET, [patient_id, int(starts.max()), int(starts.min())])


def _decode(blocks: Iterator[bytes | None]) -> Columns:
    return decode_all([block for block in blocks if block])


def _count(columns: Columns, outcome: npt.NDArray[np.uint8]) -> Merged:
    stored, known, replaced, suppressed, deleted = np.bincount(outcome, minlength=len(Outcome)).tolist()
    merged = Merged(stored, known, replaced, suppressed, deleted, outcome=outcome)
    changes = _is_change(outcome)
    if not changes.any():
        return merged
    changed = columns if changes.all() else columns.take(changes)
    first_at, last_at = int(changed.start.min()), int((changed.start + changed.duration).max())
    return replace(merged, first_at=first_at, last_at=last_at)


def _is_change(outcome: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    return np.isin(outcome, (Outcome.STORED, Outcome.REPLACED, Outcome.DELETED))


def _write(cursor: psycopg.Cursor[Any], patient_id: UUID, changed: Mapping[_Series, Sequence[Block]]) -> None:
    rows = [
        (code, kind(code).topic, source_id, *block)
        for (code, source_id), blocks in changed.items()
        for block in blocks
    ]
    if rows:
        cursor.execute(_WRITE, [patient_id, *map(list, zip(*rows, strict=True))])
