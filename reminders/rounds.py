"""How a reminder goes on: by which channel a person is told next, when to look again, when it is over. Pure.

A round tells each person by her channels in their order, the next one only where the one before did not reach
her. Rounds follow each other until somebody answers or it is too late.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo

LIVE = "live"
LIVE_SHOWS_WITHIN = timedelta(seconds=15)
"""An open page shows what comes within moments or not at all: a working choice."""


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From one time of day to another by a zone's clock, over midnight where the second is earlier."""

    since: time
    until: time
    zone: tzinfo

    def end_of(self, now: datetime) -> datetime | None:
        """When the quiet hours end in which `now` lies; None outside of them. Equal times are no hours."""
        local = now.astimezone(self.zone)
        for day in (local.date() - timedelta(days=1), local.date()):
            start = datetime.combine(day, self.since, self.zone)
            over_midnight = timedelta(days=self.until < self.since)
            end = datetime.combine(day + over_midnight, self.until, self.zone)
            # Compared as instants: on a day that changes the clock the same wall time may come twice.
            if start.timestamp() <= now.timestamp() < end.timestamp():
                return end.astimezone(now.tzinfo)
        return None


@dataclass(frozen=True, slots=True)
class Wishes:
    """How one person wants to be told: by channels that can reach her, in her order."""

    channels: Sequence[str]
    fallback: timedelta
    quiet: QuietHours | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one channel in this round: handed over `at` or given up, and whether it was displayed.

    `waits_until` is set while it waits for another try.
    """

    channel: str
    at: datetime | None
    is_displayed: bool = False
    waits_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done for one person now: tell her by `channel`, or nothing; and when to look again.

    `look_at` None: there is nothing more to do for her in this round.
    """

    channel: str | None
    look_at: datetime | None


def next_step(wishes: Wishes, told: Sequence[Told], *, may_disturb: bool, now: datetime) -> Step:
    """The next step for one person in a round. `told` is what was done in it already.

    A channel that reached her ends the round: what was displayed needs no second channel. `may_disturb` lets
    the quiet hours be passed over.
    """
    if any(one.is_displayed for one in told):
        return Step(None, None)
    quiet_until = None if may_disturb or wishes.quiet is None else wishes.quiet.end_of(now)
    if quiet_until is not None:
        return Step(None, quiet_until)
    waiting = [one for one in told if one.waits_until is not None]
    ready = next((one for one in waiting if one.waits_until is not None and one.waits_until <= now), None)
    if ready is not None:
        return Step(ready.channel, now + _patience(wishes, ready.channel))
    looks = [one.waits_until for one in waiting if one.waits_until is not None]
    looks += [
        until
        for one in told
        if one.at is not None and (until := one.at + _patience(wishes, one.channel)) > now
    ]
    if looks:
        return Step(None, min(looks))
    tried = {one.channel for one in told}
    for channel in wishes.channels:
        if channel not in tried:
            return Step(channel, now + _patience(wishes, channel))
    return Step(None, None)


def next_round(
    round_at: datetime, *, at: datetime, repeat: timedelta | None, too_late_at: datetime
) -> datetime | None:
    """When the round after that of `round_at` begins; None where there is none in time.

    A notice before the moment `at` is followed by the round at that moment.
    """
    if round_at < at:
        return at
    if repeat is None or round_at + repeat >= too_late_at:
        return None
    return round_at + repeat


def first_round(at: datetime, notice: timedelta, *, now: datetime) -> datetime:
    """When a reminder of a moment begins: a notice ahead of it, or now where that is over, else then."""
    return max(at - notice, min(at, now))


def look_again(steps: Iterable[Step], following: datetime | None, too_late_at: datetime) -> datetime:
    """When a reminder is due next: the earliest of what people wait for, its next round and its end."""
    looks = [step.look_at for step in steps if step.look_at is not None]
    return min([*looks, *([following] if following is not None else []), too_late_at])


def _patience(wishes: Wishes, channel: str) -> timedelta:
    """How long a channel is given to reach her before the next one follows."""
    return min(LIVE_SHOWS_WITHIN, wishes.fallback) if channel == LIVE else wishes.fallback
