"""Reads of devices and apps, and of the order in which they count."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import F

from backend.models import Patient
from backend.rules import Topic
from twin.kinds import KINDS
from twin.models import Source, SourcePriority
from twin.series import store
from twin.state.habit import habit, voice


def ranked_sources(patient: Patient, kind: str) -> list[dict[str, Any]]:
    """What a kind's samples come from, in the order in which they count."""
    row = SourcePriority.objects.filter(patient=patient, kind=kind).first()
    names = dict(Source.objects.filter(patient=patient).values_list("id", "name"))
    ranked = _ranked(store.extents(patient.id, kind), row.sources if row else [], names)
    return [{"id": extent.source_id, "name": names[extent.source_id], **row} for extent, row in ranked]


def sources_of(patient: Patient, topics: Collection[Topic], today: date) -> list[dict[str, Any]]:
    """The devices and apps with samples in these topics, and what each measures; the last heard of first.

    `today` is the day in UTC by which their voices are judged. Three queries, however many there are.
    """
    rows = list(
        Source.objects.filter(patient=patient).order_by(F("last_sync_at").desc(nulls_last=True), "name")
    )
    names = {row.id: row.name for row in rows}
    orders = dict(SourcePriority.objects.filter(patient=patient).values_list("kind", "sources"))
    by_kind: defaultdict[str, list[store.Extent]] = defaultdict(list)
    for extent in store.extents(patient.id):
        by_kind[extent.kind].append(extent)
    measures: defaultdict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for code in (code for code, kind in KINDS.items() if kind.topic in topics):
        for place, (extent, row) in enumerate(_ranked(by_kind[code], orders.get(code, []), names), 1):
            measures[extent.source_id].append({"kind": code, "place": place, **row})
    return [
        {
            "id": row.id,
            "name": row.name,
            "last_sync_at": row.last_sync_at,
            "clock_skew_ms": row.clock_skew_ms,
            "silent_since": row.silent_since,
            "voice": voice(row.spoke_on, today),
            "spoke_on": row.spoke_on[0] if row.spoke_on else None,
            "habit": habit(row.spoke_on),
            "kinds": measures[row.id],
        }
        for row in rows
        if row.id in measures
    ]


def _ranked(
    extents: Iterable[store.Extent], order: Sequence[UUID], names: Mapping[UUID, str]
) -> list[tuple[store.Extent, dict[str, Any]]]:
    """A kind's sources: by the patient's order, then those it does not name by their number of samples."""
    places = {source: place for place, source in enumerate(order, 1)}
    ranked = sorted(
        extents,
        key=lambda one: (places.get(one.source_id, len(places) + 1), -one.count, names[one.source_id]),
    )
    return [
        (
            one,
            {
                "count": one.count,
                "first": one.first_at,
                "last": one.last_at,
                "priority": places.get(one.source_id),
            },
        )
        for one in ranked
    ]
