"""Bodies of Open mHealth that are no measurements: a session of moving, a prescription. Pure."""

import hashlib
import json
from datetime import datetime, tzinfo
from typing import Any

from twin.instants import instant
from twin.intake.items import ProblemCode, Record, RecordType
from twin.intake.json_entries import member, text
from twin.intake.open_mhealth.frames import Frame, frame_of
from twin.intake.open_mhealth.measures import LENGTHS, Unfit, quantity
from twin.intake.parsing import parse_instant

_RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"


def activity_of(body: dict[str, Any], identity: str, source: str, zone: tzinfo) -> Record:
    """A physical-activity body. Raises Unfit.

    One that names a part of a day begins with that day in `zone`, one that names no time has none.
    """
    if "distance" in body:
        quantity(body["distance"], LENGTHS, "distance")
    start = end = None
    if "effective_time_frame" in body:
        start, end = _when(body, zone)
    name = text(body, "activity_name")
    return Record(
        type=RecordType.ACTIVITY,
        identity=identity or _digest("physical-activity", body),
        system="",
        code="",
        text=name,
        status="",
        start=start,
        end=end,
        body=body,
        topic="vitals",
        source=source,
    )


def prescription_of(body: dict[str, Any], identity: str, source: str) -> Record:
    """A medication-prescription body; raises Unfit where it lacks the drug, a dose or how long to take it."""
    medication = member(body, "medication")
    name = text(medication, "trade_name") or text(medication, "generic_name")
    schedule = body.get("schedule")
    if not name or not isinstance(schedule, list) or not schedule:
        raise Unfit(ProblemCode.MALFORMED, "a prescription without a drug or a schedule")
    for step in schedule:
        if not member(step, "medication_dose") or not member(step, "dose_duration"):
            raise Unfit(ProblemCode.MALFORMED, "a prescription without a dose or its duration")
    code = medication.get("rxnorm_code")
    return Record(
        type=RecordType.MEDICATION,
        identity=identity or _digest("medication-prescription", body),
        system=_RXNORM if code else "",
        code=str(code or "")[:100],
        text=name,
        status="",
        start=None,
        end=None,
        body=body,
        topic="medication",
        source=source,
    )


def _when(body: dict[str, Any], zone: tzinfo) -> tuple[datetime, datetime | None]:
    day = member(member(body, "effective_time_frame"), "time_interval").get("date")
    if isinstance(day, str):
        midnight = parse_instant(f"{day}T00:00", zone)
        if midnight is None:
            raise Unfit(ProblemCode.BAD_TIME, day)
        return _moment(midnight[0]), None
    try:
        frame: Frame = frame_of(body, zone)
    except ValueError as error:
        raise Unfit(ProblemCode.BAD_TIME, error) from None
    return _moment(frame.start), _moment(frame.start + frame.duration) if frame.is_interval else None


def _moment(milliseconds: int) -> datetime:
    try:
        return instant(milliseconds)
    except OverflowError:
        raise Unfit(ProblemCode.BAD_TIME, f"{milliseconds} ms after 1970") from None


def _digest(schema: str, body: dict[str, Any]) -> str:
    content = json.dumps(body, sort_keys=True, ensure_ascii=False)
    return f"{schema}#{hashlib.sha256(content.encode(errors='replace')).hexdigest()}"
