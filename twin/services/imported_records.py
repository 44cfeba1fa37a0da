"""Records that come with a file; what a person wrote stays hers. Runs in the caller's transaction."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from backend.changes import Entry, record_changes
from backend.identifiers import new_id
from backend.models import Change, ChangeOp
from backend.ports import ports
from backend.rules import Topic
from twin.intake.items import Record, RecordType
from twin.models import Record as RecordRow
from twin.models import RecordVersion
from twin.report import Report
from twin.services.events import lift_events
from twin.services.population import place_topics
from twin.services.stale_scores import mark_scores_stale
from twin.services.stale_warnings import mark_warnings_stale
from twin.services.versions import said_of, version_of
from twin.text import shortened

Key = tuple[str, str, str]
"""A record's type, source and identity: what makes it the same in the next file."""


def store_records(
    patient: UUID, records: Sequence[Record], report: Report, now: datetime, upload: UUID | None
) -> None:
    """Stores new records, replaces what an earlier file said, counts everything and tells the log.

    The caller holds the patient's lock. Former words are kept as a version. A file never replaces what a
    person wrote, as an older export would: its words wait beside hers as a lost version, unless she has had
    them before; and what she deleted it does not bring back.
    """
    # Of two in one flush the later one counts, as across uploads.
    newest = {_key(record): record for record in records}
    found = RecordRow.objects.filter(patient_id=patient, identity__in={identity for _, _, identity in newest})
    kept = {(row.type, row.source, row.identity): row for row in found}
    deleted = _deleted(patient, newest.keys() - kept.keys())
    rows: list[RecordRow] = []
    beside: list[RecordRow] = []
    versions: list[RecordVersion] = []
    entries: list[Entry] = []
    for record in records:
        key = _key(record)
        known, columns, tally = kept.get(key), _columns(record), report.of_type(key[0])
        row = RecordRow(
            id=known.id if known else new_id(),
            patient_id=patient,
            type=key[0],
            source=key[1],
            identity=key[2],
            upload_id=upload,
            updated_at=now,
            version=known.version + 1 if known else 1,
            **columns,
        )
        if newest[key] is not record or key in deleted:
            tally.known += 1
        elif known is None:
            tally.stored += 1
            rows.append(row)
        elif all(getattr(known, name) == value for name, value in columns.items()):
            tally.known += 1
        elif known.edited_by_id is not None:
            tally.known += 1
            row.topic, row.version = known.topic, known.version
            beside.append(row)
        else:
            tally.replaced += 1
            rows.append(row)
            versions.append(version_of(known))
            if known.topic != row.topic:
                # Whoever saw it under its former topic only must see it go.
                entries.append(Entry(Topic(known.topic), f"record/{known.id}", ChangeOp.DELETE))
    lost = _unheard(beside, now)
    RecordVersion.objects.bulk_create([*versions, *lost], batch_size=5000)
    RecordRow.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["patient", "type", "source", "identity"],
        update_fields=[*_columns(records[0]), "upload", "updated_at", "version"],
    )
    entries += [Entry(Topic(row.topic), f"record/{row.id}") for row in rows]
    entries += [Entry(Topic(version.topic), f"record/{version.record_id}") for version in lost]
    entries += _follow_medicines(patient, rows, now)
    conditions = {Topic(row.topic) for row in rows if row.type == RecordType.CONDITION}
    place_topics(patient, conditions, now=now)
    if conditions:
        mark_warnings_stale([patient], due_at=now)
    if rows:
        mark_scores_stale(patient, now=now)
    record_changes(patient, entries)


def _follow_medicines(patient: UUID, rows: Iterable[RecordRow], now: datetime) -> list[Entry]:
    """What follows from medicines: events of the twin, and whatever other rooms make of them."""
    medicines = [row.id for row in rows if row.type == RecordType.MEDICATION]
    if not medicines:
        return []
    for follow in ports.medicine_followers:
        follow(patient, medicines, now)
    return lift_events(patient, now=now)


def _deleted(patient: UUID, keys: Iterable[Key]) -> Collection[Key]:
    """Those whose record a person wrote and deleted: its identity is the id that the log names."""
    refs = {f"record/{key[2]}": key for key in keys if len(key[2]) == len(str(patient))}
    found = Change.objects.filter(stream=patient, ref__in=refs, op=ChangeOp.DELETE)
    return {refs[ref] for ref in found.values_list("ref", flat=True)}


def _unheard(rows: Sequence[RecordRow], now: datetime) -> list[RecordVersion]:
    """What a file says beside a person's own words, as lost versions; not what she has had before."""
    said: defaultdict[UUID, list[Any]] = defaultdict(list)
    earlier = RecordVersion.objects.filter(record__in=[row.id for row in rows]) if rows else ()
    for version in earlier:
        said[version.record_id].append(version.said)
    return [version_of(row, lost_at=now) for row in rows if said_of(row) not in said[row.id]]


def _key(record: Record) -> Key:
    return record.type.value, shortened(record.source, 200), shortened(record.identity, 200)


def _columns(record: Record) -> dict[str, Any]:
    return {
        "topic": record.topic,
        "system": record.system[:200],
        "code": record.code[:100],
        "text": record.text,
        "status": record.status[:40],
        "starts_at": record.start,
        "ends_at": record.end,
        "body": record.body,
    }
