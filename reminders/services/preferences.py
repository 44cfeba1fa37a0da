"""How people want to be reminded: a patient's own day, a person's channels and quiet hours."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from backend.access import Access
from backend.changes import Entry, record_changes
from backend.models import User
from backend.rules import Topic
from backend.services import NotPossible
from reminders.models import ReminderPreference, RoutineTimes
from reminders.services.planning import plan_ahead
from reminders.timing import Routine, TimingError
from twin.series import store


def set_routine(*, access: Access, times: Mapping[str, Any], now: datetime) -> Routine:
    """Says anew when the patient gets up, eats and goes to bed; her doses follow.

    Raises NotPossible for times that do not follow each other.
    """
    access.topic(Topic.MEDICATION)
    try:
        routine = Routine(**times)
    except TimingError as error:
        raise NotPossible(error.field, error.reason) from None
    store.lock(access.patient.id)
    said = {name: f"{at:%H:%M}" for name, at in asdict(routine).items()}
    RoutineTimes.objects.update_or_create(patient=access.patient, defaults={"times": said})
    entries = plan_ahead(access.patient.id, now=now)
    record_changes(access.patient.id, [Entry(Topic.MEDICATION, "routine"), *entries])
    return routine


def set_preferences(*, person: User, given: Mapping[str, Any]) -> ReminderPreference:
    """Says anew how a person wants to be reminded. Raises NotPossible for half of a pair of quiet hours."""
    if (given["quiet_from"] is None) != (given["quiet_until"] is None):
        raise NotPossible("quiet_until", "Quiet hours have a beginning and an end.")
    if len(set(given["channels"])) < len(given["channels"]):
        raise NotPossible("channels", "Each channel has one place in the order.")
    found, _ = ReminderPreference.objects.update_or_create(person=person, defaults=dict(given))
    return found
