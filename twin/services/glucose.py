"""Glucose in the next two hours: made from the newest readings, and kept once somebody saw it."""

from datetime import datetime
from typing import cast
from uuid import UUID

import numpy as np

from backend.actor import acting_on
from backend.celery import nudge
from backend.models import Patient
from backend.queries import zone_history_of
from backend.rules import Topic
from backend.zones import ZoneHistory
from twin.forecast.glucose import (
    LOOK_BACK,
    GlucoseAhead,
    MinutesOfDay,
    NoGlucoseForecast,
    Refusal,
    follow,
    forecast_glucose,
    model,
)
from twin.forecast.glucose_band import KIND as SENSOR_GLUCOSE
from twin.forecast.glucose_band import MINUTES, Bands, BandUnreadable, Floats, Integers
from twin.instants import instant, milliseconds
from twin.models import GlucoseForecast, SeriesState
from twin.queries.glucose import glucose_readings
from twin.series import store
from twin.services.stale_warnings import mark_warnings_stale
from twin.state.clock import LocalClock

BANDS = "glucose_ahead"
"""Under this name stands, among the states of series, how a person's bands have held."""


def refresh_glucose(patient_id: UUID, *, now: datetime) -> None:
    """A forecast stands for the newest reading, where one can be made of it; twice is the same as once.

    In a transaction of its own.
    """
    with acting_on(patient_id):
        patient = Patient.objects.get(id=patient_id)
        made = _forecast(patient, now)
        if isinstance(made, GlucoseAhead):
            _store(patient, made, now)
            mark_warnings_stale([patient_id], due_at=now)
            nudge("twin.check_warnings", str(patient_id))


def show_glucose(patient: Patient, *, now: datetime) -> GlucoseForecast | NoGlucoseForecast:
    """What comes after the newest reading, marked as shown; made now where no worker has. Or why nothing.

    In the caller's transaction. It is derived, so that whoever may read it may have it made.
    """
    with acting_on(patient.id):
        made = _forecast(patient, now)
        if isinstance(made, NoGlucoseForecast):
            return made
        row = _store(patient, made, now)
        GlucoseForecast.objects.filter(id=row.id, shown_at=None).update(shown_at=now)
        return row


def _forecast(patient: Patient, now: datetime) -> GlucoseAhead | NoGlucoseForecast:
    until = milliseconds(now)
    readings = glucose_readings(patient, until - LOOK_BACK, until + 1)
    if not len(readings.at):
        return _long_silent(patient)
    minutes_of_day = _clock(zone_history_of(patient.id), until)
    before = _bands(patient)
    bands = follow(before, readings, now=until, minutes_of_day=minutes_of_day)
    if bands is not before:
        day = instant(bands.through).date()
        SeriesState.objects.update_or_create(
            patient=patient,
            kind=BANDS,
            defaults={
                "topic": Topic.GLUCOSE,
                "version": model().version,
                "through": day,
                "estimated_on": day,
                "state": bands.pack(),
            },
        )
    return forecast_glucose(readings, bands, now=until, minutes_of_day=minutes_of_day)


def _long_silent(patient: Patient) -> NoGlucoseForecast:
    """What to say of a person of whom nothing was read in the last days."""
    last = max((extent.last_at for extent in store.extents(patient.id, SENSOR_GLUCOSE.code)), default=None)
    return NoGlucoseForecast(Refusal.NOTHING if last is None else Refusal.SILENT, last)


def _bands(patient: Patient) -> Bands:
    """What is known of how this person's bands hold; that of anybody where another version wrote it."""
    row = SeriesState.objects.filter(patient=patient, kind=BANDS, version=model().version).first()
    if row is None:
        return Bands.of_anybody()
    try:
        return Bands.unpack(bytes(cast("bytes", row.state)))
    except BandUnreadable:
        return Bands.of_anybody()


def _clock(zone: ZoneHistory, until: int) -> MinutesOfDay:
    local = LocalClock.over(zone, until - LOOK_BACK, until).local

    def minutes_of_day(at: Integers) -> Floats:
        return (local(at) // 60_000 % 1440).astype(np.float64)

    return minutes_of_day


def _store(patient: Patient, made: GlucoseAhead, now: datetime) -> GlucoseForecast:
    """The row of the reading's forecast; those of readings before it that nobody saw are gone.

    What somebody saw stays as it was said. Of two who make the same at once, one writes it.
    """
    at = instant(made.at)
    said = {
        "last_value": made.last_value,
        "version": made.version,
        "minutes": list(MINUTES),
        "mean": made.mean.tolist(),
        "low80": made.low80.tolist(),
        "high80": made.high80.tolist(),
        "low95": made.low95.tolist(),
        "high95": made.high95.tolist(),
    }
    GlucoseForecast.objects.filter(patient=patient, at__lt=at, shown_at=None).delete()
    row, is_new = GlucoseForecast.objects.get_or_create(
        patient=patient, at=at, defaults={"made_at": now, **said}
    )
    # Readings from before the newest one that came late change what nobody saw yet.
    if not is_new and row.shown_at is None and any(getattr(row, name) != said[name] for name in said):
        GlucoseForecast.objects.filter(id=row.id, shown_at=None).update(made_at=now, **said)
        row.refresh_from_db()
    return row
