"""The console's panel of medication."""

from datetime import timedelta

from django.utils import timezone
from reminding import make_plan, make_reminder

from backend.actor import acting_for_all
from reminders.models import Dose, MedicationPlan, PlanStatus, PlanVersion, Reminder


def panel(client_of, cast, who="cleo"):
    return client_of(who).get(f"/console/patients/{cast.pia_patient.id}/panels/medication").content.decode()


def test_panel_says_what_is_taken_and_how_it_went(client_of, cast):
    assert "No medication plans yet" in panel(client_of, cast)
    now = timezone.now()
    reminder = make_reminder(cast.pia_patient, now - timedelta(hours=6), "Ramipril")
    with acting_for_all():
        Dose.objects.update(status="missed", missed_at=now)
        Reminder.objects.filter(id=reminder.id).update(
            status="unanswered", due_at=None, ended_at=now, round=3
        )
        PlanVersion.objects.update(amount=2, unit="tablet")
    page = panel(client_of, cast)
    for said in ("Ramipril", "2 tablets, once a day at 08:00", "0 of 1", "Told 3 times, nobody answered."):
        assert said in page


def test_panel_shows_what_waits_with_its_own_words(client_of, cast):
    plan = make_plan(cast.pia_patient, "Iron", now=timezone.now())
    with acting_for_all():
        MedicationPlan.objects.filter(id=plan.id).update(
            status=PlanStatus.WAITING, confirmed_at=None, confirmed_by=None
        )
        PlanVersion.objects.update(timing=None, dosage_text="as directed")
    page = panel(client_of, cast)
    assert "Waiting to be confirmed" in page
    assert "<q>as directed</q>" in page


def test_panel_tells_nothing_of_what_is_not_shared(client_of, cast):
    make_plan(cast.pia_patient, "Ramipril", now=timezone.now())
    page = panel(client_of, cast, "dora")
    assert "No medication shared" in page
    assert "Ramipril" not in page
