"""Garmin Connect's times: in GMT as numbers or texts, and once more as a clock showed them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from twin.intake.clock import DAY, HOUR, MINUTE
from twin.intake.json_values import number
from twin.intake.parsing import MOST_OFFSET, parse_instant

_SHORTEST_DAY, _LONGEST_DAY = 23 * HOUR, 25 * HOUR
_END_OF_TIME = 253_402_300_800_000  # the year 10000, in ms


@dataclass(frozen=True, slots=True)
class Span:
    """`start` in milliseconds since 1970, None where it is not stated; `offset` in minutes east of UTC."""

    start: int | None
    duration: int
    offset: int | None


def instant(written: Any) -> int | None:
    """Milliseconds since 1970 of a GMT time, which is a number of them or a text that names no zone."""
    if isinstance(written, str):
        parsed = parse_instant(written, UTC)
        return parsed[0] if parsed else None
    at = number(written)
    return round(at) if at is not None and 0 < at < _END_OF_TIME else None


def east_of_utc(holder: Mapping[str, Any], gmt: str, local: str) -> int | None:
    """Minutes, by the two members that tell one moment both ways."""
    at, shown = instant(holder.get(gmt)), instant(holder.get(local))
    if at is None or shown is None or (shown - at) % MINUTE or abs(shown - at) > MOST_OFFSET * MINUTE:
        return None
    return (shown - at) // MINUTE


def day(start: int | None, end: int | None, offset: int | None) -> Span:
    """A whole day; one that is not over yet is as long as one that is, so that its totals grow in place."""
    if start is None or end is None or not _SHORTEST_DAY <= end - start <= _LONGEST_DAY:
        return Span(start, DAY, offset)
    return Span(start, end - start, offset)
