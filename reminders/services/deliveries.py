"""What devices and links tell of reminders: that one has arrived, was shown, was put off or answered."""

from datetime import datetime, timedelta
from uuid import UUID, uuid5

from django.db.models import QuerySet
from django.http import Http404

from backend.access import access_patient
from backend.actor import acting_for, acting_for_all, acting_on
from backend.models import User
from backend.rules import Need
from backend.services import NotPossible
from reminders.answer_links import Answer, ExpiredLink, Link
from reminders.models import Delivery, Dose, DoseStatus, Reminder, ReminderStatus
from reminders.services.doses import Said, answer_doses

LONGEST_LATER = timedelta(hours=12)


def arrived(*, person: User, delivery_id: UUID, shown: bool, now: datetime) -> bool:
    """A device has got a delivery, and maybe shown it; whether it was the person's. Twice is once."""
    found = Delivery.objects.visible_to(person, Need.READ).filter(id=delivery_id, recipient=person).first()
    if found is None:
        return False
    with acting_on(found.patient_id):
        mine = Delivery.objects.filter(id=delivery_id)
        mine.filter(delivered_at=None).update(delivered_at=now)
        if shown:
            mine.filter(displayed_at=None).update(displayed_at=now)
    return True


def displayed(*, person: User, reminder_id: UUID, channel: str, now: datetime) -> bool:
    """A page has shown the person a reminder that reached it by a channel; whether it was hers to see."""
    mine = _deliveries(person, reminder_id).filter(channel=channel)
    patient = mine.values_list("patient_id", flat=True).first()
    if patient is None:
        return Reminder.objects.visible_to(person, Need.READ).filter(id=reminder_id).exists()
    with acting_on(patient):
        rows = Delivery.objects.filter(reminder=reminder_id, recipient=person, channel=channel)
        rows.filter(displayed_at=None).update(delivered_at=now, displayed_at=now)
    return True


def put_off(*, person: User, reminder_id: UUID, until: datetime, now: datetime) -> Reminder | None:
    """The reminder comes again at an instant; None where it is not one of the person's, or has ended.

    Raises NotPossible for an instant that is past or further away than anybody remembers.
    """
    patient = _deliveries(person, reminder_id).values_list("patient_id", flat=True).first()
    if patient is None:
        return None
    if not now < until <= now + LONGEST_LATER:
        raise NotPossible("until", "Within the next 12 hours is possible.")
    with acting_on(patient):
        waiting = Reminder.objects.filter(id=reminder_id, status=ReminderStatus.WAITING)
        # A dispatcher that has it in hand settles with its token, and so no more: a new round begins then.
        waiting.update(due_at=until, round_at=None, lease_token=None)
        return waiting.first()


def _deliveries(person: User, reminder_id: UUID) -> QuerySet[Delivery]:
    return Delivery.objects.visible_to(person, Need.READ).filter(reminder=reminder_id, recipient=person)


def answer_by_link(link: Link, *, now: datetime) -> int:
    """Says what the link says of each dose of its reminder that is not answered yet; how many these are.

    As the person to whom the mail went, who may still act for this patient; else nothing is answered. Raises
    ExpiredLink where the reminder is gone.
    """
    with acting_for_all():
        found = Delivery.objects.filter(id=link.delivery).select_related("recipient").first()
    if found is None:
        raise ExpiredLink("its reminder is gone")
    with acting_for(found.recipient_id):
        try:
            access = access_patient(found.recipient, found.patient_id, Need.ACT, what="dose by mail")
        except Http404:
            return 0
        open_ = Dose.objects.filter(
            reminder=found.reminder_id, status__in=[DoseStatus.DUE, DoseStatus.MISSED]
        ).order_by("id")
        is_taken = link.answer is Answer.TAKEN
        said = [
            Said(
                # The same link twice says the same thing once.
                key=uuid5(found.id, f"{dose} {link.answer}"),
                status=DoseStatus.TAKEN if is_taken else DoseStatus.SKIPPED,
                said_at=now,
                dose=dose,
                taken_at=now if is_taken else None,
            )
            for dose in open_.values_list("id", flat=True)
        ]
        answer_doses(access=access, said=said, now=now)
    return len(said)
