"""Reads of what scores asked and was answered."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import QuerySet

from backend.models import Patient
from backend.rules import Topic
from twin.models import Answer
from twin.scores.asked import questions


def answers_of(patient: Patient, topics: Collection[Topic]) -> QuerySet[Answer]:
    """What stands of what was asked in these topics."""
    found = Answer.objects.filter(patient=patient, topic__in=topics, ended_at=None)
    return found.select_related("answered_by")


def standing_answers(patient_id: UUID) -> dict[str, Answer]:
    """What stands of what was asked, by the question's code."""
    rows = Answer.objects.filter(patient_id=patient_id, ended_at=None)
    return {row.code: row for row in rows if row.code in questions()}
