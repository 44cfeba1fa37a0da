"""Events of a life: entered by people, or lifted from what records say of medicines."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from itertools import pairwise
from uuid import UUID

from django.http import Http404

from backend.access import Access
from backend.actor import acting_on
from backend.changes import Entry, record_changes
from backend.models import ChangeOp
from backend.queries import zone_history_of
from backend.rules import Topic
from backend.services import NotPossible
from twin.intake.items import RecordType
from twin.models import Event, EventType, Forecast, Record, RecordVersion
from twin.series import store
from twin.services.forecasts import forget_states, mark_stale
from twin.services.versions import version_of
from twin.state.medicines import ENDED, Medicine, dose_of, is_other_dose, medicine_events

EARLIEST = date(1900, 1, 1)
AHEAD = timedelta(days=366)
"""So far ahead can an event be planned."""
_OF_MEDICINES = frozenset(
    {EventType.MEDICINE_STARTED, EventType.MEDICINE_CHANGED, EventType.MEDICINE_STOPPED}
)


@dataclass(frozen=True, slots=True)
class Entered:
    """An event as a person tells it, by the patient's own days."""

    type: EventType
    starts_on: date
    ends_on: date | None = None
    text: str = ""


def enter_event(*, access: Access, entered: Entered, now: datetime) -> Event:
    """Keeps what a person tells of; the forecasts follow.

    Raises NotPossible for impossible days, Http404 for a topic in which the person may not act.
    """
    topic = _topic(access, entered)
    _check(access, entered, now)
    store.lock(access.patient.id)
    made = Event.objects.create(
        patient=access.patient,
        topic=topic,
        type=entered.type,
        starts_on=entered.starts_on,
        ends_on=entered.ends_on,
        text=entered.text,
        entered_by=access.user,
        entered_at=now,
    )
    _tell(access.patient.id, [Entry(topic, f"event/{made.id}")], now)
    return made


def edit_event(*, access: Access, event_id: UUID, entered: Entered, now: datetime) -> Event:
    """Says anew what a person told of; the same again changes nothing.

    Raises NotPossible for impossible days and for an event that is lifted from a record, Http404 for one that
    is absent or that the person may not change.
    """
    event = _entered_event(access, event_id)
    topic = _topic(access, entered)
    _check(access, entered, now)
    said = {
        "topic": topic,
        "type": entered.type,
        "starts_on": entered.starts_on,
        "ends_on": entered.ends_on,
        "text": entered.text,
    }
    if all(getattr(event, column) == value for column, value in said.items()):
        return event
    # Whoever saw it under its former topic only must see it go.
    gone = [Entry(Topic(event.topic), f"event/{event.id}", ChangeOp.DELETE)] if topic != event.topic else []
    for column, value in said.items():
        setattr(event, column, value)
    event.save(update_fields=said)
    _tell(access.patient.id, [*gone, Entry(topic, f"event/{event.id}")], now)
    return event


def delete_event(*, access: Access, event_id: UUID, now: datetime) -> None:
    """Takes back what a person told of. Raises NotPossible and Http404 as edit_event does."""
    event = _entered_event(access, event_id)
    entry = Entry(Topic(event.topic), f"event/{event_id}", ChangeOp.DELETE)
    event.delete()
    _tell(access.patient.id, [entry], now)


def lift_events(patient_id: UUID, *, now: datetime, without: UUID | None = None) -> list[Entry]:
    """Brings the events of the patient's medicines in line with all records of them; twice changes nothing.

    As if there were no record `without`, which is about to go. In the caller's transaction, to which it
    answers what the log has to say. Forecasts follow where a day changed.
    """
    # Who writes one record may not see another that goes with it.
    with acting_on(patient_id):
        store.lock(patient_id)
        wanted = {
            (event.record, event.type, event.on): event
            for event in medicine_events(_medicines(patient_id, without))
        }
        lifted = Event.objects.filter(patient_id=patient_id, record__isnull=False)
        kept = {(event.record_id, event.type, event.starts_on): event for event in lifted}
        gone = [event for key, event in kept.items() if key not in wanted]
        new = [
            Event(
                patient_id=patient_id,
                record_id=record,
                type=type_,
                starts_on=on,
                topic=one.topic,
                text=one.text,
            )
            for (record, type_, on), one in wanted.items()
            if (record, type_, on) not in kept
        ]
        moved, renamed = [], []
        for key, event in kept.items():
            if key in wanted and (event.topic, event.text) != (wanted[key].topic, wanted[key].text):
                if event.topic != wanted[key].topic:
                    moved.append(Entry(Topic(event.topic), f"event/{event.id}", ChangeOp.DELETE))
                event.topic, event.text = wanted[key].topic, wanted[key].text
                renamed.append(event)
        lifted.filter(id__in=[event.id for event in gone]).delete()
        Event.objects.bulk_create(new, batch_size=1000)
        Event.objects.bulk_update(renamed, ["topic", "text"], batch_size=1000)
        if gone or new:
            forecasts_follow(patient_id, now)
    return [
        *(Entry(Topic(event.topic), f"event/{event.id}", ChangeOp.DELETE) for event in gone),
        *moved,
        *(Entry(Topic(event.topic), f"event/{event.id}") for event in [*new, *renamed]),
    ]


