"""Records that people write by hand, also offline and at once: docs/decisions/0009."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import Http404

from backend.access import Access
from backend.changes import Entry, changes_after, record_changes
from backend.identifiers import new_id
from backend.models import Change, ChangeOp
from backend.rules import Topic
from backend.services import NotPossible
from twin.edits import Edit, Outcome, decide
from twin.intake.items import RecordType
from twin.models import Record
from twin.queries.records import unsettled
from twin.series import store
from twin.services.events import lift_events
from twin.services.observations import TYPED_IN
from twin.services.population import place_topics
from twin.services.stale_scores import mark_scores_stale
from twin.services.stale_warnings import mark_warnings_stale
from twin.services.versions import said_of, version_of

TOPICS = {
    RecordType.ACTIVITY: Topic.VITALS,
    RecordType.MEDICATION: Topic.MEDICATION,
    RecordType.TREATMENT: Topic.GLUCOSE,
    RecordType.VARIANT: Topic.GENES,
}
"""What a record is shared as unless its writer says otherwise; every other type as a record."""


@dataclass(frozen=True, slots=True)
class Written:
    """A record as a person writes it. `topic` None leaves it to the type."""

    type: RecordType
    text: str
    status: str = ""
    system: str = ""
    code: str = ""
    start: datetime | None = None
    end: datetime | None = None
    note: str = ""
    topic: Topic | None = None


def usual_topic(type_: RecordType) -> Topic:
    """As what a record is shared unless its writer says otherwise."""
    return TOPICS.get(type_, Topic.RECORDS)


def add_record(
    *, access: Access, written: Written, edited_at: datetime, now: datetime, record_id: UUID | None = None
) -> tuple[UUID, bool]:
    """Stores what a person wrote; answers its id and whether it is new.

    The same id and words again change nothing. Raises NotPossible for an id that is another record's or was
    deleted, Http404 for a topic in which the person may not act.
    """
    access.topic(written.topic or usual_topic(written.type))
    store.lock(access.patient.id)
    row = _row(access, written, record_id or new_id(), edited_at, now)
    known = Record.objects.filter(patient=access.patient, id=row.id).first()
    if known is not None:
        if (known.type, known.topic) == (row.type, row.topic) and any(
            (edit.said, edit.editor) == (said_of(row), access.user.id) for edit in _edits(known)
        ):
            return known.id, False
        raise NotPossible("id", "This id is another record's.")
    if _entries(access, row.id).exists():
        raise NotPossible("id", "This record was deleted meanwhile.")
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise NotPossible("id", "This id is another record's.") from None
    _tell(row, now=now)
    return row.id, True


def edit_record(
    *,
    access: Access,
    record_id: UUID,
    base: int,
    written: Written,
    edited_at: datetime,
    now: datetime,
    settles: Collection[UUID] = (),
) -> Outcome:
    """Lets an edit that was made on version `base` meet what stands now; answers what became of it.

    No words are lost: what an edit replaces, and what loses, is kept as a version. `settles` names lost
    versions that the editor has seen; they are settled when nothing came in between. An edit of a record that
    was deleted meanwhile revives it. Raises NotPossible for a record that no person wrote, and for another
    type or topic, Http404 for a record that is absent or that the person may not change.
    """
    store.lock(access.patient.id)
    row = Record.objects.filter(patient=access.patient, id=record_id).first()
    if row is None:
        return _revive(access, record_id, written, edited_at, now)
    _may_change(access, row)
    if written.type != row.type or (written.topic or row.topic) != row.topic:
        raise NotPossible("type", "A record stays of its type and topic: write a new one.")
    new = _row(access, written, row.id, edited_at, now)
    new.topic = row.topic
    current, *earlier = _edits(row)
    outcome = decide(current, earlier, Edit(base, said_of(new), access.user.id, edited_at, now))
    match outcome:
        case Outcome.REPEATED:
            return outcome
        case Outcome.STANDS | Outcome.WINS:
            version_of(row, lost_at=now if outcome is Outcome.WINS else None).save(force_insert=True)
            new.version = row.version + 1
            new.save(force_update=True)
        case Outcome.AGREES:
            new.version = row.version
            version_of(new).save(force_insert=True)
        case Outcome.LOST:
            new.version = base
            version_of(new, lost_at=now).save(force_insert=True)
    if base == row.version:
        unsettled(row.id).filter(id__in=settles).update(settled_at=now)
    _tell(row, now=now)
    return outcome


def delete_record(*, access: Access, record_id: UUID, version: int, now: datetime) -> None:
    """Deletes what a person wrote, with its versions and events; a second time changes nothing.

    Raises NotPossible where the record says something that the person has not seen: it is at another version,
    or a lost one is not settled. Raises Http404 as edit_record does.
    """
    store.lock(access.patient.id)
    row = Record.objects.filter(patient=access.patient, id=record_id).first()
    if row is None:
        if _entries(access, record_id).exists():
            return
        raise Http404
    _may_change(access, row)
    if row.version != version:
        raise NotPossible("version", "This was changed meanwhile. Look at it again before you delete it.")
    if unsettled(row.id).exists():
        raise NotPossible("version", "Two versions were written. Choose one before you delete it.")
    entry = Entry(Topic(row.topic), f"record/{record_id}", ChangeOp.DELETE)
    events = lift_events(access.patient.id, now=now, without=record_id) if _is_medicine(row) else []
    row.delete()
    if row.type == RecordType.CONDITION:
        place_topics(access.patient.id, {Topic(row.topic)}, now=now)
        mark_warnings_stale([access.patient.id], due_at=now)
    mark_scores_stale(access.patient.id, now=now)
    record_changes(access.patient.id, [*events, entry])


def _revive(access: Access, record_id: UUID, written: Written, edited_at: datetime, now: datetime) -> Outcome:
    entries = _entries(access, record_id)
    newest = entries.last()
    if newest is None:
        raise Http404
    row = _row(access, written, record_id, edited_at, now)
    row.topic = newest.topic
    # The log has an entry for each version at least: this is above every number that was ever given out.
    row.version = entries.count() + 1
    row.save(force_insert=True)
    _tell(row, now=now)
    return Outcome.STANDS


def _row(access: Access, written: Written, record_id: UUID, edited_at: datetime, now: datetime) -> Record:
    return Record(
        id=record_id,
        patient=access.patient,
        topic=written.topic or usual_topic(written.type),
        type=written.type,
        source=TYPED_IN,
        identity=str(record_id),
        system=written.system,
        code=written.code,
        text=written.text,
        status=written.status,
        starts_at=written.start,
        ends_at=written.end,
        body={"note": written.note} if written.note else {},
        updated_at=now,
        edited_by=access.user,
        edited_at=edited_at,
    )


def _may_change(access: Access, row: Record) -> None:
    access.topic(row.topic)
    if row.edited_by_id is None:
        raise NotPossible("record", "This came with a file and stays as it is: write a new record beside it.")


def _edits(row: Record) -> list[Edit]:
    """What stands, and then every other edit that is known."""
    return [
        Edit(one.number, one.said, one.edited_by_id, one.edited_at, one.received_at)
        for one in [version_of(row), *row.versions.order_by("id")]
    ]


def _entries(access: Access, record_id: UUID) -> QuerySet[Change]:
    """What the log has of a record, in the topics in which the person may act."""
    return changes_after(access.patient.id, 0, access.topics).filter(ref=f"record/{record_id}")


def _is_medicine(row: Record) -> bool:
    return row.type == RecordType.MEDICATION


def _tell(row: Record, *, now: datetime) -> None:
    events = lift_events(row.patient_id, now=now) if _is_medicine(row) else []
    if row.type == RecordType.CONDITION:
        place_topics(row.patient_id, {Topic(row.topic)}, now=now)
        mark_warnings_stale([row.patient_id], due_at=now)
    mark_scores_stale(row.patient_id, now=now)
    record_changes(row.patient_id, [*events, Entry(Topic(row.topic), f"record/{row.id}")])
