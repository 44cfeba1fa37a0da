"""Reads of a glucose sensor, and of how its forecasts went."""

from datetime import datetime, timedelta

import numpy as np

from backend.models import Patient
from twin.forecast.glucose import Readings
from twin.forecast.glucose_band import KIND as SENSOR_GLUCOSE
from twin.forecast.glucose_band import MINUTES
from twin.forecast.glucose_record import HorizonScore, PastForecasts, score
from twin.instants import milliseconds
from twin.models import GlucoseForecast
from twin.queries.series import samples_between
from twin.series.columns import Flag


def glucose_readings(patient: Patient, start: int, end: int) -> Readings:
    """The glucose sensor's readings from `start` to `end` (ms), of one sensor at a time, in order."""
    found, counts = samples_between(patient, SENSOR_GLUCOSE, start, end)
    columns = found.columns.take(counts)
    flags = np.zeros(len(columns), np.uint8) if columns.flags is None else columns.flags
    low, high = flags & Flag.CENSORED_LOW > 0, flags & Flag.CENSORED_HIGH > 0
    return Readings(columns.start, columns.value, low, high)


def glucose_record(
    patient: Patient, since: datetime, now: datetime
) -> tuple[list[HorizonScore], list[GlucoseForecast]]:
    """How the glucose forecasts from `since` on went that were shown, by horizon; and they, in order."""
    shown = GlucoseForecast.objects.filter(patient=patient, at__gte=since, shown_at__isnull=False)
    rows = list(shown.filter(minutes=list(MINUTES)).order_by("at"))
    at, until = (milliseconds(edge) for edge in (since - timedelta(hours=1), now))
    said = ("last_value", "mean", "low80", "high80", "low95", "high95")
    past = PastForecasts(
        np.array([milliseconds(row.at) for row in rows], np.int64),
        *(np.array([getattr(row, name) for row in rows], np.float64) for name in said),
    )
    return score(past, glucose_readings(patient, at, until + 1), MINUTES), rows
