"""The only way an id from outside becomes a row.

Absent and foreign are the same 404; reads by others are audited.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models import Exists, QuerySet
from django.db.models.functions import Now
from django.http import Http404

from backend.actor import NARROWED, narrow
from backend.models import AuditAction, AuditEvent, CareTeam, Clinician, Patient, User
from backend.rules import OWNER, Grant, Need, Role, Standing, Topic, standing
from backend.scope import M_co, PatientScopedQuerySet, valid_grants

ME = "me"
LISTING_IS_NEWS_AFTER = timedelta(hours=1)
"""A list that is reloaded all day is one look an hour."""


@dataclass(frozen=True, slots=True)
class Access:
    """One person at one patient's data, allowed and written down."""

    user: User
    patient: Patient
    standing: Standing
    need: Need

    @property
    def topics(self) -> frozenset[Topic]:
        """The topics in which the need is met."""
        return self.standing.topics(self.need)

    def topic(self, topic: str) -> None:
        """Goes on silently where the need is met in this topic; otherwise the answer is 404."""
        if topic not in self.topics:
            raise Http404


def standings_of(user: User, patients: Sequence[Patient]) -> dict[UUID, Standing]:
    """What the person is to each of the patients at this moment, in one query however many they are."""
    grants: defaultdict[UUID, list[Grant]] = defaultdict(list)
    is_clinician = Exists(Clinician.objects.filter(user=user))
    for row in valid_grants(user).filter(patient__in=patients).annotate(to_clinician=is_clinician).distinct():
        ordinary = Role.CLINICIAN if row.to_clinician else Role.CAREGIVER
        grants[row.patient_id].append(
            Grant(
                role=Role.EMERGENCY if row.emergency_reason else ordinary,
                read=frozenset(Topic(topic) for topic in row.read),
                act=frozenset(Topic(topic) for topic in row.act),
            )
        )
    return {
        patient.id: OWNER if patient.user_id == user.id else standing(grants[patient.id])
        for patient in patients
    }


def access_patient(user: User, patient: UUID | str, need: Need, *, what: str) -> Access:
    """The patient, when the person meets the need; raises Http404 otherwise.

    `what` names the view in the audit. Runs inside the actor's transaction, so the audit row stands exactly
    when the read does. The transaction sees only this patient from here on.
    """
    access = recheck_patient(user, patient, need)
    if access.standing.role is not Role.SELF:
        record_audit(access, what=what, action=AuditAction.ACT if need is Need.ACT else AuditAction.READ)
    return access


def access_listed(user: User, patients: Sequence[Patient], *, what: str) -> dict[UUID, Standing]:
    """What the person is to each patient of a list of hers; others' patients have the list in their audit.

    The transaction sees only these patients from here on.
    """
    narrow([patient.id for patient in patients])
    standings = standings_of(user, patients)
    others = [patient for patient in patients if standings[patient.id].role is not Role.SELF]
    noted = set(
        AuditEvent.objects.filter(
            patient__in=others, actor=user, what=what, at__gt=Now() - LISTING_IS_NEWS_AFTER
        ).values_list("patient_id", flat=True)
    )
    AuditEvent.objects.bulk_create(
        AuditEvent(
            patient=patient,
            actor=user,
            role=standings[patient.id].role or "",
            action=AuditAction.READ,
            what=what,
            topics=sorted(standings[patient.id].read),
        )
        for patient in others
        if patient.id not in noted
    )
    return standings


def recheck_patient(user: User, patient: UUID | str, need: Need) -> Access:
    """Like access_patient but without an audit row: for going on with what has been audited at its start."""
    try:
        known = {"user": user} if patient == ME else {"id": patient}
        found = Patient.objects.annotate(narrowed=NARROWED).get(**known)
    except Patient.DoesNotExist:
        raise Http404 from None
    held = OWNER if found.user_id == user.id else standings_of(user, [found])[found.id]
    if not held.may(need):
        raise Http404
    return Access(user, found, held, need)


def access_clinic(user: User) -> Clinician:
    """The person's place in a clinic; raises Http404 for somebody who has none."""
    clinician = Clinician.objects.filter(user=user).select_related("clinic").first()
    if clinician is None:
        raise Http404
    return clinician


def access_team(user: User, team: UUID) -> tuple[Clinician, CareTeam]:
    """The person's place in a clinic and the team of the same clinic; raises Http404 for anybody else."""
    clinician = access_clinic(user)
    found = CareTeam.objects.filter(id=team, clinic=clinician.clinic).select_related("lead__user").first()
    if found is None:
        raise Http404
    return clinician, found


def access_row(queryset: PatientScopedQuerySet[M_co], user: User, need: Need, **key: object) -> M_co:
    """The one row of the key that the person may see; raises Http404 when it is absent or foreign."""
    row = queryset.visible_to(user, need).filter(**key).first()
    if row is None:
        raise Http404
    return row


def record_audit(access: Access, *, what: str, action: AuditAction, reason: str = "") -> AuditEvent:
    """Writes that somebody did something with a patient's data."""
    return AuditEvent.objects.create(
        patient=access.patient,
        actor=access.user,
        role=access.standing.role or "",
        action=action,
        what=what,
        topics=sorted(access.topics),
        reason=reason,
    )


def audit_of(patient: Patient) -> QuerySet[AuditEvent]:
    """Who looked, newest first."""
    return AuditEvent.objects.filter(patient=patient).select_related("actor").order_by("-id")
