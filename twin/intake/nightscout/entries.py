"""Nightscout entries: sensor and meter glucose. Pure."""

import re
from datetime import tzinfo
from typing import Any

from twin.intake.gathering import Batches, Tally
from twin.intake.items import ProblemCode
from twin.intake.json_values import number
from twin.intake.parsing import parse_instant
from twin.series.columns import Flag

LOWEST = 39.0
"""A sensor shows 39 for "low"; smaller numbers are its error codes."""
HIGHEST = 400.0
"""A sensor that shows "high" sends a number above this."""

_UNIT = "mg/dL"
_END_OF_TIME = 253_402_300_800_000.0  # the year 10000, in ms
_READING = re.compile(rb'"type"\s*:\s*"(sgv|mbg|cal)"|"sgv"\s*:')
_DATE = re.compile(rb'"date"\s*:')


def are_entries(head: bytes) -> bool:
    """Whether documents with a date and a sensor or meter reading are in these bytes."""
    return bool(_READING.search(head)) and bool(_DATE.search(head))


def take_entry(document: dict[str, Any], place: str, zone: tzinfo, batches: Batches, tally: Tally) -> None:
    """One sensor reading as glucose_cgm, or meter reading as glucose, in mg/dL as entries always are.

    `date` is the instant; only a document without one is placed by its dateString.
    """
    sort = document.get("type") or ("sgv" if "sgv" in document else "no type")
    if sort not in ("sgv", "mbg"):
        tally.add(ProblemCode.UNKNOWN_KIND, f"entry of type {sort}", place, sort=str(sort))
        return
    kind = "glucose_cgm" if sort == "sgv" else "glucose"
    at, value = _instant(document, zone), number(document.get(sort))
    if document.get("isValid") is False:
        tally.add(ProblemCode.ENTERED_IN_ERROR, "isValid is false", place, kind=kind)
    elif at is None:
        tally.add(ProblemCode.BAD_TIME, document.get("date"), place, kind=kind)
    elif value is None:
        tally.add(ProblemCode.NOT_A_NUMBER, document.get(sort), place, kind=kind)
    elif sort == "sgv" and value < LOWEST:
        tally.add(ProblemCode.ERROR_CODE, f"sgv {value:g}", place, kind=kind)
    else:
        batches.add(kind, _device(document), _UNIT, at, 0, value, flags=_flags(sort, value))


def _instant(document: dict[str, Any], zone: tzinfo) -> int | None:
    if document.get("date") is None:
        stated = parse_instant(str(document.get("dateString", "")), zone)
        return stated[0] if stated else None
    date = number(document["date"])
    return round(date) if date is not None and 0 < date < _END_OF_TIME else None


def _flags(sort: str, value: float) -> int:
    if sort == "sgv" and value <= LOWEST:
        return Flag.CENSORED_LOW
    if sort == "sgv" and value > HIGHEST:
        return Flag.CENSORED_HIGH
    return 0


def _device(document: dict[str, Any]) -> str:
    device = document.get("device")
    return device if isinstance(device, str) else ""
