"""Health Connect's measurements: which field of which record is which kind, in which unit. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from twin.intake.health_connect.envelope import Envelope, instant
from twin.intake.items import ProblemCode
from twin.intake.json_values import number
from twin.intake.readings import Flaw, Reading
from twin.kinds import KINDS, by_health_connect


@dataclass(frozen=True, slots=True)
class _Field:
    """Where a record keeps one measured value; `unit` where it is a plain number, not a quantity.

    `series` names the list of which each element holds the value, at a time of its own.
    """

    name: str
    unit: str = ""
    series: str = ""


# A part of a record stands behind a dot, as in the catalogue.
_FIELDS = {
    "ActiveCaloriesBurnedRecord": _Field("energy"),
    "BloodGlucoseRecord": _Field("level"),
    "BloodPressureRecord.systolic": _Field("systolic"),
    "BloodPressureRecord.diastolic": _Field("diastolic"),
    "BodyFatRecord": _Field("percentage", "%"),
    "BodyTemperatureRecord": _Field("temperature"),
    "DistanceRecord": _Field("distance"),
    "FloorsClimbedRecord": _Field("floors", "{floors}"),
    "HeartRateRecord": _Field("beatsPerMinute", "/min", "samples"),
    "HeartRateVariabilityRmssdRecord": _Field("heartRateVariabilityMillis", "ms"),
    "HeightRecord": _Field("height"),
    "HydrationRecord": _Field("volume"),
    "LeanBodyMassRecord": _Field("mass"),
    "NutritionRecord.totalCarbohydrate": _Field("totalCarbohydrate"),
    "OxygenSaturationRecord": _Field("percentage", "%"),
    "RespiratoryRateRecord": _Field("rate", "/min"),
    "RestingHeartRateRecord": _Field("beatsPerMinute", "/min"),
    "SkinTemperatureRecord": _Field("delta", series="deltas"),
    "StepsRecord": _Field("count", "{steps}"),
    "Vo2MaxRecord": _Field("vo2MillilitersPerMinuteKilogram", "mL/kg/min"),
    "WeightRecord": _Field("weight"),
}


def _by_type() -> Mapping[str, list[tuple[str, _Field]]]:
    """The kinds and fields of each type of record."""
    fields: dict[str, list[tuple[str, _Field]]] = {}
    for name, field in _FIELDS.items():
        kind = by_health_connect(name)
        if kind is None:
            raise LookupError(f"the catalogue has no kind for {name}")
        fields.setdefault(name.partition(".")[0].removesuffix("Record"), []).append((kind.code, field))
    return fields


_BY_TYPE = _by_type()
MEASURED = frozenset(_BY_TYPE)
"""The types of record that hold measurements, without their "Record"."""

# The quantities of androidx.health.connect.client.units: read as inKilograms, written as {value, unit}.
_UNITS = {
    "kilograms": "kg",
    "grams": "g",
    "milligrams": "mg",
    "pounds": "[lb_av]",
    "ounces": "[oz_av]",
    "meters": "m",
    "kilometers": "km",
    "feet": "[ft_i]",
    "inches": "[in_i]",
    "miles": "[mi_i]",
    "celsius": "Cel",
    "fahrenheit": "[degF]",
    "millimetersOfMercury": "mm[Hg]",
    "milligramsPerDeciliter": "mg/dL",
    "millimolesPerLiter": "mmol/L",
    "kilocalories": "kcal",
    "calories": "cal",
    "kilojoules": "kJ",
    "milliliters": "mL",
    "liters": "L",
    "fluidOuncesUs": "[foz_us]",
}
# SPECIMEN_SOURCE and RELATION_TO_MEAL of androidx.health.connect.client.records.BloodGlucoseRecord.
_INTERSTITIAL_FLUID, _TEARS = 1, 5
_FASTING = 2


def measures_of(
    name: str, record: dict[str, Any], envelope: Envelope, zone: tzinfo
) -> Iterator[Reading | Flaw]:
    """What a record of a type in MEASURED measures."""
    for kind, field in _BY_TYPE[name]:
        if name == "BloodGlucose" and record.get("specimenSource") == _TEARS:
            yield Flaw(ProblemCode.UNKNOWN_KIND, "glucose of tears", sort="tears")
        elif name == "Nutrition" and record.get(field.name) is None:
            yield Flaw(ProblemCode.UNKNOWN_KIND, "food without its carbohydrate", sort=name)
        elif field.series and not record.get(field.series):
            yield Flaw(ProblemCode.NOT_MEASURED, f"a {name} without {field.series}", kind)
        else:
            code = _glucose_kind(record) if name == "BloodGlucose" else kind
            for start, duration, written in _values(field, record, envelope, zone):
                value, unit = (_plain(written), field.unit) if field.unit else _quantity(written, code)
                if start is None or duration is None:
                    yield Flaw(ProblemCode.BAD_TIME, f"a {name} without its time", code)
                elif not unit and isinstance(written, dict):
                    yield Flaw(ProblemCode.UNKNOWN_UNIT, ", ".join(written), code)
                elif value is None:
                    yield Flaw(ProblemCode.NOT_A_NUMBER, written, code)
                else:
                    yield Reading(code, unit, start, duration, value)


def _values(
    field: _Field, record: dict[str, Any], envelope: Envelope, zone: tzinfo
) -> Iterator[tuple[int | None, int | None, Any]]:
    """Start, duration and value as written, of each value that the field holds."""
    if not field.series:
        yield envelope.start, envelope.duration, record.get(field.name)
        return
    samples = record.get(field.series)
    for sample in samples if isinstance(samples, list) else [None]:
        own = sample if isinstance(sample, dict) else {}
        at = instant(own.get("time"), zone)
        yield at[0] if at else None, 0, own.get(field.name)


def _plain(written: Any) -> float | None:
    """A number, or the value of a Percentage."""
    return number(written.get("value") if isinstance(written, dict) else written)


def _quantity(written: Any, kind: str) -> tuple[float | None, str]:
    """Value and unit; of a quantity that is there in several units, the kind's own or the first it knows."""
    holder = written if isinstance(written, dict) else {"value": written}
    if "value" in holder:
        unit = holder.get("unit")
        return number(holder["value"]), _UNITS.get(unit, unit) if isinstance(unit, str) else ""
    known = [(unit, holder[key]) for word, unit in _UNITS.items() if (key := _getter(word)) in holder]
    own = KINDS[kind]
    for unit, value in known:
        if unit == own.unit:
            return number(value), unit
    for unit, value in known:
        if unit in own.conversions:
            return number(value), unit
    return None, ""


def _getter(word: str) -> str:
    return f"in{word[0].upper()}{word[1:]}"


def _glucose_kind(record: dict[str, Any]) -> str:
    if record.get("specimenSource") == _INTERSTITIAL_FLUID:
        return "glucose_cgm"
    return "glucose_fasting" if record.get("relationToMeal") == _FASTING else "glucose"
