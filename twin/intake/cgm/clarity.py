"""Dexcom Clarity's export: one table of events, in the language of the account. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo
from typing import BinaryIO

from twin.intake.cgm import logbook
from twin.intake.cgm.readings import DEXCOM, SENSOR, Readings, name_and_unit
from twin.intake.clock import parse_clock, parse_wall
from twin.intake.delimited import UNREADABLE, Lines, cuts, first_line, rows
from twin.intake.gathering import Tally
from twin.intake.items import Item, ProblemCode, Record, RecordType, RefusalCode, Refused
from twin.series.columns import Flag

NAME = "dexcom_clarity"

# The columns have other names in every language, and the same order.
_TIME, _EVENT, _SUBTYPE, _DEVICE, _GLUCOSE, _INSULIN, _CARBS, _DURATION = 1, 2, 3, 6, 7, 8, 9, 10
_WIDTH = 11
# (YYYY-MM-DDThh:mm:ss), whose letters stand for the words of the language too.
_LAYOUT_OF_TIMES = re.compile(r"\(\w{4}-\w\w-\w\wT\w\w:\w\w:\w\w\)$")
# Most languages keep the abbreviation of "estimated glucose value"; the Spanish export has the words.
_SENSOR = frozenset({"egv", "niveles estimados de glucosa"})
# Calibration, Calibrazione, Calibración; Kalibrierung.
_METER = ("calib", "kalib")
_EXERCISE = "exercise"


@dataclass(frozen=True, slots=True)
class _Header:
    delimiter: str
    unit: str
    names: list[str]


def sniff(head: bytes) -> bool:
    """Whether the first line is the header of an export, in any language."""
    return _header(first_line(head)) is not None


def read(stream: BinaryIO, *, zone: tzinfo) -> Iterator[Item]:
    """Sensor values as glucose_cgm, calibrations as glucose, carbs and insulin as samples and treatments.

    Times are those of the display device's clock, in `zone`. The rows before the data, which hold the
    account, its devices and their alerts, have no time and are counted by their sort.
    Raises Refused when the first line is no header of an export.
    """
    lines = Lines(stream)
    header = _header(lines.first())
    if header is None:
        raise Refused(RefusalCode.UNKNOWN_FORMAT, "The first line is no header of a Clarity export.")
    export = _Export(header, zone)
    for row in rows(lines, header.delimiter, export.tally, width=_GLUCOSE + 1):
        record = export.take(row, lines.number)
        if record is not None:
            yield record
        yield from export.readings.full(lines.size)
    yield from export.readings.rest()
    yield from export.tally.problems()


def _header(line: str) -> _Header | None:
    for delimiter, cells in cuts(line):
        if len(cells) < _WIDTH or not _LAYOUT_OF_TIMES.search(cells[_TIME].strip()):
            continue
        _, unit = name_and_unit(cells[_GLUCOSE])
        if unit:
            return _Header(delimiter, unit, [cell.strip() for cell in cells])
    return None


class _Export:
    """One pass over the rows of one file."""

    def __init__(self, header: _Header, zone: tzinfo) -> None:
        self.tally = Tally()
        self.readings = Readings(zone, self.tally, DEXCOM)
        self._header = header
        self._zone = zone

    def take(self, row: list[str], line: int) -> Record | None:
        """Gathers the readings of one row; gives the record that it is, if it is one."""
        if len(row) <= _GLUCOSE:
            if any(row):
                self.tally.add(ProblemCode.MALFORMED, "not a row of this table", f"line {line}")
            return None
        time, event, source = row[_TIME], row[_EVENT].strip(), f"Dexcom {row[_DEVICE]}".strip()
        word = event.casefold()
        if not time:
            self.tally.add(ProblemCode.UNSUPPORTED_RESOURCE, event, f"line {line}", sort=event)
        elif UNREADABLE in source:
            self.tally.add(ProblemCode.MALFORMED, source, f"line {line}")
        elif word in _SENSOR and len(row) > _INSULIN and row[_INSULIN]:
            # A decimal comma without quotes has made two cells of one value.
            self.tally.add(ProblemCode.MALFORMED, "not a row of this table", f"line {line}")
        elif word in _SENSOR:
            self.readings.add(SENSOR, source, self._header.unit, time, row[_GLUCOSE], line)
        elif word.startswith(_METER):
            self.readings.add("glucose", source, self._header.unit, time, row[_GLUCOSE], line, Flag.MANUAL)
        else:
            return self._logged(row + [""] * (_WIDTH - len(row)), event, source, line)
        return None

    def _logged(self, row: list[str], event: str, source: str, line: int) -> Record | None:
        """A meal, a dose of insulin or some exercise; anything else is counted by its sort."""
        is_exercise = event.casefold() == _EXERCISE
        if not (row[_INSULIN] or row[_CARBS] or is_exercise):
            self.tally.add(ProblemCode.UNSUPPORTED_RESOURCE, event, f"line {line}", sort=event)
            return None
        for kind, unit, column in (("insulin", "[iU]", _INSULIN), ("carbs", "g", _CARBS)):
            if row[column]:
                self.readings.add(kind, source, unit, row[_TIME], row[column], line, Flag.MANUAL)
        entry = logbook.entry(
            RecordType.ACTIVITY if is_exercise else RecordType.TREATMENT,
            ", ".join(part for part in (event, row[_SUBTYPE].strip()) if part),
            parse_wall(row[_TIME]),
            self._zone,
            zip(self._header.names[1:], row[1:], strict=False),
            source=source,
            duration=parse_clock(row[_DURATION].strip()) or 0,
        )
        if entry is None:
            self.tally.add(ProblemCode.BAD_TIME, row[_TIME], f"line {line}")
        return entry
