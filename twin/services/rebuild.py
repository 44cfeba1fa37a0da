"""Everything derived, made anew from what was measured."""

from datetime import datetime
from uuid import UUID

from backend.actor import acting_on
from backend.changes import record_change
from backend.rules import Topic
from twin.kinds import kind
from twin.models import DaySummary, Snapshot
from twin.series import store
from twin.services.digest import digest
from twin.services.forecasts import SETTLE, mark_stale, refresh_forecasts
from twin.services.intake import Touched, widen


def rebuild(patient_id: UUID, *, now: datetime) -> None:
    """Day summaries, snapshots and forecasts of one patient as the series give them; past forecasts stay."""
    with acting_on(patient_id):
        digest_all(patient_id, now=now)
    refresh_forecasts(patient_id, now=now + SETTLE)


def digest_all(patient_id: UUID, *, now: datetime) -> None:
    """Day summaries and snapshots as the series give them in the patient's zone; forecasts become stale.

    In the caller's transaction.
    """
    store.lock(patient_id)
    DaySummary.objects.filter(patient_id=patient_id).delete()
    Snapshot.objects.filter(patient_id=patient_id).delete()
    touched = Touched()
    for extent in store.extents(patient_id):
        widen(touched, extent.kind, extent.first_at, extent.last_at)
    digest(patient_id, touched, now=now)
    mark_stale(patient_id, touched, now=now)
    for code in sorted(touched):
        record_change(patient_id, topic=Topic(kind(code).topic), ref=f"series/{code}")
