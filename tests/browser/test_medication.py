"""A day's medication in the app: reminded, answered, also without a connection."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone
from playwright.sync_api import expect
from reminding import make_plan, make_reminder

from backend.actor import acting_for_all
from reminders.channels.live import LiveChannel
from reminders.dispatch import dispatch
from reminders.models import Delivery, Dose, Reminder
from reminders.services.doses import mark_missed


@pytest.fixture
def due(cast):
    """Two medicines that are due since a minute."""
    at = timezone.now() - timedelta(minutes=1)
    reminder = make_reminder(cast.pia_patient, at, "Ramipril", "Metformin")
    with acting_for_all():
        Dose.objects.update(amount=2)
        Dose.objects.all().first().version.plan.versions.update(unit="tablet")
    return reminder


def send():
    """As the worker does; in a thread of its own, for the browser's has a loop."""

    def work():
        try:
            return dispatch({"live": LiveChannel()}, now=timezone.now())
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(work).result() == 1


def doses(page):
    return page.locator("[data-part=doses]")


def line(page, medicine):
    return doses(page).locator("[data-dose]").filter(has_text=medicine)


def test_dose_is_taken_taken_back_and_skipped_with_a_reason(cast, visit, due):
    page = visit(cast.pia, "/app/#/today")
    ramipril = line(page, "Ramipril")
    expect(ramipril).to_contain_text("Due now")
    ramipril.get_by_role("button", name="Taken: Ramipril").click()
    expect(ramipril).to_contain_text("Taken at")
    expect(ramipril).to_contain_text("said by Pia")
    ramipril.get_by_role("button", name="Undo: Ramipril").click()
    expect(ramipril).to_contain_text("Due now")
    ramipril.get_by_text("Something else").click()
    ramipril.get_by_label("Skipped, because").fill("Nausea")
    ramipril.get_by_role("button", name="Skipped", exact=True).click()
    expect(ramipril).to_contain_text("Skipped: Nausea")
    with acting_for_all():
        assert Dose.objects.get(status="skipped").reason == "Nausea"


def test_late_dose_comes_with_what_is_known_about_it(cast, visit, due):
    page = visit(cast.pia, "/app/#/today")
    metformin = line(page, "Metformin")
    metformin.get_by_text("What to do when it is late").click()
    expect(metformin.get_by_role("status")).to_contain_text("pharmacist")


def test_missed_dose_says_by_itself_what_is_known_and_is_answered_with_its_time_and_amount(cast, visit):
    at = timezone.now() - timedelta(hours=5)
    make_reminder(cast.pia_patient, at)
    mark_missed(now=timezone.now(), limit=9)
    page = visit(cast.pia, "/app/#/today", screen="phone")
    ramipril = line(page, "Ramipril")
    expect(ramipril).to_contain_text("Missed")
    expect(ramipril.get_by_role("status")).to_contain_text("pharmacist")
    ramipril.get_by_text("Something else").click()
    then = page.evaluate("""() => {
        const then = new Date(Date.now() - 3 * 3600e3);
        return new Date(then - then.getTimezoneOffset() * 60e3).toISOString().slice(0, 16);
    }""")
    ramipril.get_by_label("Taken at another time").fill(then)
    ramipril.get_by_label("How much").fill("0,5")
    ramipril.get_by_role("button", name="Taken then").click()
    expect(ramipril).to_contain_text("said by Pia")
    with acting_for_all():
        dose = Dose.objects.get()
    assert (dose.status, dose.taken_amount) == ("taken", Decimal("0.5"))
    assert timedelta(hours=2) < timezone.now() - dose.taken_at < timedelta(hours=4)


def test_medicine_as_needed_warns_when_it_is_too_soon_and_is_taken_all_the_same(cast, visit):
    needed = {"asNeeded": {"minimumGapMinutes": 360}}
    make_plan(cast.pia_patient, "Ibuprofen", now=timezone.now(), timing=needed)
    page = visit(cast.pia, "/app/#/today")
    ibuprofen = doses(page).get_by_role("listitem").filter(has_text="Ibuprofen")
    ibuprofen.get_by_role("button", name="Take now: Ibuprofen").click()
    expect(ibuprofen).to_contain_text("Too soon. Doses are at least 6 hours apart. Possible again from")
    ibuprofen.get_by_role("button", name="Take now").click()
    ibuprofen.get_by_role("button", name="Too soon: did you take it all the same?").click()
    expect(doses(page).get_by_role("status").first).to_contain_text("It is kept, but it came too soon.")
    undo = ibuprofen.get_by_role("button", name="Undo")
    expect(undo).to_have_count(2)
    undo.first.click()
    expect(undo).to_have_count(1)
    with acting_for_all():
        assert Dose.objects.filter(status="taken").count() == 1


