"""Reads of questionnaires as they were answered."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import QuerySet

from backend.models import Patient
from backend.rules import Topic
from twin.models import QuestionnaireResponse


def responses_of(
    patient: Patient, topics: Collection[Topic], code: str = ""
) -> QuerySet[QuestionnaireResponse]:
    """The questionnaires as they were answered, the last received first, those that were corrected too."""
    found = QuestionnaireResponse.objects.filter(patient=patient, topic__in=topics).order_by("-id")
    found = found.select_related("answered_by", "corrected_by")
    return found.filter(code=code) if code else found


def newest_response(patient_id: UUID, code: str) -> QuestionnaireResponse | None:
    """The questionnaire as it was last answered, corrections counting in the place of what they correct."""
    found = QuestionnaireResponse.objects.filter(patient_id=patient_id, code=code, corrected_by=None)
    return found.order_by("-answered_at", "-id").first()
