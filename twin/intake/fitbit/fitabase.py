"""Fitabase's CSV files: days, hours, minutes, sleep, weight and heart rate of one or several people. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import BinaryIO

from twin.intake.clock import HOUR, MINUTE, parse_wall
from twin.intake.fitbit import sources
from twin.intake.fitbit.rows import Row, cells_of, rows
from twin.intake.gathering import Tally
from twin.intake.items import Item, ProblemCode, RefusalCode, Refused
from twin.intake.json_values import number
from twin.intake.wall_samples import WHOLE_DAY, WallSamples
from twin.series.columns import Flag

_MOST_PEOPLE = 10_000
_REMEMBERED_ROWS = 100_000
_PERSON = "Id"
_MANUAL = "IsManualReport"


@dataclass(frozen=True, slots=True)
class Measure:
    """What one column measures, in which unit."""

    kind: str
    unit: str


@dataclass(frozen=True, slots=True)
class Layout:
    """One of Fitabase's files, known by its time column; a row lasts `duration` ms, or WHOLE_DAY."""

    time: str
    measures: Mapping[str, Measure]
    duration: int = 0
    source: str = sources.DEVICE
    # Columns that say again what a measure says, or a part of it, or that only number the rows.
    repeated: frozenset[str] = field(default_factory=frozenset)


_STEPS = Measure("steps", "{steps}")

# Columns and units as in Fitabase's data dictionary. Calories are all that was burned: no kind of ours.
_LAYOUTS = {
    layout.time: layout
    for layout in (
        Layout(
            "ActivityDate",
            {"TotalSteps": _STEPS, "TotalDistance": Measure("distance", "km")},
            WHOLE_DAY,
            sources.DAYS,
            frozenset(
                f"{part}Distance"
                for part in (
                    "Tracker",
                    "LoggedActivities",
                    "VeryActive",
                    "ModeratelyActive",
                    "LightActive",
                    "SedentaryActive",
                )
            ),
        ),
        Layout("ActivityDay", {"StepTotal": _STEPS}, WHOLE_DAY, sources.DAYS),
        Layout("ActivityHour", {"StepTotal": _STEPS}, HOUR, sources.HOURS),
        Layout("ActivityMinute", {"Steps": _STEPS}, MINUTE),
        Layout("SleepDay", {"TotalMinutesAsleep": Measure("sleep_duration", "min")}, WHOLE_DAY, sources.DAYS),
        Layout("Time", {"Value": Measure("heart_rate", "/min")}),
        Layout(
            "Date",
            {
                "WeightKg": Measure("weight", "kg"),
                "Fat": Measure("body_fat", "%"),
                "BMI": Measure("bmi", "kg/m2"),
            },
            repeated=frozenset({"WeightPounds", "LogId", _MANUAL}),
        ),
    )
}


def layout_of(header: list[str] | None) -> Layout | None:
    """The layout whose time column, and at least one of whose measures, a header names beside a person."""
    for name in header or ():
        layout = _LAYOUTS.get(name)
        if layout and header and _PERSON in header and not layout.measures.keys().isdisjoint(header):
            return layout
    return None


def is_fitabase(head: bytes) -> bool:
    """Whether the first line is the header of a file that `read` knows."""
    return layout_of(cells_of(head.removeprefix(b"\xef\xbb\xbf").partition(b"\n")[0])) is not None


def people(stream: BinaryIO) -> dict[str, int]:
    """The rows of each person in the file, by Id; reads the whole stream."""
    found: dict[str, int] = {}
    column, width = -1, 0
    for row in rows(stream):
        if column < 0:
            column = row.cells.index(_PERSON) if row.cells and _PERSON in row.cells else 0
            width = len(row.cells or ())
        elif not isinstance(cells := row.whole(width), ProblemCode):
            person = cells[column]
            if person in found or len(found) < _MOST_PEOPLE:
                found[person] = found.get(person, 0) + 1
    return found


