"""What the chart draws, read off its canvas: the mark of each value stands at its place and has its shape."""

from math import atan2, hypot, pi
from typing import Any

import numpy as np
from django.utils import timezone
from playwright.sync_api import expect

from twin.intake.items import Samples
from twin.series.columns import Columns, Flag

HOUR = 3_600_000

# (hours ago, mg/dL, what is known of it), what it looks like, what is said of it; the newest first.
KNOWN: list[tuple[tuple[int, float, int], str, str]] = [
    ((1, 120.0, 0), "point", "120 mg/dL"),
    ((3, 80.0, Flag.CENSORED_LOW), "arrow down", "< 80 mg/dL, below what the device can measure"),
    ((5, 160.0, Flag.CENSORED_HIGH), "arrow up", "> 160 mg/dL, above what the device can measure"),
    ((9, 100.0, Flag.MANUAL), "ring", "100 mg/dL, typed in"),
    ((11, 140.0, Flag.INTERPOLATED), "dashed ring", "140 mg/dL, interpolated"),
    ((13, 405.0, 0), "diamond", "405 mg/dL, outside the usual range"),
]

# Which of the tokens' colours is nearest each pixel's, around the point that the cursor reads.
PIXELS = """
async (reach) => {
  await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
  const canvas = document.querySelector("twin-chart canvas");
  const frame = canvas.getBoundingClientRect();
  const inside = ({ x, y }) => x >= frame.x && y >= frame.y;
  const points = [...document.querySelectorAll(".u-cursor-pt")].map((one) => one.getBoundingClientRect());
  const point = points.find(inside);
  const left = Math.floor(point.x + point.width / 2 - frame.x) - reach;
  const top = Math.floor(point.y + point.height / 2 - frame.y) - reach;
  const brush = document.createElement("canvas").getContext("2d");
  const colours = ["data", "caution", "card"].map((name) => {
    brush.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`);
    brush.fillRect(0, 0, 1, 1);
    return [name, [...brush.getImageData(0, 0, 1, 1).data]];
  });
  const side = 2 * reach + 1;
  const { data } = canvas.getContext("2d").getImageData(left, top, side, side);
  return Array.from({ length: side * side }, (_, i) => {
    const shown = data.slice(4 * i, 4 * i + 4);
    const far = ([, colour]) => Math.hypot(...colour.map((part, n) => part - shown[n]));
    const nearest = colours.reduce((one, other) => (far(other) < far(one) ? other : one));
    const name = shown[3] ? nearest[0] : "card";
    return { name, dx: (i % side) - reach, dy: Math.floor(i / side) - reach };
  });
}
"""


def shape(pixels: list[dict[str, Any]]) -> str:
    """What is drawn around the middle of a square of pixels."""
    filled = [pixel["dy"] for pixel in pixels if pixel["name"] == "caution"]
    if len(filled) > 20:
        middle = (min(filled) + max(filled)) / 2
        return "arrow down" if middle > 1 else "arrow up" if middle < -1 else "diamond"
    near = [pixel["name"] for pixel in pixels if hypot(pixel["dx"], pixel["dy"]) <= 1]
    if "card" not in near:
        return "point"
    around = {
        int((atan2(pixel["dy"], pixel["dx"]) / pi + 1) * 12) % 24
        for pixel in pixels
        if pixel["name"] == "data" and 3.5 <= hypot(pixel["dx"], pixel["dy"]) <= 6.5
    }
    return "ring" if len(around) >= 23 else "dashed ring" if len(around) >= 8 else "nothing"


def glucose() -> Samples:
    """The known values as one sensor's."""
    ago, value, flags = (np.array(column)[::-1] for column in zip(*(one for one, _, _ in KNOWN), strict=True))
    start = round(timezone.now().timestamp() * 1000) - ago * HOUR
    columns = Columns(start, np.zeros_like(start), value, flags=flags.astype(np.uint8))
    return Samples("glucose_cgm", "Sensor", "mg/dL", columns)


def test_chart_draws_what_is_known_of_each_value_and_says_it(cast, visit, hand_over):
    hand_over(cast.pia_patient, glucose())
    page = visit(cast.pia, "/app/#/twin/glucose_cgm")
    page.get_by_role("button", name="1 day").click()
    expect(page.locator(".chart-legend")).to_contain_text("as measured")
    page.locator(".chart-plot").focus()
    seen = []
    for _ in KNOWN:
        page.keyboard.press("ArrowLeft")
        said = page.locator(".chart-tip span").inner_text()
        seen.append((shape(page.evaluate(PIXELS, 9)), said))
    assert seen == [(drawn, said) for _, drawn, said in KNOWN]


def test_legend_names_the_marks_in_view_and_no_others(cast, visit, hand_over):
    hand_over(cast.pia_patient, glucose())
    page = visit(cast.pia, "/app/#/twin/glucose_cgm")
    page.get_by_role("button", name="1 day").click()
    expect(page.locator(".chart-legend .key-mark")).to_have_text(
        [
            "below what the device can measure",
            "above what the device can measure",
            "outside the usual range",
            "typed in",
            "interpolated",
        ]
    )
    # Half as much, from 17 to 7 hours ago.
    for _ in range(2):
        page.get_by_role("button", name="Zoom in").click()
    expect(page.locator(".chart-legend .key-mark")).to_have_text(
        ["outside the usual range", "typed in", "interpolated"]
    )
    page.locator(".chart-plot").focus()
    page.keyboard.press("PageUp")
    expect(page.locator(".chart-legend .key-mark")).to_have_count(0)
