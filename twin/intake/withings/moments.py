"""When something of Withings was: seconds since the epoch, and the zone named beside them. Pure."""

from typing import Any

from twin.intake.json_values import number
from twin.intake.wall_time import offset_at, zone_named

_LAST = 253_370_764_800  # the year 9999, in seconds


def instant(seconds: Any) -> int | None:
    """Milliseconds since the epoch; None when there is no instant."""
    stated = number(seconds)
    return round(stated * 1000) if stated is not None and 0 < stated < _LAST else None


def offset_of(at: int, zone: Any) -> int | None:
    """Minutes east of UTC at an instant in the zone of this name; None when it names none."""
    named = zone_named(zone) if isinstance(zone, str) else None
    return None if named is None else offset_at(at, named)
