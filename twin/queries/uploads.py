"""Reads of uploads."""

from django.db.models import QuerySet

from backend.models import Patient, User
from backend.rules import Need
from twin.models import Upload


def uploads_of(user: User, patient: Patient | None = None) -> QuerySet[Upload]:
    """The uploads that the person may see, newest first."""
    found = Upload.objects.visible_to(user, Need.READ).order_by("-id")
    return found.filter(patient=patient) if patient else found
