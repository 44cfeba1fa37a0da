"""Who is on duty: one at a time, handed over at any moment, and what a clinic promises its patients."""

from datetime import timedelta

import make
import pytest
from django.db import IntegrityError, transaction
from django.http import Http404
from django.utils import timezone

from backend.hours import ReadingHours, reading_line
from backend.models import CareTeam, ClockBeat, DutyShift
from backend.queries import on_duty
from backend.rota import describe_clinic, hand_over, name_lead, take_shift
from backend.services import NotPossible

NOW = timezone.now()
HOUR = timedelta(hours=1)


@pytest.fixture
def eve(cast):
    """A second member of the team."""
    member = make.make_clinician(make.make_user("eve"), cast.clinic)
    cast.team.members.add(member)
    return member


def take(cast, **given):
    of = {"actor": cast.cleo.clinician, "team": cast.team, "ends_at": NOW + 8 * HOUR, "now": NOW}
    return take_shift(**of | given)


def names_on_duty(cast, at):
    return [shift.clinician.user.name for shift in on_duty(cast.team.id, at)]


def test_member_takes_a_shift_and_is_on_duty_until_its_end(cast):
    take(cast)
    assert names_on_duty(cast, NOW) == ["Cleo"]
    assert names_on_duty(cast, NOW + 8 * HOUR) == []


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"ends_at": NOW}, "ends_at"),
        ({"starts_at": NOW + 9 * HOUR}, "ends_at"),
        ({"ends_at": NOW + timedelta(days=32)}, "ends_at"),
        ({"starts_at": NOW + 7 * HOUR, "ends_at": NOW + 9 * HOUR}, "starts_at"),
    ],
)
def test_shift_that_cannot_be_is_refused(cast, given, field):
    take(cast)
    with pytest.raises(NotPossible) as refused:
        take(cast, **given)
    assert refused.value.field == field


def test_second_shift_at_a_time_is_declared(cast, eve):
    take(cast)
    take(cast, actor=eve, is_additional=True)
    take(cast, starts_at=NOW + 8 * HOUR, ends_at=NOW + 9 * HOUR)
    assert names_on_duty(cast, NOW) == ["Cleo", "Eve"]


def test_only_lead_and_administrator_enter_others(cast, eve):
    ada = cast.ada.clinician
    with pytest.raises(NotPossible):
        take(cast, clinician=eve.id)
    with pytest.raises(NotPossible):
        name_lead(actor=cast.cleo.clinician, team=cast.team, lead=cast.cleo.clinician.id)
    with pytest.raises(NotPossible):
        take(cast, actor=ada, clinician=cast.carl.clinician.id)
    take(cast, actor=ada, clinician=eve.id, ends_at=NOW + HOUR)
    name_lead(actor=ada, team=cast.team, lead=cast.cleo.clinician.id)
    take(cast, clinician=eve.id, starts_at=NOW + HOUR)
    assert CareTeam.objects.get(id=cast.team.id).lead == cast.cleo.clinician


def test_what_is_left_of_a_shift_is_handed_over_or_taken_over(cast, eve):
    shift, cleo = take(cast), cast.cleo.clinician
    given = hand_over(actor=cleo, team=cast.team, shift_id=shift.id, to=eve.id, now=NOW + HOUR)
    assert (given.starts_at, given.ends_at, given.taken_from) == (NOW + HOUR, NOW + 8 * HOUR, cleo)
    assert names_on_duty(cast, NOW) == ["Cleo"]
    assert names_on_duty(cast, NOW + HOUR) == ["Eve"]
    again = hand_over(actor=eve, team=cast.team, shift_id=given.id, to=None, now=NOW + 2 * HOUR)
    assert again == given
    back = hand_over(actor=cleo, team=cast.team, shift_id=given.id, to=None, now=NOW + 3 * HOUR)
    assert (back.clinician, back.taken_from) == (cleo, eve)
    with pytest.raises(NotPossible):
        hand_over(actor=eve, team=cast.team, shift_id=shift.id, to=None, now=NOW + 4 * HOUR)
    with pytest.raises(Http404):
        hand_over(actor=eve, team=cast.team, shift_id=eve.id, to=None, now=NOW)


