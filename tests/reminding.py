"""Plans, doses and reminders as rows, and a channel that keeps what it was given."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import count

from backend.actor import acting_for_all
from reminders.models import (
    Dose,
    MedicationPlan,
    Origin,
    PlanStatus,
    PlanVersion,
    Reminder,
    ReminderKind,
)
from reminders.tellings import Message, Outcome, Result

_numbers = count(1)
WINDOW = timedelta(hours=4)
DAILY = {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d", "timeOfDay": ["08:00"]}}


def make_plan(
    patient, medicine="Ramipril", *, now: datetime, is_critical=False, timing=None
) -> MedicationPlan:
    with acting_for_all():
        plan = MedicationPlan.objects.create(
            patient=patient,
            origin=Origin.CLINICIAN,
            status=PlanStatus.ACTIVE,
            is_critical=is_critical,
            made_by=patient.user,
            made_at=now,
            confirmed_by=patient.user,
            confirmed_at=now,
        )
        PlanVersion.objects.create(
            patient=patient,
            plan=plan,
            number=1,
            medicine=medicine,
            timing=timing or DAILY,
            starts_on=now.date(),
            window_minutes=240,
            repeat_minutes=15,
            written_by=patient.user,
            written_at=now,
        )
    return plan


def make_reminder(patient, at: datetime, *medicines: str, repeat: int | None = 15, **fields) -> Reminder:
    """A reminder of what is due then: a dose of each of these medicines."""
    with acting_for_all():
        reminder = Reminder.objects.create(
            patient=patient,
            topic="medication",
            **{
                "kind": ReminderKind.DOSES,
                "key": f"{at.isoformat()} {next(_numbers)}",
                "at": at,
                "due_at": at,
            }
            | {"too_late_at": at + WINDOW, "repeat_minutes": repeat}
            | fields,
        )
        for medicine in medicines or ("Ramipril",) if reminder.kind == ReminderKind.DOSES else ():
            plan = make_plan(patient, medicine, now=at)
            Dose.objects.create(
                patient=patient,
                plan=plan,
                version=plan.versions.get(),
                slot=at.isoformat(),
                due_at=at,
                missed_after=at + WINDOW,
                reminder=reminder,
            )
    return reminder


def make_reminders(patients, at: datetime) -> None:
    """One for each of the patients, of a dose that is due then."""
    for patient in patients:
        make_reminder(patient, at)


class Box:
    """A channel at the far end of which nobody is: keeps what it was given, and answers as it is told to."""

    def __init__(self, answer: Callable[[Message], Outcome] = lambda _: Outcome(Result.SENT)) -> None:
        self.messages: list[Message] = []
        self.answer = answer

    def send(self, messages: Sequence[Message], *, now: datetime) -> list[Outcome]:  # noqa: ARG002 - a channel has it
        self.messages += messages
        return [self.answer(one) for one in messages]
