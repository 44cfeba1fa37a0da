"""FIT sessions as records: a run, a ride, a swim, with what the device sums up of it. Pure."""

from datetime import datetime, timedelta
from typing import Any

from twin.intake.fit import profile
from twin.intake.fit.protocol import Message
from twin.intake.items import Record, RecordType

SESSION = profile.number_of("session")

_START, _SPORT, _SUB_SPORT, _ELAPSED = 2, 5, 6, 7
_SYSTEM = "https://developer.garmin.com/fit"


def record(message: Message, *, source: str, serial: int | None) -> Record:
    """The record of one session; `start` and `end` are None where the file has relative times alone."""
    start = message.whole(_START)
    sport = profile.word("sport", message.whole(_SPORT)) or "generic"
    sub_sport = profile.word("sub_sport", message.whole(_SUB_SPORT)) or "generic"
    names = [sport] if sub_sport in ("generic", sport) else [sport, sub_sport]
    text = ", ".join(names).replace("_", " ").capitalize()
    began = message.time if start is None else start
    return Record(
        type=RecordType.ACTIVITY,
        identity=f"{serial if serial is not None else source}:{began}:{sport}",
        system=_SYSTEM,
        code=sport,
        text="Activity" if names == ["generic"] else text,
        status="completed",
        start=profile.moment(start),
        end=_end(message, start),
        body=_body(message),
        topic="vitals",
        source=source,
    )


def _end(message: Message, start: int | None) -> datetime | None:
    begun, elapsed = profile.moment(start), message.whole(_ELAPSED)
    if begun is None or elapsed is None or elapsed < 0:
        return profile.moment(message.time)
    return begun + timedelta(milliseconds=min(elapsed, 0xFFFF_FFFF))


def _body(message: Message) -> dict[str, Any]:
    body = {}
    for number, raw in sorted(message.fields.items()):
        field = profile.field_of(SESSION, number)
        # Where somebody starts to run is mostly where they live.
        if field is None or field.units == "semicircles":
            continue
        rendered = [_rendered(field, one) for one in raw] if isinstance(raw, tuple) else _rendered(field, raw)
        if rendered is not None:
            body[str(field.name)] = rendered
    return body


def _rendered(field: Any, raw: Any) -> Any:
    if raw is None or isinstance(raw, bytes):
        return None
    if isinstance(raw, str):
        return raw
    if field.type.name == "date_time" and isinstance(raw, int):
        at = profile.moment(raw) if 0 <= raw <= 0xFFFF_FFFF else None
        return raw if at is None else at.isoformat()
    if field.type.enum:
        return field.type.enum.get(raw, raw)
    return profile.scaled(field, raw) if field.scale or field.offset else raw
