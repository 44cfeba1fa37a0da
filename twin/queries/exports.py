"""Reads of exports."""

from datetime import datetime

from django.db.models import QuerySet

from backend.models import Patient
from twin.models import Export


def exports_of(patient: Patient, now: datetime) -> QuerySet[Export]:
    """The exports whose time is not up, the one that was asked for last before the others."""
    return Export.objects.filter(patient=patient).exclude(expires_at__lte=now).order_by("-id")
