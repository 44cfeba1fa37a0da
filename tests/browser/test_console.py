"""The clinicians' console in a browser."""

from calendar import timegm
from datetime import timedelta
from time import strptime

import numpy as np
from alerts import finding, found
from django.utils import timezone
from playwright.sync_api import expect

from twin.intake.items import Samples
from twin.series.columns import Columns


def weights(days: int) -> Samples:
    """A weight every day up to now."""
    first = timezone.now() - timedelta(days=days - 1)
    start = round(first.timestamp() * 1000) + 86_400_000 * np.arange(days, dtype=np.int64)
    value = 82 + 0.5 * np.sin(np.arange(days) / 5)
    return Samples("weight", "Scale", "kg", Columns(start, np.zeros(days, np.int64), value))


def test_clinician_finds_a_patient_and_sees_tiles_and_a_chart_with_its_forecast(cast, visit, hand_over):
    hand_over(cast.pia_patient, weights(90))
    page = visit(cast.cleo, "/console/")
    page.get_by_label("Find a patient by name").fill("nobody")
    expect(page.get_by_text("Nobody on your list")).to_be_visible()
    page.get_by_label("Find a patient by name").fill("pi")
    page.get_by_role("link", name="Pia").click()
    expect(page.locator(".tile[data-kind=weight]")).to_contain_text("kg")
    chart = page.locator("twin-chart")
    expect(chart.locator("canvas")).to_be_visible()
    for words in ("80 % band", "95 % band"):
        expect(chart).to_contain_text(words)
    for words in ("with 80 % between", "repeating the last value", "Forecast by"):
        expect(page.locator("twin-outlook")).to_contain_text(words)


def test_chart_reads_values_and_bands_by_keyboard(cast, visit, hand_over):
    hand_over(cast.pia_patient, weights(90))
    page = visit(cast.cleo, f"/console/patients/{cast.pia_patient.id}/")
    plot = page.locator(".chart-plot")
    expect(plot.locator("canvas")).to_be_visible()
    plot.focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".chart-tip")).to_contain_text("80 %:")
    for _ in range(14):
        page.keyboard.press("ArrowLeft")
    expect(page.locator(".chart-tip")).to_contain_text("kg")
    page.get_by_text("Show as a table").click()
    expect(page.locator(".chart-table tbody tr").first).to_contain_text("95 %:")


def test_chart_asks_for_samples_when_one_looks_closer(cast, visit, hand_over):
    hand_over(cast.pia_patient, weights(90))
    page = visit(cast.cleo, f"/console/patients/{cast.pia_patient.id}/")
    expect(page.locator("twin-chart canvas")).to_be_visible()
    with page.expect_response(lambda answer: "/series?" in answer.url) as asked:
        page.get_by_role("button", name="1 week").click()
    assert asked.value.json()["total"] > 0


def test_chart_moves_one_point_a_key_and_changes_its_range_after_zooming(cast, visit, hand_over):
    hand_over(cast.pia_patient, weights(200))
    page = visit(cast.cleo, f"/console/patients/{cast.pia_patient.id}/")
    expect(page.locator("twin-chart canvas")).to_be_visible()
    page.get_by_text("Show as a table").click()
    rows = page.locator(".chart-table tbody tr")
    expect(rows).to_have_count(92 + 28)
    page.get_by_role("button", name="1 year").click()
    expect(rows).to_have_count(200)
    plot = page.locator(".chart-plot")
    plot.focus()
    for key in ("+", "-", "+", "ArrowRight"):
        page.keyboard.press(key)
    first = page.locator(".chart-tip strong").inner_text()
    page.keyboard.press("ArrowRight")
    second = page.locator(".chart-tip strong").inner_text()
    assert timegm(strptime(second, "%d %b %Y")) - timegm(strptime(first, "%d %b %Y")) == 86_400


def test_measurement_arrives_on_an_open_patient_page(cast, visit, hand_over):
    page = visit(cast.cleo, f"/console/patients/{cast.pia_patient.id}/")
    expect(page.get_by_text("No values yet")).to_be_visible()
    with page.expect_websocket():
        page.reload()
    hand_over(cast.pia_patient, weights(3))
    mine = visit(cast.pia, "/app/")
    mine.get_by_label("Upper (systolic)").fill("131")
    mine.get_by_label("Lower (diastolic)").fill("84")
    mine.get_by_role("button", name="Save").click()
    expect(page.locator(".tile[data-kind=sbp], .fact[data-kind=sbp]")).to_contain_text("131/84")


def test_clinician_answers_an_alert_and_says_what_was_done(cast, visit, aside):
    page = visit(cast.cleo, "/console/")
    now = timezone.now()
    aside(found, cast.pia_patient, finding(at=now), now=now)
    notice = page.get_by_role("alert").filter(has_text="Severely high blood pressure")
    expect(notice).to_contain_text("Pia")
    notice.get_by_role("link").click()
    alerts = page.locator("#panel-alerts")
    expect(alerts).to_contain_text("Nobody has answered yet")
    expect(alerts.locator(".alert-card")).to_be_focused()
    alerts.get_by_text("What happened, and who was told").click()
    expect(alerts.get_by_text("Shown to Cleo")).to_have_count(1)
    alerts.get_by_role("button", name="Acknowledge").click()
    expect(alerts).to_contain_text("sees to it")
    alerts.get_by_text("Resolve", exact=True).click()
    alerts.get_by_label("What was done").fill("Called her.")
    alerts.get_by_role("button", name="Save and resolve").click()
    expect(alerts).to_contain_text("No open alerts")
    expect(page.locator("#panel-systems")).to_contain_text("Kidneys")


def test_emergency_access_is_loud(cast, visit):
    page = visit(cast.carl, "/console/")
    expect(page.get_by_text("Nobody shares a twin with you yet")).to_be_visible()
    page.get_by_text("Open a record in an emergency").click()
    page.get_by_label("The patient's e-mail address").fill(cast.pia.email)
    page.get_by_label("Reason").fill("Found unconscious at the station")
    page.get_by_role("button", name="Open for one hour").click()
    expect(page.get_by_role("alert").filter(has_text="Emergency access")).to_be_visible()
    patients = visit(cast.pia, "/app/#/sharing")
    expect(patients.get_by_text("Reason given: Found unconscious at the station").first).to_be_visible()


def test_patient_is_sent_from_the_console_to_the_app(cast, visit):
    page = visit(cast.pia, "/console/")
    page.wait_for_url("**/app/**")
