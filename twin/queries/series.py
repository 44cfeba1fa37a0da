"""Reads of samples, and of which of them count."""

from collections import defaultdict
from collections.abc import Collection
from datetime import date, timedelta
from typing import cast
from uuid import UUID

import numpy as np
import numpy.typing as npt

from backend.models import Patient
from backend.queries import zone_history_of
from twin import state
from twin.kinds import Kind
from twin.models import SeriesBlock, Source, SourcePriority
from twin.series import store
from twin.series.blocks import DAY_MS
from twin.series.codec import decode
from twin.series.columns import Columns


def newest_columns(patient: UUID, codes: Collection[str]) -> dict[str, dict[UUID, Columns]]:
    """For each kind and each of its sources the block that ends last."""
    # Only keys are sorted; the bytes of the many blocks that are not the newest are never touched.
    newest = (
        SeriesBlock.objects.filter(patient_id=patient, kind__in=codes, count__gt=0)
        .order_by("kind", "source_id", "-last_at")
        .distinct("kind", "source_id")
        .values("pk")
    )
    blocks = SeriesBlock.objects.filter(pk__in=newest).order_by("kind", "source_id")
    found: defaultdict[str, dict[UUID, Columns]] = defaultdict(dict)
    for code, source, data in blocks.values_list("kind", "source_id", "data"):
        found[code][source] = decode(bytes(cast("bytes", data)))  # a block that counts samples has data
    return dict(found)


def samples_between(
    patient: Patient, kind: Kind, start: int, end: int
) -> tuple[store.Reading, npt.NDArray[np.bool_]]:
    """The samples of a kind that touch the time from `start` to `end` (ms), and which count in their days.

    The days at both edges are looked at whole: what counts in them may lie outside.
    """
    around = round(state.REACH / timedelta(milliseconds=1))
    found = store.read(
        patient.id, kind.code, max(start - around, store.EARLIEST_MS), min(end + around, store.LATEST_MS)
    )
    columns, counts = found.columns, np.ones(len(found.columns), np.bool_)
    if len(found.sources) > 1:
        row = SourcePriority.objects.filter(patient=patient, kind=kind.code).first()
        names = dict(Source.objects.filter(patient=patient).values_list("id", "name"))
        places = {names[source]: found.source == place for place, source in enumerate(found.sources)}
        masks = state.counting(
            kind,
            {name: columns.take(mine) for name, mine in places.items()},
            zone_history_of(patient.id),
            first=_utc_day(int(columns.start[0])) - timedelta(days=1),
            last=_utc_day(int((columns.start + columns.duration).max())) + timedelta(days=1),
            priority=[names[source] for source in row.sources] if row else [],
        )
        for name, mine in places.items():
            counts[mine] = masks[name]
    touches = (columns.start >= start) | (columns.start + columns.duration > start)
    touches &= columns.start < end
    return store.Reading(columns.take(touches), found.source[touches], found.sources), counts[touches]


def _utc_day(milliseconds: int) -> date:
    return date(1970, 1, 1) + timedelta(days=milliseconds // DAY_MS)
