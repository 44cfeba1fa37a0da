"""Workouts: from when to when, of which sort. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo

from twin.instants import instant
from twin.intake.clock import DAY
from twin.intake.delimited import Batch, Lines, batches, cuts
from twin.intake.gathering import BATCH, Tally
from twin.intake.items import ProblemCode, Record, RecordType
from twin.intake.measures import name_and_unit
from twin.intake.spans import parse_spans
from twin.intake.withings import sources

_ACTIVITY = "activitytype"
_LONGEST = 7 * DAY


@dataclass(frozen=True, slots=True)
class Workout:
    """How a table of workouts is parted, and its headings."""

    delimiter: str
    headings: tuple[str, ...]
    activity: int


def layout_of(line: str) -> Workout | None:
    """The layout of a table of workouts, or None."""
    for delimiter, cells in cuts(line):
        names = [name_and_unit(cell)[0] for cell in cells]
        if names[:2] == ["from", "to"] and _ACTIVITY in names:
            return Workout(delimiter, tuple(cell.strip() for cell in cells), names.index(_ACTIVITY))
    return None


def read(lines: Lines, workout: Workout, zone: tzinfo, tally: Tally) -> Iterator[Record]:
    """Each row as a record; one without a start, or that ends before it, is counted."""
    width = len(workout.headings)
    for batch in batches(lines, workout.delimiter, width, tally, most=BATCH // width):
        starts, ends = (parse_spans(batch.columns[place], zone) for place in (0, 1))
        lengths = ends.start - starts.start
        good = starts.good & ends.good & (lengths >= 0) & (lengths <= _LONGEST)
        for row, is_good in enumerate(good.tolist()):
            if is_good:
                yield _record(batch, row, workout, int(starts.start[row]), int(ends.start[row]))
            else:
                when = f"{starts.texts[row]} {ends.texts[row]}"
                tally.add(ProblemCode.BAD_TIME, when, f"line {batch.lines[row]}", sort="workouts")


def _record(batch: Batch, row: int, workout: Workout, start: int, end: int) -> Record:
    cells = [column[row] for column in batch.columns]
    activity = cells[workout.activity].strip()
    return Record(
        type=RecordType.ACTIVITY,
        identity=f"{activity}/{start}"[:200],
        system="",
        code=activity[:100],
        text=activity,
        status="",
        start=instant(start),
        end=instant(end),
        body=dict(zip(workout.headings, cells, strict=True)),
        topic="vitals",
        source=sources.MEASURES,
    )
