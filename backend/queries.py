"""Reads about people and access."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from backend.models import CareGrant, CareTeam, Clinician, DutyShift, Patient, Stay, User
from backend.rules import Need, Topic
from backend.scope import visible_patients
from backend.zones import ZoneHistory

# Asked in nearly every request and task: the ORM takes longer to put it into words than it takes to answer.
_STAYS = """
    SELECT patient.time_zone, stay.since, stay.time_zone
    FROM backend_patient AS patient LEFT JOIN backend_stay AS stay ON stay.patient_id = patient.id
    WHERE patient.id = %s ORDER BY stay.since
"""


def grants_of(patient: Patient) -> QuerySet[CareGrant]:
    """Every grant a patient ever gave, newest first."""
    return (
        CareGrant.objects.filter(patient=patient)
        .select_related("person", "team__clinic", "granted_by", "revoked_by")
        .order_by("-id")
    )


def teams_to_grant() -> QuerySet[CareTeam]:
    """The care teams that patients can choose from."""
    return CareTeam.objects.filter(clinic__is_synthetic=False).select_related("clinic").order_by("-id")


def looks_after(user: User) -> QuerySet[Patient]:
    """The first hundred patients of a caregiver or clinician beside herself, by name."""
    return visible_patients(user, Need.SEE).exclude(user=user).order_by("name", "id")[:100]


def everybody() -> QuerySet[Patient]:
    """All patients but the made-up one of the self-test, whom no pass over everybody is for."""
    return Patient.objects.filter(Q(clinic=None) | Q(clinic__is_synthetic=False))


def clinician_of(user: User) -> Clinician | None:
    """The user's place in a clinic, if she has one."""
    return Clinician.objects.filter(user=user).select_related("clinic").first()


def zone_history_of(patient: UUID) -> ZoneHistory:
    """By whose clocks the patient has lived; the one zone of the patient's row where no stay is known.

    One query. Raises Patient.DoesNotExist where the patient is not seen.
    """
    with connection.cursor() as cursor:
        cursor.execute(_STAYS, [patient])
        rows = cursor.fetchall()
    if not rows:
        raise Patient.DoesNotExist
    stays = [(since, name) for _, since, name in rows if since is not None]
    return _history(stays) if stays else ZoneHistory(rows[0][0])


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


@dataclass(frozen=True, slots=True)
class Readers:
    """Who may read a topic of a patient beside the patient: people by grants of their own, and care teams."""

    persons: frozenset[UUID]
    teams: frozenset[UUID]
    clinicians: frozenset[UUID]  # of the persons

    @property
    def has_clinicians(self) -> bool:
        """Whether any clinician is among them."""
        return bool(self.teams or self.clinicians)


def readers_of(patient: UUID, topic: Topic, *, now: datetime) -> Readers:
    """Who may read the topic at this moment; emergency access, which is one look, does not count.

    Reads others' grants, so only a sweep may ask.
    """
    grants = CareGrant.objects.filter(
        Q(ends_at__isnull=True) | Q(ends_at__gt=now),
        patient=patient,
        read__contains=[topic],
        starts_at__lte=now,
        revoked_at__isnull=True,
        emergency_reason="",
    )
    given = grants.values_list("person", "team", "person__clinician")
    return Readers(
        persons=frozenset(person for person, _, _ in given if person),
        teams=frozenset(team for _, team, _ in given if team),
        clinicians=frozenset(person for person, _, clinician in given if person and clinician),
    )


def shifts_of(team: UUID, since: datetime, until: datetime | None = None) -> QuerySet[DutyShift]:
    """The team's shifts that reach into the time from `since` on, the earliest first."""
    shifts = DutyShift.objects.filter(team=team, ends_at__gt=since)
    if until is not None:
        shifts = shifts.filter(starts_at__lt=until)
    return shifts.select_related("clinician__user", "taken_from__user").order_by("starts_at", "id")


def on_duty(team: UUID, at: datetime) -> QuerySet[DutyShift]:
    """The shifts of whoever answers for the team at this moment."""
    return shifts_of(team, at).filter(starts_at__lte=at)
