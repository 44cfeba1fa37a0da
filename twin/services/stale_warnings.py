"""Patients whose rules of early warning have to be looked at: marked by whoever changes what they look at."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from psycopg.types.json import Jsonb

from backend import sql
from backend.actor import acting_for_all
from backend.queries import everybody
from twin.models import StaleWarnings

GRACE = timedelta(seconds=5)
"""The worker that sums up days looks at the rules right after; a sweep takes over what it leaves so long."""

_MARK = """
    INSERT INTO twin_stalewarnings AS mark (patient_id, due_at, arrived)
    SELECT patient, %s, %s FROM unnest(%s::uuid[]) AS patient ORDER BY patient
    ON CONFLICT (patient_id) DO UPDATE SET
        due_at = least(mark.due_at, excluded.due_at), arrived = mark.arrived || excluded.arrived
"""


def mark_warnings_stale(
    patients: Collection[UUID], *, due_at: datetime, arrived: Mapping[str, Sequence[int]] | None = None
) -> None:
    """Asks for a look at these patients' rules from an instant on, or earlier where that was asked for.

    `arrived`: for each kind the first and last instant (ms) of what came; then it is looked at as soon as
    somebody gets to it. In the caller's transaction.
    """
    if patients:
        rows = [[code, first, last] for code, (first, last) in sorted((arrived or {}).items())]
        with sql.pipeline() as cursor:
            cursor.execute(_MARK, [due_at, Jsonb(rows), list(patients)])


def mark_everybody(*, now: datetime) -> int:
    """Asks for a look at everybody: rules may have changed, and a new day moves what is usual."""
    with acting_for_all():
        patients = list(everybody().values_list("id", flat=True))
        mark_warnings_stale(patients, due_at=now)
    return len(patients)


def due_checks(*, now: datetime, limit: int) -> list[UUID]:
    """Patients whose rules are to be looked at, the longest waiting first."""
    with acting_for_all():
        due = StaleWarnings.objects.filter(due_at__lte=now).order_by("due_at")
        return list(due.values_list("patient_id", flat=True)[:limit])
