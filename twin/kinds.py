"""The catalogue of observation kinds: unit, ranges, day rule, codes. Pure; its data lies in data/."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

DATA = Path(__file__).parent / "data"

Values = npt.NDArray[np.float64]


class UnknownKind(LookupError):
    """No kind of this code is in the catalogue."""


class UnknownUnit(ValueError):
    """The unit cannot be converted to the kind's canonical one."""


class DayRule(StrEnum):
    """How the samples of one day become the day's value."""

    MEAN = "mean"
    SUM = "sum"
    LAST = "last"
    DURATION = "duration"


class Overlap(StrEnum):
    """What becomes of several devices that measure the same on one day."""

    TOGETHER = "together"  # all readings count: each was taken on purpose, now and then
    HOUR = "hour"  # one device counts at a time: each measures without a pause
    DAY = "day"  # one device decides the day: each counts the whole of it, or makes one figure of it


class BodySystem(StrEnum):
    """What part of the person a kind speaks of, in the order in which they are shown."""

    HEART = "heart"
    LUNGS = "lungs"
    METABOLISM = "metabolism"
    KIDNEYS = "kidneys"
    BODY = "body"
    SLEEP = "sleep"
    ACTIVITY = "activity"
    MIND = "mind"


class Verdict(IntEnum):
    """What the ranges say of one value."""

    ACCEPT = 0
    WARN = 1
    REJECT = 2


@dataclass(frozen=True, slots=True)
class Conversion:
    """canonical = (given + before) * factor."""

    factor: float
    before: float = 0.0


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of observation. Ranges are in `unit` (UCUM); `verification` says what backs the codes."""

    code: str
    title: str
    unit: str
    hard: tuple[float, float]
    soft: tuple[float, float]
    topic: str
    system: BodySystem
    daily: DayRule
    overlap: Overlap
    span_days: int
    decimals: int
    forecast: bool
    loinc: str | None
    healthkit: str | None
    health_connect: str | None
    openmhealth: str | None
    fitbit: str | None
    verification: str
    conversions: Mapping[str, Conversion]


def kind(code: str) -> Kind:
    """The kind of this code; raises UnknownKind."""
    try:
        return KINDS[code]
    except KeyError:
        raise UnknownKind(code) from None


def by_loinc(code: str) -> Kind | None:
    """The kind that carries this LOINC code as its own, if any."""
    return _BY_LOINC.get(code)


def by_healthkit(identifier: str) -> Kind | None:
    """The kind of a HealthKit identifier; where several share one, the first of the catalogue."""
    return _BY_HEALTHKIT.get(identifier)


def by_health_connect(name: str) -> Kind | None:
    """The kind of a Health Connect record, or of a part of one ("BloodPressureRecord.systolic")."""
    return _BY_HEALTH_CONNECT.get(name)


def canonical_spelling(unit: str) -> str:
    """The UCUM spelling of a vendor's unit; an unknown one comes back as it is, trimmed."""
    unit = _MOLAR_MASS.sub("mmol", unit.strip())
    return _SPELLINGS.get(unit, unit)


def said_unit(kind: Kind) -> str:
    """The kind's unit as people write it."""
    return _SAID.get(kind.unit, kind.unit)


def to_canonical(kind: Kind, unit: str, values: Values) -> Values:
    """The values in the kind's canonical unit, unchanged to the bit if they are in it; raises UnknownUnit."""
    conversion = _conversion(kind, unit)
    if conversion is None:
        return values
    # What is too large for a float becomes infinite, and is judged as that.
    with np.errstate(over="ignore"):
        converted: Values = (values + conversion.before) * conversion.factor
    return converted


def from_canonical(kind: Kind, unit: str, values: Values) -> Values:
    """Canonical values in another unit of the kind; raises UnknownUnit."""
    conversion = _conversion(kind, unit)
    if conversion is None:
        return values
    converted: Values = values / conversion.factor - conversion.before
    return converted


def judge(kind: Kind, values: Values) -> npt.NDArray[np.uint8]:
    """A Verdict a canonical value: REJECT outside the hard range or not finite, WARN outside the soft one."""
    verdicts = np.full(len(values), Verdict.ACCEPT, dtype=np.uint8)
    verdicts[(values < kind.soft[0]) | (values > kind.soft[1])] = Verdict.WARN
    inside_hard = (values >= kind.hard[0]) & (values <= kind.hard[1])
    verdicts[~inside_hard] = Verdict.REJECT
    return verdicts


