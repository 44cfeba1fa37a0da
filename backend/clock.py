"""Whether the clock goes: the scheduler asks a worker every minute to write down that both are there.

A dead man's switch: what is watched is that nothing is written. The web process, which neither of them needs,
says so at /health and in the console.
"""

import time
from datetime import datetime, timedelta
from enum import StrEnum

from django.db import DatabaseError, transaction

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
