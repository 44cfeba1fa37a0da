"""Whether a dose may be taken at an instant. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from reminders.timing.pattern import Timing

WINDOW = timedelta(hours=24)
"""A day's maximum holds for any 24 hours: by calendar days, twice as much would fit around midnight."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not, in a sentence for people, and from when on it is possible."""

    reason: str
    until: datetime


def may_take(timing: Timing, taken: Sequence[datetime], now: datetime) -> Refusal | None:
    """None when one more dose is possible at `now`, as far as its minimum gap and its maximum go.

    `taken` are the instants of the doses so far, in any order; one in the future counts as taken. A plan
    with times of its own is held to its minimum gap only.
    """
    needed = timing.as_needed
    gap = needed.minimum_gap if needed else timing.minimum_gap
    most = needed.maximum_per_day if needed else None
    refusals = []
    newest = sorted(taken)
    if gap is not None and newest and now < newest[-1] + gap:
        hours = f"{gap / timedelta(hours=1):g}"
        refusals.append(Refusal(f"Doses are at least {hours} hours apart.", newest[-1] + gap))
    if most is not None and len(newest) >= most and now < newest[-most] + WINDOW:
        refusals.append(Refusal(f"At most {most} doses within 24 hours.", newest[-most] + WINDOW))
    return max(refusals, key=lambda refusal: refusal.until, default=None)
