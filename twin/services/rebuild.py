"""Everything derived, made anew from what was measured."""

from datetime import UTC, date, datetime, time
from uuid import UUID

from django.db.models import Max, Min

from backend.actor import acting_on
from backend.changes import record_change, record_changes
from backend.rules import Topic
from twin.kinds import KINDS, kind
from twin.models import Baseline, DaySummary
from twin.series import store
from twin.services.digest import digest
from twin.services.events import lift_events
from twin.services.forecasts import SETTLE, forget_states, mark_stale, refresh_forecasts
from twin.services.intake import Touched, widen
from twin.services.scores import refresh_scores
from twin.services.snapshots import drop_snapshots, note_facts
from twin.services.stale_scores import SETTLE as SCORES_SETTLE
from twin.services.stale_scores import mark_scores_stale


def rebuild(patient_id: UUID, *, now: datetime) -> None:
    """Days, baselines, snapshots, medicines' events, models, forecasts and scores of one patient.

    From what is kept. Forecasts that were shown and versions of snapshots stay as they were.
    """
    with acting_on(patient_id):
        digest_all(patient_id, now=now)
        record_changes(patient_id, lift_events(patient_id, now=now))
        forget_states(patient_id)
        mark_scores_stale(patient_id, now=now)
    refresh_forecasts(patient_id, now=now + SETTLE)
    refresh_scores(patient_id, now=now + SCORES_SETTLE)


def digest_all(patient_id: UUID, *, now: datetime) -> None:
    """Days, baselines and snapshots as the series give them in the patient's zone; forecasts become stale.

    In the caller's transaction.
    """
    store.lock(patient_id)
    days = DaySummary.objects.filter(patient_id=patient_id)
    days.exclude(kind__in=KINDS).delete()
    Baseline.objects.filter(patient_id=patient_id).delete()
    touched = Touched()
    for extent in store.extents(patient_id):
        widen(touched, extent.kind, extent.first_at, extent.last_at)
    # Days on which nothing stands any more are only seen to go when they are looked at.
    for code, first, last in days.values_list("kind").annotate(Min("day"), Max("day")):
        widen(touched, code, _midnight(first), _midnight(last))
    drop_snapshots(patient_id, set(Topic) - {kind(code).topic for code in touched}, now=now)
    digest(patient_id, touched, now=now)
    note_facts(patient_id, set(Topic), now=now)
    mark_stale(patient_id, touched, now=now)
    for code in sorted(touched):
        record_change(patient_id, topic=Topic(kind(code).topic), ref=f"series/{code}")


def _midnight(day: date) -> int:
    return round(datetime.combine(day, time(), UTC).timestamp() * 1000)
