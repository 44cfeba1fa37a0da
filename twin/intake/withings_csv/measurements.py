"""Weighings, blood pressures and heights, a measurement a row, and the totals of days. Pure."""

import re
from collections.abc import Mapping

from twin.intake.delimited import cuts
from twin.intake.items import ProblemCode
from twin.intake.layouts import Layout
from twin.intake.measures import Measure, name_and_unit
from twin.intake.withings import sources

_DATES = ("date", "datum")
# Of the headings, what a table of one's own would not have.
_OWN = frozenset(
    {"comments", "kommentare", "commentaires", "fatmass", "fettmasse", "bonemass", "knochenmasse"}
)
# Kind and unit; the heading of a weight or a height has its unit in brackets.
_KINDS: Mapping[str, tuple[str, str]] = {
    "weight": ("weight", ""),
    "gewicht": ("weight", ""),
    "poids": ("weight", ""),
    "fatfreemass": ("lean_mass", ""),
    "fettfreieranteil": ("lean_mass", ""),
    "fatratio": ("body_fat", "%"),
    "bmi": ("bmi", "kg/m2"),
    "height": ("height", ""),
    "größe": ("height", ""),
    "systolic": ("sbp", "mmHg"),
    "systolisch": ("sbp", "mmHg"),
    "diastolic": ("dbp", "mmHg"),
    "diastolisch": ("dbp", "mmHg"),
    "heartrate": ("heart_rate", "bpm"),
    "herzfrequenz": ("heart_rate", "bpm"),
}

_TOTAL = re.compile(r"(?:^|/)aggregates_([a-z_-]+)\.csv$")
_TOTALS: Mapping[str, tuple[str, str]] = {
    "steps": ("steps", "{steps}"),
    "distance": ("distance", "m"),
    "calories_earned": ("active_energy", "kcal"),
}


def layout_of(line: str, name: str = "") -> Layout | None:
    """The layout of a file of measurements, or of a day's totals, whose `name` tells what they are."""
    for delimiter, cells in cuts(line):
        headings = [name_and_unit(cell) for cell in cells]
        names = [heading for heading, _ in headings]
        if names == ["date", "value"]:
            return _totals(delimiter, name)
        if not names or names[0] not in _DATES or _OWN.isdisjoint(names):
            continue
        measures = tuple(
            Measure(place, cells[place], kind, unit or usual, sources.MEASURES)
            for place, (heading, unit) in enumerate(headings)
            for kind, usual in (_KINDS.get(heading, ("", "")),)
            if kind
        )
        if measures:
            read = {0, *(measure.place for measure in measures)}
            others = {place: cell for place, cell in enumerate(cells) if place not in read and cell}
            return Layout(delimiter, len(cells), (0,), measures, others)
    return None


def _totals(delimiter: str, name: str) -> Layout:
    match = _TOTAL.search(name)
    of = match[1] if match else ""
    if of not in _TOTALS:
        about = of or "values whose file name is needed to tell what they are"
        return Layout(delimiter, 2, (0,), (), {1: about})
    kind, unit = _TOTALS[of]
    zero = None if kind == "active_energy" else ProblemCode.NOT_WORN
    return Layout(delimiter, 2, (0,), (Measure(1, of, kind, unit, sources.DAYS, zero_day=zero),))
