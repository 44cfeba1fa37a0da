"""The life of an alert as pure tables, and over any sequence of steps."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.rules import Role
from twin.warnings.finding import Severity
from twin.warnings.life import (
    ENDED,
    OPEN,
    WAITING,
    NoSuchStep,
    Shift,
    Snoozed,
    Status,
    Step,
    Team,
    after,
    asked,
    closes,
    courses,
    escalates_at,
    held_until,
    may_follow,
    snoozes_until,
    tells_at,
)

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
BERLIN = ZoneInfo("Europe/Berlin")
ANN, BEA, CID, DOT = (UUID(int=number) for number in range(1, 5))


@pytest.mark.parametrize(
    ("status", "step", "expected"),
    [
        (Status.RAISED, Step.DELIVERED, Status.DELIVERED),
        (Status.RAISED, Step.ESCALATED, Status.ESCALATED),
        (Status.DELIVERED, Step.ESCALATED, Status.ESCALATED),
        (Status.ESCALATED, Step.ESCALATED, Status.ESCALATED),
        (Status.DELIVERED, Step.ACKNOWLEDGED, Status.ACKNOWLEDGED),
        (Status.DELIVERED, Step.NOTED, Status.DELIVERED),
        (Status.ESCALATED, Step.DISPLAYED, Status.ESCALATED),
        (Status.ACKNOWLEDGED, Step.WORSENED, Status.RAISED),
        (Status.ACKNOWLEDGED, Step.EASED, Status.ACKNOWLEDGED),
        (Status.ACKNOWLEDGED, Step.RESOLVED, Status.RESOLVED),
        (Status.RAISED, Step.EXPIRED, Status.EXPIRED),
    ],
)
def test_step_leads_from_one_status_to_another(status, step, expected):
    assert after(status, step) is expected


@pytest.mark.parametrize(
    ("status", "step"),
    [
        *((status, step) for status in ENDED for step in Step),
        (Status.ACKNOWLEDGED, Step.ACKNOWLEDGED),
        (Status.ACKNOWLEDGED, Step.ESCALATED),
        (Status.ACKNOWLEDGED, Step.DELIVERED),
        (Status.DELIVERED, Step.DELIVERED),
        (Status.DELIVERED, Step.RAISED),
    ],
)
def test_step_cannot_follow(status, step):
    assert not may_follow(status, step)
    with pytest.raises(NoSuchStep):
        after(status, step)


@given(st.lists(st.sampled_from(list(Step))))
def test_any_course_ends_once_and_is_not_escalated_once_answered(wanted):
    status, taken = Status.RAISED, []
    for step in wanted:
        if may_follow(status, step):
            status = after(status, step)
            taken.append(step)
    ends = [place for place, step in enumerate(taken) if step in (Step.RESOLVED, Step.EXPIRED)]
    assert len(ends) <= 1
    assert ends in ([], [len(taken) - 1])
    assert (status in ENDED) == bool(ends)
    answered = False
    for step in taken:
        answered = (answered or step is Step.ACKNOWLEDGED) and step is not Step.WORSENED
        assert not (answered and step in (Step.ESCALATED, Step.DELIVERED, Step.NOTED))
    assert (status is Status.ACKNOWLEDGED) == (answered and not ends)
    assert status in (*OPEN, *ENDED)


def test_every_severity_has_its_course_and_the_worse_is_the_more_pressing():
    found = courses()
    assert set(found) == set(Severity)
    in_order = [found[severity] for severity in Severity]
    for milder, worse in pairwise(in_order):
        assert len(milder.escalations) <= len(worse.escalations)
        assert milder.patient_snoozes >= worse.patient_snoozes
        assert milder.rests_for >= worse.rests_for
        assert set(milder.channels) <= set(worse.channels)


@pytest.mark.parametrize(
    ("severity", "late", "escalations", "waits"),
    [
        (Severity.CRITICAL, False, 0, 5 * MINUTE),
        (Severity.CRITICAL, False, 2, 10 * MINUTE),
        (Severity.CRITICAL, False, 3, 10 * MINUTE),
        (Severity.CRITICAL, False, 4, None),
        (Severity.CRITICAL, True, 0, None),
        (Severity.URGENT, False, 0, 30 * MINUTE),
        (Severity.CAUTION, False, 0, 2 * DAY),
        (Severity.CAUTION, False, 1, 2 * DAY),
        (Severity.CAUTION, False, 2, None),
        (Severity.INFORMATION, False, 0, None),
    ],
)
def test_escalation_is_due_by_severity(severity, late, escalations, waits):
    due = escalates_at(severity, is_late=late, escalations=escalations, told_at=NOW)
    assert due == (waits and NOW + waits)


def wall(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ("2026-03-10T21:59", "2026-03-10T21:59"),
        ("2026-03-10T22:00", "2026-03-11T07:00"),
        ("2026-03-10T23:59", "2026-03-11T07:00"),
        ("2026-03-11T00:00", "2026-03-11T07:00"),
        ("2026-03-11T06:59", "2026-03-11T07:00"),
        ("2026-03-11T07:00", "2026-03-11T07:00"),
        # The clocks go forward, and back: a night of eight hours and one of ten.
        ("2026-03-28T22:30", "2026-03-29T07:00"),
        ("2026-10-24T22:30", "2026-10-25T07:00"),
    ],
)
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
def test_quiet_hours_are_by_the_patients_own_wall_clock(now, told, zone):
    zone = ZoneInfo(zone)
    begin = wall(now, zone)
    assert tells_at(Severity.CAUTION, is_late=False, now=begin, zone=zone) == wall(told, zone)
    assert tells_at(Severity.CRITICAL, is_late=True, now=begin, zone=zone) == wall(told, zone)
    assert tells_at(Severity.URGENT, is_late=False, now=begin, zone=zone) == begin


@pytest.mark.parametrize(
    ("severity", "role", "clinicians", "expected"),
    [
        (Severity.CRITICAL, Role.CLINICIAN, True, True),
        (Severity.CRITICAL, Role.SELF, True, False),
        (Severity.URGENT, Role.CAREGIVER, True, False),
        (Severity.URGENT, Role.CAREGIVER, False, True),
        (Severity.CAUTION, Role.SELF, True, True),
    ],
)
def test_who_can_call_off_the_search(severity, role, clinicians, expected):
    assert closes(severity, role, clinicians_wait=clinicians) is expected


@pytest.mark.parametrize("severity", list(Severity))
@pytest.mark.parametrize("role", [Role.SELF, Role.CAREGIVER, Role.CLINICIAN])
def test_snooze_is_as_long_as_wanted_within_its_bound(severity, role):
    longest = snoozes_until(severity, role, wanted=NOW + 1000 * DAY, now=NOW)
    assert snoozes_until(severity, role, wanted=NOW + MINUTE, now=NOW) == NOW + MINUTE
    assert longest < NOW + 31 * DAY
    if severity is Severity.CRITICAL:
        assert longest <= NOW + (HOUR if role is Role.CLINICIAN else 15 * MINUTE)


@pytest.mark.parametrize(
    ("given_", "held"),
    [
        ({}, True),
        ({"rule": "other"}, False),
        ({"direction": "low"}, False),
        ({"severity": Severity.CRITICAL}, False),
        ({"severity": Severity.CAUTION}, True),
        ({"now": NOW + HOUR}, False),
    ],
)
def test_snooze_covers_one_rule_one_side_and_nothing_worse(given_, held):
    snoozed = [Snoozed("glucose", "high", Severity.URGENT, NOW + HOUR)]
    of = {"rule": "glucose", "direction": "high", "severity": Severity.URGENT, "now": NOW} | given_
    assert held_until(snoozed, **of) == (NOW + HOUR if held else None)


def shift(person: UUID, begin: int, end: int) -> Shift:
    return Shift(person, NOW + begin * HOUR, NOW + end * HOUR)


EVERYBODY = frozenset({ANN, BEA, CID, DOT})
ROTA = (shift(ANN, -4, 4), shift(BEA, 4, 12))


@pytest.mark.parametrize(
    ("lead", "shifts", "escalation", "told", "expected"),
    [
        (CID, ROTA, 0, set(), {ANN}),
        (CID, ROTA, 0, {ANN}, {ANN}),
        (CID, ROTA, 1, {ANN}, {BEA}),
        (CID, ROTA, 2, {ANN, BEA}, {CID}),
        (CID, ROTA, 3, {ANN, BEA, CID}, EVERYBODY),
        # An empty rung is passed over, as is one on which somebody stands who was told.
        (CID, ROTA[:1], 1, {ANN}, {CID}),
        (None, ROTA[:1], 1, {ANN}, EVERYBODY),
        (ANN, ROTA, 2, {ANN, BEA}, EVERYBODY),
        (CID, (), 0, set(), EVERYBODY),
        (CID, ROTA[1:], 0, set(), EVERYBODY),
        (CID, (*ROTA, shift(ANN, 12, 20)), 1, {ANN, BEA}, {CID}),
        # Who has left the team is no longer asked.
        (CID, (shift(UUID(int=9), -4, 4), ROTA[1]), 0, set(), EVERYBODY),
        (UUID(int=9), ROTA[:1], 1, {ANN}, EVERYBODY),
        (CID, (*ROTA, shift(DOT, -1, 1)), 0, set(), {ANN, DOT}),
    ],
)
def test_who_is_asked(lead, shifts, escalation, told, expected):
    team = Team(EVERYBODY, lead, shifts)
    assert asked(team, escalation=escalation, told=frozenset(told), now=NOW) == expected


@given(
    st.sets(st.sampled_from([ANN, BEA, CID, DOT]), min_size=1),
    st.lists(st.tuples(st.sampled_from([ANN, BEA, CID, DOT]), st.integers(-9, 9), st.integers(1, 9))),
    st.sampled_from([ANN, BEA, CID, DOT, None]),
    st.integers(0, 5),
)
def test_somebody_of_the_team_is_always_asked(members, shifts, lead, escalation):
    rota = sorted(
        (shift(who, begin, begin + hours) for who, begin, hours in shifts), key=lambda one: one.starts_at
    )
    team = Team(frozenset(members), lead, rota)
    told: frozenset[UUID] = frozenset()
    for number in range(escalation + 1):
        people = asked(team, escalation=number, told=told, now=NOW)
        assert people
        assert people <= team.members
        told |= people


def test_waiting_is_open():
    assert set(WAITING) < set(OPEN)
