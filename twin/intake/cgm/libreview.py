"""LibreView's export: historic and scanned glucose, strips and logged entries, in any language. Pure."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo
from operator import itemgetter
from typing import BinaryIO

from twin.intake.cgm import logbook
from twin.intake.cgm.readings import LIBRE, SENSOR, Readings, name_and_unit
from twin.intake.clock import parse_wall
from twin.intake.date_order import DateOrder, order_of
from twin.intake.delimited import UNREADABLE, Lines, cuts, rows
from twin.intake.gathering import Tally
from twin.intake.items import Item, ProblemCode, Record, RecordType, RefusalCode, Refused
from twin.series.columns import Flag

NAME = "libreview"

# The columns of an export, by the names of the English one; in other languages they stand in this order.
_COLUMNS = (
    "device",
    "serial number",
    "device timestamp",
    "record type",
    "historic glucose",
    "scan glucose",
    "non-numeric rapid-acting insulin",
    "rapid-acting insulin (units)",
    "non-numeric food",
    "carbohydrates (grams)",
    "carbohydrates (servings)",
    "non-numeric long-acting insulin",
    "long-acting insulin (units)",
    "notes",
    "strip glucose",
    "ketone",
    "meal insulin (units)",
    "correction insulin (units)",
    "user change insulin (units)",
)
# Older exports call the time so.
_TIMES = ("device timestamp", "meter timestamp", "time")
_GLUCOSE = ("historic glucose", "scan glucose", "strip glucose")
_NEEDED = {*_GLUCOSE, "ketone", "notes", "record type"}
_MEASURED = {
    "historic glucose": SENSOR,
    "scan glucose": SENSOR,
    "strip glucose": "glucose",
    "ketone": "ketones",
}
# What a person enters, and what the entry is called. The doses below rapid-acting are its parts.
_LOGGED = {
    "rapid-acting insulin (units)": "Rapid-acting insulin",
    "non-numeric rapid-acting insulin": "Rapid-acting insulin",
    "meal insulin (units)": "Rapid-acting insulin",
    "correction insulin (units)": "Rapid-acting insulin",
    "user change insulin (units)": "Rapid-acting insulin",
    "long-acting insulin (units)": "Long-acting insulin",
    "non-numeric long-acting insulin": "Long-acting insulin",
    "carbohydrates (grams)": "Food",
    "carbohydrates (servings)": "Food",
    "non-numeric food": "Food",
}
_LOGGED_NUMBERS = {
    "rapid-acting insulin (units)": ("insulin", "[iU]"),
    "long-acting insulin (units)": ("insulin", "[iU]"),
    "carbohydrates (grams)": ("carbs", "g"),
}

_MOST_PREAMBLE = 10
_MOST_DATES = 20_000


def sniff(head: bytes) -> bool:
    """Whether one of the first lines is the header of an export, in any language."""
    preamble = head.decode("utf-8", "replace").splitlines()[:_MOST_PREAMBLE]
    return any(_header(line) for line in preamble)


def read(stream: BinaryIO, *, zone: tzinfo) -> Iterator[Item]:
    """Sensor values as glucose_cgm, strips as glucose and ketones; food and insulin as treatments too.

    The column says what a value is: the record types of old exports mean something else. Times are those of
    the reader's clock, in `zone`. The file is read twice: its dates, all of them, say whether the day or the
    month stands first. Raises Refused when no header is found.
    """
    header, order = _survey(stream)
    stream.seek(0)
    lines = Lines(stream)
    while lines.number < header.line:
        _next(lines)
    export = _Export(header, order, zone)
    for row in _rows(lines, header, export.tally):
        record = export.take(row, lines.number)
        if record is not None:
            yield record
        yield from export.readings.full(lines.size)
    yield from export.readings.rest()
    yield from export.tally.problems()
    yield from order.remarks()


@dataclass(frozen=True, slots=True)
class _Header:
    """Where the columns stand, by their English names; `line` is the number of the header's."""

    delimiter: str
    line: int
    place: dict[str, int]
    units: dict[str, str]
    names: list[str]

    @property
    def time(self) -> int:
        """The place of the time."""
        return next(self.place[name] for name in _TIMES if name in self.place)


def _header(line: str, number: int = 1) -> _Header | None:
    for delimiter, cells in cuts(line.lstrip("\ufeff")):
        names, units = zip(*(name_and_unit(cell) for cell in cells), strict=True) if cells else ((), ())
        place = {name: names.index(name) for name in (*_COLUMNS, *_TIMES) if name in names}
        if "historic glucose" not in place or not any(name in place for name in _TIMES):
            place = dict(zip(_COLUMNS, range(len(cells)), strict=False))
        units_of = {name: units[column] for name, column in place.items()}
        complete = place.keys() >= _NEEDED and units_of["ketone"] == "mmol/L"
        if complete and all(units_of[name] for name in _GLUCOSE):
            return _Header(delimiter, number, place, units_of, [cell.strip() for cell in cells])
    return None


