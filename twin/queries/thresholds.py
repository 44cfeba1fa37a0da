"""Reads of clinicians' limits."""

from collections.abc import Collection

from django.db.models import QuerySet

from backend.models import Patient
from backend.rules import Topic
from twin.models import Threshold


def thresholds_of(patient: Patient, topics: Collection[Topic]) -> QuerySet[Threshold]:
    """The clinicians' limits of these topics, also those that have ended, the last set first."""
    found = Threshold.objects.filter(patient=patient, topic__in=topics)
    return found.select_related("set_by").order_by("-id")
