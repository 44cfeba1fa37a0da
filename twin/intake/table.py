"""A table of one's own: a column that says when, and a column a measure, known by their names. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import tzinfo
from math import inf
from pathlib import Path
from typing import Any, BinaryIO

from twin.intake import fitbit, omron_csv, withings_csv
from twin.intake.delimited import Lines, batches, cuts, first_line
from twin.intake.gathering import Tally
from twin.intake.items import Item, ProblemCode, RefusalCode, Refused
from twin.intake.layouts import Layout, read_rows
from twin.intake.measures import Measure, name_and_unit

NAME = "table"

_KNOWN: Mapping[str, Any] = json.loads(
    (Path(__file__).parents[1] / "data" / "table_columns.json").read_text(encoding="utf-8")
)
# Their tables have a date and measures too, and more that only their own readers know.
_VENDORS = (fitbit, omron_csv, withings_csv)
_MOST_PEOPLE = 10_000
_LONGEST_SOURCE = 200


def sniff(head: bytes) -> bool:
    """Whether the first line names a time and something measured, and is not that of a vendor's export."""
    return _layout(first_line(head)) is not None and not any(vendor.sniff(head) for vendor in _VENDORS)


def people(stream: BinaryIO) -> list[str]:
    """The people that the rows name, as `read` takes them; empty where no column is about that."""
    lines = Lines(stream)
    layout = _layout(lines.first())
    return [] if layout is None else sorted(_people(lines, layout))


def read(stream: BinaryIO, *, zone: tzinfo, person: str | None = None) -> Iterator[Item]:
    """Every cell under a known name as a sample, from a seekable stream; every other cell is counted.

    A row that states a date alone covers that day in the patient's zone, one that states an hour that hour.
    Raises Refused when the first line names no such columns, or when the rows are of several people and
    `person` is not one of them.
    """
    lines = Lines(stream)
    layout = _layout(lines.first())
    if layout is None:
        raise Refused(RefusalCode.MALFORMED, "The first line must name a time and what was measured.")
    if layout.person is not None:
        found = _people(lines, layout)
        if person is None and len(found) > 1:
            raise Refused(
                RefusalCode.SEVERAL_PEOPLE,
                f"This table holds the rows of {len(found)} people. Please upload those of one alone.",
            )
        if person is not None and person not in found:
            raise Refused(RefusalCode.SEVERAL_PEOPLE, "This table holds no row of the person asked for.")
        stream.seek(0)
        lines = Lines(stream)
        lines.first()
    tally = Tally()
    yield from read_rows(lines, layout, zone, tally, person=person)
    yield from tally.problems()


def _people(lines: Lines, layout: Layout) -> set[str]:
    if layout.person is None:
        return set()
    found: set[str] = set()
    for batch in batches(lines, layout.delimiter, layout.width, Tally()):
        if len(found) < _MOST_PEOPLE:
            found.update(name.strip() for name in batch.columns[layout.person])
    return found - {""}


def _layout(line: str) -> Layout | None:
    for delimiter, cells in cuts(line):
        headings = [name_and_unit(cell) for cell in cells]
        names = [name for name, _ in headings]
        times = _times(names, cells)
        if not times:
            continue
        known = _columns(names)
        found = [
            _measure(place, cells[place].strip(), name, unit, known)
            for place, (name, unit) in enumerate(headings)
            if place not in times
        ]
        measures = _told_apart([measure for measure in found if measure is not None])
        if not measures:
            continue
        person = next((names.index(name) for name in _KNOWN["people"] if name in names), None)
        read = {*times, *(measure.place for measure in measures), person}
        return Layout(
            delimiter,
            len(cells),
            times,
            measures,
            {
                place: cell.strip() or f"number {place + 1}"
                for place, cell in enumerate(cells)
                if place not in read
            },
            duration=_KNOWN["durations"].get(names[times[-1]], 0),
            person=person,
        )
    return None


def _times(names: Sequence[str], cells: Sequence[str]) -> tuple[int, ...]:
    """The column of the time, or of the date and of the time of day; none where no name is that of a time."""
    # What stands in brackets behind a time is its layout, and then the table is a device's report.
    first = next(
        (
            names.index(name)
            for name in _KNOWN["times"]
            if name in names and "(" not in cells[names.index(name)]
        ),
        None,
    )
    if first is None:
        return ()
    if names[first] not in ("date", "datum", "day"):
        return (first,)
    second = next((names.index(name) for name in _KNOWN["times_of_day"] if name in names), None)
    return (first,) if second is None else (first, second)


def _columns(names: Sequence[str]) -> Mapping[str, Any]:
    """What each name means in this table, by the other names in it."""
    known: Mapping[str, Any] = _KNOWN["columns"]
    for layout in _KNOWN["layouts"]:
        if set(layout["has"]).issubset(names):
            known = {**known, **layout["columns"]}
    return known


def _measure(place: int, heading: str, name: str, unit: str, known: Mapping[str, Any]) -> Measure | None:
    units: Mapping[str, str] = _KNOWN["units"]
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
