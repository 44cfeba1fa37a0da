"""Plans as they are kept: their versions, pauses and ends, and the doses that follow them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import make
import pytest
from django.db import IntegrityError
from django.http import Http404
from django.utils import timezone

from backend.access import access_patient
from backend.actor import acting_for, acting_for_all
from backend.models import Change
from backend.rules import Level, Need, Topic
from backend.services import NotPossible, save_own_patient
from reminders.models import Dose, MedicationPlan, PlanVersion, Reminder
from reminders.prescribing import Check
from reminders.services.planning import HORIZON, plan_on, plans_to_go_on
from reminders.services.plans import (
    Written,
    change_plan,
    end_plan,
    make_plan,
    pause_plan,
    preview_plan,
    record_stock,
    resume_plan,
)
from reminders.services.prescribing import check_medicine
from twin.models import Event, Record
from twin.scores.medicine_names import Medicine

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)  # 10:00 in Berlin, a Monday
TODAY = date(2026, 3, 2)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def times(*clock):
    return {"repeat": {"frequency": len(clock), "period": 1, "periodUnit": "d", "timeOfDay": list(clock)}}


def written(**given):
    usual = {"medicine": "Ramipril", "starts_on": TODAY, "timing": times("08:00", "20:00")}
    return Written(**usual | {"amount": Decimal(1), "unit": "tablet"} | given)


def act(person, patient, service, *, now=NOW, **given):
    with acting_for(person.id):
        access = access_patient(person, patient.id, Need.ACT, what="plan")
        return service(access=access, now=now, **given)


def made(cast, *, person=None, **given):
    return act(person or cast.pia, cast.pia_patient, make_plan, written=written(**given))


def due(plan):
    with acting_for_all():
        rows = Dose.objects.filter(plan=plan, status="due").order_by("due_at")
        return [(row.slot, row.due_at) for row in rows]


def slots(plan):
    return [slot for slot, _ in due(plan)]


def let_cleo_act(cast):
    grant = {"team": cast.team, "topics": {Topic.MEDICATION: Level.ACT}}
    make.make_grant(cast.pia_patient, starts_at=NOW - DAY, **grant)


def refs(patient):
    with acting_for_all():
        found = Change.objects.filter(stream=patient.id).order_by("seq").values_list("ref", flat=True)
        return [ref.split("/")[0] for ref in found]


def test_plan_has_doses_for_the_coming_days_and_reminders_for_their_moments(cast):
    plan, other = made(cast), made(cast, medicine="Metformin")
    assert (plan.status, plan.origin, plan.planned_until) == ("active", "own", None)
    assert slots(plan) == [
        "2026-03-02T20:00", "2026-03-03T08:00", "2026-03-03T20:00", "2026-03-04T08:00", "2026-03-04T20:00",
        "2026-03-05T08:00",
    ]  # fmt: skip
    with acting_for_all():
        assert MedicationPlan.objects.get(id=plan.id).planned_until == NOW + HORIZON
        reminders = list(Reminder.objects.order_by("at"))
        assert [one.doses.count() for one in reminders] == [2] * 6
    first = reminders[0]
    assert (first.at, first.due_at) == (NOW + 10 * HOUR, NOW + 10 * HOUR)
    assert first.too_late_at == first.at + 4 * HOUR
    assert slots(other) == slots(plan)
    assert refs(cast.pia_patient).count("dose") == 12


def test_start_change_and_stop_are_events_of_the_twin(cast):
    plan = made(cast)
    change = {"plan_id": plan.id, "number": 1, "written": written(amount=Decimal(2))}
    act(cast.pia, cast.pia_patient, change_plan, now=NOW + DAY, **change)
    act(cast.pia, cast.pia_patient, end_plan, now=NOW + 2 * DAY, plan_id=plan.id, why="cough")
    with acting_for_all():
        events = Event.objects.order_by("id").values_list("type", "starts_on", "text")
        assert list(events) == [
            ("medicine_started", TODAY, "Ramipril"),
            ("medicine_changed", TODAY + DAY, "Ramipril"),
            ("medicine_stopped", TODAY + 2 * DAY, "Ramipril"),
        ]


def test_change_is_a_version_and_rewrites_no_past(cast):
    plan = made(cast)
    with acting_for_all():
        Dose.objects.filter(plan=plan, slot="2026-03-02T20:00").update(
            status="taken", taken_at=NOW, answered_by=cast.pia, answered_at=NOW
        )
    evening = NOW + 12 * HOUR
    changed = written(timing=times("07:00"), amount=Decimal(2))
    change = {"plan_id": plan.id, "number": 1, "written": changed}
    act(cast.pia, cast.pia_patient, change_plan, now=evening, **change)
    assert slots(plan) == ["2026-03-03T07:00", "2026-03-04T07:00", "2026-03-05T07:00"]
    with acting_for_all():
        versions = list(PlanVersion.objects.filter(plan=plan).order_by("number"))
        taken = Dose.objects.get(plan=plan, status="taken")
    assert [(one.number, one.superseded_at) for one in versions] == [(1, evening), (2, None)]
    assert (taken.version_id, taken.amount) == (versions[0].id, Decimal(1))
    with pytest.raises(NotPossible) as error:
        act(cast.pia, cast.pia_patient, change_plan, **change)
    assert error.value.field == "number"
    act(cast.pia, cast.pia_patient, change_plan, plan_id=plan.id, number=2, written=changed)
    with acting_for_all():
        assert PlanVersion.objects.filter(plan=plan).count() == 2


def test_plan_without_timing_waits_and_is_confirmed_by_one(cast):
    plan = made(cast, timing=None, dosage_text="as directed")
    assert (plan.status, due(plan)) == ("waiting", [])
    change = {"plan_id": plan.id, "number": 1, "written": written()}
    let_cleo_act(cast)
    plan = act(cast.cleo, cast.pia_patient, change_plan, **change)
    assert (plan.status, plan.confirmed_by, plan.confirmed_at) == ("active", cast.cleo, NOW)
    assert len(due(plan)) == 6


def test_pause_takes_its_days_out_and_resuming_brings_them_back(cast):
    plan = made(cast)
    pause = {"plan_id": plan.id, "since": TODAY + DAY, "until": TODAY + DAY, "reason": "surgery"}
    act(cast.pia, cast.pia_patient, pause_plan, **pause)
    assert slots(plan) == ["2026-03-02T20:00", "2026-03-04T08:00", "2026-03-04T20:00", "2026-03-05T08:00"]
    act(cast.pia, cast.pia_patient, pause_plan, plan_id=plan.id, since=TODAY, until=None, reason="")
    assert slots(plan) == []
    act(cast.pia, cast.pia_patient, resume_plan, plan_id=plan.id)
    assert slots(plan) == ["2026-03-02T20:00", "2026-03-04T08:00", "2026-03-04T20:00", "2026-03-05T08:00"]
    with pytest.raises(NotPossible):
        act(cast.pia, cast.pia_patient, pause_plan, **pause | {"since": TODAY - DAY})


def test_end_takes_what_is_not_due_yet_and_twice_is_once(cast):
    plan = made(cast)
    for _ in range(2):
        ended = act(cast.pia, cast.pia_patient, end_plan, plan_id=plan.id, why="cough")
    assert (ended.status, ended.ended_at, due(plan)) == ("ended", NOW, [])
    with pytest.raises(NotPossible):
        act(cast.pia, cast.pia_patient, change_plan, plan_id=plan.id, number=1, written=written())


def test_plans_are_planned_on_before_their_doses_run_out(cast):
    plan = made(cast)
    assert plans_to_go_on(now=NOW + 23 * HOUR, limit=9) == []
    later = NOW + 26 * HOUR
    assert plans_to_go_on(now=later, limit=9) == [cast.pia_patient.id]
    plan_on(cast.pia_patient.id, now=later)
    plan_on(cast.pia_patient.id, now=later)
    assert slots(plan)[-1] == "2026-03-06T08:00"
    assert len(slots(plan)) == len(set(slots(plan))) == 8
    assert plans_to_go_on(now=later, limit=9) == []


def test_days_without_a_worker_leave_doses_that_were_due_not_silence(cast):
    plan = made(cast)
    plan_on(cast.pia_patient.id, now=NOW + 5 * DAY)
    assert "2026-03-06T20:00" in slots(plan)


def test_doses_follow_the_patient_to_another_zone(cast):
    plan, home = made(cast), made(cast, medicine="Metformin", fixed_zone="Europe/Berlin")
    at = NOW + 12 * HOUR
    with acting_for(cast.pia.id):
        save_own_patient(actor=cast.pia, particulars={"time_zone": "America/New_York"}, now=at)
    assert dict(due(plan))["2026-03-03T08:00"] == datetime(2026, 3, 3, 13, tzinfo=UTC)
    assert dict(due(home))["2026-03-03T08:00"] == datetime(2026, 3, 3, 7, tzinfo=UTC)
    with acting_for_all():
        dose = Dose.objects.select_related("reminder").get(plan=plan, slot="2026-03-03T08:00")
    assert dose.reminder.at == dose.due_at


def answer(plan, slot, person):
    with acting_for_all():
        Dose.objects.filter(plan=plan, slot=slot).update(
            status="taken", taken_at=NOW, answered_by=person, answered_at=NOW
        )


def test_dose_that_a_journey_has_skipped_is_due_at_the_move_and_not_lost(cast):
    plan = made(cast)
    # At 19:30 in Berlin she lands where it is 01:30 of the next day.
    landing = NOW + timedelta(hours=9, minutes=30)
    with acting_for(cast.pia.id):
        save_own_patient(actor=cast.pia, particulars={"time_zone": "Asia/Shanghai"}, now=landing)
    assert dict(due(plan))["2026-03-02T20:00"] == landing


@pytest.mark.parametrize(
    ("timing", "left"),
    [
        (times("11:00", "21:00"), ["21:00"]),
        (times("07:00", "19:00"), ["19:00"]),
        (times("21:00"), []),
        (times("11:00", "16:00", "21:00"), ["16:00", "21:00"]),
    ],
)
def test_dose_of_today_that_is_over_stands_for_one_of_the_new_times(cast, timing, left):
    plan = act(cast.pia, cast.pia_patient, make_plan, written=written(), now=NOW - 3 * HOUR)
    answer(plan, "2026-03-02T08:00", cast.pia)
    act(cast.pia, cast.pia_patient, change_plan, plan_id=plan.id, number=1, written=written(timing=timing))
    assert [slot[11:] for slot in slots(plan) if slot.startswith("2026-03-02")] == left


def test_dose_that_was_taken_ahead_of_its_time_comes_no_second_time(cast):
    plan = made(cast)
    answer(plan, "2026-03-02T20:00", cast.pia)
    changed = written(timing=times("08:00", "21:00"))
    act(cast.pia, cast.pia_patient, change_plan, plan_id=plan.id, number=1, written=changed)
    assert [slot for slot in slots(plan) if slot.startswith("2026-03-02")] == []


def test_preview_shows_the_next_week_and_keeps_nothing(cast):
    let_cleo_act(cast)
    week = act(cast.cleo, cast.pia_patient, preview_plan, written=written(), days=7)
    assert len(week) == 14
    with acting_for_all():
        assert MedicationPlan.objects.count() == 0


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"medicine": " "}, "medicine"),
        ({"timing": None}, "timing"),
        ({"timing": {"repeat": {"frequency": 1, "period": 0, "periodUnit": "h"}}}, "timing.repeat.period"),
        ({"ends_on": TODAY - DAY}, "ends_on"),
        ({"starts_on": date(1990, 1, 1)}, "starts_on"),
        ({"fixed_zone": "Europe/Atlantis"}, "fixed_zone"),
        ({"amount": Decimal(0)}, "amount"),
        ({"window_minutes": 0}, "window_minutes"),
        ({"repeat_minutes": 100_000}, "repeat_minutes"),
        ({"is_critical": True}, "is_critical"),
    ],
)
def test_plan_that_cannot_be_is_refused_by_field(cast, given, field):
    with pytest.raises(NotPossible) as error:
        made(cast, **given)
    assert error.value.field == field


def test_preview_of_more_than_anybody_can_look_through_is_refused(cast):
    hourly = written(timing={"code": "Q1H"})
    with pytest.raises(NotPossible) as error:
        act(cast.pia, cast.pia_patient, preview_plan, written=hourly, days=366)
    assert error.value.field == "days"


def test_plan_of_somebody_else_is_absent(cast):
    plan = made(cast)
    with pytest.raises(Http404):
        act(cast.paul, cast.paul_patient, end_plan, plan_id=plan.id, why="")


def test_stock_is_kept_as_it_is_counted(cast):
    plan = made(cast)
    fill = {"plan_id": plan.id, "move": "fill", "amount": Decimal(30), "at": NOW, "days": 15}
    entry = act(cast.pia, cast.pia_patient, record_stock, **fill)
    assert (entry.amount, entry.days) == (Decimal(30), 15)
    for wrong in ({"amount": Decimal(0)}, {"at": NOW + DAY}, {"days": 0}):
        with pytest.raises(NotPossible):
            act(cast.pia, cast.pia_patient, record_stock, **fill | wrong)


def test_database_keeps_one_current_version(cast):
    plan = made(cast)
    said = {"medicine": "Ramipril", "timing": {}, "starts_on": TODAY, "written_at": NOW}
    second = PlanVersion(
        patient=cast.pia_patient, plan=plan, number=2, window_minutes=1, repeat_minutes=1, **said
    )
    with pytest.raises(IntegrityError, match="plan_has_one_current_version"), acting_for_all():
        second.save()


def test_clinician_says_which_medicine_must_not_be_left_out(cast):
    let_cleo_act(cast)
    plan = made(cast, person=cast.cleo, is_critical=True)
    assert (plan.origin, plan.is_critical) == ("clinician", True)
    with acting_for_all():
        assert Reminder.objects.order_by("at").first().is_critical


def file_record(cast, type_, text, *, topic="records", **fields):
    with acting_for_all():
        return Record.objects.create(
            patient=cast.pia_patient, topic=topic, type=type_, text=text, identity=text, body={},
            updated_at=NOW, **fields,
        )  # fmt: skip


def test_plan_against_which_something_speaks_wants_a_reason_which_stays_with_it(cast):
    file_record(cast, "allergy", "Penicillin")
    with pytest.raises(NotPossible) as error:
        made(cast, medicine="Amoxicillin")
    assert error.value.field == "override"
    assert "Penicillin" in error.value.message
    plan = made(cast, medicine="Amoxicillin", override="Tolerated in 2024.")
    with acting_for_all():
        version = PlanVersion.objects.get(plan=plan)
    assert version.override == "Tolerated in 2024."
    assert [one["check"] for one in version.findings] == ["allergies"]


def test_same_medicine_twice_is_seen_in_plans_and_on_the_list(cast):
    made(cast, medicine="Ramipril")
    listed = file_record(cast, "medication", "Metformin 500 mg", topic="medication", status="active")
    for medicine in ("Ramipril 5 mg", "Metformin"):
        with pytest.raises(NotPossible, match=medicine.split()[0]):
            made(cast, medicine=medicine)
    with acting_for_all():
        listed.delete()
    made(cast, medicine="Metformin")


def test_refuted_allergy_speaks_against_nothing(cast):
    file_record(cast, "allergy", "Penicillin", status="refuted")
    assert made(cast, medicine="Amoxicillin").status == "active"


def test_change_of_the_dose_is_not_held_against_anything_again(cast):
    file_record(cast, "allergy", "Penicillin")
    says = {"medicine": "Amoxicillin"}
    plan = made(cast, **says, override="Tolerated in 2024.")
    change = {"plan_id": plan.id, "number": 1, "written": written(**says, amount=Decimal(2))}
    act(cast.pia, cast.pia_patient, change_plan, **change)
    with acting_for_all():
        assert [one["check"] for one in PlanVersion.objects.get(plan=plan, number=2).findings] == [
            "allergies"
        ]


def test_what_is_not_shared_is_not_looked_at_and_said_so(cast):
    file_record(cast, "allergy", "Penicillin")
    make.make_grant(cast.pia_patient, person=cast.carl, topics={Topic.MEDICATION: Level.READ})
    with acting_for(cast.carl.id):
        access = access_patient(cast.carl, cast.pia_patient.id, Need.READ, what="plan")
        found = check_medicine(access=access, medicine=Medicine("Amoxicillin"), now=timezone.now())
    assert found.findings == ()
    closed = {one.check for one in found.not_checked if one.why == "This is not shared with you."}
    assert closed == {Check.ALLERGIES, Check.GENES, Check.KIDNEYS}
    assert closed.isdisjoint(found.looked_at)