def _conversion(kind: Kind, unit: str) -> Conversion | None:
    if unit == kind.unit:
        return None
    spelled = canonical_spelling(unit)
    if spelled == kind.unit:
        return None
    try:
        return kind.conversions[spelled]
    except KeyError:
        raise UnknownUnit(f"{unit!r} is not a unit of {kind.code}") from None


def _load(name: str) -> Any:
    return json.loads((DATA / name).read_text(encoding="utf-8"))


def _catalogue() -> Mapping[str, Kind]:
    catalogue, handling, units = (
        _load(name) for name in ("observation_kinds.json", "kind_handling.json", "units.json")
    )
    kinds = {}
    for row in catalogue["kinds"]:
        code = row["key"]
        own = handling["kinds"][code]
        kinds[code] = Kind(
            code=code,
            title=handling["short_titles"].get(code, row["title"]),
            unit=row["ucum"],
            hard=(float(row["hard_range"][0]), float(row["hard_range"][1])),
            soft=(float(row["soft_range"][0]), float(row["soft_range"][1])),
            topic=own["topic"],
            system=BodySystem(own["system"]),
            daily=DayRule(own["daily"]),
            overlap=_overlap(own),
            span_days=own["span_days"],
            decimals=own["decimals"],
            forecast=own["forecast"],
            loinc=row["loinc"],
            healthkit=None if code in handling["not_this_in_healthkit"] else row["healthkit"],
            health_connect=None if code in handling["not_this_in_health_connect"] else row["health_connect"],
            openmhealth=row["openmhealth"],
            fitbit=row["fitbit"],
            verification=row["loinc_verification"],
            conversions=_conversions(
                code, row["ucum"], handling["same_analyte"].get(code, code), catalogue, units
            ),
        )
    return MappingProxyType(kinds)


def _overlap(own: Mapping[str, Any]) -> Overlap:
    counted = own["daily"] in (DayRule.SUM, DayRule.DURATION)
    return Overlap(own.get("overlap", Overlap.DAY if counted else Overlap.TOGETHER))


def _conversions(
    code: str, canonical: str, analyte: str, catalogue: dict[str, Any], units: dict[str, Any]
) -> Mapping[str, Conversion]:
    conversions = {
        row["from"]: Conversion(row["factor"], row.get("before", 0.0))
        for row in units["conversions"]
        if row["to"] == canonical
    }
    for row in catalogue["conversions"]:
        if row["kind"] == analyte:
            conversions.setdefault(row["to"], Conversion(1.0 / row["factor"]))
    for row in catalogue["affine"]:
        if row["kind"] == analyte:
            conversions.setdefault(row["to"], _AFFINE[row["formula"]])
    if code in units["dimensionless"]["kinds"]:
        conversions.update({unit: Conversion(1.0) for unit in units["dimensionless"]["counts"]})
    return MappingProxyType(conversions)


# HealthKit writes a molar mass into the unit: mmol<180.1558800000541>/L.
_MOLAR_MASS = re.compile(r"mmol<[0-9.]+>")
_SPELLINGS: Mapping[str, str] = _load("units.json")["spellings"]
_SAID = {
    "Cel": "°C",
    "/min": "per min",
    "mm[Hg]": "mmHg",
    "{steps}": "steps",
    "kg/m2": "kg/m²",
    "mL/min/{1.73_m2}": "mL/min/1.73 m²",
}
# The affine formulas of the catalogue, each turned round: given = formula(canonical).
_AFFINE = {
    "F = C*1.8 + 32": Conversion(1 / 1.8, -32.0),
    "IFCC = (NGSP - 2.15) * 10.929": Conversion(1 / 10.929, 2.15 * 10.929),
}

KINDS: Mapping[str, Kind] = _catalogue()
_BY_LOINC = {kind.loinc: kind for kind in reversed(list(KINDS.values())) if kind.loinc}
_BY_HEALTHKIT = {kind.healthkit: kind for kind in reversed(list(KINDS.values())) if kind.healthkit}
_BY_HEALTH_CONNECT = {
    kind.health_connect: kind for kind in reversed(list(KINDS.values())) if kind.health_connect
}
EDITION = sha256(repr((dict(KINDS), _SPELLINGS)).encode()).digest()
"""The SHA-256 of the catalogue: what a sample becomes may be another thing by another edition."""