def test_shift_that_has_not_begun_changes_hands_whole(cast, eve):
    shift = take(cast, starts_at=NOW + HOUR)
    taken = hand_over(actor=eve, team=cast.team, shift_id=shift.id, to=None, now=NOW)
    assert (taken.id, taken.clinician, taken.starts_at) == (shift.id, eve, NOW + HOUR)
    third = make.make_clinician(make.make_user("fay"), cast.clinic)
    cast.team.members.add(third)
    with pytest.raises(NotPossible):
        hand_over(actor=third, team=cast.team, shift_id=shift.id, to=cast.cleo.clinician.id, now=NOW)


def broken(cast, **fields):
    given = {
        "team": cast.team,
        "clinician": cast.cleo.clinician,
        "starts_at": NOW,
        "ends_at": NOW + HOUR,
        "entered_by": cast.cleo,
        "entered_at": NOW,
    }
    return DutyShift.objects.create(**given | fields)


def test_database_refuses_two_on_duty_and_shifts_that_end_before_they_begin(cast):
    broken(cast)
    other = CareTeam.objects.create(clinic=cast.clinic, name="Night team")
    broken(cast, team=other)
    broken(cast, is_additional=True)
    broken(cast, starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR)
    for name, fields in (
        ("duty_shift_is_one_at_a_time", {"starts_at": NOW + HOUR / 2, "ends_at": NOW + 3 * HOUR}),
        ("duty_shift_ends_after_its_start", {"ends_at": NOW - HOUR, "is_additional": True}),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            broken(cast, **fields)
    assert ClockBeat.objects.count() == 0


def test_administrator_says_what_patients_read(cast):
    said = {"emergency_text": "Call 112.", "reads_from": "08:00", "reads_until": "18:00"}
    with pytest.raises(NotPossible):
        describe_clinic(actor=cast.cleo.clinician, said=said)
    describe_clinic(actor=cast.ada.clinician, said=said)
    cast.clinic.refresh_from_db()
    assert cast.clinic.emergency_text == "Call 112."
    assert cast.clinic.reading_hours is not None


def hours(begin: str, end: str, *, weekends: bool = False) -> ReadingHours:
    from datetime import time

    return ReadingHours(time.fromisoformat(begin), time.fromisoformat(end), weekends, "Europe/Berlin")


@pytest.mark.parametrize(
    ("promised", "at", "expected"),
    [
        # 2026-03-13 is a Friday; Berlin is an hour ahead.
        (hours("08:00", "18:00"), "2026-03-13T07:00", True),
        (hours("08:00", "18:00"), "2026-03-13T06:59", False),
        (hours("08:00", "18:00"), "2026-03-13T17:00", False),
        (hours("08:00", "18:00"), "2026-03-14T09:00", False),
        (hours("08:00", "18:00", weekends=True), "2026-03-14T09:00", True),
        (hours("00:00", "00:00"), "2026-03-13T02:00", True),
        (hours("20:00", "06:00"), "2026-03-13T23:30", True),  # Friday's night ends on Saturday
        (hours("20:00", "06:00"), "2026-03-14T22:00", False),
    ],
)
def test_hours_hold_by_the_clinics_own_clock(promised, at, expected):
    assert promised.hold_at(make.at(at)) is expected


@pytest.mark.parametrize(
    ("promised", "words"),
    [
        (None, "has not said when"),
        (hours("00:00", "00:00", weekends=True), "by day and by night, every day"),
        (hours("08:00", "18:00"), "and so at night, nobody may read it"),
    ],
)
def test_patients_read_whether_anybody_reads_at_night(promised, words):
    assert words in reading_line("Harbour Clinic", promised)
