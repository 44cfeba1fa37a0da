"""FHIR's date and dateTime: what a text that may name only a year, a month or a day stands for. Pure."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Any

from twin.instants import milliseconds

_TEXT = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)"
    r"(?:T(?P<clock>\d\d:\d\d(?::\d\d)?)(?:\.(?P<fraction>\d+))?(?P<offset>Z|[+-]\d\d:\d\d)?)?)?)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Moment:
    """The stretch of time that a FHIR date names: `start` inclusive to `end` exclusive, both UTC.

    An instant has no length. `precise` is true for an instant or a whole day, false for a month or a year.
    `offset` is minutes east of UTC where the text states them; "Z" states none (RFC 9557, section 2.2).
    """

    start: datetime
    end: datetime
    precise: bool
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """When something was so; either end may be unknown."""

    start: Moment | None
    end: Moment | None

    @property
    def precise(self) -> bool:
        """Whether a sample can be placed on it: it begins, and ends neither before that nor vaguely."""
        if self.start is None or not self.start.precise:
            return False
        if self.end is None:
            return True
        in_order = self.end.end > self.start.start or self.end.start == self.start.start
        return self.end.precise and in_order

    def milliseconds(self) -> tuple[int, int]:
        """Start and duration of a precise span; an open one has the length of its beginning."""
        if self.start is None:
            raise ValueError("the span has no start")
        last = self.end or self.start
        start = milliseconds(self.start.start)
        return start, milliseconds(last.end) - start


def parse_moment(text: Any, zone: tzinfo) -> Moment:
    """The moment that a FHIR date, dateTime or instant names; days, months and years are those of `zone`.

    A time without an offset, which FHIR forbids, is taken in `zone`. Raises ValueError.
    """
    match = _TEXT.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"{text!r} is not a FHIR date")
    year, month, day = int(match["year"]), int(match["month"] or 1), int(match["day"] or 1)
    try:
        if match["clock"]:
            return _at(date(year, month, day), match, zone)
        first = date(year, month, day)
        if match["day"]:
            after = first + timedelta(days=1)
        elif match["month"]:
            after = date(year + month // 12, month % 12 + 1, 1)
        else:
            after = date(year + 1, 1, 1)
        start, end = (datetime(d.year, d.month, d.day, tzinfo=zone).astimezone(UTC) for d in (first, after))
        return Moment(start, end, precise=match["day"] is not None)
    except OverflowError:
        raise ValueError(f"{text!r} lies outside the calendar") from None


def span_of(resource: dict[str, Any], stem: str, zone: tzinfo) -> Span:
    """When `stem` (effective, onset, performed, ...) says the resource was so; raises ValueError.

    Reads the choices DateTime, Instant and Period; any other (an age, a text, a timing) says no instant.
    """
    for choice in ("DateTime", "Instant"):
        if (text := resource.get(stem + choice)) is not None:
            return Span(parse_moment(text, zone), None)
    period = resource.get(stem + "Period")
    if not isinstance(period, dict):
        return Span(None, None)
    start, end = (
        None if period.get(edge) is None else parse_moment(period[edge], zone) for edge in ("start", "end")
    )
    return Span(start, end)


def _at(day: date, match: re.Match[str], zone: tzinfo) -> Moment:
    clock = time.fromisoformat(match["clock"])
    microsecond = int((match["fraction"] or "0")[:6].ljust(6, "0"))
    offset = match["offset"]
    place: tzinfo = zone
    minutes = None
    if offset == "Z":
        place = UTC
    elif offset:
        hours, rest = int(offset[1:3]), int(offset[4:6])
        minutes = (hours * 60 + rest) * (-1 if offset[0] == "-" else 1)
        place = timezone(timedelta(minutes=minutes))
    at = datetime.combine(day, clock.replace(microsecond=microsecond), place).astimezone(UTC)
    return Moment(at, at, True, minutes)
