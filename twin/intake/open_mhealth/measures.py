"""Bodies of Open mHealth that hold measurements: what each is, checked against its schema. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from twin.intake.items import ProblemCode
from twin.intake.json_entries import text
from twin.intake.json_values import number
from twin.intake.open_mhealth.frames import Frame, frame_of
from twin.intake.readings import Flaw, Reading
from twin.kinds import DATA, DayRule, kind


@dataclass(frozen=True, slots=True)
class Measure:
    """What a key of a body stands for: the kind, if the catalogue has one, and the units that are allowed.

    `bare` is the unit of a plain number, where a version of the schema has one.
    """

    kind: str | None
    units: frozenset[str]
    bare: str


_SCHEMAS: Mapping[str, Any] = json.loads((DATA / "open_mhealth.json").read_text(encoding="utf-8"))
_VALUE_SETS: Mapping[str, list[str]] = _SCHEMAS["value_sets"]
MEASURES: Mapping[str, Measure] = {
    key: Measure(row["kind"], frozenset(row["units"]), row.get("bare", ""))
    for key, row in _SCHEMAS["measures"].items()
}
"""By the key under which a body holds it."""
LENGTHS = frozenset(_SCHEMAS["lengths"])
"""The units of a distance."""

_DAY = 25 * 60 * 60 * 1000  # the longest one
_NO_BLOOD = frozenset({"breath", "lacrimal fluid", "saliva", "sweat", "tears", "urine"})


class Unfit(Exception):
    """A body that cannot be kept as it stands, and the flaw for which it cannot."""

    def __init__(self, code: ProblemCode, example: object, *, kind: str = "", sort: str = "") -> None:
        super().__init__(str(example))
        self.flaw = Flaw(code, example, kind, sort)


def readings_of(body: dict[str, Any], zone: tzinfo) -> tuple[list[Reading], int | None]:
    """What the body measures, and its offset from UTC; a blood pressure is two readings. Raises Unfit."""
    _check_value_sets(body)
    measured = [_measured(key, body) for key in MEASURES if key in body]
    codes = [code for code, _, _ in measured]
    try:
        frame = frame_of(body, zone)
    except ValueError as error:
        raise Unfit(ProblemCode.BAD_TIME, error, kind=codes[0]) from None
    for code in codes:
        if not frame.is_interval and _adds_up(code):
            raise Unfit(ProblemCode.BAD_TIME, "a count at one instant", kind=code)
        _check_statistic(body, code, frame)
    return [
        Reading(code, unit, frame.start, frame.duration, value) for code, unit, value in measured
    ], frame.offset


def quantity(written: Any, units: frozenset[str], kind: str) -> tuple[float, str]:
    """Value and unit of a unit-value; raises Unfit where the schemas do not allow them."""
    holder = written if isinstance(written, dict) else {"value": written}
    # A number in quotes is text, which the schemas refuse.
    value = None if isinstance(holder.get("value"), str) else number(holder.get("value"))
    if value is None:
        raise Unfit(ProblemCode.NOT_A_NUMBER, holder.get("value"), kind=kind)
    unit = text(holder, "unit")
    if unit not in units:
        raise Unfit(ProblemCode.UNKNOWN_UNIT, holder.get("unit") or "no unit", kind=kind)
    return value, unit


def _measured(key: str, body: dict[str, Any]) -> tuple[str, str, float]:
    """Kind, unit and value."""
    measure, written = MEASURES[key], body[key]
    code = _kind(key, body)
    if measure.bare and isinstance(written, int | float):
        written = {"value": written, "unit": measure.bare}
    value, unit = quantity(written, measure.units, code)
    return code, unit, value


def _kind(key: str, body: dict[str, Any]) -> str:
    code = MEASURES[key].kind
    if code is None:
        raise Unfit(ProblemCode.UNKNOWN_KIND, key, sort=key)
    if code != "glucose":
        return code
    specimen = body.get("specimen_source")
    if specimen in _NO_BLOOD:
        raise Unfit(ProblemCode.UNKNOWN_KIND, f"glucose of {specimen}", sort=str(specimen))
    if specimen == "interstitial fluid":
        return "glucose_cgm"
    return "glucose_fasting" if body.get("temporal_relationship_to_meal") == "fasting" else "glucose"


def _check_value_sets(body: dict[str, Any]) -> None:
    for key, allowed in _VALUE_SETS.items():
        if key in body and body[key] not in allowed:
            raise Unfit(ProblemCode.MALFORMED, f"{key} {body[key]}", sort=key)


def _check_statistic(body: dict[str, Any], code: str, frame: Frame) -> None:
    """Lets through a plain value, and a statistic that says the same as one."""
    statistic = body.get("descriptive_statistic")
    if statistic is None:
        return
    plain = "sum" if _adds_up(code) else "average"
    if (
        statistic != plain
        or body.get("descriptive_statistic_denominator") is not None
        or (plain == "average" and frame.duration > _DAY)
    ):
        raise Unfit(
            ProblemCode.UNSUPPORTED_RESOURCE, f"{statistic} of {code}", kind=code, sort=str(statistic)
        )


def _adds_up(code: str) -> bool:
    return kind(code).daily in (DayRule.SUM, DayRule.DURATION)
