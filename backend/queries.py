"""Reads about people and access."""

from django.db.models import QuerySet

from backend.models import CareGrant, CareTeam, Clinician, Patient, User
from backend.rules import Need
from backend.scope import visible_patients


def grants_of(patient: Patient) -> QuerySet[CareGrant]:
    """Every grant a patient ever gave, newest first."""
    return (
        CareGrant.objects.filter(patient=patient)
        .select_related("person", "team__clinic", "granted_by", "revoked_by")
        .order_by("-id")
    )


def teams_to_grant() -> QuerySet[CareTeam]:
    """The care teams that patients can choose from."""
    return CareTeam.objects.select_related("clinic").order_by("-id")


def looks_after(user: User) -> QuerySet[Patient]:
    """The first hundred patients of a caregiver or clinician beside herself, by name."""
    return visible_patients(user, Need.SEE).exclude(user=user).order_by("name", "id")[:100]


def clinician_of(user: User) -> Clinician | None:
    """The user's place in a clinic, if she has one."""
    return Clinician.objects.filter(user=user).select_related("clinic").first()
