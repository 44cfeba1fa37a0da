"""Groups of Withings measures: one weighing, one blood pressure. Pure."""

from collections.abc import Iterator
from typing import Any

from twin.intake.gathering import Batches, Tally
from twin.intake.items import ProblemCode
from twin.intake.json_values import number
from twin.intake.withings import sources
from twin.intake.withings.moments import instant, offset_of
from twin.series.columns import Flag

# By type. 12 is no more than "temperature": a scale writes that of the room under it.
_KINDS = {
    1: ("weight", "kg"),
    4: ("height", "m"),
    5: ("lean_mass", "kg"),
    6: ("body_fat", "%"),
    9: ("dbp", "mm[Hg]"),
    10: ("sbp", "mm[Hg]"),
    11: ("heart_rate", "/min"),
    54: ("spo2", "%"),
    71: ("temperature", "Cel"),
    123: ("vo2max", "mL/kg/min"),
}

_GOAL = 2
"""The category of what the person wants to reach."""
_SOMEBODY = 1
"""The attribution of what the device could not tell whose it is."""
_TYPED_IN = (2, 4)
_MOST_DIGITS = 12


def take_group(group: Any, body: dict[str, Any], place: str, batches: Batches, tally: Tally) -> None:
    """One group: a sample for each of its measures that the catalogue knows."""
    measures = group.get("measures") if isinstance(group, dict) else None
    if not isinstance(group, dict) or not isinstance(measures, list):
        tally.add(ProblemCode.MALFORMED, "no group of measures", place)
        return
    count = max(len(measures), 1)
    at = instant(group.get("date"))
    if group.get("category") == _GOAL:
        tally.add(ProblemCode.UNSUPPORTED_RESOURCE, "a goal", place, sort="goal", count=count)
    elif group.get("attrib") == _SOMEBODY:
        tally.add(ProblemCode.OTHER_PATIENT, "a measure of perhaps somebody else", place, count=count)
    elif at is None:
        tally.add(ProblemCode.BAD_TIME, group.get("date"), place, count=count)
    else:
        offset = offset_of(at, group.get("timezone") or body.get("timezone"))
        flags = Flag.MANUAL if group.get("attrib") in _TYPED_IN else 0
        source = sources.of_model(group)
        for kind, unit, value in _values(measures, place, tally):
            batches.add(kind, source, unit, at, 0, value, offset=offset, flags=flags)


def _values(measures: list[Any], place: str, tally: Tally) -> Iterator[tuple[str, str, float]]:
    for measure in measures:
        if not isinstance(measure, dict):
            tally.add(ProblemCode.MALFORMED, "no measure", place)
            continue
        code = measure.get("type")
        known = _KINDS.get(code) if isinstance(code, int) else None
        value = scaled(measure.get("value"), measure.get("unit"))
        if known is None:
            tally.add(ProblemCode.UNKNOWN_KIND, f"type {code}", place, sort=str(code))
        elif value is None:
            written = f"{measure.get('value')} and exponent {measure.get('unit')}"
            tally.add(ProblemCode.NOT_A_NUMBER, written, place, kind=known[0])
        else:
            yield (*known, value)


def scaled(value: Any, exponent: Any) -> float | None:
    """value x 10^exponent, the nearest float; None when either is no number that a measure may have."""
    digits, power = number(value), number(exponent)
    if digits is None or power is None or power != round(power) or abs(power) > _MOST_DIGITS:
        return None
    # A division by a power of ten is exact to the last bit, a multiplication by its inverse is not.
    return digits / 10.0 ** -round(power) if power < 0 else digits * 10.0 ** round(power)
