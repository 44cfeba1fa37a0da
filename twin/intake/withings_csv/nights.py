"""Nights: from when to when, and the seconds in each stage. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import tzinfo

import numpy as np

from twin.intake.clock import DAY
from twin.intake.delimited import Batch, Lines, batches, cuts
from twin.intake.gathering import BATCH, Tally
from twin.intake.items import ProblemCode, Samples
from twin.intake.measures import MISSING, Measure, count_others, measured, name_and_unit
from twin.intake.spans import Spans, parse_spans
from twin.intake.withings import sources
from twin.series.columns import Columns

_STAGES = {"light": "sleep_stage_light", "deep": "sleep_stage_deep", "rem": "sleep_stage_rem"}
_AWAKE = "awake"
_LONGEST = 2 * DAY


@dataclass(frozen=True, slots=True)
class Night:
    """Where the columns of a table of nights stand."""

    delimiter: str
    width: int
    stages: tuple[Measure, ...]
    awake: int | None
    others: dict[int, str]


def layout_of(line: str) -> Night | None:
    """The layout of a table of nights, or None."""
    for delimiter, cells in cuts(line):
        headings = [name_and_unit(cell) for cell in cells]
        stages = tuple(
            Measure(place, cells[place], _STAGES[name], unit, sources.NIGHTS)
            for place, (name, unit) in enumerate(headings)
            if name in _STAGES and unit == "s"
        )
        if [name for name, _ in headings[:2]] != ["from", "to"] or not stages:
            continue
        awake = next((place for place, (name, _) in enumerate(headings) if name == _AWAKE), None)
        read = {0, 1, awake, *(stage.place for stage in stages)}
        others = {place: cell for place, cell in enumerate(cells) if place not in read and cell}
        return Night(delimiter, len(cells), stages, awake, others)
    return None


def read(lines: Lines, night: Night, zone: tzinfo, tally: Tally) -> Iterator[Samples]:
    """The stages of each night, and the sleep that they make together, from its start to its end."""
    for batch in batches(lines, night.delimiter, night.width, tally, most=BATCH // night.width):
        spans = _spans(batch, zone)
        asleep = np.zeros(len(batch.lines))
        for stage in night.stages:
            rows, columns = measured(stage, batch, spans, night.delimiter, tally)
            with np.errstate(over="ignore"):  # beyond any number it is refused, as its parts are
                asleep[rows] += columns.value
            if len(rows):
                yield Samples(stage.kind, stage.source, stage.unit, columns)
        slept = asleep > 0
        if slept.any():
            whole = Columns(spans.start, spans.duration, asleep, spans.offset)
            yield Samples("sleep_duration", sources.NIGHTS, "s", whole.take(slept))
        if night.awake is not None:
            waking = sum(cell not in MISSING for cell in batch.columns[night.awake])
            if waking:
                tally.add(
                    ProblemCode.NOT_SLEEP, "awake", f"line {batch.lines[0]}", sort="awake", count=waking
                )
        count_others(night.others, batch, tally)


def _spans(batch: Batch, zone: tzinfo) -> Spans:
    start, end = (parse_spans(batch.columns[place], zone) for place in (0, 1))
    length = end.start - start.start
    good = start.good & end.good & (length >= 0) & (length <= _LONGEST)
    texts = [f"{begun} {ended}" for begun, ended in zip(start.texts, end.texts, strict=True)]
    return replace(start, texts=texts, duration=np.where(good, length, 0), good=good)
