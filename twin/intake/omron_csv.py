"""Reports of OMRON connect as CSV: blood pressure and pulse, one measurement a row. Pure."""

from collections.abc import Iterator, Sequence
from datetime import tzinfo
from typing import BinaryIO

from twin.intake.delimited import Lines, cuts, first_line
from twin.intake.gathering import Tally
from twin.intake.items import Item, RefusalCode, Refused
from twin.intake.layouts import Layout, read_rows
from twin.intake.measures import Measure, name_and_unit

NAME = "omron_csv"

_SOURCE = "Omron"
# The headings in English, German and Japanese, as name_and_unit gives them.
_MEASURED_AT = ("measurementdate", "messdatum", "測定日")
_ZONE = ("timezone", "zeitzone", "タイムゾーン")
_DATE, _TIME = ("date", "datum"), ("time", "zeit")
_DEVICE = ("device", "devicemodelname", "modellnamedesgeräts", "機種")
# What only this vendor's report of a date and a time has.
_OWN = ("truread", "consumed", "symptoms", "symptome")
_KINDS = (
    (("sys", "systolic", "systolisch", "最高血圧"), "sbp", "mmHg"),
    (("dia", "diastolic", "diastolisch", "最低血圧"), "dbp", "mmHg"),
    (("pulse", "puls", "脈拍"), "heart_rate", "bpm"),
)


def sniff(head: bytes) -> bool:
    """Whether the first line is the header of such a report."""
    return _layout(first_line(head)) is not None


def read(stream: BinaryIO, *, zone: tzinfo) -> Iterator[Item]:
    """Pressures and pulse, each row in the zone that it names, and under the name of its device.

    The reports that name no zone are in `zone`. Nothing is put right: a diastolic pressure above the systolic
    one is handed on as it stands. Raises Refused when the first line is another one.
    """
    lines = Lines(stream)
    layout = _layout(lines.first())
    if layout is None:
        raise Refused(RefusalCode.MALFORMED, "The first line is not that of an OMRON connect report.")
    tally = Tally()
    yield from read_rows(lines, layout, zone, tally)
    yield from tally.problems()


def _layout(line: str) -> Layout | None:
    for delimiter, cells in cuts(line):
        headings = [name_and_unit(cell) for cell in cells]
        names = [name for name, _ in headings]
        measured_at, zone = _place(names, _MEASURED_AT), _place(names, _ZONE)
        on, at = _place(names, _DATE), _place(names, _TIME)
        if measured_at is not None and zone is not None:
            times: tuple[int, ...] = (measured_at,)
        elif on is not None and at is not None and _place(names, _OWN) is not None:
            times = (on, at)
        else:
            continue
        measures = tuple(
            Measure(place, cells[place], kind, headings[place][1] or unit, _SOURCE)
            for known, kind, unit in _KINDS
            if (place := _place(names, known)) is not None
        )
        if not {"sbp", "dbp"} <= {measure.kind for measure in measures}:
            continue
        device = _place(names, _DEVICE)
        read = {*times, zone, device, *(measure.place for measure in measures)}
        others = {place: cell for place, cell in enumerate(cells) if place not in read and cell.strip()}
        return Layout(delimiter, len(cells), times, measures, others, zone=zone, device=device)
    return None


def _place(names: Sequence[str], known: Sequence[str]) -> int | None:
    return next((names.index(name) for name in known if name in names), None)
