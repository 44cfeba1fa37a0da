"""Activity of Withings: totals by day, and stretches within a day. Pure."""

from datetime import date, tzinfo
from typing import Any

from twin.intake import wall_time
from twin.intake.gathering import Batches, Tally
from twin.intake.items import ProblemCode
from twin.intake.json_values import number
from twin.intake.wall_time import offset_at, zone_named
from twin.intake.withings import sources
from twin.intake.withings.moments import instant

# Not the elevation, which has been metres and floors at different times of the API.
_COUNTED = {
    "steps": ("steps", "{steps}"),
    "distance": ("distance", "m"),
    "calories": ("active_energy", "kcal"),
}
_MEASURED = {
    "heart_rate": ("heart_rate", "/min"),
    "spo2_auto": ("spo2", "%"),
    "rmssd": ("hrv_rmssd", "ms"),
    "sdnn1": ("hrv_sdnn", "ms"),
}
_DAY = 86_400_000


def take_day(entry: Any, place: str, zone: tzinfo, batches: Batches, tally: Tally) -> None:
    """The totals of one day, from midnight to midnight where the person was."""
    if not isinstance(entry, dict):
        tally.add(ProblemCode.MALFORMED, "no day", place)
        return
    stated = entry.get("timezone")
    # A day without a zone is one of the patient's.
    there = (zone_named(stated) if isinstance(stated, str) else None) or zone
    try:
        start, duration = wall_time.day(date.fromisoformat(str(entry.get("date"))), there)
    except (ValueError, OverflowError):
        tally.add(ProblemCode.BAD_TIME, entry.get("date"), place, kind="steps")
        return
    if number(entry.get("steps")) == 0:
        tally.add(ProblemCode.NOT_WORN, entry.get("date"), place, kind="steps")
        return
    source = sources.OTHERS_DAYS if entry.get("is_tracker") is False else sources.DAYS
    for key, (kind, unit) in _COUNTED.items():
        if key in entry:
            value = _value(kind, entry[key], place, tally)
            if value is not None:
                offset = offset_at(start, there)
                batches.add(kind, source, unit, start, duration, value, offset=offset)


def take_stretch(moment: str, entry: Any, place: str, batches: Batches, tally: Tally) -> None:
    """What was counted over one stretch of some seconds, and measured at its beginning."""
    at = instant(moment)
    seconds = number(entry.get("duration", 0)) if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or seconds is None:
        tally.add(ProblemCode.MALFORMED, "no stretch", place, sort="stretch")
    elif at is None or not 0 <= seconds * 1000 <= _DAY:
        tally.add(ProblemCode.BAD_TIME, moment, place, kind="steps")
    elif entry.keys().isdisjoint(_COUNTED) and entry.keys().isdisjoint(_MEASURED):
        tally.add(ProblemCode.NOT_MEASURED, "a stretch without values", place, sort="stretch")
    else:
        for key, (kind, unit) in (_COUNTED | _MEASURED).items():
            value = _value(kind, entry[key], place, tally) if key in entry else None
            if value is not None:
                duration = round(seconds * 1000) if key in _COUNTED else 0
                batches.add(kind, sources.STRETCHES, unit, at, duration, value)


def _value(kind: str, written: Any, place: str, tally: Tally) -> float | None:
    value = number(written)
    if value is None:
        tally.add(ProblemCode.NOT_A_NUMBER, written, place, kind=kind)
    return value
