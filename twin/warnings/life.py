"""The life of an alert: which step follows which, when somebody else is told, what holds it back. Pure.

The times lie in alert_life.json.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from enum import StrEnum
from functools import cache
from typing import Any
from uuid import UUID

from backend.rules import Role
from twin.kinds import DATA
from twin.warnings.finding import Severity


class Status(StrEnum):
    """Where an alert stands."""

    RAISED = "raised"  # nobody has been told yet
    DELIVERED = "delivered"  # somebody has been told, nobody has answered
    ESCALATED = "escalated"  # nobody answered in time; somebody else is asked
    ACKNOWLEDGED = "acknowledged"  # somebody takes care of it
    RESOLVED = "resolved"  # its cause is gone, or somebody has done something about it
    EXPIRED = "expired"  # too old to say anything of now, and nobody resolved it


OPEN = (Status.RAISED, Status.DELIVERED, Status.ESCALATED, Status.ACKNOWLEDGED)
WAITING = (Status.RAISED, Status.DELIVERED, Status.ESCALATED)
ENDED = (Status.RESOLVED, Status.EXPIRED)


class Step(StrEnum):
    """What can happen to an alert; each is written down with its instant."""

    RAISED = "raised"
    DELIVERED = "delivered"  # the first of those who are told has been told
    DISPLAYED = "displayed"  # a device has shown it to somebody
    UNDELIVERED = "undelivered"  # a way of telling somebody was given up
    NOTED = "noted"  # the patient or a caregiver has seen it; clinicians are still waited for
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"  # somebody wants to hear of it later
    ESCALATED = "escalated"
    UNANSWERED = "unanswered"  # the last escalation was not answered either
    WORSENED = "worsened"
    EASED = "eased"
    RESOLVED = "resolved"
    EXPIRED = "expired"


_AFTER: Mapping[tuple[Status, Step], Status] = {
    (Status.RAISED, Step.DELIVERED): Status.DELIVERED,
    **{(status, Step.ESCALATED): Status.ESCALATED for status in WAITING},
    **{(status, Step.ACKNOWLEDGED): Status.ACKNOWLEDGED for status in WAITING},
    **{(status, Step.WORSENED): Status.RAISED for status in OPEN},
    **{(status, Step.RESOLVED): Status.RESOLVED for status in OPEN},
    **{(status, Step.EXPIRED): Status.EXPIRED for status in OPEN},
    # These are noted, and change nothing of where it stands.
    **{
        (status, step): status
        for status in OPEN
        for step in (Step.DISPLAYED, Step.SNOOZED, Step.EASED, Step.UNDELIVERED)
    },
    **{(status, step): status for status in WAITING for step in (Step.NOTED, Step.UNANSWERED)},
}


class NoSuchStep(Exception):
    """The step cannot follow: the alert has ended, or somebody has answered."""


def after(status: Status, step: Step) -> Status:
    """Where an alert stands after the step; raises NoSuchStep where it cannot follow."""
    try:
        return _AFTER[status, step]
    except KeyError:
        raise NoSuchStep(f"{step} cannot follow {status}") from None


def may_follow(status: Status, step: Step) -> bool:
    """Whether `after` has an answer."""
    return (status, step) in _AFTER


@dataclass(frozen=True, slots=True)
class Course:
    """How alerts of one severity go, as the data file has it.

    `escalations` are the waits before the first and each later escalation. For `rests_for` after somebody
    has resolved it, the same rule does not raise it again unless it is worse.
    """

    channels: Sequence[str]
    tells_others: bool
    escalations: Sequence[timedelta]
    expires_after: timedelta
    rests_for: timedelta
    patient_snoozes: timedelta
    clinician_snoozes: timedelta


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From when in the evening until when in the morning, by the patient's own wall clock."""

    begin: time
    end: time


@cache
def courses() -> Mapping[Severity, Course]:
    """The course of each severity."""
    rows = _file()["severities"]
    return {severity: _course(rows[severity]) for severity in Severity}


@cache
def quiet_hours() -> QuietHours:
    """When nobody is told of what can wait."""
    row = _file()["quiet_hours"]
    return QuietHours(time.fromisoformat(row["from"]), time.fromisoformat(row["until"]))


def escalates_at(
    severity: Severity, *, is_late: bool, escalations: int, told_at: datetime
) -> datetime | None:
    """When the next escalation is due if nobody answers, after so many of them, the last at `told_at`.

    After the last one as long is waited again, to note that nobody answered it. None where there are none.
    What is late does not speak of now, and wakes nobody.
    """
    waits = courses()[severity].escalations
    if is_late or not waits or escalations > len(waits):
        return None
    return told_at + waits[min(escalations, len(waits) - 1)]


