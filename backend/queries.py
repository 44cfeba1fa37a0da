"""Reads about people and access."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from backend.models import CareGrant, CareTeam, Clinician, Patient, Stay, User
from backend.rules import Need
from backend.scope import visible_patients
from backend.zones import ZoneHistory


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


def zone_history_of(patient: UUID) -> ZoneHistory:
    """By whose clocks the patient has lived; the one zone of the patient's row where no stay is known."""
    stays = list(Stay.objects.filter(patient=patient).order_by("since").values_list("since", "time_zone"))
    if not stays:
        return ZoneHistory(Patient.objects.values_list("time_zone", flat=True).get(id=patient))
    return _history(stays)


def zone_histories_of(patients: Collection[UUID]) -> dict[UUID, ZoneHistory]:
    """The same for many, in two queries."""
    stays: defaultdict[UUID, list[tuple[datetime, str]]] = defaultdict(list)
    rows = Stay.objects.filter(patient__in=patients).order_by("since")
    for patient, since, name in rows.values_list("patient_id", "since", "time_zone"):
        stays[patient].append((since, name))
    zones = Patient.objects.filter(id__in=patients).values_list("id", "time_zone")
    return {
        patient: _history(stays[patient]) if patient in stays else ZoneHistory(zone)
        for patient, zone in zones
    }


def _history(stays: Sequence[tuple[datetime, str]]) -> ZoneHistory:
    (_, first), *moves = stays
    return ZoneHistory(first, *moves)
