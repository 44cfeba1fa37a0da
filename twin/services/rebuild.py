"""Everything derived, made anew from what was measured."""

from datetime import datetime
from uuid import UUID

from backend.actor import acting_on
from backend.changes import record_change
from backend.models import Patient
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
        patient = Patient.objects.get(id=patient_id)
        store.lock(patient_id)
        DaySummary.objects.filter(patient=patient).delete()
        Snapshot.objects.filter(patient=patient).delete()
        touched = Touched()
        for extent in store.extents(patient_id):
            widen(touched, extent.kind, extent.first_at, extent.last_at)
        digest(patient, touched, now=now)
        mark_stale(patient_id, list(touched), now=now)
        for code in sorted(touched):
            record_change(patient_id, topic=Topic(kind(code).topic), ref=f"series/{code}")
    refresh_forecasts(patient_id, now=now + SETTLE)
