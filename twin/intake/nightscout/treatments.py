"""Nightscout treatments: meals, insulin, finger sticks, and all else that was done. Pure."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from twin.intake.gathering import Batches, Tally
from twin.intake.items import ProblemCode, Record, RecordType
from twin.intake.json_values import number
from twin.intake.parsing import parse_instant
from twin.series.columns import UNKNOWN_OFFSET, Flag

SOURCE = "Nightscout"
"""One for all who enter, people and pumps: what two of them note of one day adds up."""

_EVENT = re.compile(rb'"eventType"\s*:')
_TAKEN = re.compile(rb'"(carbs|insulin)"\s*:')
_CREATED = re.compile(rb'"created_at"\s*:')

_NO_EVENT = ("", "<none>")
_EXERCISE = "Exercise"
_TELLING = ("carbs", "insulin", "glucose")
_SENSOR, _TYPED_IN = "Sensor", "Manual"
_GLUCOSE_UNITS = {"mmol": "mmol/L", "mg/dl": "mg/dL"}
_LONGEST = 366 * 24 * 60  # minutes
_FIRST, _LAST = -62_135_596_800_000, 253_339_228_800_000  # the years 1 and 9998, in ms


def are_treatments(head: bytes) -> bool:
    """Whether documents of what was done, or of what was eaten and injected, are in these bytes."""
    return bool(_CREATED.search(head)) and bool(_EVENT.search(head) or _TAKEN.search(head))


def is_treatment(document: dict[str, Any]) -> bool:
    """Whether a document is a treatment; one of eaten carbohydrates alone may name no event."""
    return "eventType" in document or (
        "created_at" in document and not document.keys().isdisjoint(("carbs", "insulin"))
    )


def take_treatment(
    document: dict[str, Any], place: str, zone: tzinfo, batches: Batches, tally: Tally
) -> Iterator[Record]:
    """One treatment as a record, and what of it is a number as samples: carbs, insulin, glucose.

    An amount of 0 is no sample: nothing was taken. What a pump is told to give over time (temporary basal
    rates, the later part of a combo bolus) stays in the record: nobody knows that it was all given.
    """
    when = _when(document, zone)
    if document.get("isValid") is False:
        tally.add(ProblemCode.ENTERED_IN_ERROR, "isValid is false", place, sort="treatment")
        return
    if when is None:
        tally.add(ProblemCode.BAD_TIME, document.get("created_at"), place, sort="treatment")
        return
    at, offset = when
    for kind, unit, written, flags in _amounts(document):
        value = number(written)
        if value is None:
            tally.add(ProblemCode.NOT_A_NUMBER, written, place, kind=kind)
        elif value:
            batches.add(kind, SOURCE, unit, at, 0, value, offset=offset, flags=flags)
    yield _record(document, at)


def _amounts(document: dict[str, Any]) -> Iterator[tuple[str, str, Any, int]]:
    stated = {key: value for key, value in document.items() if value not in (None, "")}
    if "carbs" in stated:
        yield "carbs", "g", stated["carbs"], Flag.MANUAL
    if "insulin" in stated:
        yield "insulin", "U", stated["insulin"], 0
    # A sensor's value is a copy of one among the entries.
    if "glucose" in stated and stated.get("glucoseType") != _SENSOR:
        unit = str(stated.get("units", ""))
        flags = Flag.MANUAL if stated.get("glucoseType") == _TYPED_IN else 0
        yield "glucose", _GLUCOSE_UNITS.get(unit.lower(), unit), stated["glucose"], flags


def _record(document: dict[str, Any], at: int) -> Record:
    named = document.get("eventType")
    event = named if isinstance(named, str) and named not in _NO_EVENT else ""
    # Exercise is shared as an activity, unless it tells of glucose and insulin as well.
    is_activity = event == _EXERCISE and not any(document.get(key) for key in _TELLING)
    start = datetime.fromtimestamp(at / 1000, UTC)
    minutes = number(document.get("duration"))
    return Record(
        type=RecordType.ACTIVITY if is_activity else RecordType.TREATMENT,
        identity=_identity(document, event),
        system="nightscout" if event else "",
        code=event,
        text=event or "Treatment",
        status="",
        start=start,
        end=start + timedelta(minutes=minutes) if minutes and 0 < minutes <= _LONGEST else None,
        body=document,
        topic="vitals" if is_activity else "glucose",
        source=SOURCE,
    )


def _identity(document: dict[str, Any], event: str) -> str:
    """Its id; without one the time and the event, which are one treatment to Nightscout itself."""
    own = document.get("_id") or document.get("identifier")
    # A copy of the site's database writes its ids as objects.
    own = own.get("$oid") if isinstance(own, dict) else own
    if isinstance(own, str):
        return own
    created = document.get("created_at") or document.get("timestamp") or document.get("date")
    return f"{created} {event}".strip()


def _when(document: dict[str, Any], zone: tzinfo) -> tuple[int, int | None] | None:
    """The instant of created_at, or of the others where that is missing; and its offset where it is known."""
    for key in ("created_at", "timestamp", "date", "mills"):
        written = document.get(key)
        if written in (None, ""):
            continue
        milliseconds = number(written)
        if milliseconds is not None:
            return (round(milliseconds), None) if 0 < milliseconds < _LAST else None
        moment = parse_instant(str(written), zone)
        if moment is None or not _FIRST <= moment[0] < _LAST:
            return None
        at, offset = moment
        return at, None if offset == UNKNOWN_OFFSET else offset
    return None
