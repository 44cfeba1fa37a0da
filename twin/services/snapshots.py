"""The snapshot's life: what it says now, and the versions that are kept of what it said."""

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from backend.actor import acting_for_all
from backend.rules import Topic
from twin.models import Snapshot, SnapshotVersion
from twin.queries.snapshots import facts_now
from twin.services.population import place_topics
from twin.state.tiles import Tile
from twin.state.versions import pack

HOURLY_FOR = timedelta(days=2)
"""So long the last version of each hour is kept: what led to an alert, and what was seen at a visit."""
KEPT = timedelta(days=731)
"""So long the last version of each day is kept: two years, as far back as who asks about tests looks too."""
LOOKED_BACK = timedelta(days=30)
"""How far back versions are thinned: a task that stood still for so long misses none."""

# Days of UTC: what is kept must not depend on where somebody has moved since.
_THIN = """
    DELETE FROM twin_snapshotversion AS version
    WHERE known_at < %(oldest)s OR (
        known_at BETWEEN %(since)s AND %(until)s AND EXISTS (
            SELECT FROM twin_snapshotversion AS later
            WHERE later.patient_id = version.patient_id AND later.topic = version.topic
                AND later.known_at > version.known_at
                AND later.known_at < date_trunc('day', version.known_at, 'UTC') + interval '1 day'
        )
    )
"""


def keep_tiles(
    patient: UUID, topic: Topic, tiles: Iterable[Tile], last_data_at: datetime | None, *, now: datetime
) -> None:
    """The topic's snapshot has these tiles from now on.

    What it said before is kept as a version where it stood when an hour ended. In the caller's transaction.
    """
    said = json.loads(json.dumps(list(tiles)))
    row = _locked(patient, [topic]).get(topic)
    if row is None:
        Snapshot.objects.create(
            patient_id=patient, topic=topic, tiles=said, last_data_at=last_data_at, known_at=now, built_at=now
        )
        return
    fields = ["last_data_at", "built_at"]
    if row.tiles != said:
        _outdate(row, now)
        row.tiles = said
        fields += ["tiles", "known_at"]
    row.last_data_at, row.built_at = last_data_at, now
    row.save(update_fields=fields)


def note_facts(patient: UUID, topics: Collection[Topic], *, now: datetime) -> None:
    """The snapshots of these topics know what stands beside their tiles: limits, trends, open alerts.

    For whoever changes one of these, in the same transaction; twice is the same as once.
    """
    facts = facts_now(patient, topics)
    rows = _locked(patient, topics)
    for topic in sorted(topics):
        said = facts[topic].as_json()
        row = rows.get(topic)
        if row is None:
            if any(said.values()):
                Snapshot.objects.create(
                    patient_id=patient, topic=topic, tiles=[], facts=said, known_at=now, built_at=now
                )
        elif row.facts != said and (row.facts or any(said.values())):
            _outdate(row, now)
            row.facts = said
            row.save(update_fields=["facts", "known_at"])
    place_topics(patient, topics, now=now)


def drop_snapshots(patient: UUID, topics: Collection[Topic], *, now: datetime) -> None:
    """Of these topics nothing is known any more; what was stays as a version."""
    for row in _locked(patient, topics).values():
        _outdate(row, now)
        row.delete()


def thin_versions(*, now: datetime) -> int:
    """After HOURLY_FOR one version a day is left of each topic, after KEPT none; answers how many went."""
    until = now - HOURLY_FOR
    given = {"oldest": now - KEPT, "since": until - LOOKED_BACK, "until": until}
    with acting_for_all(), connection.cursor() as cursor:
        cursor.execute(_THIN, given)
        return int(cursor.rowcount)


def _locked(patient: UUID, topics: Collection[Topic]) -> Mapping[str, Snapshot]:
    rows = Snapshot.objects.filter(patient_id=patient, topic__in=topics).order_by("topic")
    return {row.topic: row for row in rows.select_for_update()}


def _outdate(row: Snapshot, now: datetime) -> None:
    """The row is about to say something else: it is kept as it is, if it stood when an hour ended."""
    if _hour(row.known_at) < _hour(now):
        SnapshotVersion.objects.create(
            patient_id=row.patient_id,
            topic=row.topic,
            known_at=row.known_at,
            said=pack({"tiles": row.tiles, "facts": row.facts}),
        )
    row.known_at = now


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)
