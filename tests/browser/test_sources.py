"""The page of devices and apps, and their panel in the console."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import numpy as np
from django.db import connection
from django.utils import timezone
from playwright.sync_api import expect

from backend.actor import acting_on
from backend.models import Patient
from twin.intake.items import Samples
from twin.report import Report
from twin.series.columns import Columns
from twin.services.intake import take_in


def count_steps(patient: Patient) -> None:
    """Two devices that counted the same hours; aside, for Playwright's loop runs here."""

    def give() -> None:
        try:
            start = np.array([round((timezone.now() - timedelta(days=1)).timestamp() * 1000)], np.int64)
            hour = np.array([3_600_000], np.int64)
            items = [
                Samples("steps", name, "{steps}", Columns(start, hour, np.array([value])))
                for name, value in (("Phone", 700.0), ("Watch", 900.0))
            ]
            with acting_on(patient.id):
                take_in(patient.id, items, report=Report(), touched={}, now=timezone.now())
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as aside:
        aside.submit(give).result()


def test_patient_puts_devices_in_order_by_keyboard_and_takes_it_back(cast, visit):
    count_steps(cast.pia_patient)
    page = visit(cast.pia, "/app/#/devices", screen="phone")
    order = page.get_by_role("region", name="Order for Steps")
    expect(order.locator("li strong")).to_have_text(["Phone", "Watch"])
    order.get_by_role("button", name="Move Watch up").focus()
    page.keyboard.press("Enter")
    expect(order.locator("li strong")).to_have_text(["Watch", "Phone"])
    expect(order.get_by_role("button", name="Move Watch down")).to_be_focused()
    order.get_by_role("button", name="Take my order back").click()
    expect(order.locator("li strong")).to_have_text(["Phone", "Watch"])


def test_page_of_devices_without_any_says_what_would_fill_it(cast, visit):
    page = visit(cast.pia, "/app/#/devices")
    expect(page.get_by_text("No devices yet")).to_be_visible()


def test_clinician_sees_the_devices_and_their_order(cast, visit):
    count_steps(cast.pia_patient)
    page = visit(cast.cleo, f"/console/patients/{cast.pia_patient.id}/")
    panel = page.locator("#panel-sources")
    expect(panel.locator("li.device strong")).to_have_text(["Phone", "Watch"])
    panel.get_by_text("Measured by several").click()
    expect(panel.get_by_text("Steps: Phone, Watch")).to_be_visible()
