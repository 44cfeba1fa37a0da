"""The CSV files of a Withings (Health Mate) data export, in English or German. Pure."""

from collections.abc import Iterator
from datetime import tzinfo
from typing import BinaryIO

from twin.intake.delimited import Lines, first_line
from twin.intake.gathering import Tally
from twin.intake.items import Item, RefusalCode, Refused
from twin.intake.layouts import read_rows
from twin.intake.withings_csv import measurements, nights, segments, workouts

NAME = "withings_csv"


def sniff(head: bytes) -> bool:
    """Whether the first line is the header of one of the export's files."""
    line = first_line(head)
    return any(
        layout_of(line) is not None
        for layout_of in (measurements.layout_of, nights.layout_of, segments.layout_of, workouts.layout_of)
    )


def read(stream: BinaryIO, *, zone: tzinfo) -> Iterator[Item]:
    """The samples, or the workouts, of one file; times without an offset are in `zone`.

    What the values of a segment or of a day are stands only in the stream's `name`, as in
    raw_tracker_steps.csv and aggregates_steps.csv. Raises Refused when the first line is another one.
    """
    lines, name, tally = Lines(stream), str(getattr(stream, "name", "")), Tally()
    line = lines.first()
    if layout := measurements.layout_of(line, name):
        yield from read_rows(lines, layout, zone, tally)
    elif night := nights.layout_of(line):
        yield from nights.read(lines, night, zone, tally)
    elif segment := segments.layout_of(line, name):
        yield from segments.read(lines, segment, zone, tally)
    elif workout := workouts.layout_of(line):
        yield from workouts.read(lines, workout, zone, tally)
    else:
        raise Refused(RefusalCode.MALFORMED, "The first line is not that of a Withings export.")
    yield from tally.problems()
