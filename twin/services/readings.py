"""Stored samples as rules look at them, of many kinds in one query, and activities on record. Reads only."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import numpy as np

from backend import sql
from twin.intake.items import RecordType
from twin.kinds import kind
from twin.models import Record
from twin.series.codec import decode_all
from twin.series.columns import Columns
from twin.state.clock import DAY, LocalClock
from twin.warnings.facts import Readings

_BLOCKS = """
    SELECT kind, source_id, count, data
    FROM unnest(%s::text[], %s::int[], %s::bigint[]) AS wanted (kind, first, since)
    JOIN twin_seriesblock AS block USING (kind)
    WHERE block.patient_id = %s AND block.span >= wanted.first AND block.count > 0
        AND block.last_at >= wanted.since
    ORDER BY kind, source_id, span
"""


def read_readings(
    patient: UUID, windows: Mapping[str, int], names: Mapping[UUID, str], clock: LocalClock, until: int
) -> dict[str, Readings]:
    """Each kind's samples that ended so many ms before `until` (ms) or later, also after it, of all sources.

    `names` are those of the patient's sources. A kind of which nothing is kept is absent.
    """
    codes = sorted(windows)
    since = [until - windows[code] for code in codes]
    # A sample lies in the block in which it begins, which may be the one before.
    spans = [at // (kind(code).span_days * DAY) - 1 for code, at in zip(codes, since, strict=True)]
    with sql.cursor() as cursor:
        rows = cursor.execute(_BLOCKS, [codes, spans, since, patient], binary=True).fetchall()
    columns = decode_all([data for *_, data in rows])
    found: defaultdict[str, list[tuple[str, Columns]]] = defaultdict(list)
    begin = 0
    for code, source, count, _ in rows:
        found[code].append((names[source], columns.take(slice(begin, begin + count))))
        begin += count
    return {code: readings_of(several, until - windows[code], clock) for code, several in found.items()}


def readings_of(columns: Sequence[tuple[str, Columns]], since: int, clock: LocalClock) -> Readings:
    """Samples of several sources, by name, as rules look at them: those that ended since an instant (ms)."""
    starts = [one.start for _, one in columns]
    start = np.concatenate(starts)
    at = np.concatenate([one.start + one.duration for _, one in columns])
    value = np.concatenate([one.value for _, one in columns])
    flags = np.concatenate(
        [np.zeros(len(one), np.uint8) if one.flags is None else one.flags for _, one in columns]
    )
    day = np.concatenate([clock.day_of(one.start + one.duration, one.offset) for _, one in columns])
    names = list(dict.fromkeys(name for name, _ in columns))
    source = np.concatenate([np.full(len(one), names.index(name), np.int16) for name, one in columns])
    found = Readings(start, at, value, flags, source, day, names)
    order = np.lexsort((source, at))
    return found.take(order[at[order] >= since])


def activities_of(patient: UUID, since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
    """From when to when the patient exercised by her records, as far as it reaches into that span."""
    rows = Record.objects.filter(
        patient=patient, type=RecordType.ACTIVITY, ends_at__gt=since, starts_at__lte=until
    )
    spans = rows.order_by("starts_at").values_list("starts_at", "ends_at")
    return [(start, end) for start, end in spans if start is not None and end is not None]
