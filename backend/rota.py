"""Every write about who is on duty, who leads, and what a clinic promises its patients."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import Http404

from backend.models import CareTeam, Clinic, Clinician, DutyShift
from backend.services import NotPossible

LONGEST = timedelta(days=31)


def take_shift(
    *,
    actor: Clinician,
    team: CareTeam,
    ends_at: datetime,
    now: datetime,
    starts_at: datetime | None = None,
    clinician: UUID | None = None,
    is_additional: bool = False,
) -> DutyShift:
    """A member of the team is on duty for a while: the actor, or whom the lead or an administrator names.

    Raises NotPossible for somebody who is no member, for a time that is past or longer than LONGEST, and
    where somebody is on duty already, unless this shift is declared to be additional.
    """
    member = _member(team, clinician or actor.id, "clinician")
    if member != actor and not _arranges(actor, team):
        raise NotPossible("clinician", "Only the lead or an administrator enters others.")
    starts_at = starts_at or now
    if ends_at <= now or not timedelta() < ends_at - starts_at <= LONGEST:
        raise NotPossible("ends_at", f"A shift ends in the future, within {LONGEST.days} days of its start.")
    _hold(team)
    if not is_additional and _claimed(team, starts_at, ends_at):
        raise NotPossible("starts_at", "Somebody is on duty then. Hand over that shift, or add another.")
    return DutyShift.objects.create(
        team=team,
        clinician=member,
        starts_at=starts_at,
        ends_at=ends_at,
        is_additional=is_additional,
        entered_by=actor.user,
        entered_at=now,
    )


def hand_over(
    *, actor: Clinician, team: CareTeam, shift_id: UUID, to: UUID | None, now: datetime
) -> DutyShift:
    """What is left of a shift is another member's from now on, who may take it over herself; answers it.

    A member may take any shift over; only who has it, the lead and administrators give it to somebody else.
    To whom it belongs already nothing changes. Raises Http404 for a shift that is absent, NotPossible for
    one that is over.
    """
    _hold(team)
    shift = DutyShift.objects.filter(team=team, id=shift_id).select_related("clinician__user").first()
    if shift is None:
        raise Http404
    member = _member(team, to or actor.id, "to")
    if actor not in (member, shift.clinician) and not _arranges(actor, team):
        raise NotPossible("to", "Only who has the shift, the lead or an administrator gives it away.")
    if shift.ends_at <= now:
        raise NotPossible("shift", "This shift is over.")
    if shift.clinician == member:
        return shift
    if shift.starts_at >= now:
        shift.taken_from, shift.clinician = shift.clinician, member
        shift.save(update_fields=["taken_from", "clinician"])
        return shift
    until, shift.ends_at = shift.ends_at, now
    shift.save(update_fields=["ends_at"])
    return DutyShift.objects.create(
        team=team,
        clinician=member,
        starts_at=now,
        ends_at=until,
        is_additional=shift.is_additional,
        taken_from=shift.clinician,
        entered_by=actor.user,
        entered_at=now,
    )


def name_lead(*, actor: Clinician, team: CareTeam, lead: UUID | None) -> CareTeam:
    """A member leads the team, or nobody does. For administrators, and whoever leads it at present."""
    if not _arranges(actor, team):
        raise NotPossible("clinician", "Only the lead or an administrator names another.")
    team.lead = None if lead is None else _member(team, lead, "clinician")
    team.save(update_fields=["lead"])
    return team


def describe_clinic(*, actor: Clinician, said: Mapping[str, Any]) -> Clinic:
    """What the clinic tells its patients: emergency wording, and when somebody reads. For administrators."""
    if not actor.administers_clinic:
        raise NotPossible("role", "Only an administrator of the clinic changes this.")
    clinic = actor.clinic
    for name, value in said.items():
        setattr(clinic, name, value)
    clinic.save(update_fields=said)
    return clinic


def _hold(team: CareTeam) -> None:
    """Nobody else changes this rota until the transaction ends."""
    CareTeam.objects.select_for_update().get(id=team.id)


def _claimed(team: CareTeam, starts_at: datetime, ends_at: datetime) -> bool:
    shifts = DutyShift.objects.filter(team=team, is_additional=False)
    return shifts.filter(starts_at__lt=ends_at, ends_at__gt=starts_at).exists()


def _arranges(actor: Clinician, team: CareTeam) -> bool:
    return actor.administers_clinic or team.lead_id == actor.id


def _member(team: CareTeam, clinician: UUID, field: str) -> Clinician:
    found = team.members.select_related("user").filter(id=clinician).first()
    if found is None:
        raise NotPossible(field, "This is no member of the team.")
    return found
