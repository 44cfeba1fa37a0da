"""Every write about people and access. Each runs in the caller's transaction as the acting person."""

from collections.abc import Mapping, Sequence
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
    ALWAYS,
    EMERGENCY_ACCESS_LASTS,
    AuditAction,
    AuditEvent,
    CareGrant,
    CareTeam,
    Clinician,
    Patient,
    Stay,
    User,
)
from backend.ports import ports
from backend.queries import zone_history_of
from backend.rules import ALL_TOPICS, Level, Role, Topic
from backend.zones import ZoneHistory, quarter_of


class NotPossible(Exception):
    """The request is understood and refused; `field` names the part, the message is for its sender."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


def save_own_patient(*, actor: User, particulars: Mapping[str, Any], now: datetime) -> tuple[Patient, bool]:
    """Makes or edits the actor's own patient row; answers it and whether it is new.

    Another time zone is a move at this moment: the days before it stay as they were.
    """
    patient, made = Patient.objects.get_or_create(user=actor, defaults=dict(particulars))
    if not made:
        patient = _for_change(patient)
        zone = particulars.get("time_zone", patient.time_zone)
        others = {name: value for name, value in particulars.items() if name != "time_zone"}
        for name, value in others.items():
            setattr(patient, name, value)
        patient.save(update_fields=others)
        if zone != patient.time_zone:
            _live_by(patient, zone_history_of(patient.id).moved(now, zone), now)
    record_change(patient.id, topic=Topic.RECORDS, ref="patient")
    return patient, made


def move(*, access: Access, time_zone: str, since: datetime, now: datetime) -> Patient:
    """The patient lives by the clock of this zone from an instant on, until the next move that is known.

    In the quarter of an hour of a known move it takes that one's place. Raises NotPossible for a move that is
    yet to come.
    """
    patient = _for_change(access.patient)
    _live_by(patient, zone_history_of(patient.id).moved(since, time_zone), now)
    record_change(patient.id, topic=Topic.RECORDS, ref="patient")
    return patient


def replace_zones(*, access: Access, stays: Sequence[tuple[datetime, str]], now: datetime) -> Patient:
    """Says anew where the patient has lived; the earliest of `stays` holds for all time before it as well.

    Raises NotPossible for none, for two in one quarter of an hour, and for one that is yet to come.
    """
    if not stays:
        raise NotPossible("stays", "Everybody lives by some clock: give one zone at least.")
    if len({quarter_of(since) for since, _ in stays}) < len(stays):
        raise NotPossible("stays", "Two moves cannot be in one quarter of an hour.")
    (_, first), *moves = sorted(stays)
    patient = _for_change(access.patient)
    _live_by(patient, ZoneHistory(first, *moves), now)
    record_change(patient.id, topic=Topic.RECORDS, ref="patient")
    return patient


def _for_change(patient: Patient) -> Patient:
    """The patient's row as it is, and nobody else changes it until the transaction ends.

    Not its key: a worker that adds rows about the patient need not wait, and so cannot wait in a circle.
    """
    return Patient.objects.select_for_update(no_key=True).get(id=patient.id)


def _live_by(patient: Patient, history: ZoneHistory, now: datetime) -> None:
    """Keeps the history, and the zone that it has now; what the rooms made of the days it changes follows."""
    if any(since > now for since, _ in history.moves):
        raise NotPossible("since", "A move that is yet to come can be told when it has happened.")
    if any(since <= ALWAYS for since, _ in history.moves):
        raise NotPossible("since", f"Nobody alive moved before {ALWAYS.year}.")
    changed_from = zone_history_of(patient.id).first_difference(history)
    if changed_from is None:
        return
    Stay.objects.filter(patient=patient).delete()
    stays = [(ALWAYS, history.first), *history.moves]
    Stay.objects.bulk_create(Stay(patient=patient, since=since, time_zone=zone) for since, zone in stays)
    patient.time_zone = history.key_at(now)
    patient.save(update_fields=["time_zone"])
    for follow in ports.zone_followers:
        follow(patient.id, changed_from, now)


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