def test_all_of_a_moment_are_taken_at_once(cast, visit, due):
    page = visit(cast.pia, "/app/#/today")
    doses(page).get_by_role("button", name="All taken").click()
    expect(line(page, "Ramipril")).to_contain_text("said by Pia")
    expect(line(page, "Metformin")).to_contain_text("said by Pia")


def test_open_form_outlives_news_and_other_answers(cast, visit, due):
    page, other = visit(cast.pia, "/app/#/today"), visit(cast.pia, "/app/#/today")
    line(page, "Ramipril").get_by_text("Something else").click()
    reason = line(page, "Ramipril").get_by_label("Skipped, because")
    reason.fill("Nausea")
    line(other, "Metformin").get_by_role("button", name="Taken: Metformin").click()
    expect(line(other, "Metformin")).to_contain_text("said by Pia")
    line(page, "Metformin").get_by_role("button", name="Taken: Metformin").click()
    expect(line(page, "Metformin")).to_contain_text("said by Pia")
    expect(reason).to_have_value("Nausea")


def test_answer_waits_for_its_own_person_on_a_shared_device(cast, visit, due, complaints):
    page = visit(cast.pia, "/app/#/today")
    expect(line(page, "Ramipril")).to_be_visible()
    page.context.set_offline(True)
    line(page, "Ramipril").get_by_role("button", name="Taken: Ramipril").click()
    expect(line(page, "Ramipril")).to_contain_text("will be sent when you are online")
    (mine,) = page.evaluate("Object.keys(localStorage)")
    assert str(cast.pia.id) in mine
    page.context.set_offline(False)
    expect(line(page, "Ramipril")).to_contain_text("said by Pia")
    assert page.evaluate("Object.keys(localStorage)") == []
    complaints.clear()


def test_refused_answer_among_those_that_waited_is_said_and_loses_none(cast, visit, due, complaints):
    page = visit(cast.pia, "/app/#/today")
    expect(line(page, "Ramipril")).to_be_visible()
    page.context.set_offline(True)
    for medicine in ("Ramipril", "Metformin"):
        line(page, medicine).get_by_role("button", name=f"Taken: {medicine}").click()
        expect(line(page, medicine)).to_contain_text("will be sent when you are online")
    with acting_for_all():
        Dose.objects.filter(version__medicine="Ramipril").delete()
    page.context.set_offline(False)
    expect(doses(page).get_by_role("alert")).to_contain_text("could not be kept")
    expect(line(page, "Metformin")).to_contain_text("said by Pia")
    doses(page).get_by_role("button", name="Close").click()
    expect(doses(page).get_by_role("alert")).to_have_count(0)
    complaints.clear()


def test_answer_given_without_a_connection_is_sent_when_there_is_one(cast, visit, due, complaints):
    page = visit(cast.pia, "/app/#/today")
    ramipril = line(page, "Ramipril")
    expect(ramipril).to_be_visible()
    page.context.set_offline(True)
    ramipril.get_by_role("button", name="Taken: Ramipril").click()
    expect(ramipril).to_contain_text("will be sent when you are online")
    with acting_for_all():
        assert not Dose.objects.filter(status="taken").exists()
    page.context.set_offline(False)
    expect(ramipril).not_to_contain_text("will be sent")
    expect(ramipril).to_contain_text("said by Pia")
    with acting_for_all():
        assert Dose.objects.get(status="taken").version.medicine == "Ramipril"
    complaints.clear()


def test_due_reminder_stands_over_the_page_and_goes_with_the_answer(cast, visit, due):
    page = visit(cast.pia, "/app/#/twin")
    expect(page.get_by_role("heading", name="My twin")).to_be_visible()
    page.wait_for_timeout(500)
    send()
    notice = page.locator("[data-notice]")
    expect(notice).to_contain_text("Time for your medication")
    expect(notice).not_to_contain_text("Ramipril")
    notice.get_by_role("link", name="Time for your medication").click()
    for medicine in ("Ramipril", "Metformin"):
        line(page, medicine).get_by_role("button", name=f"Taken: {medicine}").click()
        expect(line(page, medicine)).to_contain_text("said by Pia")
    with acting_for_all():
        assert Reminder.objects.get().status == "answered"
        delivery = Delivery.objects.get()
    assert delivery.displayed_at is not None
    assert delivery.answered_at is not None


def test_reminder_comes_again_later(cast, visit, due):
    page = visit(cast.pia, "/app/#/twin")
    expect(page.get_by_role("heading", name="My twin")).to_be_visible()
    page.wait_for_timeout(500)
    send()
    notice = page.locator("[data-notice]")
    notice.get_by_role("button", name="In 10 minutes").click()
    expect(notice).to_have_count(0)
    with acting_for_all():
        again = Reminder.objects.get().due_at - timezone.now()
    assert timedelta(minutes=9) < again < timedelta(minutes=10)
