"""What reminders offer the other rooms through the ports."""

from datetime import datetime
from uuid import UUID

from backend.changes import record_changes
from backend.ports import ports
from reminders.services.doses import critical_doses
from reminders.services.planning import plan_ahead
from twin.series import store


def register() -> None:
    """Fills the ports; runs once, when the app is ready."""
    ports.zone_followers.append(follow_zone)
    ports.critical_doses.append(critical_doses)


def follow_zone(patient: UUID, since: datetime, now: datetime) -> None:  # noqa: ARG001 - the port's signature
    """Doses ahead come by the clocks by which the patient lives now; those of the past stay as they were."""
    store.lock(patient)
    record_changes(patient, plan_ahead(patient, now=now))
