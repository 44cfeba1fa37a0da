"""Workbooks of sensor glucose: Medtronic's iPro export, and Eversense by the names of its columns. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo
from itertools import islice
from typing import BinaryIO

from twin.intake.cgm import logbook
from twin.intake.cgm.readings import EVERSENSE, SENSOR, censored, decimal, name_and_unit, source_name
from twin.intake.clock import DAY, parse_clock, parse_wall
from twin.intake.date_order import DateOrder, order_of
from twin.intake.gathering import Tally
from twin.intake.items import Item, ProblemCode, Record, RecordType, RefusalCode, Refused
from twin.intake.wall_samples import WallSamples
from twin.intake.workbook import Row, Workbook, is_workbook
from twin.series.columns import Flag

NAME = "cgm_workbook"

_TIMESTAMPS = ("timestamp", "date/time", "date time", "date and time", "datetime")
_SENSOR_NAMES = ("sensor glucose", "sensor glucose value")
# Nothing but the maker's name says that these are the sensor's.
_EVERSENSE_NAMES = ("glucose", "glucose value")
_METER_NAMES = ("bg reading", "blood glucose", "meter glucose", "fingerstick glucose")
_TYPED = {"carb amount (grams)": ("carbs", "g"), "insulin units": ("insulin", "[iU]")}
# They number a row, or say again where it comes from.
_FRAME = {"index", "date", "time", "source", "used in calibration", "excluded", "raw-type", "raw-values"}
_YES = ("1", "true", "yes")

_MOST_PREAMBLE = 40
_MOST_DATES = 20_000


@dataclass(frozen=True, slots=True)
class _Table:
    """A sheet's table: where its header stands, and what each column is, by column from 0.

    `moment` is a timestamp, or a date whose time of day stands under `clock`.
    """

    sheet: str
    header: int
    names: dict[int, str]
    moment: int
    clock: int | None
    measured: dict[int, tuple[str, str, str]]
    typed: dict[int, tuple[str, str]]
    source: str
    excluded: int | None
    is_eversense: bool


def sniff(head: bytes) -> bool:
    """Whether the file is an Excel workbook; what stands in it is not to be seen from its first bytes."""
    return is_workbook(head)


def read(stream: BinaryIO, *, zone: tzinfo) -> Iterator[Item]:
    """Sensor glucose as glucose_cgm, the meter's as glucose, carbs and insulin as samples and treatments.

    Times are those of the device's clock, in `zone`; where they are text, all of them together say whether
    the day or the month stands first. What the clinic excluded is counted.
    Raises Refused when no sheet has a table of sensor glucose, or the workbook is damaged or hostile.
    """
    book = Workbook(stream)
    tally = Tally()
    found = False
    for sheet in book.sheets:
        table = _table(book, sheet)
        if table is None:
            tally.add(ProblemCode.UNSUPPORTED_RESOURCE, "a sheet without glucose", sheet, sort=sheet)
            continue
        found = True
        order = _order(book, table)
        yield from _Reading(book, table, order, zone, tally).items()
        yield from order.remarks()
    if not found:
        raise Refused(
            RefusalCode.UNKNOWN_FORMAT, "This workbook holds no table of sensor glucose that Pollux knows."
        )
    yield from tally.problems()


def _table(book: Workbook, sheet: str) -> _Table | None:
    """The sheet's table, when one of its first rows names a time and the sensor's glucose."""
    preamble: list[Row] = []
    is_eversense = False
    for number, row in book.rows(sheet):
        names = {column: cell for column, cell in row.items() if isinstance(cell, str)}
        texts = [cell.casefold() for cell in names.values()]
        is_eversense = is_eversense or any("eversense" in text or "senseonics" in text for text in texts)
        table = _header(names, preamble, sheet, number, is_eversense=is_eversense)
        if table is not None:
            return table
        preamble.append(row)
        if len(preamble) >= _MOST_PREAMBLE:
            break
    return None


def _header(
    names: dict[int, str], preamble: list[Row], sheet: str, number: int, *, is_eversense: bool
) -> _Table | None:
    plain = {column: name_and_unit(cell) for column, cell in names.items()}
    place = {name: column for column, (name, _) in plain.items()}
    moment = next((place[name] for name in _TIMESTAMPS if name in place), None)
    clock = None
    if moment is None and "time" in place:
        moment, clock = place.get("date"), place["time"]
    sensors = _SENSOR_NAMES + (_EVERSENSE_NAMES if is_eversense else ())
    recorder = "Eversense" if is_eversense else _device(preamble, "glucose sensor recorder")
    meter = _device(preamble, "meter")
    measured = {}
    for column, (name, unit) in plain.items():
        if unit and name in sensors:
            measured[column] = (SENSOR, unit, recorder)
        elif unit and name in _METER_NAMES:
            measured[column] = ("glucose", unit, meter)
    if moment is None or not any(kind == SENSOR for kind, _, _ in measured.values()):
        return None
    typed = {column: _TYPED[name] for column, (name, _) in plain.items() if name in _TYPED}
    excluded = place.get("excluded")
    return _Table(sheet, number, names, moment, clock, measured, typed, recorder, excluded, is_eversense)


def _device(preamble: list[Row], label: str) -> str:
    """The device that the preamble names behind this label, with its serial number."""
    for row in preamble:
        named, *device = (str(cell) for cell in islice(row.values(), 3))
        if named.casefold() == label:
            return source_name(" ".join(device).replace("s/n:", ""))
    return ""


def _order(book: Workbook, table: _Table) -> DateOrder:
    dates: set[str] = set()
    twelve_hour = False
    for number, row in book.rows(table.sheet):
        text = row.get(table.moment)
        if number > table.header and isinstance(text, str):
            date, _, clock = text.partition(" ")
            if len(dates) < _MOST_DATES:
                dates.add(date)
            twelve_hour = twelve_hour or clock[-1:] in ("M", "m")
    return order_of(dates, twelve_hour=twelve_hour)


class _Reading:
    """One pass over the rows below the header of one sheet."""

    def __init__(self, book: Workbook, table: _Table, order: DateOrder, zone: tzinfo, tally: Tally) -> None:
        self._book = book
        self._table = table
        self._day_first = order.day_first
        self._zone = zone
        self._tally = tally
        self._samples = WallSamples(zone)
        read = {table.moment, *table.measured, *table.typed}
        self._others = {
            column: name
            for column, name in table.names.items()
            if column not in read and name.strip().casefold() not in _FRAME
        }

    def items(self) -> Iterator[Item]:
        for number, row in self._book.rows(self._table.sheet):
            if number > self._table.header:
                record = self._take(row, f"row {number}")
                if record is not None:
                    yield record
                yield from self._samples.full()
        if self._book.damage:
            self._tally.add(ProblemCode.TRUNCATED, self._book.damage, self._table.sheet)
        yield from self._samples.rest()

    def _take(self, row: Row, place: str) -> Record | None:
        """Gathers the samples of one row; gives the record that it is, if it is one."""
        table = self._table
        wall = self._wall(row)
        if wall is None:
            self._tally.add(ProblemCode.BAD_TIME, row.get(table.moment, ""), place)
            return None
        if table.excluded is not None and str(row.get(table.excluded, "")).casefold() in _YES:
            self._tally.add(ProblemCode.ENTERED_IN_ERROR, "a row that was excluded", place)
            return None
        typed = [column for column in row if column in table.typed]
        others = [] if typed else [name for column in row if (name := self._others.get(column))]
        for column, cell in row.items():
            if column in table.measured:
                kind, unit, source = table.measured[column]
                self._add(kind, source, unit, wall, cell, place)
            elif column in table.typed:
                kind, unit = table.typed[column]
                self._add(kind, table.source, unit, wall, cell, place, Flag.MANUAL)
        if typed:
            return self._entry(row, typed, wall, place)
        for name in others:
            self._tally.add(ProblemCode.UNKNOWN_KIND, name, place, sort=name)
        if not others and row.keys().isdisjoint(table.measured.keys()):
            self._tally.add(ProblemCode.NOT_MEASURED, "a row without a value", place)
        return None

    def _entry(self, row: Row, typed: list[int], wall: int, place: str) -> Record | None:
        names = [self._table.names[column] for column in typed]
        cells = [(self._table.names.get(column, ""), str(cell)) for column, cell in row.items()]
        text = ", ".join(names)
        entry = logbook.entry(RecordType.TREATMENT, text, wall, self._zone, cells, source=self._table.source)
        if entry is None:
            self._tally.add(ProblemCode.BAD_TIME, text, place)
        return entry

    def _add(
        self, kind: str, source: str, unit: str, wall: int, cell: str | float, place: str, flags: int = 0
    ) -> None:
        value = decimal(cell) if isinstance(cell, str) else cell
        word = None
        if isinstance(cell, str) and kind == SENSOR and self._table.is_eversense:
            word = censored(cell, EVERSENSE[unit])
        if word is not None:
            value, flags = word
        if value is None:
            self._tally.add(ProblemCode.NOT_A_NUMBER, cell, place, kind=kind)
        else:
            self._samples.add(kind, source, unit, wall, 0, value, flags)

    def _wall(self, row: Row) -> int | None:
        """Wall-clock milliseconds of a row: of its timestamp, or of its date and its time of day."""
        day = self._moment(row.get(self._table.moment))
        if day is None or self._table.clock is None:
            return day
        at = row.get(self._table.clock)
        if isinstance(at, str):
            at = parse_clock(at)
            return None if at is None else day + at
        return day + round(at * DAY) if at is not None and 0 <= at < 1 else None

    def _moment(self, cell: str | float | None) -> int | None:
        if isinstance(cell, str):
            return parse_wall(cell, day_first=self._day_first)
        return None if cell is None else self._book.wall(cell)