def read(stream: BinaryIO, *, zone: tzinfo, person: str | None = None) -> Iterator[Item]:
    """The samples of one person, from a seekable stream: who is in it is known before anything is handed on.

    Raises Refused when the file holds several people and `person`, an Id, does not say whose rows to take.
    """
    found = people(stream)
    if person is None and len(found) > 1:
        raise Refused(
            RefusalCode.SEVERAL_PEOPLE,
            f"This file holds the data of {len(found)} people. Please upload the rows of one Id only.",
        )
    if person is not None and person not in found:
        raise Refused(RefusalCode.SEVERAL_PEOPLE, "This file holds no row of the Id that was asked for.")
    stream.seek(0)
    lines = rows(stream)
    header = next(lines, None)
    layout = layout_of(header.cells) if header else None
    if header is None or header.cells is None or layout is None:
        raise Refused(RefusalCode.UNKNOWN_FORMAT, "The first line is no header of a Fitabase file.")
    yield from _Table(layout, header.cells, zone, person).items(lines)


class _Table:
    """One pass over the rows of one file."""

    def __init__(self, layout: Layout, header: list[str], zone: tzinfo, person: str | None) -> None:
        self._layout = layout
        self._width = len(header)
        self._person = person
        self._person_column = header.index(_PERSON)
        self._time_column = header.index(layout.time)
        self._manual_column = header.index(_MANUAL) if _MANUAL in header else None
        self._measures = [(header.index(name), of) for name, of in layout.measures.items() if name in header]
        read = {_PERSON, layout.time, *layout.measures, *layout.repeated}
        self._others = [name for name in header if name not in read]
        self._samples = WallSamples(zone)
        self._tally = Tally()
        self._seen: set[int] = set()

    def items(self, lines: Iterator[Row]) -> Iterator[Item]:
        taken = 0
        for row in lines:
            taken += self._take(row)
            yield from self._samples.full()
        yield from self._samples.rest()
        for name in self._others if taken else ():
            self._tally.add(ProblemCode.UNKNOWN_KIND, name, f"column {name}", sort=name, count=taken)
        yield from self._tally.problems()

    def _take(self, row: Row) -> bool:
        """Gathers the samples of one row; whether it was a whole row of the person's own."""
        place, cells = f"line {row.line}", row.whole(self._width)
        if isinstance(cells, ProblemCode):
            self._tally.add(cells, "not a row of this table", place)
        elif self._person is not None and cells[self._person_column] != self._person:
            self._tally.add(ProblemCode.OTHER_PATIENT, "a row of another person", place)
        else:
            self._take_own(cells, place)
            return True
        return False

    def _take_own(self, cells: list[str], place: str) -> None:
        time = cells[self._time_column]
        wall = parse_wall(time)
        if self._repeats(cells):
            self._tally.add(ProblemCode.DUPLICATE_ROW, time, place)
        elif wall is None:
            self._tally.add(ProblemCode.BAD_TIME, time, place)
        elif self._layout.source == sources.DAYS and self._not_worn(cells):
            self._tally.add(ProblemCode.NOT_WORN, time, place)
        else:
            self._measure(cells, wall, place)

    def _measure(self, cells: list[str], wall: int, place: str) -> None:
        manual = self._manual_column is not None and cells[self._manual_column].upper() == "TRUE"
        for column, measure in self._measures:
            written = cells[column]
            if not written:
                continue
            value = number(written)
            if value is None:
                self._tally.add(ProblemCode.NOT_A_NUMBER, written, place, kind=measure.kind)
                continue
            self._samples.add(
                measure.kind,
                self._layout.source,
                measure.unit,
                wall,
                self._layout.duration,
                value,
                Flag.MANUAL if manual else 0,
            )

    def _not_worn(self, cells: list[str]) -> bool:
        """Whether the day has no step at all: the tracker lay in a drawer."""
        return any(number(cells[column]) == 0 for column, measure in self._measures if measure is _STEPS)

    def _repeats(self, cells: list[str]) -> bool:
        """Whether an equal row came not long ago."""
        row = hash(tuple(cells))
        if row in self._seen:
            return True
        if len(self._seen) >= _REMEMBERED_ROWS:
            self._seen.clear()
        self._seen.add(row)
        return False
