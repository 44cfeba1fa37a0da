"""What reminders offer the other rooms through the ports."""

from collections.abc import Collection, Mapping
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from backend.changes import record_changes
from backend.models import Patient, User
from backend.ports import Panel, Synced, ports
from backend.queries import zone_history_of
from backend.rules import Topic
from reminders.models import Reminder
from reminders.queries import doses_named, plans_of, routine_of, stock_outlooks
from reminders.serializers import DoseOut, PlanOut, ReminderOut, RoutineIO
from reminders.services.deliveries import displayed
from reminders.services.demo import seed
from reminders.services.doses import critical_doses
from reminders.services.imported_plans import follow_medicines
from reminders.services.planning import plan_ahead
from twin.series import store


def register() -> None:
    """Fills the ports; runs once, when the app is ready."""
    ports.panels.append(Panel("medication", "Medication", "console:medication", 27))
    ports.zone_followers.append(follow_zone)
    ports.critical_doses.append(critical_doses)
    ports.seeders.append(seed)
    ports.medicine_followers.append(follow_medicines)
    ports.synced |= {
        "plan": Synced(plans_now),
        "dose": Synced(doses_now),
        "reminder": Synced(reminders_now),
        "routine": Synced(routine_now),
    }
    ports.displayed["reminder"] = reminder_displayed


def follow_zone(patient: UUID, since: datetime, now: datetime) -> None:  # noqa: ARG001 - the port's signature
    """Doses ahead come by the clocks by which the patient lives now; those of the past stay as they were."""
    store.lock(patient)
    record_changes(patient, plan_ahead(patient, now=now))


def plans_now(patient: Patient, refs: Collection[str], topics: Collection[Topic]) -> Mapping[str, object]:
    """Of `plan/<id>` the plan and what it says now."""
    found = list(plans_of(patient, topics).filter(id__in=_names(refs)))
    zone = zone_history_of(patient.id)
    stocks = {"stocks": stock_outlooks(patient, found, zone, now=timezone.now())}
    return {f"plan/{one.id}": PlanOut(one, context=stocks).data for one in found}


def doses_now(patient: Patient, refs: Collection[str], topics: Collection[Topic]) -> Mapping[str, object]:
    """Of `dose/<id>` the dose and what became of it."""
    return {f"dose/{one.id}": DoseOut(one).data for one in doses_named(patient, topics, _names(refs))}


def reminders_now(patient: Patient, refs: Collection[str], topics: Collection[Topic]) -> Mapping[str, object]:
    """Of `reminder/<id>` how it went."""
    found = Reminder.objects.filter(patient=patient, topic__in=topics, id__in=_names(refs))
    found = found.select_related("taken_care_by")
    return {f"reminder/{one.id}": ReminderOut(one).data for one in found}


def routine_now(
    patient: Patient,
    refs: Collection[str],
    topics: Collection[Topic],  # noqa: ARG001 - the port's signature
) -> Mapping[str, object]:
    """Of `routine` the patient's day by the clock."""
    return dict.fromkeys(refs, RoutineIO(asdict(routine_of(patient.id))).data)


def reminder_displayed(person: User, reminder: UUID, now: datetime) -> bool:
    """The person's open page has shown her the reminder; whether it was hers to see."""
    return displayed(person=person, reminder_id=reminder, channel="live", now=now)


def _names(refs: Collection[str]) -> list[str]:
    return [ref.partition("/")[2] for ref in refs]
