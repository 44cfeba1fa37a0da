"""qSOFA: a prompt to think of sepsis. Pure. NEWS2 is preferred; alone this is not advised as a screen."""

from twin.risk.data import band, load
from twin.risk.given import Checked, Given, check, wanted
from twin.risk.points import Part, total
from twin.risk.result import Score

CODE = "qsofa"
FAST_BREATHING, LOW_PRESSURE, POSITIVE = 22, 100, 2
"""At least, at most and at least, as qsofa.json words them."""
ITEMS = ("resp_rate", "sbp", "altered_mentation")


def score(given: Given) -> Score:
    """0 to 3 points; with a part missing the range of the sum."""
    content = load(CODE)
    checked = check([wanted(code) for code in ITEMS], given)
    parts = [Part(_points(code, checked) if code in checked.values else None, 0, 1) for code in ITEMS]
    value, low, high = total(parts)
    if not checked.complete:
        value = None
    partial = value is None and not checked.refused
    return Score(
        code=CODE,
        title=content["title"],
        version="2016",
        value=value,
        unit="{score}",
        low=low if partial else None,
        high=high if partial else None,
        band=None if value is None else band("positive" if value >= POSITIVE else "negative"),
        inputs=checked.inputs,
        missing=checked.missing,
        refused=checked.refused,
        source=content["citation"],
        verification=content["verification"],
        notes=(f"{content['note']}.",),
    )


def _points(code: str, checked: Checked) -> float:
    if code == "resp_rate":
        return float(checked.number(code) >= FAST_BREATHING)
    if code == "sbp":
        return float(checked.number(code) <= LOW_PRESSURE)
    return float(checked.yes(code))
