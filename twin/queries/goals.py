"""Reads of goals."""

from collections.abc import Collection

from django.db.models import QuerySet

from backend.models import Patient
from backend.rules import Topic
from twin.models import Goal


def goals_of(patient: Patient, topics: Collection[Topic]) -> QuerySet[Goal]:
    """The goals of these topics, also those that have ended, the last set first."""
    found = Goal.objects.filter(patient=patient, topic__in=topics)
    return found.select_related("set_by", "agreed_by").order_by("-id")
