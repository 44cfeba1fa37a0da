"""The page of devices and apps, and their panel in the console."""

from datetime import timedelta

import numpy as np
from django.utils import timezone
from playwright.sync_api import expect

from twin.intake.items import Samples
from twin.series.columns import Columns


def counted_steps() -> list[Samples]:
    """Two devices that counted the same hour of yesterday."""
    start = np.array([round((timezone.now() - timedelta(days=1)).timestamp() * 1000)], np.int64)
    hour = np.array([3_600_000], np.int64)
    return [
        Samples("steps", name, "{steps}", Columns(start, hour, np.array([value])))
        for name, value in (("Phone", 700.0), ("Watch", 900.0))
    ]


def test_patient_puts_devices_in_order_by_keyboard_and_takes_it_back(cast, visit, hand_over):
    hand_over(cast.pia_patient, *counted_steps())
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


def test_clinician_sees_the_devices_and_their_order(cast, visit, hand_over):
    hand_over(cast.pia_patient, *counted_steps())
    page = visit(cast.cleo, f"/console/patients/{cast.pia_patient.id}/")
    panel = page.locator("#panel-sources")
    expect(panel.locator("li.device strong")).to_have_text(["Phone", "Watch"])
    panel.get_by_text("Measured by several").click()
    expect(panel.get_by_text("Steps: Phone, Watch")).to_be_visible()


def test_what_a_device_measures_fits_a_phone(cast, visit, hand_over):
    hand_over(cast.pia_patient, *counted_steps())
    for user, path in (
        (cast.pia, "/app/#/devices"),
        (cast.cleo, f"/console/patients/{cast.pia_patient.id}/"),
    ):
        page = visit(user, path, screen="phone")
        page.locator("li.device summary").first.click()
        expect(page.get_by_role("region", name="What Phone measures")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == page.viewport_size["width"]