def is_last(severity: Severity, escalations: int) -> bool:
    """Whether nobody is left to ask after so many escalations."""
    return escalations >= len(courses()[severity].escalations)


def tells_at(severity: Severity, *, is_late: bool, now: datetime, zone: tzinfo) -> datetime:
    """The first instant from `now` on at which people may be told: after quiet hours, for what can wait."""
    if not is_late and severity.rank >= Severity.URGENT.rank:
        return now
    hours, local = quiet_hours(), now.astimezone(zone)
    evening = local.time() >= hours.begin
    if not evening and local.time() >= hours.end:
        return now
    morning = local.date() + timedelta(days=1) if evening else local.date()
    # By the wall clock: a night in which clocks change is an hour shorter or longer.
    return max(now, datetime.combine(morning, hours.end, tzinfo=zone).astimezone(now.tzinfo))


def closes(severity: Severity, role: Role | None, *, clinicians_wait: bool) -> bool:
    """Whether an acknowledgement by this role is the answer, or is only noted.

    A clinician's always is. Where clinicians are asked about something urgent, that patient or caregiver
    have seen it does not stop the search for a clinician.
    """
    return role is Role.CLINICIAN or not clinicians_wait or severity.rank < Severity.URGENT.rank


def snoozes_until(severity: Severity, role: Role | None, *, wanted: datetime, now: datetime) -> datetime:
    """Until when a snooze holds: as long as was wanted, within what the severity allows the role."""
    course = courses()[severity]
    bound = course.clinician_snoozes if role is Role.CLINICIAN else course.patient_snoozes
    return min(wanted, now + bound)


@dataclass(frozen=True, slots=True)
class Snoozed:
    """What one person does not want to hear of until an instant: a rule, on one side, up to a severity."""

    rule: str
    direction: str
    severity: Severity
    until: datetime


def held_until(
    snoozes: Sequence[Snoozed], *, rule: str, direction: str, severity: Severity, now: datetime
) -> datetime | None:
    """Until when the snoozes hold such an alert back: never one of the other side, nor a worse one."""
    ends = [
        one.until
        for one in snoozes
        if (one.rule, one.direction) == (rule, direction)
        and severity.rank <= one.severity.rank
        and one.until > now
    ]
    return max(ends, default=None)


@dataclass(frozen=True, slots=True)
class Shift:
    """Who of a team is on duty, from when until when."""

    person: UUID
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Team:
    """Whom a care team has: its members, its lead, if it has one, and its shifts from now on, in order."""

    members: frozenset[UUID]
    lead: UUID | None
    shifts: Sequence[Shift]


def asked(team: Team, *, escalation: int, told: frozenset[UUID], now: datetime) -> frozenset[UUID]:
    """Who of the team is told at an escalation; 0 is the beginning. `told`: who was told by then.

    At first whoever is on duty, and everybody where nobody is. Then whoever is on duty next, then the lead,
    then everybody again. Where a rung is empty, or stands on somebody who was told, the next one is taken.
    """
    if escalation == 0:
        on_duty = frozenset(one.person for one in team.shifts if one.starts_at <= now < one.ends_at)
        return on_duty & team.members or team.members
    later = [one.person for one in team.shifts if one.starts_at > now and one.person not in told]
    rungs = (frozenset(later[:1]), frozenset({team.lead} if team.lead else ()))
    for rung in rungs[escalation - 1 :]:
        if rung & team.members - told:
            return rung
    return team.members


def _course(row: Mapping[str, Any]) -> Course:
    snoozes = row["snooze_at_most_minutes"]
    return Course(
        channels=tuple(row["channels"]),
        tells_others="others" in row["told"],
        escalations=tuple(timedelta(minutes=wait) for wait in row["escalate_after_minutes"]),
        expires_after=timedelta(days=row["expires_after_days"]),
        rests_for=timedelta(minutes=row["rests_for_minutes"]),
        patient_snoozes=timedelta(minutes=snoozes["patient"]),
        clinician_snoozes=timedelta(minutes=snoozes["clinician"]),
    )


@cache
def _file() -> Mapping[str, Any]:
    content: Mapping[str, Any] = json.loads((DATA / "alert_life.json").read_text(encoding="utf-8"))
    return content
