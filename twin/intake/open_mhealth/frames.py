"""The effective time frame of an Open mHealth body: an instant, or an interval by two of its parts. Pure."""

from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from twin.intake.json_entries import member
from twin.intake.json_values import number
from twin.intake.parsing import parse_instant
from twin.series.columns import UNKNOWN_OFFSET

# Milliseconds; a month and a year have no certain length.
_LENGTHS = {
    "ps": 1e-9,
    "ns": 1e-6,
    "us": 1e-3,
    "ms": 1.0,
    "sec": 1e3,
    "min": 6e4,
    "h": 3.6e6,
    "d": 8.64e7,
    "wk": 6.048e8,
}
_LONGEST = 1e15


@dataclass(frozen=True, slots=True)
class Frame:
    """Start and duration in milliseconds; `offset` in minutes east of UTC, None where no place is named."""

    start: int
    duration: int
    offset: int | None
    is_interval: bool


def frame_of(body: dict[str, Any], zone: tzinfo) -> Frame:
    """When the body was so. Raises ValueError, in words, where it does not say so exactly.

    A time without an offset, which the schemas forbid, is on the wall clock of `zone`.
    """
    frame = member(body, "effective_time_frame")
    if "date_time" in frame:
        start, offset = _instant(frame["date_time"], zone)
        return Frame(start, 0, offset, is_interval=False)
    interval = member(frame, "time_interval")
    if not interval:
        raise ValueError("no time frame" if not frame else f"a time frame of {', '.join(sorted(frame))[:60]}")
    if "date" in interval:
        raise ValueError(f"{interval.get('part_of_day')} of {interval['date']}")
    return _interval(interval, zone)


def _interval(interval: dict[str, Any], zone: tzinfo) -> Frame:
    start, end = (
        _instant(interval[key], zone) if key in interval else None
        for key in ("start_date_time", "end_date_time")
    )
    duration = _length(interval["duration"]) if "duration" in interval else None
    if start is not None and end is not None:
        duration = end[0] - start[0]
    elif end is not None and duration is not None:
        start = (end[0] - duration, end[1])
    if start is None or duration is None:
        raise ValueError("an interval of one end")
    if duration < 0:
        raise ValueError("an interval that ends before it begins")
    return Frame(start[0], duration, start[1], is_interval=True)


def _instant(written: Any, zone: tzinfo) -> tuple[int, int | None]:
    instant = parse_instant(written, zone) if isinstance(written, str) else None
    if instant is None:
        raise ValueError(f"{written}")
    at, offset = instant
    return at, None if offset == UNKNOWN_OFFSET else offset


def _length(written: Any) -> int:
    quantity = written if isinstance(written, dict) else {}
    value, length = number(quantity.get("value")), _LENGTHS.get(str(quantity.get("unit")))
    if value is None or length is None or not 0 <= value * length <= _LONGEST:
        raise ValueError(f"a duration of {quantity.get('value')} {quantity.get('unit')}")
    return round(value * length)