def forecasts_follow(patient_id: UUID, now: datetime) -> None:
    """Models forget a past in which other events lay, and what was forecast from it is made anew."""
    # An event bears on every kind, also on those that its teller may not see.
    with acting_on(patient_id):
        current = Forecast.objects.filter(patient_id=patient_id, superseded_at=None)
        forget_states(patient_id)
        mark_stale(patient_id, list(current.values_list("kind", flat=True)), now=now)


def _tell(patient_id: UUID, entries: list[Entry], now: datetime) -> None:
    forecasts_follow(patient_id, now)
    record_changes(patient_id, entries)


def _topic(access: Access, entered: Entered) -> Topic:
    topic = Topic.MEDICATION if entered.type in _OF_MEDICINES else Topic.RECORDS
    access.topic(topic)
    return topic


def _check(access: Access, entered: Entered, now: datetime) -> None:
    today = now.astimezone(zone_history_of(access.patient.id)).date()
    for field, day in (("starts_on", entered.starts_on), ("ends_on", entered.ends_on)):
        if day is not None and not EARLIEST <= day <= today + AHEAD:
            raise NotPossible(field, "This is too far back or in the future.")
    if entered.ends_on is not None and entered.ends_on < entered.starts_on:
        raise NotPossible("ends_on", "The end does not come after the start.")


def _entered_event(access: Access, event_id: UUID) -> Event:
    store.lock(access.patient.id)
    event = Event.objects.filter(patient=access.patient, topic__in=access.topics, id=event_id).first()
    if event is None:
        raise Http404
    if event.record_id is not None:
        raise NotPossible("event", "This follows from a record of a medicine: change the record.")
    return event


def _medicines(patient_id: UUID, without: UUID | None) -> list[Medicine]:
    zone = zone_history_of(patient_id)
    found = Record.objects.filter(patient_id=patient_id, type=RecordType.MEDICATION)
    records = list(found.exclude(id=without) if without else found)
    versions: defaultdict[UUID, list[RecordVersion]] = defaultdict(list)
    said_before = RecordVersion.objects.filter(
        record__in=[one.id for one in records if one.edited_by_id and one.version > 1], lost_at=None
    )
    for version in said_before.order_by("number"):
        versions[version.record_id].append(version)
    return [_medicine(one, versions[one.id], zone) for one in records]


@dataclass(frozen=True, slots=True)
class _Words:
    """What a record said, since when, and whether a person wrote it."""

    at: datetime
    by_hand: bool
    dose: str
    has_ended: bool

    @classmethod
    def of(cls, version: RecordVersion) -> "_Words":
        said = version.said
        dose, by_hand = dose_of(said["text"], said["body"]), version.edited_by_id is not None
        return cls(version.edited_at, by_hand, dose, said["status"] in ENDED)


def _medicine(row: Record, versions: Iterable[RecordVersion], zone: tzinfo) -> Medicine:
    words = [_Words.of(version) for version in [*versions, version_of(row)]]
    # When a file says something else than the one before it, the day between is not known.
    edits = [(before, after) for before, after in pairwise(words) if after.by_hand]
    changed = [after.at for before, after in edits if is_other_dose(before.dose, after.dose)]
    ended = [after.at for before, after in edits if after.has_ended and not before.has_ended]
    ends_at = row.ends_at or (ended[-1] if ended and words[-1].has_ended else None)
    return Medicine(
        record=row.id,
        topic=row.topic,
        text=row.text,
        status=row.status,
        starts_on=row.starts_at.astimezone(zone).date() if row.starts_at else None,
        ends_on=ends_at.astimezone(zone).date() if ends_at else None,
        dose=words[-1].dose,
        dose_changed_on=tuple(at.astimezone(zone).date() for at in changed),
    )
