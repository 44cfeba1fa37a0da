"""Forecasts: marked stale when data arrives, made again by a worker once the data has settled, and shown."""

import logging
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from backend.actor import acting_for_all, acting_on
from backend.celery import nudge
from backend.changes import record_changes
from backend.models import Patient
from backend.queries import zone_history_of
from twin.forecast.glucose_band import KIND as SENSOR_GLUCOSE
from twin.kinds import KINDS
from twin.models import Forecast, SeriesState, StaleForecast
from twin.series.store import lock
from twin.services.forecast_batch import make, read
from twin.services.forecast_rows import keep
from twin.services.glucose import refresh_glucose
from twin.services.snapshots import note_facts

log = logging.getLogger(__name__)

SETTLE = timedelta(seconds=4)
AT_MOST = timedelta(seconds=60)
"""Data that keeps coming puts a forecast off by SETTLE each time, by AT_MOST in all."""
LEASE = timedelta(minutes=1)
"""How long a worker that has died keeps a patient's kinds to itself."""

_MARK = """
    INSERT INTO twin_staleforecast AS mark (patient_id, kind, topic, stale_since, due_at)
    VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT (patient_id, kind) DO UPDATE
    SET due_at = greatest(mark.stale_since, least(excluded.due_at, mark.stale_since + %s))
"""
_CLAIM = """
    WITH due AS (
        SELECT patient_id, kind FROM twin_staleforecast
        WHERE patient_id = %(patient)s AND due_at <= %(now)s
        ORDER BY kind FOR UPDATE SKIP LOCKED
    )
    UPDATE twin_staleforecast AS mark SET stale_since = %(now)s, due_at = %(until)s
    FROM due WHERE mark.patient_id = due.patient_id AND mark.kind = due.kind
    RETURNING mark.kind
"""
_SETTLE = """
    DELETE FROM twin_staleforecast WHERE patient_id = %s AND due_at = %s AND kind = ANY(%s) RETURNING kind
"""
_OUTDATE = """
    DELETE FROM twin_seriesstate AS state USING unnest(%s::text[], %s::date[]) AS changed (kind, day)
    WHERE state.patient_id = %s AND state.kind = changed.kind AND state.through >= changed.day
"""
# In the order in which a worker locks them who puts others in their places.
_SHOW = """
    UPDATE twin_forecast SET shown_at = %s
    WHERE id IN (
        SELECT id FROM twin_forecast WHERE id = ANY(%s) AND superseded_at IS NULL
        ORDER BY patient_id, kind FOR UPDATE
    )
    RETURNING *
"""


def mark_stale(patient: UUID, codes: Collection[str], *, now: datetime) -> None:
    """Asks for new forecasts of these kinds, where they are forecast at all; in the caller's transaction."""
    wanted = [KINDS[code] for code in sorted(codes) if KINDS[code].forecast]
    if not wanted:
        return
    rows: list[Any] = [[patient, one.code, one.topic, now, now + SETTLE, AT_MOST] for one in wanted]
    with connection.cursor() as cursor:
        cursor.executemany(_MARK, rows)
    nudge("twin.refresh_forecasts", str(patient), countdown=SETTLE.total_seconds() + 0.5)


def outdate_states(patient: UUID, first_days: Mapping[str, date]) -> None:
    """Days of these kinds came out otherwise, the first of them named: models that have passed it forget.

    In the caller's transaction, which holds the patient's lock.
    """
    if first_days:
        with connection.cursor() as cursor:
            cursor.execute(_OUTDATE, [list(first_days), list(first_days.values()), patient])


def forget_states(patient: UUID, kinds: Collection[str] | None = None) -> None:
    """What is known of the past of these kinds, or of all, has changed: their models are estimated anew.

    As when an event is entered. In the caller's transaction, which waits for the patient's lock. Who wants
    new forecasts as well marks them stale.
    """
    lock(patient)
    states = SeriesState.objects.filter(patient_id=patient)
    (states if kinds is None else states.filter(kind__in=kinds)).delete()


def due_patients(*, now: datetime, limit: int) -> list[UUID]:
    """Patients with a stale forecast whose data has settled."""
    with acting_for_all():
        due = StaleForecast.objects.filter(due_at__lte=now).order_by("due_at")
        return list(dict.fromkeys(due.values_list("patient_id", flat=True)[: limit * 10]))[:limit]


def refresh_forecasts(patient_id: UUID, *, now: datetime) -> int:
    """Makes every due forecast of one patient; answers how many. Of two workers one makes them.

    1. Claim: the marks are put off by LEASE, so that a worker that dies leaves them for later. 2. Work in no
    transaction. 3. Settle: store, and clear the marks. What newer data has overtaken meanwhile, moving its
    mark, is let go. A kind that fails is estimated anew when its mark is due again.

    Where a glucose sensor was read, the next two hours are forecast beside the next days.
    """
    with acting_on(patient_id):
        claimed = _claim(patient_id, now)
        if not claimed:
            return 0
        today = now.astimezone(zone_history_of(patient_id)).date()
        known = read({patient_id: today}, claimed)
    made, failures = make(known)
    if SENSOR_GLUCOSE.code in claimed:
        try:
            refresh_glucose(patient_id, now=now)
        except Exception as failure:  # noqa: BLE001 - the daily kinds do not wait for it
            failures[SENSOR_GLUCOSE.code] = failure
    for code, error in failures.items():
        # Without its message, which may quote values.
        name = type(error).__name__
        log.warning("action=forecast_failed patient=%s kind=%s error=%s", patient_id, code, name)
    with acting_on(patient_id):
        lock(patient_id)
        if failures:
            forget_states(patient_id, failures.keys())
        held = _settle(patient_id, claimed - failures.keys(), now)
        changed = keep([one for one in made if one.key[1] in held], now=now)
        if changed:
            record_changes(patient_id, changed[patient_id])
            note_facts(patient_id, {entry.topic for entry in changed[patient_id]}, now=now)
    return len(held)


def _claim(patient: UUID, now: datetime) -> set[str]:
    """The due kinds; data that comes from now on begins a new wait for them."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"patient": patient, "now": now, "until": now + LEASE})
        return {code for (code,) in cursor.fetchall()}


def _settle(patient: UUID, kinds: Collection[str], now: datetime) -> set[str]:
    """Clears what was claimed at `now` and is claimed still; answers which kinds that are."""
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE, [patient, now + LEASE, list(kinds)])
        return {code for (code,) in cursor.fetchall()}


def show_forecasts(patient: Patient, found: Iterable[Forecast], *, now: datetime) -> list[Forecast]:
    """These forecasts, which somebody may read who is acting, marked as shown to people from now on.

    What is answered is what was marked, to the number, whatever a worker puts in its place meanwhile.
    """
    current = {one.id: one for one in found}
    unseen = [one.id for one in current.values() if one.shown_at is None]
    if unseen:
        # Who may only read writes nothing; that something was shown is noted by a worker on the patient.
        with acting_on(patient.id):
            marked = {one.id: one for one in Forecast.objects.raw(_SHOW, [now, unseen])}
        current = {key: marked.get(key, one) for key, one in current.items() if key in marked or one.shown_at}
    return list(current.values())
