"""How often a device or app speaks, and whether it has been quiet for longer than it ever is. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from statistics import median

MOST_DAYS = 60
"""Days that are remembered of one source."""
LEAST_DAYS = 6
"""Fewer days, with fewer than five pauses between them, are no habit."""
LEAST_PATIENCE = 2
"""Days of quiet that are never news: an empty battery, a day at the lake."""
PATIENCE = 1.5
"""So many times its long pauses a source may be quiet."""
LONG = 0.95
"""The share of its pauses than which a long one is not shorter: one long holiday makes no habit."""
RETIRED_AFTER = timedelta(days=365)


class Voice(StrEnum):
    """What the quiet of a source means."""

    SPEAKING = "speaking"
    SILENT = "silent"
    RETIRED = "retired"  # put away on purpose: nobody has to be told any more
    UNKNOWN = "unknown"  # it has not spoken often enough to have a habit


@dataclass(frozen=True, slots=True)
class Habit:
    """A source speaks every `usual` days, and is silent when it has not for more than `patience` days."""

    usual: int
    patience: int


def remembered(spoke_on: Sequence[date], day: date) -> list[date]:
    """The days on which a source spoke with one more, the newest first, without those that no habit needs.

    The given ones stand newest first too. A day that is there already, or lies before the newest, adds none.
    """
    if spoke_on and spoke_on[0] >= day:
        return list(spoke_on)
    return [one for one in (day, *spoke_on) if day - one < RETIRED_AFTER][:MOST_DAYS]


def habit(spoke_on: Sequence[date]) -> Habit | None:
    """What the days on which a source spoke, the newest first, make its habit; None for too few of them."""
    if len(spoke_on) < LEAST_DAYS:
        return None
    pauses = sorted((later - earlier).days for later, earlier in pairwise(spoke_on))
    long = pauses[math.ceil(LONG * (len(pauses) - 1))]
    return Habit(round(median(pauses)), max(LEAST_PATIENCE, math.ceil(PATIENCE * long)))


def voice(spoke_on: Sequence[date], today: date) -> Voice:
    """What it means that a source has not spoken since the newest of these days, which stands first."""
    if not spoke_on:
        return Voice.UNKNOWN
    if today - spoke_on[0] >= RETIRED_AFTER:
        return Voice.RETIRED
    known = habit(spoke_on)
    if known is None:
        return Voice.UNKNOWN
    return Voice.SILENT if (today - spoke_on[0]).days > known.patience else Voice.SPEAKING


def silent_since(spoke_on: Sequence[date], now: datetime) -> datetime | None:
    """The midnight, UTC, at which the quiet of a source became longer than its habit; None if it is not."""
    known = habit(spoke_on)
    if known is None or voice(spoke_on, now.astimezone(UTC).date()) is not Voice.SILENT:
        return None
    return datetime.combine(spoke_on[0] + timedelta(days=known.patience + 1), time.min, UTC)
