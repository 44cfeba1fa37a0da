"""Days that are behind the series: marked by whoever changes samples, summed up anew by a worker."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

from backend import sql
from backend.actor import acting_for_all, acting_on
from backend.celery import nudge
from backend.changes import record_change
from backend.rules import Topic
from twin.kinds import kind
from twin.models import StaleDays
from twin.series import store
from twin.series.blocks import DAY_MS
from twin.services.digest import BLOCKS_AT_ONCE, digest
from twin.services.forecasts import mark_stale
from twin.services.intake import Touched, widen
from twin.services.warnings import check_patient

log = logging.getLogger(__name__)

SETTLE = timedelta(seconds=2)
"""A phone sends one batch after the other; their days are summed up together."""

_MARK = """
    INSERT INTO twin_staledays AS mark (patient_id, kind, topic, first_at, last_at, stale_since)
    SELECT %s, kind, topic, first_at, last_at, %s
    FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::bigint[]) AS new (kind, topic, first_at, last_at)
    ON CONFLICT (patient_id, kind) DO UPDATE SET
        first_at = least(mark.first_at, excluded.first_at),
        last_at = greatest(mark.last_at, excluded.last_at)
    RETURNING stale_since
"""


def mark_days_stale(patient: UUID, touched: Mapping[str, Sequence[int]], *, now: datetime) -> None:
    """Asks for the days of these kinds between these instants (ms) to be summed up anew.

    In the caller's transaction, which holds the patient's lock. A mark that is there already is widened, and
    whoever made it has asked for a worker.
    """
    if touched:
        with marking_days_stale(patient, touched, now=now):
            pass


@contextmanager
def marking_days_stale(
    patient: UUID, touched: Mapping[str, Sequence[int]], *, now: datetime
) -> Iterator[None]:
    """A pipeline, at whose end mark_days_stale() holds for what `touched` has become in it."""
    with sql.pipeline() as cursor:
        yield
        if touched:
            codes = sorted(touched)
            topics = [kind(code).topic for code in codes]
            first, last = ([touched[code][edge] for code in codes] for edge in (0, 1))
            cursor.execute(_MARK, [patient, now, codes, topics, first, last])
    if touched and any(since == now for (since,) in cursor):
        nudge("twin.digest_days", str(patient), countdown=SETTLE.total_seconds())


def mark_kind_stale(patient: UUID, code: str, *, now: datetime) -> None:
    """Asks for every day of the kind to be summed up anew; in the caller's transaction."""
    store.lock(patient)
    touched = Touched()
    for extent in store.extents(patient, code):
        widen(touched, code, extent.first_at, extent.last_at)
    mark_days_stale(patient, touched, now=now)


def mark_moved_days_stale(patient: UUID, since: datetime, *, now: datetime) -> None:
    """Asks for the days from an instant on to be summed up anew: the patient has lived by other clocks since.

    In the caller's transaction.
    """
    store.lock(patient)
    begin = round(since.timestamp() * 1000)
    touched = Touched()
    for extent in store.extents(patient):
        # A sample may have been counted a day off its new one; and what is today's may change of itself.
        if extent.last_at >= begin - DAY_MS:
            widen(touched, extent.kind, max(extent.first_at, begin) - DAY_MS, extent.last_at + DAY_MS)
    mark_days_stale(patient, touched, now=now)


def stale_patients(*, now: datetime, limit: int) -> list[UUID]:
    """Patients whose days have been stale for SETTLE, the longest waiting first."""
    with acting_for_all():
        waiting = StaleDays.objects.filter(stale_since__lte=now - SETTLE).order_by("stale_since")
        return list(dict.fromkeys(waiting.values_list("patient_id", flat=True)[: limit * 10]))[:limit]


def digest_stale(patient_id: UUID, *, now: datetime) -> None:
    """Sums up what is stale of one patient, a stretch at a time, each in a transaction of its own.

    Between two stretches whoever waits for the patient's lock gets it, and may widen the mark. A worker that
    dies leaves the mark as it was after the last stretch. What fails goes to the end of the line. Then the
    rules of early warning are looked at.
    """
    with acting_on(patient_id):
        codes = list(StaleDays.objects.order_by("stale_since", "kind").values_list("kind", flat=True))
    for code in codes:
        try:
            while _digest_stretch(patient_id, code, now):
                pass
        except Exception as error:  # noqa: BLE001 - one kind that cannot be read must not stop the others
            # Without its message, which may quote values.
            log.warning(
                "action=digest_failed patient=%s kind=%s error=%s", patient_id, code, type(error).__name__
            )
            with acting_on(patient_id):
                StaleDays.objects.filter(patient_id=patient_id, kind=code).update(stale_since=now)
    check_patient(patient_id, now=now)


def _digest_stretch(patient: UUID, code: str, now: datetime) -> bool:
    """Sums up the first stretch of what is stale of one kind; whether there was anything."""
    with acting_on(patient):
        store.lock(patient)
        marks = StaleDays.objects.filter(patient_id=patient, kind=code)
        mark = marks.first()
        if mark is None:
            return False
        until = min(mark.last_at, mark.first_at + BLOCKS_AT_ONCE * kind(code).span_days * DAY_MS)
        touched = {code: [mark.first_at, until]}
        digest(patient, touched, now=now)
        mark_stale(patient, touched, now=now)
        if until == mark.last_at:
            marks.delete()
        else:
            marks.update(first_at=until)
        record_change(patient, topic=Topic(mark.topic), ref=f"series/{code}")
        return True
