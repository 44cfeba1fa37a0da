"""Who else is told of a patient's medication, as she has agreed, and who of them takes care of something."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.http import Http404

from backend.access import Access
from backend.actor import acting_for_all, acting_on
from backend.changes import Entry, record_changes
from backend.models import User
from backend.queries import readers_of
from backend.rules import Need, Topic
from reminders.models import CaregiverAgreement, Delivery, Reminder, ReminderKind, ReminderStatus

FOR_CAREGIVERS = (ReminderKind.MISSED_CRITICAL, ReminderKind.LOW_STOCK)


@dataclass(frozen=True, slots=True)
class Caregiver:
    """Somebody with whom medication is shared, and since when she is told of it, if she is."""

    person: User
    agreed_at: datetime | None


def caregivers_of(access: Access, *, now: datetime) -> list[Caregiver]:
    """Who has a grant for medication of her own and is no clinician, by name; for the patient alone."""
    patient = access.patient.id
    with acting_for_all():
        readers = readers_of(patient, Topic.MEDICATION, now=now)
        people = list(
            User.objects.filter(id__in=readers.persons - readers.clinicians, is_active=True).order_by(
                "name", "id"
            )
        )
    agreed = dict(
        CaregiverAgreement.objects.filter(patient=patient, ended_at=None).values_list("person", "agreed_at")
    )
    return [Caregiver(person, agreed.get(person.id)) for person in people]


def agree(*, access: Access, person_id: UUID, now: datetime) -> list[Caregiver]:
    """From now on she is told of missed critical doses and of low stock; a second time changes nothing.

    Raises Http404 for somebody with whom medication is not shared.
    """
    _caregiver(caregivers_of(access, now=now), person_id)
    CaregiverAgreement.objects.get_or_create(
        patient=access.patient, person_id=person_id, ended_at=None, defaults={"agreed_at": now}
    )
    return caregivers_of(access, now=now)


def disagree(*, access: Access, person_id: UUID, now: datetime) -> list[Caregiver]:
    """From now on she is told of nothing; also of somebody whose grant has ended."""
    standing = CaregiverAgreement.objects.filter(patient=access.patient, person=person_id, ended_at=None)
    standing.update(ended_at=now)
    return caregivers_of(access, now=now)


def take_care(*, person: User, reminder_id: UUID, now: datetime) -> Reminder:
    """Says to all who were told that this person takes care of it, and ends the telling; the first counts.

    Raises Http404 for a reminder of which the person was not told.
    """
    mine = Delivery.objects.visible_to(person, Need.READ).filter(reminder=reminder_id, recipient=person)
    found = mine.filter(reminder__kind__in=FOR_CAREGIVERS).values_list("patient_id", "topic").first()
    if found is None:
        raise Http404
    patient, topic = found
    with acting_on(patient):
        reminder = Reminder.objects.select_for_update(of=("self",)).get(id=reminder_id)
        if reminder.taken_care_at is None:
            reminder.taken_care_by, reminder.taken_care_at = person, now
            if reminder.status == ReminderStatus.WAITING:
                reminder.status, reminder.ended_at = ReminderStatus.ANSWERED, now
                reminder.due_at, reminder.lease_token = None, None
            reminder.save()
            Delivery.objects.filter(reminder=reminder, recipient=person, answered_at=None).update(
                answered_at=now
            )
            record_changes(patient, [Entry(Topic(topic), f"reminder/{reminder.id}")])
    return reminder


def _caregiver(several: Iterable[Caregiver], person_id: UUID) -> Caregiver:
    found = next((one for one in several if one.person.id == person_id), None)
    if found is None:
        raise Http404
    return found
