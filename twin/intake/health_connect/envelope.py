"""What every record of Health Connect has: its type, its time, and who wrote it how. Pure."""

import re
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from twin.intake.json_entries import member, text
from twin.intake.json_values import number
from twin.intake.parsing import MOST_OFFSET, parse_instant
from twin.series.columns import UNKNOWN_OFFSET, Flag

# RECORDING_METHOD_MANUAL_ENTRY of androidx.health.connect.client.records.metadata.Metadata.
_TYPED_IN = frozenset({3, "RECORDING_METHOD_MANUAL_ENTRY", "MANUAL_ENTRY"})
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)(?::?\d\d)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Envelope:
    """`start` and `duration` in milliseconds, None where the record says none; `offset` in minutes."""

    start: int | None
    duration: int | None
    offset: int | None
    identity: str
    source: str
    flags: int


def type_of(record: dict[str, Any]) -> str:
    """The name of a record's class without its "Record"; an empty one where it names none."""
    name = text(record, "type") or text(record, "recordType")
    return name.removesuffix("Record")


def envelope_of(record: dict[str, Any], zone: tzinfo) -> Envelope:
    """The envelope of an instantaneous record, or of one with a start and an end."""
    metadata = member(record, "metadata")
    is_instant = "time" in record
    start = instant(record.get("time" if is_instant else "startTime"), zone)
    end = start if is_instant else instant(record.get("endTime"), zone)
    stated = next(
        (
            offset
            for key in ("zoneOffset", "startZoneOffset", "endZoneOffset")
            if (offset := _offset(record.get(key))) is not None
        ),
        None,
    )
    origin = metadata.get("dataOrigin")
    method = metadata.get("recordingMethod")
    return Envelope(
        start=start[0] if start else None,
        duration=end[0] - start[0] if start and end else None,
        offset=stated if stated is not None or start is None else start[1],
        identity=text(metadata, "id"),
        source=origin if isinstance(origin, str) else text(member(metadata, "dataOrigin"), "packageName"),
        flags=Flag.MANUAL if isinstance(method, int | str) and method in _TYPED_IN else 0,
    )


def instant(written: Any, zone: tzinfo) -> tuple[int, int | None] | None:
    """Milliseconds since the epoch, and minutes east of UTC where the text states them; None for no time."""
    parsed = parse_instant(written, zone) if isinstance(written, str) else None
    if parsed is None:
        return None
    return parsed[0], None if parsed[1] == UNKNOWN_OFFSET else parsed[1]


def _offset(written: Any) -> int | None:
    """Minutes east of UTC of a ZoneOffset, as an object, as "+02:00" or "Z", or in seconds."""
    if isinstance(written, dict):
        seconds = number(written.get("totalSeconds"))
        return _offset(written.get("id")) if seconds is None else _minutes(seconds)
    if isinstance(written, int | float):
        return _minutes(number(written))
    if written == "Z":
        return 0
    match = _OFFSET.fullmatch(written) if isinstance(written, str) else None
    if match is None:
        return None
    minutes = int(match[2]) * 60 + int(match[3])
    return _minutes(60 * (-minutes if match[1] == "-" else minutes))


def _minutes(seconds: float | None) -> int | None:
    if seconds is None or abs(seconds) > MOST_OFFSET * 60:
        return None
    return round(seconds / 60)
