"""The challenger: every night Prophet is held against our daily forecasts, on a sample of all series."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

import numpy as np
from django.db.models import CharField, F, Value, Window
from django.db.models.functions import MD5, Cast, Concat, RowNumber

from backend.actor import acting_for_all
from twin.forecast.band import Days, Values
from twin.forecast.challenge import DAYS, Match, matches
from twin.forecast.history import WINDOW
from twin.kinds import KINDS, Kind
from twin.models import ChallengerScore, DaySummary, Forecast

SAMPLE = 50
"""Series of a kind in one night, which bounds the night's time: some twenty milliseconds each."""
OVER_EVERYWHERE = timedelta(days=2)
"""Before this day of UTC every patient's own day is over."""


def challenge(*, day: date, sample: int = SAMPLE) -> int:
    """Scores the kinds that have no score of this night yet, each in a transaction of its own; how many.

    Both models forecast the same fortnight, which has just passed, from the days before it.
    """
    origin = day - OVER_EVERYWHERE - timedelta(days=DAYS)
    scored = 0
    for code, patients in _sampled(day, sample).items():
        found = matches(KINDS[code], _series(KINDS[code], patients, origin), origin)
        if found:
            _store(day, code, found)
            scored += 1
    return scored


def _sampled(day: date, sample: int) -> dict[str, list[UUID]]:
    """For each kind that is not scored yet some patients with a forecast of it, others each night."""
    drawn = MD5(Concat(Cast("patient_id", CharField()), Value(day.isoformat()), "kind"))
    place = Window(RowNumber(), partition_by=[F("kind")], order_by=drawn)
    with acting_for_all():
        done = set(ChallengerScore.objects.filter(day=day).values_list("kind", flat=True))
        rows = (
            Forecast.objects.filter(superseded_at=None)
            .exclude(kind__in=done)
            .annotate(place=place)
            .filter(place__lte=sample)
            .values_list("kind", "patient_id")
        )
        found: dict[str, list[UUID]] = {}
        for code, patient in rows.order_by("kind", "patient_id"):
            found.setdefault(code, []).append(patient)
    return found


def _series(kind: Kind, patients: Sequence[UUID], origin: date) -> list[tuple[Days, Values]]:
    span = (origin - timedelta(days=WINDOW), origin + timedelta(days=DAYS))
    with acting_for_all():
        rows = list(
            DaySummary.objects.filter(patient__in=patients, kind=kind.code, day__range=span)
            .order_by("patient_id", "day")
            .values_list("patient_id", "day", "value")
        )
    by_patient: dict[UUID, list[tuple[date, float]]] = {patient: [] for patient in patients}
    for patient, day, value in rows:
        by_patient[patient].append((day, value))
    return [
        (
            np.array([day for day, _ in days], "datetime64[D]"),
            np.array([value for _, value in days], np.float64),
        )
        for days in by_patient.values()
    ]


def _store(day: date, code: str, found: Sequence[Match]) -> None:
    """Two that score the same night leave one score."""
    score = ChallengerScore(
        day=day,
        kind=code,
        series=len(found),
        points=sum(match.points for match in found),
        **{
            name: float(np.mean([getattr(match, name) for match in found]))
            for name in ("error", "error_of_prophet", "held80", "held80_of_prophet")
        },
    )
    ChallengerScore.objects.bulk_create([score], ignore_conflicts=True)
