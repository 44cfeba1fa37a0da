"""Health Connect's sessions: a night with its stages, and an exercise. Pure."""

from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import Any

from twin import instants
from twin.intake.health_connect.envelope import Envelope, instant
from twin.intake.items import ProblemCode, Record, RecordType
from twin.intake.json_entries import text
from twin.intake.readings import Flaw, Reading

# STAGE_TYPE of androidx.health.connect.client.records.SleepSessionRecord.
_ASLEEP = {2: None, 4: "sleep_stage_light", 5: "sleep_stage_deep", 6: "sleep_stage_rem"}
_NOT_ASLEEP = {0: "unknown stage", 1: "awake", 3: "out of bed", 7: "awake in bed"}
_MINUTE, _HOUR = 60_000, 3_600_000


def sleep_of(record: dict[str, Any], envelope: Envelope, zone: tzinfo) -> Iterator[Reading | Flaw]:
    """Each stage asleep as sleep, and as its stage; a night without stages was slept as a whole."""
    stages = record.get("stages")
    if not isinstance(stages, list) or not stages:
        yield from _asleep(None, envelope.start, envelope.duration)
        return
    for stage in stages:
        own = stage if isinstance(stage, dict) else {}
        sort = own.get("stage")
        if not isinstance(sort, int) or sort not in (*_ASLEEP, *_NOT_ASLEEP):
            yield Flaw(ProblemCode.UNKNOWN_KIND, f"sleep stage {sort}", sort="stage")
        elif sort in _NOT_ASLEEP:
            yield Flaw(ProblemCode.NOT_SLEEP, _NOT_ASLEEP[sort], sort=_NOT_ASLEEP[sort])
        else:
            start, end = (instant(own.get(key), zone) for key in ("startTime", "endTime"))
            duration = end[0] - start[0] if start and end else None
            yield from _asleep(_ASLEEP[sort], start[0] if start else None, duration)


def exercise_of(record: dict[str, Any], envelope: Envelope) -> Record | None:
    """The record of an exercise session; None when it does not say when it was."""
    start = _moment(envelope.start)
    if start is None or envelope.start is None or envelope.duration is None:
        return None
    kind = record.get("exerciseType")
    return Record(
        type=RecordType.ACTIVITY,
        identity=envelope.identity or f"ExerciseSession/{envelope.source}/{envelope.start}",
        system="",
        code="" if kind is None else str(kind)[:100],
        text=text(record, "title"),
        status="",
        start=start,
        end=_moment(envelope.start + envelope.duration),
        body=record,
        topic="vitals",
        source=envelope.source,
    )


def _asleep(stage: str | None, start: int | None, duration: int | None) -> Iterator[Reading | Flaw]:
    if start is None or duration is None:
        yield Flaw(ProblemCode.BAD_TIME, "a stretch of sleep without its times", "sleep_duration")
        return
    yield Reading("sleep_duration", "h", start, duration, duration / _HOUR)
    if stage:
        yield Reading(stage, "min", start, duration, duration / _MINUTE)


def _moment(milliseconds: int | None) -> datetime | None:
    try:
        return None if milliseconds is None else instants.instant(milliseconds)
    except OverflowError:
        return None
