"""Whether the clock goes: the scheduler asks a worker every minute to write down that both are there.

A dead man's switch: what is watched is that nothing is written. The web process, which neither of them needs,
says so at /health, in the pages and on each socket.
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db import DatabaseError, transaction
from django.utils import timezone

from backend.models import ClockBeat

STOPPED_AFTER = timedelta(minutes=3)
"""Two beats may be missed, as while a worker restarts."""
LOOKS_EVERY = 15.0
"""Seconds for which a web process goes by what it has seen."""

_started = time.monotonic()


class Clock(StrEnum):
    """What is known of the clock."""

    GOES = "goes"
    STARTING = "starting"  # this process is too young to say
    STOPPED = "stopped"
    UNKNOWN = "unknown"  # the database does not answer


WELL = (Clock.GOES, Clock.STARTING)


@dataclass(slots=True)
class Seen:
    """What this process saw of the clock, and when, by its own clock in seconds."""

    at: float = -LOOKS_EVERY
    clock: Clock = Clock.STARTING


_seen = Seen()


def beat(*, now: datetime) -> None:
    """Writes down that scheduler and workers went round."""
    ClockBeat.objects.update_or_create(name="clock", defaults={"at": now})


def clock_at(now: datetime, *, up_for: timedelta) -> Clock:
    """How the clock stands by its last beat, seen from a process that has been up for a while."""
    try:
        with transaction.atomic():
            last = ClockBeat.objects.filter(name="clock").values_list("at", flat=True).first()
    except DatabaseError:
        return Clock.UNKNOWN
    if last is not None and now - last < STOPPED_AFTER:
        return Clock.GOES
    return Clock.STARTING if up_for < STOPPED_AFTER else Clock.STOPPED


def up_for() -> timedelta:
    """How long this process has been up."""
    return timedelta(seconds=time.monotonic() - _started)


def clock_seen() -> Clock:
    """How the clock stands by what this process last saw, which it looks after every LOOKS_EVERY seconds."""
    if time.monotonic() - _seen.at > LOOKS_EVERY:
        _seen.clock = clock_at(timezone.now(), up_for=up_for())
        _seen.at = time.monotonic()
    return _seen.clock
