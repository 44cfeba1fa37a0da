"""Forecasts as a person meets them: bands, marks and lines on the canvas, and the sentences below."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.utils import timezone
from playwright.sync_api import Page, expect

from backend.actor import acting_for_all
from backend.models import Patient
from backend.queries import zone_history_of
from backend.rules import Topic
from twin.intake.items import Samples
from twin.queries.forecasts import newest_forecasts
from twin.series.columns import Columns
from twin.services.forecast_batch import make, read
from twin.services.forecast_rows import keep
from twin.services.forecasts import SETTLE, mark_stale, refresh_forecasts, show_forecasts

DAY = 86_400_000
# How many pixels on each side of now have which of the tokens' colours, as they come out on the card.
COLOURS = """
async () => {
  await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
  const canvas = document.querySelector("twin-chart canvas");
  const style = getComputedStyle(document.documentElement);
  const layers = {
    mean: ["--forecast"],
    band80: ["--forecast-95", "--forecast-80"],
    band95: ["--forecast-95"],
    earlier: ["--forecast-95", "--forecast-faint"],
    goal: ["--good"],
    limit: ["--caution"],
  };
  const brush = document.createElement("canvas").getContext("2d");
  const paint = (name) => {
    brush.fillStyle = style.getPropertyValue(name);
    brush.fillRect(0, 0, 1, 1);
  };
  const colours = Object.entries(layers).map(([name, tokens]) => {
    ["--card", ...tokens].forEach(paint);
    return [name, [...brush.getImageData(0, 0, 1, 1).data]];
  });
  const chart = document.querySelector("twin-chart");
  const over = chart.querySelector(".u-over").getBoundingClientRect();
  const scale = canvas.width / canvas.getBoundingClientRect().width;
  const shown = chart.view;
  const now = ((Date.now() - shown.from) / (shown.to - shown.from)) * over.width;
  const left = Math.round((over.left - canvas.getBoundingClientRect().left) * scale);
  const width = Math.round(over.width * scale);
  const { data } = canvas.getContext("2d").getImageData(left, 0, width, canvas.height);
  paint("--card");
  const card = brush.getImageData(0, 0, 1, 1).data;
  // The canvas lets the card through.
  const seen = (i, n) => card[n] + ((data[i + n] - card[n]) * data[i + 3]) / 255;
  const counts = { past: {}, ahead: {} };
  for (let i = 0; i < data.length; i += 4) {
    const side = (i / 4) % width < now * scale - 8 ? counts.past : counts.ahead;
    for (const [name, colour] of colours)
      if ([0, 1, 2].every((n) => Math.abs(colour[n] - seen(i, n)) < 5)) side[name] = (side[name] ?? 0) + 1;
  }
  return counts;
}
"""


def as_written(value: float, decimals: int = 0) -> str:
    """The number as a browser writes it, which rounds a half away from zero; Python's format does not."""
    return str(Decimal(repr(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP))


def daily(kind: str, unit: str, values: np.ndarray) -> Samples:
    """A value a day at noon UTC, the last of them yesterday."""
    noon = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
    start = round(noon.timestamp() * 1000) - DAY * np.arange(len(values), dtype=np.int64)[::-1]
    return Samples(kind, "Scale", unit, Columns(start, np.zeros(len(values), np.int64), values))


def pulses(days: int = 150) -> Samples:
    """A resting heart rate that comes back to its mean, which the last value does not know."""
    noise = np.random.default_rng(7).normal(0, 2.5, days)
    return daily("resting_heart_rate", "/min", np.round(62 + noise + 3 * (np.arange(days) % 7 == 0)))


@pytest.fixture
def look_back() -> Callable[[Patient, str], None]:
    """A function: a kind's forecasts made, and looked at, on the evenings 28, 21, 14 and 7 days ago."""

    def run(patient: Patient, code: str) -> None:
        with ThreadPoolExecutor(1) as aside:
            aside.submit(_look_back, patient, code).result()

    return run


def _look_back(patient: Patient, code: str) -> None:
    try:
        with acting_for_all():
            zone = zone_history_of(patient.id)
            for ago in (28, 21, 14, 7):
                day = timezone.now().astimezone(zone).date() - timedelta(days=ago)
                evening = datetime.combine(day, time(23, 59), tzinfo=zone)
                made, _ = make(read({patient.id: day}, [code]))
                keep(made, now=evening)
                show_forecasts(patient, newest_forecasts(patient, list(Topic), code), now=evening)
            mark_stale(patient.id, [code], now=timezone.now())
        refresh_forecasts(patient.id, now=timezone.now() + SETTLE)
    finally:
        connection.close()


def part(page: Page, name: str) -> Any:
    return page.locator(f"[data-part={name}]")


def test_chart_draws_the_bands_ahead_and_on_demand_what_was_said_before(cast, visit, hand_over, look_back):
    hand_over(cast.pia_patient, pulses())
    look_back(cast.pia_patient, "resting_heart_rate")
    page = visit(cast.pia, "/app/#/twin/resting_heart_rate")
    expect(page.locator(".chart-legend")).to_contain_text("80 % band")
    drawn = page.evaluate(COLOURS)
    assert min(drawn["ahead"].get(name, 0) for name in ("mean", "band80", "band95")) > 50
    assert drawn["past"].get("earlier", 0) == drawn["past"].get("band95", 0) == 0
    page.get_by_label("Earlier forecasts").check()
    expect(page.locator(".key-past")).to_be_visible()
    drawn = page.evaluate(COLOURS)
    assert drawn["past"]["band95"] > 500
    assert drawn["past"]["earlier"] > 50
    # A shorter look ahead is drawn, and said.
    expect(part(page, "ahead")).to_contain_text("In 28 days")
    page.get_by_role("button", name="7 days ahead", exact=True).click()
    expect(part(page, "ahead")).to_contain_text("In 7 days")
    page.get_by_text("Show as a table").click()
    rows = page.locator(".chart-table tbody tr", has_text="95 %")
    expect(rows).to_have_count(7)


def test_patient_and_clinician_read_the_same_record_as_the_api(cast, visit, hand_over, look_back):
    hand_over(cast.pia_patient, pulses())
    look_back(cast.pia_patient, "resting_heart_rate")
    page = visit(cast.pia, "/app/#/twin/resting_heart_rate", screen="phone")
    answer = page.request.get("/api/v1/patients/me/forecasts/resting_heart_rate/record").json()
    overall = answer["overall"]
    record = page.locator(".track-record")
    expect(record).to_contain_text(f"Of {overall['points']} values that have come since")
    expect(record).to_contain_text(f"{as_written(overall['held80'] * 100)} % lay in the 80 % band.")
    expect(record).to_contain_text(
        f"Typical error {as_written(overall['mae'], 1)} per min; "
        f"repeating the last value: {as_written(overall['mae_last_value'], 1)}."
    )
    record.get_by_text("By days ahead").click()
    rows = page.locator(".record-table tbody tr")
    expect(rows).to_have_count(len(answer["horizons"]))
    expect(rows.first).to_contain_text(f"{as_written(answer['horizons'][0]['held95'] * 100)} %")
    console = visit(cast.cleo, f"/console/patients/{cast.pia_patient.id}/")
    for each in (page, console):
        expect(part(each, "ahead").locator(".expectation")).to_be_visible()
    said = [part(each, "ahead").locator(".expectation").inner_text() for each in (page, console)]
    assert said[0] == said[1]
    expect(console.locator(".track-record > p").first).to_have_text(record.locator("p").first.inner_text())


def test_page_says_when_the_last_value_is_better_and_draws_it(cast, visit, hand_over):
    hand_over(
        cast.pia_patient, daily("weight", "kg", 82 + np.cumsum(np.where(np.arange(120) % 40 < 20, 0.3, -0.3)))
    )
    page = visit(cast.pia, "/app/#/twin/weight")
    forecast = page.request.get("/api/v1/patients/me/forecasts?kind=weight").json()["results"][0]
    assert forecast["simpler"], forecast["backtest"]
    expect(page.locator(".simpler")).to_contain_text("the line ahead is the last value")
    expect(page.locator(".key-last")).to_be_visible()
    last = f"{as_written(forecast['last_value'], 1)} kg"
    expect(part(page, "ahead")).to_contain_text(f"about {last}")
    page.get_by_text("Show as a table").click()
    expect(page.locator(".chart-table tbody tr", has_text=f"Forecast {last}")).to_have_count(28)
    assert page.evaluate(COLOURS)["ahead"]["band80"] > 50


def test_page_says_how_many_days_are_missing(cast, visit, hand_over):
    hand_over(cast.pia_patient, daily("weight", "kg", np.array([82.0, 82.4, 82.1])))
    page = visit(cast.pia, "/app/#/twin/weight")
    expect(part(page, "ahead")).to_contain_text("Not enough data yet: 4 more days")
    expect(part(page, "explanation")).to_contain_text("Not enough data yet: 11 more days")
    expect(page.get_by_role("group", name="Days ahead")).to_be_hidden()


def test_explanation_tells_trend_week_and_that_it_is_another_model(cast, visit, hand_over):
    hand_over(cast.pia_patient, pulses())
    page = visit(cast.pia, "/app/#/twin/resting_heart_rate")
    card = part(page, "explanation")
    told = page.request.get("/api/v1/patients/me/forecasts/resting_heart_rate/explanation?days=60").json()
    assert told["weekly"] is not None
    expect(card.locator(".sentences li")).to_have_text(told["sentences"])
    expect(card.locator(".week-bar")).to_have_count(7)
    expect(card.get_by_role("img")).to_have_accessible_name(
        f"Trend of resting heart rate from {_day(told['days'][0])} to {_day(told['days'][-1])}: from "
        f"{as_written(told['trend'][0])} to {as_written(told['trend'][-1])} per min."
    )
    expect(card).to_contain_text("an explanation by another model, Prophet")
    card.get_by_role("button", name="90 days").click()
    expect(card.locator(".sentences")).to_contain_text("over these 90 days")


def _day(iso: str) -> str:
    at = datetime.fromisoformat(iso)
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sept", "Oct", "Nov", "Dec"]
    return f"{at.day} {months[at.month - 1]} {at.year}"


def test_event_is_entered_marked_read_by_keyboard_changed_and_taken_back(cast, visit, hand_over):
    hand_over(cast.pia_patient, pulses())
    page = visit(cast.pia, "/app/#/twin/resting_heart_rate")
    card = part(page, "events")
    expect(card).to_contain_text("No events yet")
    card.get_by_text("Add an event").click()
    card.get_by_label("What happened").select_option(label="Illness")
    card.get_by_label("Name").fill("Flu")
    day = timezone.now() - timedelta(days=20)
    card.get_by_label("On, or from").fill(f"{day:%Y-%m-%d}")
    card.get_by_role("button", name="Add event").click()
    words = f"{_day(day.isoformat())}: Illness: Flu"
    mark = page.locator(".event-lane").get_by_role("button", name=words)
    expect(mark).to_be_visible()
    expect(mark.get_by_role("tooltip")).to_be_hidden()
    mark.focus()
    expect(mark.get_by_role("tooltip")).to_have_text(words)
    card.get_by_role("button", name=f"Edit {words}").click()
    card.locator(".line").get_by_label("Name").fill("Influenza")
    card.get_by_role("button", name="Save changes").click()
    expect(page.locator(".event-mark")).to_have_accessible_name(words.replace("Flu", "Influenza"))
    sure = card.get_by_role("button", name="Delete for good?")
    card.get_by_role("button", name="Delete").click()
    expect(sure).to_be_focused()
    # News do not take the question away, and doing something else answers it with no.
    page.locator("twin-chart").evaluate("chart => chart.start()")
    expect(page.locator("twin-chart")).not_to_have_attribute("aria-busy", "true")
    expect(sure).to_be_focused()
    page.keyboard.press("Tab")
    expect(sure).to_have_count(0)
    card.get_by_role("button", name="Delete").click()
    sure.click()
    expect(page.locator(".event-mark")).to_have_count(0)
    expect(card).to_contain_text("No events yet")


def test_goal_is_set_by_the_patient_drawn_and_agreed_to_in_the_console(cast, visit, hand_over):
    hand_over(cast.pia_patient, daily("weight", "kg", 82 - 0.02 * np.arange(90)))
    page = visit(cast.pia, "/app/#/twin/weight")
    card = part(page, "goals")
    card.get_by_text("Set a goal").click()
    card.get_by_role("button", name="Set goal").click()
    expect(card.get_by_text("Give a number.")).to_be_visible()
    card.get_by_label("Target").fill("79,5")
    card.get_by_role("button", name="Set goal").click()
    expect(card).to_contain_text("79.5 kg or less")
    expect(card).to_contain_text("Pace −0.14 kg a week")
    expect(card).to_contain_text("not agreed with a clinician yet")
    expect(page.locator("twin-chart")).not_to_have_attribute("aria-busy", "true")
    assert page.evaluate(COLOURS)["past"]["goal"] > 100
    console = visit(cast.cleo, f"/console/patients/{cast.pia_patient.id}/")
    part(console, "goals").get_by_role("button", name="Agree to it").click()
    expect(part(console, "goals")).to_contain_text("agreed by Cleo")
    # It reaches the open page by itself, and the first page has it too.
    expect(card).to_contain_text("agreed by Cleo")
    page.goto("/app/#/today")
    expect(page.locator("[data-goal]")).to_contain_text("Weight: 79.5 kg or less")


def test_limits_are_set_in_the_console_and_read_with_their_chance_by_the_patient(cast, visit, hand_over):
    hand_over(cast.pia_patient, pulses())
    console = visit(cast.cleo, f"/console/patients/{cast.pia_patient.id}/")
    card = part(console, "limits")
    card.locator("summary").click()
    card.get_by_label("Not above").fill("66")
    card.get_by_label("Why").fill("Call us above it.")
    card.get_by_role("button", name="Set limits").click()
    expect(card).to_contain_text("at most 66 per min")
    page = visit(cast.pia, "/app/#/twin/resting_heart_rate")
    limits = part(page, "limits")
    expect(limits).to_contain_text("at most 66 per min")
    expect(limits).to_contain_text("Call us above it.")
    expect(limits.get_by_role("button")).to_have_count(0)
    expect(page.locator(".chances")).to_contain_text("resting heart rate")
    expect(page.locator(".chances")).to_contain_text("above 66 per min")
    assert page.evaluate(COLOURS)["past"]["limit"] > 100


def glucose(minutes_ago: int) -> Samples:
    """Three days of a sensor up to then."""
    count = 3 * 288
    last = round(timezone.now().timestamp() * 1000) - minutes_ago * 60_000
    start = last - 300_000 * np.arange(count, dtype=np.int64)[::-1]
    value = np.round(120 + 30 * np.sin(np.arange(count) / 40))
    return Samples("glucose_cgm", "Sensor", "mg/dL", Columns(start, np.zeros(count, np.int64), value))


def test_glucose_of_the_next_two_hours_stands_on_tile_chart_and_page(cast, visit, hand_over):
    hand_over(cast.pia_patient, glucose(1))
    page = visit(cast.pia, "/app/#/twin/glucose_cgm")
    answer = page.request.get("/api/v1/patients/me/glucose-forecast").json()
    rows = page.locator("[data-kind=glucose-ahead] tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text(
        f"{as_written(answer['low80'][0])} to {as_written(answer['high80'][0])}"
    )
    expect(page.locator(".tile-note")).to_contain_text(f"in 30 min about {as_written(answer['mean'][0])}")
    page.get_by_role("button", name="1 day", exact=True).click()
    expect(page.locator(".chart-legend")).to_contain_text("as measured")
    drawn = page.evaluate(COLOURS)["ahead"]
    assert min(drawn.get(name, 0) for name in ("mean", "band80", "band95")) > 20


def test_glucose_of_a_silent_sensor_is_not_forecast_and_the_page_says_why(cast, visit, hand_over):
    hand_over(cast.pia_patient, glucose(45))
    page = visit(cast.pia, "/app/#/twin/glucose_cgm")
    reason = page.request.get("/api/v1/patients/me/glucose-forecast").json()["reason"]
    expect(page.locator("[data-kind=glucose-ahead]")).to_contain_text(reason)
    expect(page.locator("[data-kind=glucose-ahead]")).to_contain_text("The last reading came 45 minutes ago.")
    expect(page.locator(".tile-note")).to_have_count(0)
