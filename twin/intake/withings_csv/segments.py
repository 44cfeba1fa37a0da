"""Raw readings: a start, and in two cells the lists of durations (seconds) and of values. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo

import numpy as np

from twin.intake.clock import DAY
from twin.intake.delimited import Batch, Lines, batches, cuts
from twin.intake.gathering import BATCH, Tally
from twin.intake.items import ProblemCode, Samples
from twin.intake.measures import Measure, count_others, measured
from twin.intake.parsing import parse_numbers
from twin.intake.spans import Spans, parse_spans
from twin.intake.withings import sources
from twin.series.columns import Columns

_HEADER = ["start", "duration", "value"]
_NAME = re.compile(r"(?:^|/)raw_([a-z0-9-]+)_(?:auto_)?([A-Za-z0-9 _-]+)\.csv$")
_KINDS: Mapping[str, tuple[str, str]] = {
    "hr": ("heart_rate", "bpm"),
    "steps": ("steps", "{steps}"),
    "distance": ("distance", "m"),
    "calories-earned": ("active_energy", "kcal"),
    "spo2": ("spo2", "%"),
    "respiratory-rate": ("resp_rate", "/min"),
    "respiratory rate": ("resp_rate", "/min"),
}
# A tracker's states, as the export's README numbers them; other devices number theirs otherwise.
_TRACKER, _STATES = "tracker", "sleep-state"
_AWAKE = 0
_STAGES = {1: "sleep_stage_light", 2: "sleep_stage_deep", 3: "sleep_stage_rem"}
_DEVICES = {
    _TRACKER: sources.STRETCHES,
    "hr": sources.STRETCHES,
    "spo2": sources.STRETCHES,
    "bed": sources.SLEEP_MONITOR,
    "sleep-monitor": sources.SLEEP_MONITOR,
}


@dataclass(frozen=True, slots=True)
class Segment:
    """How a file of raw readings is parted, and which device took readings of what."""

    delimiter: str
    device: str
    of: str


def layout_of(line: str, name: str = "") -> Segment | None:
    """The layout of a file of raw readings, whose `name` tells what they are; None when it is none."""
    for delimiter, cells in cuts(line):
        if [cell.strip().lower() for cell in cells] == _HEADER:
            match = _NAME.search(name)
            return Segment(delimiter, *(match.groups() if match else ("", "")))
    return None


def read(lines: Lines, segment: Segment, zone: tzinfo, tally: Tally) -> Iterator[Samples]:
    """Every reading as a sample that begins where the one before it ends.

    Lists of unequal length are malformed: nobody knows which value belongs where.
    """
    source = _DEVICES.get(segment.device, sources.MEASURES)
    for batch in batches(lines, segment.delimiter, len(_HEADER), tally):
        readings, spans = _flattened(batch, zone, tally)
        for first in range(0, len(readings.lines), BATCH):
            rows = range(first, min(first + BATCH, len(readings.lines)))
            part, when = readings.take(rows), spans.take(rows)
            if segment.of in _KINDS:
                kind, unit = _KINDS[segment.of]
                _, columns = measured(Measure(0, segment.of, kind, unit), part, when, ",", tally)
                if len(columns):
                    yield Samples(kind, source, unit, columns)
            elif (segment.device, segment.of) == (_TRACKER, _STATES):
                yield from _stages(part, when, source, tally)
            else:
                about = segment.of or "readings whose file name is needed to tell what they are"
                count_others({0: about}, part, tally)


def _flattened(batch: Batch, zone: tzinfo, tally: Tally) -> tuple[Batch, Spans]:
    """Every reading as a row of one cell, with its own span."""
    lists = [tuple(map(_listed, cells)) for cells in zip(*batch.columns[1:], strict=True)]
    even = [row for row, (durations, values) in enumerate(lists) if len(durations) == len(values)]
    if len(even) < len(lists):
        row = next(row for row, (durations, values) in enumerate(lists) if len(durations) != len(values))
        tally.add(
            ProblemCode.MALFORMED,
            "a duration for each value, and a value for each duration",
            f"line {batch.lines[row]}",
            sort="lists",
            count=len(lists) - len(even),
        )
    own, lists = batch.take(even), [lists[row] for row in even]
    counts = np.array([len(values) for _, values in lists], dtype=np.intp)
    which = np.repeat(np.arange(len(lists)), counts)
    seconds = parse_numbers([text for durations, _ in lists for text in durations])
    odd = ~((seconds >= 0) & (seconds <= DAY // 1000))
    # A reading of no known length leaves those after it without a start.
    lost = np.isin(which, which[odd])
    lengths = (np.where(odd, 0, seconds) * 1000).astype(np.int64)
    ends = np.cumsum(lengths)
    before = np.concatenate(([0], ends))[np.cumsum(counts) - counts]
    starts = parse_spans(own.columns[0], zone)
    spans = Spans(
        [starts.texts[row] for row in which.tolist()],
        starts.start[which] + ends - lengths - before[which],
        lengths,
        starts.offset[which],
        starts.good[which] & ~starts.whole_day[which] & ~lost,
        np.zeros(len(which), np.bool_),
    )
    values = tuple(text for _, values in lists for text in values)
    return Batch([own.lines[row] for row in which.tolist()], [values]), spans


def _listed(cell: str) -> list[str]:
    return [text.strip() for text in cell.strip().removeprefix("[").removesuffix("]").split(",")]


def _stages(batch: Batch, spans: Spans, source: str, tally: Tally) -> Iterator[Samples]:
    states = parse_numbers(batch.columns[0])
    for state, kind in _STAGES.items():
        rows = np.flatnonzero(spans.good & (states == state))
        if len(rows):
            length = spans.duration[rows]
            columns = Columns(spans.start[rows], length, length.astype(np.float64), spans.offset[rows])
            yield Samples(kind, source, "ms", columns)
            yield Samples("sleep_duration", source, "ms", columns)
    known = np.isin(states, list(_STAGES))
    for code, fault in (
        (ProblemCode.NOT_SLEEP, states == _AWAKE),
        (ProblemCode.UNKNOWN_KIND, ~known & (states != _AWAKE)),
        (ProblemCode.BAD_TIME, known & ~spans.good),
    ):
        if fault.any():
            row = int(np.argmax(fault))
            tally.add(
                code,
                batch.columns[0][row],
                f"line {batch.lines[row]}, column value",
                sort=_STATES,
                count=int(fault.sum()),
            )
