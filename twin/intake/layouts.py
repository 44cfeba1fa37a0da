"""How a table is laid out, and its rows read by that: a time, and a column a measure. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from backend.zones import zone_names
from twin.intake.delimited import UNREADABLE, Batch, Lines, batches
from twin.intake.gathering import BATCH, Tally
from twin.intake.items import ProblemCode, Samples
from twin.intake.measures import Measure, count_others, measured
from twin.intake.spans import Spans, parse_spans

_LONGEST_SOURCE = 200
# A zone that nobody knows: no reason to take another.
_NOWHERE = "?"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the columns of a table stand.

    `times` are those that say when, a date and a time of day or hour where they are two; a time begins
    `duration` milliseconds. `zone`, `device` and `person` are those that say it row by row. `others` are the
    names of those that measure nothing of the catalogue.
    """

    delimiter: str
    width: int
    times: tuple[int, ...]
    measures: tuple[Measure, ...]
    others: dict[int, str] = field(default_factory=dict)
    duration: int = 0
    zone: int | None = None
    device: int | None = None
    person: int | None = None


def read_rows(
    lines: Lines, layout: Layout, zone: tzinfo, tally: Tally, *, person: str | None = None
) -> Iterator[Samples]:
    """The rows after the header as samples, a column at a time; every other cell is counted.

    Times that name no place are in `zone`. Rows of somebody else than `person` are counted as such.
    """
    most = max(1, BATCH // layout.width)
    for batch in batches(lines, layout.delimiter, layout.width, tally, most=most):
        own = batch if person is None else _own(batch, layout, person, tally)
        spans = _spans(own, layout, zone)
        for measure in layout.measures:
            rows, columns = measured(measure, own, spans, layout.delimiter, tally)
            if layout.device is None:
                if len(rows):
                    yield Samples(measure.kind, measure.source, measure.unit, columns)
                continue
            devices = own.columns[layout.device]
            for device, places in _grouped([devices[row] for row in rows]).items():
                source = _source(device) or measure.source
                yield Samples(measure.kind, source, measure.unit, columns.take(np.array(places)))
        count_others(layout.others, own, tally)


def _own(batch: Batch, layout: Layout, person: str, tally: Tally) -> Batch:
    if layout.person is None:
        return batch
    people = batch.columns[layout.person]
    rows = [row for row, name in enumerate(people) if name.strip() == person]
    if len(rows) < len(people):
        tally.add(
            ProblemCode.OTHER_PATIENT,
            "a row of another person",
            f"line {batch.lines[0]}",
            count=len(people) - len(rows),
        )
    return batch.take(rows)


def _spans(batch: Batch, layout: Layout, zone: tzinfo) -> Spans:
    texts = batch.columns[layout.times[0]]
    if len(layout.times) > 1:
        texts = tuple(map(_joined, texts, batch.columns[layout.times[1]]))
    if layout.zone is None:
        return parse_spans(texts, zone, duration=layout.duration)
    names = [name.strip() for name in batch.columns[layout.zone]]
    spans = Spans.unknown([f"{text} {name}" for text, name in zip(texts, names, strict=True)])
    for name, rows in _grouped(
        [name if name in zone_names() or not name else _NOWHERE for name in names]
    ).items():
        if name != _NOWHERE:
            own = ZoneInfo(name) if name else zone
            spans.put(rows, parse_spans([texts[row] for row in rows], own, duration=layout.duration))
    return spans


@lru_cache(maxsize=100_000)
def _joined(day: str, clock: str) -> str:
    """A date and a time of day or an hour in one; a date that has its time already stays as it is."""
    day, clock = day.strip(), clock.strip()
    if ":" in day or not clock:
        return day
    if clock.isdecimal() and len(clock) <= 2:
        clock += ":00:00"
    return f"{day} {clock.zfill(len('00:00')) if clock[1:2] == ':' and len(clock) == 4 else clock}"


def _grouped(names: Sequence[str]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        groups.setdefault(name, []).append(place)
    return groups


def _source(device: str) -> str:
    name = " ".join(device.split())[:_LONGEST_SOURCE]
    return "" if UNREADABLE in name or name == "-" else name
