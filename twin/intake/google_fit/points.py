"""One point of Google Fit: its values by data type, in the units that the types have. Pure."""

import re
from collections.abc import Iterator
from typing import Any

from twin.intake.google_fit.streams import Stream
from twin.intake.items import ProblemCode
from twin.intake.json_entries import member
from twin.intake.json_values import number
from twin.intake.readings import Flaw, Reading

_MILLISECOND = 1_000_000  # in ns
_MINUTE, _HOUR = 60_000, 3_600_000
_NANOSECONDS = re.compile(r"\d{1,19}", re.ASCII)

# By place among a point's values: kind and unit. developers.google.com/fit/datatypes
_TYPES = {
    "com.google.blood_glucose": [("glucose", "mmol/L")],
    "com.google.blood_pressure": [("sbp", "mm[Hg]"), ("dbp", "mm[Hg]")],
    "com.google.body.fat.percentage": [("body_fat", "%")],
    "com.google.body.temperature": [("temperature", "Cel")],
    "com.google.distance.delta": [("distance", "m")],
    "com.google.heart_rate.bpm": [("heart_rate", "/min")],
    "com.google.height": [("height", "m")],
    "com.google.hydration": [("water", "L")],
    "com.google.oxygen_saturation": [("spo2", "%")],
    "com.google.step_count.delta": [("steps", "{steps}")],
    "com.google.weight": [("weight", "kg")],
}
_NUTRITION, _CARBOHYDRATE = "com.google.nutrition", "carbs.total"

# Asleep, with the stage where one is named; and what is no sleep.
_STAGES = {
    "com.google.sleep.segment": {
        2: None,
        4: "sleep_stage_light",
        5: "sleep_stage_deep",
        6: "sleep_stage_rem",
    },
    "com.google.activity.segment": {
        72: None,
        109: "sleep_stage_light",
        110: "sleep_stage_deep",
        111: "sleep_stage_rem",
    },
}
_NO_SLEEP = {
    "com.google.sleep.segment": {1: "awake", 3: "out of bed"},
    "com.google.activity.segment": {112: "awake"},
}
# Among the values of a blood glucose.
_RELATION_TO_MEAL, _FASTING = 1, 2
_SPECIMEN, _INTERSTITIAL_FLUID, _TEARS = 4, 1, 5


def readings_of(point: dict[str, Any], stream: Stream) -> Iterator[Reading | Flaw]:
    """What the point measures."""
    start, end = (_milliseconds(point.get(key)) for key in ("startTimeNanos", "endTimeNanos"))
    if start is None or end is None:
        yield Flaw(ProblemCode.BAD_TIME, point.get("startTimeNanos"), sort=stream.type)
        return
    values = point.get("value", point.get("fitValue"))
    values = values if isinstance(values, list) else []
    if stream.type in _STAGES:
        yield from _sleep(stream.type, values, start, end - start)
    elif stream.type == _NUTRITION:
        yield from _carbohydrate(values, start, end - start)
    elif stream.type in _TYPES:
        for place, (kind, unit) in enumerate(_TYPES[stream.type]):
            code = _kind(kind, values, stream)
            written = _written(values, place)
            value = number(written)
            if code is None:
                yield Flaw(ProblemCode.UNKNOWN_KIND, "glucose of tears", sort="tears")
            elif value is None:
                yield Flaw(ProblemCode.NOT_A_NUMBER, written, code)
            else:
                yield Reading(code, unit, start, end - start, value)
    else:
        yield Flaw(ProblemCode.UNKNOWN_KIND, stream.type or "a point without a type", sort=stream.type)


def _sleep(type_: str, values: list[Any], start: int, duration: int) -> Iterator[Reading | Flaw]:
    sort = _choice(values, 0)
    if sort is not None and sort in _STAGES[type_]:
        yield Reading("sleep_duration", "h", start, duration, duration / _HOUR)
        if stage := _STAGES[type_][sort]:
            yield Reading(stage, "min", start, duration, duration / _MINUTE)
    elif sort is not None and sort in _NO_SLEEP[type_]:
        awake = _NO_SLEEP[type_][sort]
        yield Flaw(ProblemCode.NOT_SLEEP, awake, sort=awake)
    else:
        yield Flaw(ProblemCode.UNSUPPORTED_RESOURCE, f"{type_} of type {_written(values, 0)}", sort=type_)


def _carbohydrate(values: list[Any], start: int, duration: int) -> Iterator[Reading | Flaw]:
    nutrients = _value(values, 0).get("mapVal")
    for nutrient in nutrients if isinstance(nutrients, list) else ():
        if isinstance(nutrient, dict) and nutrient.get("key") == _CARBOHYDRATE:
            value = number(member(nutrient, "value").get("fpVal"))
            if value is None:
                yield Flaw(ProblemCode.NOT_A_NUMBER, nutrient.get("value"), "carbs")
            else:
                yield Reading("carbs", "g", start, duration, value)
            return
    yield Flaw(ProblemCode.UNKNOWN_KIND, "food without its carbohydrate", sort=_NUTRITION)


def _kind(kind: str, values: list[Any], stream: Stream) -> str | None:
    if kind == "heart_rate" and stream.is_resting:
        return "resting_heart_rate"
    if kind != "glucose":
        return kind
    specimen = _choice(values, _SPECIMEN)
    if specimen == _TEARS:
        return None
    if specimen == _INTERSTITIAL_FLUID:
        return "glucose_cgm"
    return "glucose_fasting" if _choice(values, _RELATION_TO_MEAL) == _FASTING else kind


def _choice(values: list[Any], place: int) -> int | None:
    """One of a numbered list of choices."""
    value = number(_written(values, place))
    return int(value) if value is not None and value.is_integer() else None


def _written(values: list[Any], place: int) -> Any:
    own = _value(values, place)
    return own.get("fpVal", own.get("intVal"))


def _value(values: list[Any], place: int) -> dict[str, Any]:
    """The value at this place; Takeout wraps each in an object of its own."""
    own = values[place] if place < len(values) else None
    if isinstance(own, dict) and isinstance(own.get("value"), dict):
        own = own["value"]
    return own if isinstance(own, dict) else {}


def _milliseconds(written: Any) -> int | None:
    """Milliseconds of nanoseconds, which are a text in REST and a number in Takeout."""
    if isinstance(written, str) and _NANOSECONDS.fullmatch(written):
        return int(written) // _MILLISECOND
    if isinstance(written, int) and not isinstance(written, bool) and 0 <= written < 10**19:
        return written // _MILLISECOND
    return None
