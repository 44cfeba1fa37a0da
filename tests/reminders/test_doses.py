"""What becomes of doses: answers, offline ones too, corrections, and those that nobody answers."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.http import Http404

from backend.access import access_patient
from backend.actor import acting_for, acting_for_all, acting_on
from backend.identifiers import new_id
from backend.models import Change
from backend.ports import CriticalDose
from backend.rules import Need
from backend.services import NotPossible
from reminders.models import Dose, DoseAnswer, DoseStatus, MedicationPlan, Reminder
from reminders.services.doses import Said, answer_doses, critical_doses, mark_missed
from reminders.services.plans import Written, make_plan
from twin.models import StaleWarnings

NOW = datetime(2026, 3, 2, 5, tzinfo=UTC)  # 06:00 in Berlin
DUE = NOW + timedelta(hours=2)
HOUR = timedelta(hours=1)
DAILY = {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d", "timeOfDay": ["08:00"]}}
AS_NEEDED = {"asNeeded": {"minimumGapMinutes": 240, "maximumPerDay": 3}}


def act(person, patient, service, *, now=NOW, **given):
    with acting_for(person.id):
        access = access_patient(person, patient.id, Need.ACT, what="dose")
        return service(access=access, now=now, **given)


@pytest.fixture
def plan(cast):
    written = Written("Ramipril", date(2026, 3, 2), DAILY, amount=Decimal(1))
    return act(cast.pia, cast.pia_patient, make_plan, written=written)


def doses(plan):
    with acting_for_all():
        return list(Dose.objects.filter(plan=plan).order_by("due_at"))


def answer(cast, *said, now, person=None):
    return act(person or cast.pia, cast.pia_patient, answer_doses, said=said, now=now)


def taken(dose, at=DUE, said_at=None, **given):
    return Said(new_id(), DoseStatus.TAKEN, said_at or at, dose=dose.id, taken_at=at, **given)


def stands(dose):
    with acting_for_all():
        return Dose.objects.get(id=dose.id)


def test_dose_is_taken_and_its_reminder_ends(cast, plan):
    first = doses(plan)[0]
    at = DUE + timedelta(minutes=10)
    (found,) = answer(cast, taken(first, at, amount=Decimal("0.5")), now=at)
    assert (found.dose.status, found.dose.taken_at, found.dose.taken_amount) == ("taken", at, Decimal("0.5"))
    assert (found.dose.answered_by_id, found.caution) == (cast.pia.id, None)
    with acting_for_all():
        reminder = Reminder.objects.get(id=first.reminder_id)
        refs = list(
            Change.objects.filter(stream=cast.pia_patient.id).order_by("-seq").values_list("ref", flat=True)
        )
    assert (reminder.status, reminder.ended_at, reminder.due_at) == ("answered", at, None)
    assert refs[:2] == [f"reminder/{reminder.id}", f"dose/{first.id}"]


def test_answer_of_a_time_without_network_wins_over_a_missed_of_the_clock(cast, plan):
    first = doses(plan)[0]
    late = DUE + 6 * HOUR
    assert mark_missed(now=late, limit=9) == 1
    assert (stands(first).status, stands(first).missed_at) == ("missed", late)
    answer(cast, taken(first, DUE), now=late + HOUR)
    assert (stands(first).status, stands(first).taken_at, stands(first).missed_at) == ("taken", DUE, None)
    assert mark_missed(now=late + 2 * HOUR, limit=9) == 0


def test_what_was_said_last_counts_in_whatever_order_it_arrives(cast, plan):
    first = doses(plan)[0]
    earlier = taken(first, DUE)
    later = Said(new_id(), DoseStatus.SKIPPED, DUE + HOUR, dose=first.id, reason="nausea")
    answer(cast, later, now=DUE + HOUR)
    answer(cast, earlier, now=DUE + 2 * HOUR)
    assert (stands(first).status, stands(first).reason) == ("skipped", "nausea")
    with acting_for_all():
        assert DoseAnswer.objects.filter(dose=first).count() == 2


def test_answer_sent_again_changes_nothing(cast, plan):
    first = doses(plan)[0]
    said = taken(first)
    answer(cast, said, now=DUE)
    with acting_for_all():
        before = Change.objects.count()
    answer(cast, said, said, now=DUE + HOUR)
    with acting_for_all():
        assert (Change.objects.count(), DoseAnswer.objects.count()) == (before, 1)


def test_answer_taken_back_leaves_the_dose_due_or_missed(cast, plan):
    first = doses(plan)[0]
    answer(cast, taken(first), now=DUE)
    back = Said(new_id(), DoseStatus.DUE, DUE + HOUR, dose=first.id)
    answer(cast, back, now=DUE + HOUR)
    assert (stands(first).status, stands(first).answered_by_id) == ("due", None)
    answer(cast, taken(first, said_at=DUE + 2 * HOUR), now=DUE + 2 * HOUR)
    answer(cast, replace(back, key=new_id(), said_at=DUE + 9 * HOUR), now=DUE + 9 * HOUR)
    assert (stands(first).status, stands(first).missed_at) == ("missed", DUE + 9 * HOUR)


def test_medicine_as_needed_is_kept_with_a_caution_where_it_came_too_soon(cast):
    written = Written("Paracetamol", date(2026, 3, 2), AS_NEEDED, amount=Decimal(1))
    plan = act(cast.pia, cast.pia_patient, make_plan, written=written)
    assert doses(plan) == []
    first, second = (
        Said(new_id(), DoseStatus.TAKEN, NOW + wait, plan=plan.id, taken_at=NOW + wait)
        for wait in (timedelta(0), HOUR)
    )
    found = answer(cast, first, second, now=NOW + HOUR)
    assert [one.caution and one.caution.until for one in found] == [None, NOW + 4 * HOUR]
    answer(cast, first, now=NOW + 2 * HOUR)
    assert [(one.status, one.as_needed, one.taken_at) for one in doses(plan)] == [
        ("taken", True, NOW),
        ("taken", True, NOW + HOUR),
    ]
    back = Said(new_id(), DoseStatus.DUE, NOW + 2 * HOUR, dose=doses(plan)[1].id)
    answer(cast, back, now=NOW + 2 * HOUR)
    assert [(one.status, one.reason) for one in doses(plan)] == [("taken", ""), ("skipped", "taken back")]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"status": DoseStatus.MISSED, "taken_at": None}, "answers.0.status"),
        ({"taken_at": None}, "answers.0.taken_at"),
        ({"taken_at": DUE + HOUR}, "answers.0.taken_at"),
        ({"said_at": DUE + HOUR}, "answers.0.said_at"),
        ({"said_at": DUE - 400 * 24 * HOUR}, "answers.0.said_at"),
        ({"status": DoseStatus.SKIPPED}, "answers.0.taken_at"),
        ({"reason": "nausea"}, "answers.0.reason"),
        ({"amount": Decimal(0)}, "answers.0.amount"),
        ({"plan": UUID(int=1)}, "answers.0"),
        ({"dose": None}, "answers.0"),
    ],
)
def test_answer_that_cannot_be_is_refused_by_field(cast, plan, change, field):
    with pytest.raises(NotPossible) as error:
        answer(cast, replace(taken(doses(plan)[0]), **change), now=DUE)
    assert error.value.field == field


def test_one_answer_that_cannot_be_keeps_none(cast, plan):
    first, second = doses(plan)[:2]
    with pytest.raises(NotPossible):
        answer(cast, taken(first), taken(second, DUE + 24 * HOUR), now=DUE)
    assert stands(first).status == "due"


def test_dose_of_somebody_else_is_absent(cast, plan):
    first = doses(plan)[0]
    with pytest.raises(Http404):
        act(cast.paul, cast.paul_patient, answer_doses, said=[taken(first)], now=DUE)


def test_missed_critical_dose_is_told_to_rules_and_caregivers_once(cast, plan):
    with acting_for_all():
        MedicationPlan.objects.update(is_critical=True)
        StaleWarnings.objects.all().delete()
    late = DUE + 5 * HOUR
    assert (mark_missed(now=late, limit=9), mark_missed(now=late, limit=9)) == (1, 0)
    with acting_for_all():
        told = Reminder.objects.get(kind="missed_critical")
        assert StaleWarnings.objects.filter(patient=cast.pia_patient, due_at=late).exists()
    assert (told.key, told.is_critical, told.due_at) == (str(doses(plan)[0].id), True, late)
    with acting_on(cast.pia_patient.id):
        assert critical_doses(cast.pia_patient.id) == [CriticalDose(str(plan.id), "Ramipril", 1, DUE)]
    answer(cast, taken(doses(plan)[0]), now=late + HOUR)
    with acting_on(cast.pia_patient.id):
        assert critical_doses(cast.pia_patient.id) == [CriticalDose(str(plan.id), "Ramipril", 0, DUE)]


def test_missed_doses_are_taken_in_portions(cast, plan):
    late = DUE + 100 * HOUR
    assert [mark_missed(now=late, limit=2) for _ in range(3)] == [2, 1, 0]
    assert {one.status for one in doses(plan)} == {"missed"}
