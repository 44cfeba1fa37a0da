"""What a column, or a signal, measures by the name that people and publishers give it. Pure."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

from twin.intake.items import ProblemCode
from twin.intake.measures import Measure, name_and_unit

KNOWN: Mapping[str, Any] = json.loads(
    (Path(__file__).parents[1] / "data" / "table_columns.json").read_text(encoding="utf-8")
)
"""Names by what they stand for, as the file itself explains."""

_LONGEST_SOURCE = 200


def measures_of(headings: Sequence[str], *, but: Collection[int] = ()) -> tuple[Measure, ...]:
    """The measures among these headings, but for those at some places; a name may mean more beside others.

    A heading has its unit in brackets, at the end of its name, or nowhere. Two of one kind and source come
    apart: the second is a source of its own, under its name.
    """
    named = [name_and_unit(heading) for heading in headings]
    known = _meanings([name for name, _ in named])
    found = [
        _measure(place, headings[place].strip(), name, unit, known)
        for place, (name, unit) in enumerate(named)
        if place not in but
    ]
    return _told_apart([measure for measure in found if measure is not None])


def _meanings(names: Sequence[str]) -> Mapping[str, Any]:
    """What each name means here, by the other names beside it."""
    known: Mapping[str, Any] = KNOWN["columns"]
    for layout in KNOWN["layouts"]:
        if set(layout["has"]).issubset(names):
            known = {**known, **layout["columns"]}
    return known


def _measure(place: int, heading: str, name: str, unit: str, known: Mapping[str, Any]) -> Measure | None:
    units: Mapping[str, str] = KNOWN["units"]
    if name not in known:
        # As in glucose_value_mg_dl.
        suffix = next((end for end in units if name.endswith(end) and name.removesuffix(end) in known), None)
        if suffix is None:
            return None
        name, unit = name.removesuffix(suffix), suffix
    column = known[name]
    if column is None:
        return None
    spelled = "".join(letter for letter in unit.casefold() if letter.isalnum()) or unit
    return Measure(
        place,
        heading,
        column["kind"],
        units.get(spelled, unit) or column["unit"],
        column.get("source", ""),
        _problem(column, "zero"),
        _problem(column, "zero_day"),
        -inf if unit else column.get("at_least", -inf),
    )


def _problem(column: Mapping[str, Any], key: str) -> ProblemCode | None:
    return ProblemCode(column[key]) if key in column else None


def _told_apart(measures: Sequence[Measure]) -> tuple[Measure, ...]:
    """The measures, each under the name of its column where another of its kind and source came before it."""
    taken: set[tuple[str, str]] = set()
    told: list[Measure] = []
    for measure in measures:
        is_first = (measure.kind, measure.source) not in taken
        taken.add((measure.kind, measure.source))
        told.append(measure if is_first else replace(measure, source=measure.name[:_LONGEST_SOURCE]))
    return tuple(told)
