"""Patients whose scores are behind what they stand on: marked by whoever changes that."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from backend import sql
from backend.actor import acting_for_all
from backend.celery import nudge
from twin.forecast.glucose_band import KIND as SENSOR_GLUCOSE
from twin.models import StaleScores
from twin.risk.data import load
from twin.scores import news2
from twin.warnings.moments import MOVEMENT

SETTLE = timedelta(seconds=10)
"""Data that keeps coming is worked out together, so often at most."""
SCORED = frozenset(
    {row["kind"] for row in load("handling")["inputs"].values() if "kind" in row}
    | {*news2.kinds(), *MOVEMENT, SENSOR_GLUCOSE.code}
)
"""The kinds on which scores stand."""

_MARK = """
    INSERT INTO twin_stalescores AS mark (patient_id, due_at) VALUES (%s, %s)
    ON CONFLICT (patient_id) DO UPDATE SET due_at = least(mark.due_at, excluded.due_at)
    RETURNING due_at
"""


def mark_scores_stale(patient: UUID, *, now: datetime, after: timedelta = SETTLE) -> None:
    """Asks for the patient's scores after a while, or earlier where that was asked for.

    In the caller's transaction, which holds the patient's lock.
    """
    due_at = now + after
    with sql.pipeline() as cursor:
        cursor.execute(_MARK, [patient, due_at])
    if cursor.fetchone() == (due_at,):
        nudge("twin.refresh_scores", str(patient), countdown=after.total_seconds())


def mark_scores_of(patient: UUID, codes: Iterable[str], *, now: datetime) -> None:
    """The same, where scores stand on one of these kinds."""
    if not SCORED.isdisjoint(codes):
        mark_scores_stale(patient, now=now)


def due_scores(*, now: datetime, limit: int) -> list[UUID]:
    """Patients whose scores are to be worked out, the longest waiting first."""
    with acting_for_all():
        due = StaleScores.objects.filter(due_at__lte=now).order_by("due_at")
        return list(due.values_list("patient_id", flat=True)[:limit])
