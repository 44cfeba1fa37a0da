"""Every write about people and access. Each runs in the caller's transaction as the acting person."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.mail import send_mail
from django.db import transaction
from django.http import Http404

from backend.access import Access, record_audit
from backend.actor import acting_for_all
from backend.changes import record_change
from backend.models import (
    EMERGENCY_ACCESS_LASTS,
    AuditAction,
    AuditEvent,
    CareGrant,
    CareTeam,
    Clinician,
    Patient,
    User,
)
from backend.ports import ports
from backend.rules import ALL_TOPICS, Level, Role, Topic


class NotPossible(Exception):
    """The request is understood and refused; `field` names the part, the message is for its sender."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


def save_own_patient(*, actor: User, particulars: Mapping[str, Any]) -> tuple[Patient, bool]:
    """Makes or edits the actor's own patient row; answers it and whether it is new.

    Another time zone means other days: what the rooms derived of them follows in the same transaction.
    """
    zone = Patient.objects.filter(user=actor).values_list("time_zone", flat=True).first()
    patient, made = Patient.objects.update_or_create(user=actor, defaults=dict(particulars))
    if not made and patient.time_zone != zone:
        for follow in ports.zone_followers:
            follow(patient.id)
    record_change(patient.id, topic=Topic.RECORDS, ref="patient")
    return patient, made


def create_grant(
    *,
    access: Access,
    topics: Mapping[Topic, Level],
    now: datetime,
    to_email: str = "",
    team: UUID | None = None,
    until: datetime | None = None,
) -> CareGrant:
    """Lets the person of an address, or a team, read, or also act, in some topics. Raises NotPossible."""
    person = to_team = None
    if team is None:
        person = User.objects.filter(email=to_email.strip().lower(), is_active=True).first()
        if person is None:
            raise NotPossible("to_email", "Nobody with this address has an account here.")
    else:
        to_team = CareTeam.objects.select_related("clinic").filter(id=team).first()
        if to_team is None:
            raise NotPossible("team", "There is no such team.")
    if person == access.user:
        raise NotPossible("to_email", "You already see everything of your own.")
    if until is not None and until <= now:
        raise NotPossible("until", "The end lies in the past.")
    grant = CareGrant.objects.create(
        patient=access.patient,
        person=person,
        team=to_team,
        read=sorted(topics),
        act=sorted(topic for topic, level in topics.items() if level is Level.ACT),
        starts_at=now,
        ends_at=until,
        granted_by=access.user,
    )
    record_audit(access, what=f"grant {grant.id}", action=AuditAction.GRANT)
    record_change(access.patient.id, topic=Topic.RECORDS, ref=f"grant/{grant.id}")
    return grant


def revoke_grant(*, access: Access, grant_id: UUID, now: datetime) -> CareGrant:
    """Ends a grant at once; a second time changes nothing. Raises Http404 for another patient's grant."""
    grant = CareGrant.objects.select_for_update().filter(patient=access.patient, id=grant_id).first()
    if grant is None:
        raise Http404
    if grant.revoked_at is None:
        grant.revoked_at, grant.revoked_by = now, access.user
        grant.save(update_fields=["revoked_at", "revoked_by"])
        record_audit(access, what=f"grant {grant.id}", action=AuditAction.REVOKE)
        record_change(access.patient.id, topic=Topic.RECORDS, ref=f"grant/{grant.id}")
    return grant


def open_emergency_access(*, actor: User, patient_email: str, reason: str, now: datetime) -> CareGrant:
    """Opens one patient's chart of the clinician's own clinic for an hour, read-only, and tells the patient.

    Raises Http404 for somebody who is no clinician, and for a patient who is absent or of another clinic.
    """
    reason = reason.strip()
    if not reason:
        raise NotPossible("reason", "Emergency access needs a reason.")
    clinician = Clinician.objects.filter(user=actor).first()
    if clinician is None:
        raise Http404
    with acting_for_all():
        patient = (
            Patient.objects.filter(user__email=patient_email.strip().lower(), clinic=clinician.clinic)
            .exclude(user=actor)
            .select_related("user")
            .first()
        )
        if patient is None:
            raise Http404
        grant = CareGrant.objects.create(
            patient=patient,
            person=actor,
            read=sorted(ALL_TOPICS),
            starts_at=now,
            ends_at=now + EMERGENCY_ACCESS_LASTS,
            granted_by=actor,
            emergency_reason=reason,
        )
        AuditEvent.objects.create(
            patient=patient,
            actor=actor,
            role=Role.EMERGENCY,
            action=AuditAction.EMERGENCY,
            what="chart opened without a grant",
            topics=sorted(ALL_TOPICS),
            reason=reason,
        )
        record_change(patient.id, topic=Topic.RECORDS, ref=f"grant/{grant.id}")
    # Robust: she is told by the audit and the change in any case, and the chart is open.
    transaction.on_commit(lambda: _tell_of_emergency_access(patient.user.email), robust=True)
    return grant


def _tell_of_emergency_access(email: str) -> None:
    send_mail(
        subject="Your chart was opened in an emergency",
        message=(
            "A clinician of your clinic opened your chart for one hour without your grant, and said why.\n"
            "Log in and open Sharing to see who it was and why.\n"
        ),
        from_email=None,
        recipient_list=[email],
    )
