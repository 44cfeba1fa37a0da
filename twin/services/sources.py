"""Devices and apps that fall silent, and those that speak again."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db.models import Q

from backend.actor import acting_for_all, acting_on
from backend.changes import Entry, record_changes
from backend.rules import Topic
from twin.kinds import kind
from twin.models import Source
from twin.series import store
from twin.services.stale_warnings import mark_warnings_stale
from twin.state.habit import LEAST_DAYS, LEAST_PATIENCE, RETIRED_AFTER, remembered, silent_since


def note_news(patient: UUID, sources: Collection[UUID], *, now: datetime) -> None:
    """Something new came of these sources: today is one of their days, and a silence ends.

    In the caller's transaction, which holds the patient's lock; twice in a day is the same as once.
    """
    today = now.astimezone(UTC).date()
    ended = []
    for source in Source.objects.filter(patient_id=patient, id__in=sources):
        if source.silent_since is not None:
            ended.append(source.id)
        source.spoke_on, source.silent_since = remembered(source.spoke_on, today), None
        source.save(update_fields=["spoke_on", "silent_since"])
    record_changes(patient, _entries(patient, ended))


def notice_silence(*, now: datetime) -> int:
    """Every source that has been quiet for longer than its habit is marked, and none that is retired.

    Answers how many marks changed. Twice is the same as once.
    """
    today = now.astimezone(UTC).date()
    quiet = Q(
        silent_since=None,
        spoke_on__len__gte=LEAST_DAYS,
        spoke_on__0__lt=today - timedelta(days=LEAST_PATIENCE),
        spoke_on__0__gt=today - RETIRED_AFTER,
    )
    put_away = Q(silent_since__isnull=False, spoke_on__0__lte=today - RETIRED_AFTER)
    with acting_for_all():
        rows = Source.objects.filter(quiet | put_away)
        patients = {row.patient_id for row in rows if row.silent_since != silent_since(row.spoke_on, now)}
    return sum(_notice(patient, now) for patient in sorted(patients))


def _notice(patient: UUID, now: datetime) -> int:
    changed = []
    with acting_on(patient):
        store.lock(patient)
        for source in Source.objects.filter(patient_id=patient):
            since = silent_since(source.spoke_on, now)
            if source.silent_since != since:
                source.silent_since = since
                source.save(update_fields=["silent_since"])
                changed.append(source.id)
        if changed:
            mark_warnings_stale([patient], due_at=now)
        record_changes(patient, _entries(patient, changed))
    return len(changed)


def _entries(patient: UUID, sources: Collection[UUID]) -> list[Entry]:
    """One in each topic in which a source has samples: whoever sees none of them hears nothing of it."""
    if not sources:
        return []
    found = {
        (str(extent.source_id), kind(extent.kind).topic)
        for extent in store.extents(patient)
        if extent.source_id in sources
    }
    return [Entry(Topic(topic), f"source/{source}") for source, topic in sorted(found)]
