"""Forecasts: marked stale when data arrives, made again by a worker once the data has settled."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np

from backend.actor import acting_for_all, acting_on
from backend.celery import nudge
from backend.changes import record_change
from backend.models import Patient
from backend.rules import Topic
from twin import forecast
from twin.kinds import KINDS, kind
from twin.models import DaySummary, Forecast, StaleForecast

SETTLE = timedelta(seconds=4)
AT_MOST = timedelta(seconds=60)
"""Data that keeps coming puts a forecast off by SETTLE each time, by AT_MOST in all."""
LEASE = timedelta(minutes=5)
SEED = 20260101


def mark_stale(patient: UUID, codes: Collection[str], *, now: datetime) -> None:
    """Asks for new forecasts of these kinds, where they are forecast at all. Joins the caller's transaction."""
    wanted = [KINDS[code] for code in codes if KINDS[code].forecast]
    if not wanted:
        return
    for one in wanted:
        mark, made = StaleForecast.objects.get_or_create(
            patient_id=patient,
            kind=one.code,
            defaults={"topic": one.topic, "stale_since": now, "due_at": now + SETTLE},
        )
        if not made:
            mark.due_at = max(mark.stale_since, min(now + SETTLE, mark.stale_since + AT_MOST))
            mark.save(update_fields=["due_at"])
    nudge("twin.refresh_forecasts", str(patient), countdown=SETTLE.total_seconds() + 0.5)


def due_patients(*, now: datetime, limit: int) -> list[UUID]:
    """Patients with a stale forecast whose data has settled."""
    with acting_for_all():
        due = StaleForecast.objects.filter(due_at__lte=now).order_by("due_at").values_list("patient_id", flat=True)
        return list(dict.fromkeys(due[: limit * 10]))[:limit]


def refresh_forecasts(patient_id: UUID, *, now: datetime) -> int:
    """Makes every due forecast of one patient; answers how many. Two workers share the kinds between them.

    1. Claim: due rows are put off by LEASE, so that a worker that dies leaves them for later.
    2. Work outside any transaction.
    3. Settle: store, and clear the mark unless newer data has moved it meanwhile.
    """
    until = now + LEASE
    with acting_on(patient_id):
        patient = Patient.objects.filter(id=patient_id).first()
        if patient is None:
            return 0
        due = StaleForecast.objects.filter(patient=patient, due_at__lte=now)
        claimed = list(due.select_for_update(skip_locked=True).values_list("kind", flat=True))
        StaleForecast.objects.filter(patient=patient, kind__in=claimed).update(due_at=until)
    for code in claimed:
        _refresh(patient, code, claimed_until=until, now=now)
    return len(claimed)


def _refresh(patient: Patient, code: str, *, claimed_until: datetime, now: datetime) -> None:
    one = kind(code)
    today = now.astimezone(ZoneInfo(patient.time_zone)).date()
    with acting_on(patient.id):
        newest_first = DaySummary.objects.filter(patient=patient, kind=code, day__lte=today).order_by("-day")
        rows = list(newest_first.values_list("day", "value")[: 2 * forecast.WINDOW])[::-1]
    days = np.array([day for day, _ in rows], dtype="datetime64[D]")
    values = np.array([value for _, value in rows], dtype=np.float64)
    made = forecast.forecast_daily(one, days, values, today=today, seed=SEED)
    with acting_on(patient.id):
        if isinstance(made, forecast.Forecast):
            _store(patient, code, made, now)
            record_change(patient.id, topic=Topic(one.topic), ref=f"forecast/{code}")
        StaleForecast.objects.filter(patient=patient, kind=code, due_at=claimed_until).delete()


def _store(patient: Patient, code: str, made: forecast.Forecast, now: datetime) -> None:
    checked = made.backtest
    Forecast.objects.update_or_create(
        patient=patient,
        kind=code,
        through=made.through,
        defaults={
            "topic": kind(code).topic,
            "made_at": now,
            "model": made.model,
            "reason": made.reason,
            "seed": SEED,
            "mean": made.mean.tolist(),
            "low80": made.low80.tolist(),
            "high80": made.high80.tolist(),
            "low95": made.low95.tolist(),
            "high95": made.high95.tolist(),
            "backtest_origins": checked.origins if checked else 0,
            "backtest_error": checked.mae if checked else None,
            "backtest_error_of_last_value": checked.mae_last_value if checked else None,
        },
    )
