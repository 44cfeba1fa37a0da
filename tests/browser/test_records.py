"""Records in the app: adding, editing, and choosing between two versions."""

from concurrent.futures import ThreadPoolExecutor

import make
import pytest
from django.db import connection
from django.utils import timezone
from playwright.sync_api import expect

from backend.access import access_patient
from backend.actor import acting_for
from backend.rules import Level, Need, Topic
from twin.intake.items import RecordType
from twin.services.records import Written, add_record, edit_record

ASTHMA = Written(RecordType.CONDITION, "Asthma", status="active", note="Since school.")


def write(user, patient, written, *, record=None, base=1):
    """As another device of this user would; beside this thread, in which Playwright's loop runs."""

    def writing():
        now = timezone.now()
        try:
            with acting_for(user.id):
                access = access_patient(user, patient.id, Need.ACT, what="records")
                told = {"access": access, "written": written, "edited_at": now, "now": now}
                if record is None:
                    return add_record(**told)[0]
                edit_record(record_id=record, base=base, **told)
                return record
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as beside:
        return beside.submit(writing).result()


@pytest.fixture
def asthma(cast):
    """A record of pia's that dora may edit as well, and that both have edited apart from each other."""
    make.make_grant(cast.pia_patient, person=cast.dora, topics={Topic.RECORDS: Level.ACT})
    record = write(cast.pia, cast.pia_patient, ASTHMA)
    write(cast.dora, cast.pia_patient, Written(RecordType.CONDITION, "Asthma, severe"), record=record)
    return write(cast.pia, cast.pia_patient, Written(RecordType.CONDITION, "Asthma, mild"), record=record)


def test_record_is_added_edited_and_deleted_and_shows_in_another_window(cast, visit):
    page, other = visit(cast.pia, "/app/#/records", screen="phone"), visit(cast.pia, "/app/#/records")
    expect(other.get_by_text("No records yet")).to_be_visible()
    page.get_by_text("Add a record").click()
    page.get_by_label("What kind of record").select_option("Allergy")
    page.get_by_label("Name").fill("Penicillin")
    page.get_by_label("Since").fill("2011-06-03")
    page.get_by_label("Note").fill("Rash within an hour.")
    page.get_by_role("button", name="Add record").click()
    for window in (page, other):
        line = window.locator("li[data-record]")
        expect(line).to_contain_text("Penicillin")
        expect(line).to_contain_text("3 Jun 2011 · Typed in")
    page.get_by_role("button", name="Edit Penicillin").click()
    line = page.locator("li[data-record]")
    line.get_by_label("State").select_option("Active")
    line.get_by_role("button", name="Save changes").click()
    expect(other.locator("li[data-record]")).to_contain_text("Active · since 3 Jun 2011")
    page.get_by_role("button", name="Edit Penicillin").click()
    line.get_by_role("button", name="Delete").click()
    line.get_by_role("button", name="Delete for good?").click()
    for window in (page, other):
        expect(window.get_by_text("No records yet")).to_be_visible()


def test_two_versions_are_shown_and_one_is_chosen(cast, visit, asthma):
    chart = visit(cast.cleo, f"/console/patients/{cast.pia_patient.id}/")
    expect(chart.locator("#panel-records")).to_contain_text("Asthma, mild Two versions")
    page = visit(cast.pia, "/app/#/records")
    card = page.locator("section.conflict")
    expect(card).to_contain_text("Two versions were written")
    lost = card.locator(".version").filter(has_text="Asthma, severe")
    expect(lost).to_contain_text("Dora")
    lost.get_by_role("button", name="Keep this one").click()
    expect(card).to_have_count(0)
    expect(page.locator("li[data-record]")).to_contain_text("Asthma, severe")
    expect(chart.locator("#panel-records")).not_to_contain_text("Two versions")


def test_edit_that_meets_another_is_kept_and_said(cast, visit, asthma):
    page = visit(cast.dora, f"/app/#/of/{cast.pia_patient.id}/records", screen="phone")
    card = page.locator("section.conflict")
    card.get_by_role("button", name="Keep this one").first.click()
    expect(card).to_have_count(0)
    page.get_by_role("button", name="Edit Asthma, mild").click()
    line = page.locator("li[data-record]")
    line.get_by_label("Name").fill("Asthma, allergic")
    write(cast.pia, cast.pia_patient, Written(RecordType.CONDITION, "Asthma, gone"), record=asthma, base=3)
    line.get_by_role("button", name="Save changes").click()
    expect(page.get_by_role("status").filter(has_text="Both versions are kept")).to_be_visible()
    expect(card.locator(".version").first).to_contain_text("Asthma, allergic")
    expect(card.locator(".version").last).to_contain_text("Asthma, gone")
