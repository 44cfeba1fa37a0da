"""Dates and times of day as exports write them for a wall clock, in no zone. Pure."""

import re
from datetime import date
from functools import lru_cache

DAY = 24 * 60 * 60 * 1000
MINUTE = 60_000
HOUR = 60 * MINUTE

_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d\d)", re.ASCII)
_YEAR_FIRST = re.compile(r"(\d{4})([-/])(\d{1,2})\2(\d{1,2})", re.ASCII)
_CLOCK = re.compile(
    r"(\d{1,2}):(\d\d)(?::(\d\d)(?:\.(\d{1,3})\d*)?)?(?:[ \u202f]?([AP]M))?", re.ASCII | re.IGNORECASE
)
_EPOCH = date(1970, 1, 1).toordinal()


@lru_cache(maxsize=4096)
def parse_date(text: str, *, day_first: bool = False) -> date | None:
    """A date as 4/12/2016, 03-01-24 (this century) or 2016-04-12; None when it is no date.

    Where the year stands last, the month stands first unless `day_first`.
    """
    if match := _YEAR_LAST.fullmatch(text):
        first, second, year = int(match[1]), int(match[3]), int(match[4])
        day, month = (first, second) if day_first else (second, first)
        year += 2000 if len(match[4]) == 2 else 0
    elif match := _YEAR_FIRST.fullmatch(text):
        year, month, day = int(match[1]), int(match[3]), int(match[4])
    else:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


@lru_cache(maxsize=100_000)
def parse_clock(text: str) -> int | None:
    """Milliseconds after midnight of 11:19:05 AM, 0:00 or 23:10:30.000; None when it is no time of day."""
    match = _CLOCK.fullmatch(text)
    if match is None:
        return None
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    half = match[5]
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half.upper() == "PM" else 0)
    if hour > 23 or minute > 59 or second > 59:
        return None
    return ((hour * 60 + minute) * 60 + second) * 1000 + int((match[4] or "0").ljust(3, "0"))


def parse_wall(text: str, *, day_first: bool = False) -> int | None:
    """Wall-clock milliseconds since 1970 of a date with or without a time of day; None when it is neither."""
    day, _, clock = text.strip().replace("T", " ", 1).partition(" ")
    on = parse_date(day, day_first=day_first)
    at = parse_clock(clock) if clock else 0
    return None if on is None or at is None else midnight_wall(on) + at


def midnight_wall(on: date) -> int:
    """Wall-clock milliseconds since 1970 at which a date begins."""
    return (on.toordinal() - _EPOCH) * DAY
