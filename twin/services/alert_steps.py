"""What happens to an alert, written down: the one way in which its status changes."""

from datetime import datetime

from backend.changes import Entry
from backend.models import User
from backend.rules import Topic
from twin.models import Alert, AlertStep
from twin.warnings.life import Status, Step, after


def take_step(alert: Alert, step: Step, *, at: datetime, actor: User | None = None, note: str = "") -> Entry:
    """Writes the step and moves the alert's status, which the caller saves; answers what the log has to say.

    Raises NoSuchStep where the step cannot follow. The caller holds the alert's row.
    """
    alert.status = after(Status(alert.status), step).value
    return _write(alert, step, at, actor, note)


def begin(alert: Alert, *, at: datetime) -> Entry:
    """Writes a new alert's first step."""
    return _write(alert, Step.RAISED, at, None, "")


def entry(alert: Alert) -> Entry:
    """The alert as the patient's log names it."""
    return Entry(Topic(alert.topic), f"alert/{alert.id}")


def _write(alert: Alert, step: Step, at: datetime, actor: User | None, note: str) -> Entry:
    AlertStep.objects.create(
        alert=alert,
        patient_id=alert.patient_id,
        topic=alert.topic,
        step=step.value,
        severity=alert.severity,
        at=at,
        actor=actor,
        note=note,
    )
    return entry(alert)
