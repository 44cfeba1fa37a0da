"""Reads of events."""

from collections.abc import Collection
from datetime import date

from django.db.models import Q, QuerySet

from backend.models import Patient
from backend.rules import Topic
from twin.models import Event


def events_of(patient: Patient, topics: Collection[Topic], since: date | None = None) -> QuerySet[Event]:
    """The events of these topics in the order in which they began; with `since`, those not over before it."""
    found = Event.objects.filter(patient=patient, topic__in=topics).order_by("starts_on", "id")
    if since is None:
        return found
    return found.filter(Q(starts_on__gte=since) | Q(ends_on__gte=since))
