"""Forecasts: marked stale when data arrives, made again by a worker once the data has settled."""

import logging
from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection

from backend.actor import acting_for_all, acting_on
from backend.celery import nudge
from backend.changes import record_change
from backend.models import Patient
from backend.queries import zone_history_of
from backend.rules import Topic
from twin import forecast
from twin.kinds import KINDS, kind
from twin.models import DaySummary, Forecast, StaleForecast
from twin.series.store import lock

log = logging.getLogger(__name__)

SETTLE = timedelta(seconds=4)
AT_MOST = timedelta(seconds=60)
"""Data that keeps coming puts a forecast off by SETTLE each time, by AT_MOST in all."""
LEASE = timedelta(minutes=1)
"""How long a worker that has died keeps a kind to itself."""
SEED = 20260101

_MARK = """
    INSERT INTO twin_staleforecast AS mark (patient_id, kind, topic, stale_since, due_at)
    VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT (patient_id, kind) DO UPDATE
    SET due_at = greatest(mark.stale_since, least(excluded.due_at, mark.stale_since + %s))
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


def due_patients(*, now: datetime, limit: int) -> list[UUID]:
    """Patients with a stale forecast whose data has settled."""
    with acting_for_all():
        due = StaleForecast.objects.filter(due_at__lte=now).order_by("due_at")
        return list(dict.fromkeys(due.values_list("patient_id", flat=True)[: limit * 10]))[:limit]


def refresh_forecasts(patient_id: UUID, *, now: datetime) -> int:
    """Makes every due forecast of one patient; answers how many. Two workers share the kinds between them.

    One kind at a time: 1. Claim: its mark is put off by LEASE, so that a worker that dies leaves it for
    later. 2. Work outside any transaction. 3. Settle: store, and clear the mark unless newer data moved it.
    """
    made = 0
    while (claimed := _claim(patient_id, now)) is not None:
        try:
            _refresh(*claimed, now=now)
            made += 1
        except Exception as error:  # noqa: BLE001 - one kind that cannot be forecast must not stop the others
            # Without its message, which may quote values. The mark stays, and is due again after LEASE.
            kind_, name = claimed[1], type(error).__name__
            log.warning("action=forecast_failed patient=%s kind=%s error=%s", patient_id, kind_, name)
    return made


def _claim(patient_id: UUID, now: datetime) -> tuple[Patient, str] | None:
    with acting_on(patient_id):
        due = StaleForecast.objects.filter(patient_id=patient_id, due_at__lte=now).order_by("due_at", "kind")
        mark = due.select_for_update(skip_locked=True, of=("self",)).select_related("patient").first()
        if mark is None:
            return None
        # Data that comes from now on begins a new wait.
        mark.stale_since, mark.due_at = now, now + LEASE
        mark.save(update_fields=["stale_since", "due_at"])
        return mark.patient, mark.kind


def _refresh(patient: Patient, code: str, *, now: datetime) -> None:
    one = kind(code)
    with acting_on(patient.id):
        today = now.astimezone(zone_history_of(patient.id)).date()
        newest_first = DaySummary.objects.filter(patient=patient, kind=code, day__lte=today).order_by("-day")
        rows = list(newest_first.values_list("day", "value")[: 2 * forecast.WINDOW])[::-1]
    days = np.array([day for day, _ in rows], dtype="datetime64[D]")
    values = np.array([value for _, value in rows], dtype=np.float64)
    made = forecast.forecast_daily(one, days, values, today=today, seed=SEED)
    with acting_on(patient.id):
        # Two that overlap settle one after the other, and what was made of older data does not win.
        lock(patient.id)
        changed = _drop_groundless(patient, code, last_day=rows[-1][0] if rows else None)
        if isinstance(made, forecast.Forecast) and not _is_outdone(patient, code, made, now):
            _store(patient, code, made, now)
            changed = True
        if changed:
            record_change(patient.id, topic=Topic(one.topic), ref=f"forecast/{code}")
        StaleForecast.objects.filter(patient=patient, kind=code, due_at=now + LEASE).delete()


def _drop_groundless(patient: Patient, code: str, *, last_day: date | None) -> bool:
    """Removes the current forecast where it was made after days that were deleted since; whether it was."""
    groundless = Forecast.objects.filter(patient=patient, kind=code, superseded_at=None)
    if last_day is not None:
        groundless = groundless.filter(through__gt=last_day)
    return groundless.delete()[0] > 0


def _is_outdone(patient: Patient, code: str, made: forecast.Forecast, now: datetime) -> bool:
    later = Forecast.objects.filter(patient=patient, kind=code, through=made.through, made_at__gt=now)
    return later.exists()


def _store(patient: Patient, code: str, made: forecast.Forecast, now: datetime) -> None:
    """Makes this the current forecast; the one before stays where somebody has seen it."""
    before = Forecast.objects.filter(patient=patient, kind=code, superseded_at=None)
    before.filter(shown_at=None).delete()
    before.update(superseded_at=now)
    Forecast.objects.create(
        patient=patient,
        kind=code,
        topic=kind(code).topic,
        through=made.through,
        made_at=now,
        model=made.model,
        version=made.version,
        reason=made.reason,
        last_value=made.last_value,
        mean=made.mean.tolist(),
        low80=made.low80.tolist(),
        high80=made.high80.tolist(),
        low95=made.low95.tolist(),
        high95=made.high95.tolist(),
    )
