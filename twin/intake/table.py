"""A table of one's own: a column that says when, and a column a measure, known by their names. Pure."""

from collections.abc import Iterator, Sequence
from datetime import tzinfo
from typing import BinaryIO

from twin.intake import fitbit, omron_csv, withings_csv
from twin.intake.delimited import Lines, batches, cuts, first_line
from twin.intake.gathering import Tally
from twin.intake.items import Item, RefusalCode, Refused
from twin.intake.layouts import Layout, read_rows
from twin.intake.measures import name_and_unit
from twin.intake.named_measures import KNOWN, measures_of

NAME = "table"

# Their tables have a date and measures too, and more that only their own readers know.
_VENDORS = (fitbit, omron_csv, withings_csv)
_MOST_PEOPLE = 10_000


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
        names = [name_and_unit(cell)[0] for cell in cells]
        times = _times(names, cells)
        if not times:
            continue
        measures = measures_of(cells, but=times)
        if not measures:
            continue
        person = next((names.index(name) for name in KNOWN["people"] if name in names), None)
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
            duration=KNOWN["durations"].get(names[times[-1]], 0),
            person=person,
        )
    return None


def _times(names: Sequence[str], cells: Sequence[str]) -> tuple[int, ...]:
    """The column of the time, or of the date and of the time of day; none where no name is that of a time."""
    # What stands in brackets behind a time is its layout, and then the table is a device's report.
    first = next(
        (
            names.index(name)
            for name in KNOWN["times"]
            if name in names and "(" not in cells[names.index(name)]
        ),
        None,
    )
    if first is None:
        return ()
    if names[first] not in ("date", "datum", "day"):
        return (first,)
    second = next((names.index(name) for name in KNOWN["times_of_day"] if name in names), None)
    return (first,) if second is None else (first, second)
