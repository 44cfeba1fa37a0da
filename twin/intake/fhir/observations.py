"""FHIR Observations as samples: values and components whose LOINC code the catalogue knows. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from twin.intake.fhir.codes import kind_of, text_of
from twin.intake.json_values import number
from twin.series.columns import Flag

MEASURED = frozenset({"final", "amended", "corrected"})
"""The statuses whose values may enter a series. A preliminary value stays a record until it is final."""

_UCUM = "http://unitsofmeasure.org"
_CENSORED = {
    "<": Flag.CENSORED_LOW,
    "<=": Flag.CENSORED_LOW,
    ">": Flag.CENSORED_HIGH,
    ">=": Flag.CENSORED_HIGH,
}


@dataclass(frozen=True, slots=True)
class Reading:
    """One number of a known kind; `value` is None where the file holds no finite number."""

    kind: str
    unit: str
    value: float | None
    flags: int
    written: str


@dataclass(frozen=True, slots=True)
class Readings:
    """The numbers of an Observation; `complete` when they are all that it says."""

    found: tuple[Reading, ...]
    complete: bool


def readings_of(observation: dict[str, Any]) -> Readings:
    """The numbers of known kinds in an Observation, its own value first, then its components' in order."""
    found: list[Reading] = []
    complete = True
    parts = list(_parts(observation))
    for part in parts:
        reading = _reading(part)
        if reading:
            found.append(reading)
        elif _says_something(part):
            complete = False
    # A value about somebody or something else than the subject (a foetus, a donor, a device) is no sample.
    if observation.get("focus"):
        return Readings((), False)
    return Readings(tuple(found), complete and bool(found))


def source_of(resource: dict[str, Any], otherwise: str) -> str:
    """What a resource comes from, stable across exports: its device's name, or the system it states."""
    device = text_of(resource.get("device"), "display")
    # HAPI servers append a request id, different at each write, behind "#".
    stated = text_of(resource.get("meta"), "source").partition("#")[0]
    return device or stated or otherwise


def _parts(observation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield observation
    components = observation.get("component")
    for component in components if isinstance(components, list) else ():
        if isinstance(component, dict):
            yield component


def _reading(part: dict[str, Any]) -> Reading | None:
    kind = kind_of(part.get("code"))
    if kind is None:
        return None
    quantity = part.get("valueQuantity")
    if isinstance(quantity, dict):
        flags = _CENSORED.get(text_of(quantity, "comparator"), 0)
        written = quantity.get("value")
        return Reading(kind.code, _unit(quantity), number(written), flags, str(written))
    whole = part.get("valueInteger")
    return None if whole is None else Reading(kind.code, "", number(whole), 0, str(whole))


def _unit(quantity: dict[str, Any]) -> str:
    code, unit, system = (text_of(quantity, key) for key in ("code", "unit", "system"))
    return code if code and (system == _UCUM or not unit) else unit


def _says_something(part: dict[str, Any]) -> bool:
    return any(key.startswith("value") for key in part) or "dataAbsentReason" in part
