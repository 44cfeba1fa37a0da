"""Minutes of the Fitbit Web API as CSV: time (seconds since local midnight), value, type, date. Pure."""

from collections.abc import Iterator
from datetime import tzinfo
from typing import BinaryIO

from twin.intake.clock import DAY, MINUTE, midnight_wall, parse_date
from twin.intake.fitbit import sources
from twin.intake.fitbit.rows import Row, cells_of, rows
from twin.intake.gathering import Tally
from twin.intake.items import Item, ProblemCode, RefusalCode, Refused
from twin.intake.json_values import number
from twin.intake.wall_samples import WallSamples

_COLUMNS = ("time", "value", "type", "date")
# Kind, unit and duration of each type. A minute's heart rate stands at its first instant, as in the API.
_TYPES = {"heart rate": ("heart_rate", "/min", 0), "steps": ("steps", "{steps}", MINUTE)}


def is_minutes(head: bytes) -> bool:
    """Whether the first line is the header of such a table."""
    header = cells_of(head.removeprefix(b"\xef\xbb\xbf").partition(b"\n")[0])
    return header is not None and set(header) - {""} == set(_COLUMNS)


def read(stream: BinaryIO, *, zone: tzinfo) -> Iterator[Item]:
    """Heart rate and steps by the minute; raises Refused when the header is another one."""
    lines = rows(stream)
    header = next(lines, None)
    if header is None or header.cells is None or not set(_COLUMNS) <= set(header.cells):
        raise Refused(RefusalCode.UNKNOWN_FORMAT, "The first line is no header of a table of minutes.")
    columns = tuple(header.cells.index(name) for name in _COLUMNS)
    samples, tally = WallSamples(zone), Tally()
    for row in lines:
        _take(row, columns, len(header.cells), samples, tally)
        yield from samples.full()
    yield from samples.rest()
    yield from tally.problems()


def _take(row: Row, columns: tuple[int, ...], width: int, samples: WallSamples, tally: Tally) -> None:
    place = f"line {row.line}"
    cells = row.whole(width)
    if isinstance(cells, ProblemCode):
        tally.add(cells, "not a row of this table", place)
        return
    time, written, type_, date = (cells[column] for column in columns)
    if type_ not in _TYPES:
        tally.add(ProblemCode.UNKNOWN_KIND, type_, place, sort=type_)
        return
    kind, unit, duration = _TYPES[type_]
    on, second, value = parse_date(date), number(time), number(written)
    if on is None or second is None or not 0 <= second * 1000 < DAY:
        tally.add(ProblemCode.BAD_TIME, f"{date} {time}", place, kind=kind)
    elif value is None:
        tally.add(ProblemCode.NOT_A_NUMBER, written, place, kind=kind)
    else:
        samples.add(kind, sources.DEVICE, unit, midnight_wall(on) + round(second * 1000), duration, value)