def _survey(stream: BinaryIO) -> tuple[_Header, DateOrder]:
    """The header, and the order of the dates of the whole file, the preamble's among them."""
    lines = Lines(stream)
    preamble: list[str] = []
    header = None
    while header is None and len(preamble) < _MOST_PREAMBLE:
        line = _next(lines)
        if line is None:
            break
        header = _header(line, lines.number)
        preamble.append(line)
    if header is None:
        raise Refused(RefusalCode.UNKNOWN_FORMAT, "No line of this file is the header of a LibreView export.")
    dates = {
        cell.strip().partition(" ")[0] for line in preamble[:-1] for _, cells in cuts(line) for cell in cells
    }
    twelve_hour = False
    time = header.time
    for row in _rows(lines, header, Tally()):
        if len(row) > time:
            date, _, clock = row[time].strip().partition(" ")
            if date not in dates and len(dates) < _MOST_DATES:
                dates.add(date)
            twelve_hour = twelve_hour or clock[-1:] in ("M", "m")
    return header, order_of(dates, twelve_hour=twelve_hour)


def _rows(lines: Lines, header: _Header, tally: Tally) -> Iterator[list[str]]:
    """Every row; where a spreadsheet has put a whole one in quotes, the cells inside them."""
    for row in rows(lines, header.delimiter, tally):
        if len(row) == 1:
            yield next((cells for delimiter, cells in cuts(row[0]) if delimiter == header.delimiter), row)
        else:
            yield row


def _next(lines: Lines) -> str | None:
    """The next line of the preamble, empty where it is too long; None at the end of the file."""
    try:
        return next(lines, None)
    except csv.Error:
        return ""


class _Export:
    """One pass over the rows of one file."""

    def __init__(self, header: _Header, order: DateOrder, zone: tzinfo) -> None:
        self.tally = Tally()
        self.readings = Readings(zone, self.tally, LIBRE, day_first=order.day_first)
        self._header = header
        self._day_first = order.day_first
        self._zone = zone
        place = header.place
        self._time = header.time
        self._measured = [(place[name], kind, header.units[name]) for name, kind in _MEASURED.items()]
        self._least = max(column for column, _, _ in self._measured) + 1
        self._logged = {place[name]: text for name, text in _LOGGED.items() if name in place}
        self._numbers = [(place[name], *of) for name, of in _LOGGED_NUMBERS.items() if name in place]
        self._entered = itemgetter(*self._logged, place["notes"])
        self._device = [place[name] for name in ("device", "serial number") if name in place]

    def take(self, row: list[str], line: int) -> Record | None:
        """Gathers the readings of one row; gives the record that it is, if it is one."""
        if len(row) < self._least or self._is_parted(row):
            if any(row):
                self.tally.add(ProblemCode.MALFORMED, "not a row of this table", f"line {line}")
            return None
        if len(row) < len(self._header.names):
            row += [""] * (len(self._header.names) - len(row))
        source = " ".join([row[column] for column in self._device])
        if UNREADABLE in source:
            self.tally.add(ProblemCode.MALFORMED, source, f"line {line}")
            return None
        measured = False
        for column, kind, unit in self._measured:
            if row[column]:
                self.readings.add(kind, source, unit, row[self._time], row[column], line)
                measured = True
        if not measured or any(self._entered(row)):
            return self._log(row, source, line)
        return None

    def _is_parted(self, row: list[str]) -> bool:
        """Whether a decimal comma has made two cells of one value: else no row fills both columns."""
        historic, scan = self._header.place["historic glucose"], self._header.place["scan glucose"]
        return len(row) > len(self._header.names) and bool(row[historic]) and bool(row[scan])

    def _log(self, row: list[str], source: str, line: int) -> Record | None:
        """Gathers the numbers of what a person entered; gives its record. Anything else is counted."""
        texts = dict.fromkeys(text for column, text in self._logged.items() if row[column])
        if not texts:
            place = self._header.place
            sort = "a note" if row[place["notes"]] else f"record type {row[place['record type']]}"
            self.tally.add(ProblemCode.UNSUPPORTED_RESOURCE, sort, f"line {line}", sort=sort)
            return None
        for column, kind, unit in self._numbers:
            if row[column]:
                self.readings.add(kind, source, unit, row[self._time], row[column], line, Flag.MANUAL)
        entry = logbook.entry(
            RecordType.TREATMENT,
            ", ".join(texts),
            parse_wall(row[self._time], day_first=self._day_first),
            self._zone,
            zip(self._header.names, row, strict=False),
            source=source,
        )
        if entry is None:
            self.tally.add(ProblemCode.BAD_TIME, row[self._time], f"line {line}")
        return entry
