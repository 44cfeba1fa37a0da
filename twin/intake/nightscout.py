"""Nightscout entries as JSON: sensor and meter glucose. Pure; treatments are another document."""

import re
from collections.abc import Iterator
from datetime import tzinfo
from typing import Any, BinaryIO

from twin.intake.gathering import Batches, Tally
from twin.intake.items import Item, ProblemCode, RefusalCode, Refused
from twin.intake.json_values import Broken, number, values
from twin.intake.parsing import parse_instant
from twin.series.columns import Flag

NAME = "nightscout"

LOWEST = 39.0
"""A sensor shows 39 for "low"; smaller numbers are its error codes."""
HIGHEST = 400.0
"""A sensor that shows "high" sends a number above this."""

_UNIT = "mg/dL"
_END_OF_TIME = 253_402_300_800_000.0  # the year 10000, in ms
_READING = re.compile(rb'"type"\s*:\s*"(sgv|mbg|cal)"|"sgv"\s*:')
_DATE = re.compile(rb'"date"\s*:')


def sniff(head: bytes) -> bool:
    """Whether the first bytes are JSON documents with a date and a sensor or meter reading."""
    begins = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    return begins in (b"[", b"{") and bool(_READING.search(head)) and bool(_DATE.search(head))


def read(stream: BinaryIO, *, zone: tzinfo) -> Iterator[Item]:
    """Sensor readings as glucose_cgm, meter readings as glucose, in mg/dL as Nightscout always keeps them.

    `date` is the instant; only a document without one is placed by its dateString, in `zone` where that says
    no offset. Raises Refused when not one document can be read.
    """
    batches, tally, documents = Batches(), Tally(), 0
    try:
        for item in values(stream):
            documents += 1
            _take(item.value, f"document {documents}", zone, batches, tally)
            yield from batches.full()
    except Broken as broken:
        if not documents:
            raise Refused(RefusalCode.MALFORMED, f"Nothing can be read: {broken.message}.") from None
        code = ProblemCode.TRUNCATED if broken.truncated else ProblemCode.MALFORMED
        tally.add(code, broken.message, f"after document {documents}")
    yield from batches.rest()
    yield from tally.problems()


def _take(document: Any, place: str, zone: tzinfo, batches: Batches, tally: Tally) -> None:
    if not isinstance(document, dict):
        tally.add(ProblemCode.MALFORMED, document, place)
        return
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
