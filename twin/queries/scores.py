"""Reads of scores, as they stand and stood."""

from collections.abc import Collection

from django.db.models import QuerySet

from backend.models import Patient
from backend.rules import Topic
from twin.models import ScoreResult


def scores_of(patient: Patient, topics: Collection[Topic]) -> QuerySet[ScoreResult]:
    """The patient's scores as they stand, of those that stand on these topics alone."""
    found = ScoreResult.objects.filter(
        patient=patient, topics__contained_by=sorted(topics), superseded_at=None
    )
    return found.order_by("code")


def score_history_of(patient: Patient, topics: Collection[Topic], code: str) -> QuerySet[ScoreResult]:
    """One score as it stands and stood, the newest first, as far as it stands on these topics alone."""
    found = ScoreResult.objects.filter(patient=patient, topics__contained_by=sorted(topics), code=code)
    return found.order_by("-id")
