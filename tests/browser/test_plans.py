"""The app's pages of medication plans, and how a person is reminded."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect
from reminding import make_plan, make_reminder

from backend.actor import acting_for_all
from reminders.models import Dose, MedicationPlan, PlanPause, PlanVersion
from reminders.services.doses import mark_missed


def waiting_plan(patient, **says):
    """A plan of a record whose words nobody has understood."""
    plan = make_plan(patient, "Prednisolone", now=timezone.now())
    with acting_for_all():
        MedicationPlan.objects.update(status="waiting", origin="record", confirmed_by=None, confirmed_at=None)
        PlanVersion.objects.update(timing=None, dosage_text="as discussed", **says)
    return plan


def plans(page):
    return page.get_by_role("region", name="What you take")


def test_plan_is_added_with_the_days_ahead_in_view_and_changed(cast, visit):
    page = visit(cast.pia, "/app/#/medication", screen="phone")
    expect(page.get_by_text("Nothing yet")).to_be_visible()
    page.get_by_role("button", name="Add a medicine").click()
    page.get_by_label("Medicine").fill("Ramipril")
    page.get_by_label("Strength").fill("5 mg")
    page.get_by_label("How often").select_option("Twice a day")
    page.get_by_label("Time 2").fill("19:30")
    preview = page.locator(".preview li")
    expect(preview.nth(1)).to_contain_text("08:00, 1 tablet · 19:30, 1 tablet")
    expect(page.get_by_text("Not checked:")).to_be_visible()
    page.get_by_role("button", name="Add this medicine").click()
    expect(page.get_by_role("heading", name="Ramipril 5 mg")).to_be_visible()
    says = page.get_by_role("region", name="What the plan says")
    expect(says).to_contain_text("1 tablet, twice a day at 08:00 and 19:30")
    page.get_by_text("Change", exact=True).click()
    page.get_by_label("How much at a time").fill("2")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(says).to_contain_text("2 tablets")
    page.get_by_text("Everything that it has said (2)").click()
    expect(page.get_by_role("listitem").filter(has_text="1 tablet, twice")).to_contain_text("until today")
    page.get_by_role("button", name="All medication").click()
    expect(plans(page).get_by_role("listitem")).to_contain_text("Ramipril 5 mg")


def test_what_cannot_be_is_said_at_its_field(cast, visit):
    page = visit(cast.pia, "/app/#/medication/new")
    page.get_by_role("button", name="Add this medicine").click()
    expect(page.get_by_text("Say which medicine.")).to_be_visible()
    page.get_by_label("How often").select_option("On certain days of the week")
    page.get_by_label("Monday").uncheck()
    expect(page.get_by_role("status").filter(has_text="Choose at least one day.")).to_be_visible()


def test_plan_is_paused_goes_on_and_ends_with_a_reason(cast, visit):
    make_plan(cast.pia_patient, now=timezone.now())
    page = visit(cast.pia, "/app/#/medication")
    page.get_by_role("button", name="Open Ramipril").click()
    page.get_by_text("Pause", exact=True).click()
    page.get_by_label("Why").first.fill("Before an operation")
    page.get_by_role("button", name="Pause it").click()
    expect(page.get_by_text("until further notice: Before an operation")).to_be_visible()
    resume = page.get_by_role("button", name="End the pause")
    resume.click()
    page.get_by_role("button", name="Take it again from now on?").click()
    expect(resume).to_have_count(0)
    page.get_by_text("End", exact=True).click()
    page.get_by_label("Why it ends").fill("Cough")
    page.get_by_role("button", name="End this plan").click()
    expect(page.get_by_text("by Pia: Cough")).to_be_visible()
    expect(page.get_by_role("region", name="What you may change")).to_have_count(0)
    with acting_for_all():
        assert not PlanPause.objects.exists()
        assert MedicationPlan.objects.get().ending == "Cough"


def test_stock_says_when_it_runs_out(cast, visit):
    make_plan(cast.pia_patient, now=timezone.now())
    page = visit(cast.pia, "/app/#/medication")
    page.get_by_role("button", name="Open Ramipril").click()
    page.get_by_text("Stock", exact=True).click()
    page.get_by_label("How much").fill("10")
    page.get_by_role("button", name="Save stock").click()
    expect(page.get_by_text("10 doses left. It runs out on")).to_be_visible()


def test_plan_that_waits_is_confirmed_by_saying_when(cast, visit):
    waiting_plan(cast.pia_patient)
    page = visit(cast.pia, "/app/#/medication", screen="phone")
    waits = page.get_by_role("region", name="This needs your confirmation: when do you take it?")
    expect(waits).to_contain_text("as discussed")
    waits.get_by_role("button", name="Confirm Prednisolone").click()
    expect(waits).to_contain_text("as discussed")
    page.get_by_label("How often").select_option("Once a day")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("region", name="What the plan says")).to_contain_text("once a day at 08:00")
    with acting_for_all():
        assert MedicationPlan.objects.get().status == "active"


@pytest.fixture
def missed(cast):
    """A dose that nobody said anything of."""
    at = timezone.now() - timedelta(hours=6)
    make_reminder(cast.pia_patient, at)
    mark_missed(now=timezone.now(), limit=9)


def test_weeks_have_their_shares_and_say_where_nothing_was_due(cast, visit, missed):
    page = visit(cast.pia, "/app/#/medication", screen="phone")
    card = page.get_by_role("region", name="How it went")
    expect(card).to_contain_text("0 % of what was due in 8 weeks was taken")
    weeks = card.get_by_role("list").first.get_by_role("listitem")
    expect(weeks).to_have_count(8)
    expect(weeks.first).to_contain_text("nothing due")
    expect(weeks.filter(has_text="0 of 1")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") == page.viewport_size["width"]
    with acting_for_all():
        assert Dose.objects.get().status == "missed"


def test_caregiver_who_may_only_look_changes_nothing(cast, visit):
    make_plan(cast.pia_patient, now=timezone.now())
    helper = cast.dora
    with acting_for_all():
        cast.pia_patient.grants.filter(person=helper).update(read=["medication", "vitals"], act=[])
    page = visit(helper, f"/app/#/of/{cast.pia_patient.id}/medication")
    page.get_by_role("button", name="Open Ramipril").click()
    expect(page.get_by_role("region", name="What the plan says")).to_be_visible()
    expect(page.get_by_role("region", name="What you may change")).to_have_count(0)


def test_caregiver_with_whom_medication_is_not_shared_is_not_led_there(cast, visit):
    make_plan(cast.pia_patient, now=timezone.now())
    page = visit(cast.dora, f"/app/#/of/{cast.pia_patient.id}/today")
    expect(page.get_by_role("heading", level=1)).to_have_text("Pia")
    expect(page.get_by_role("link", name="Medication")).to_have_count(0)
    page.goto(f"/app/#/of/{cast.pia_patient.id}/medication")
    expect(page.get_by_text("Pia does not share medication with you.")).to_be_visible()


def test_usual_day_and_ways_of_being_reminded_are_kept(cast, visit):
    page = visit(cast.pia, "/app/#/medication")
    page.get_by_text("Your usual day").click()
    page.get_by_label("Breakfast").fill("06:30")
    page.get_by_label("Getting up").fill("06:00")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("follow it.")).to_be_visible()
    page.get_by_role("link", name="How you are reminded").click()
    page.get_by_role("button", name="Move Mail up").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Move Mail up")).to_be_focused()
    page.get_by_label("Quiet from").fill("22:00")
    page.get_by_label("Quiet until").fill("07:00")
    page.get_by_label("Name my medicines").check()
    page.get_by_role("button", name="Save how I am reminded").click()
    expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_label("Quiet from")).to_have_value("22:00")
    expect(page.locator(".rank").nth(2)).to_contain_text("Mail")
