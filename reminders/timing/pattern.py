"""What a plan's timing is made of: how often, at which times, in which rhythm. Pure values."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Literal

from reminders.timing.codes import ANCHORS

Unit = Literal["h", "d", "wk", "mo", "a"]
HOURS_A_DAY = 24
FIRST_YEAR, LAST_YEAR = 1900, 2200
"""Between these a course may begin and end: what lies beyond is a slip of the pen."""


class TimingError(ValueError):
    """What of a timing cannot be, in a sentence for people; `field` is its path in the body.

    `to_confirm`: it may well be right, but can be read in more than one way, and a person has to say which.
    """

    def __init__(self, field: str, reason: str, *, to_confirm: bool = False) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason
        self.to_confirm = to_confirm


@dataclass(frozen=True, slots=True)
class Repeat:
    """So many times a period, as FHIR has it.

    `weekdays` from Monday, 0. Its times of a day are `clock`, or `when` (events of the person's own day,
    `offset` minutes before or after them), or with neither the usual ones for so many times.
    """

    frequency: int
    period: int
    unit: Unit
    weekdays: tuple[int, ...] = ()
    clock: tuple[time, ...] = ()
    when: tuple[str, ...] = ()
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class Cycle:
    """So many days with doses, then so many without, from the course's first day on."""

    on: int
    off: int


@dataclass(frozen=True, slots=True)
class Step:
    """A stretch of a taper: so many days of one amount; `days` None is until the course ends."""

    days: int | None
    amount: Decimal


@dataclass(frozen=True, slots=True)
class AsNeeded:
    """What limits doses that nobody plans: how far apart, and how many within any 24 hours."""

    minimum_gap: timedelta | None = None
    maximum_per_day: int | None = None


@dataclass(frozen=True, slots=True)
class EveryHours:
    """True hours between doses, whatever the clocks do, counted from a first instant in UTC."""

    hours: int
    first: datetime


@dataclass(frozen=True, slots=True)
class Timing:
    """When doses are due: one of `repeat`, `every_hours` and `as_needed`, with what varies it.

    `amounts` are one for each of the named times. `minimum_gap` holds between doses that a change of the
    clock or a journey would bring closer together. Made by `parse`, which has checked that it can be.
    """

    code: str | None = None
    repeat: Repeat | None = None
    amounts: tuple[Decimal, ...] = ()
    cycle: Cycle | None = None
    taper: tuple[Step, ...] = ()
    as_needed: AsNeeded | None = None
    every_hours: EveryHours | None = None
    minimum_gap: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Routine:
    """The person's own day by the clock; what it does not name is the product's default.

    A time before that of waking is of the night after: who wakes at seven may go to bed at half past twelve.
    Raises TimingError unless the times follow each other.
    """

    wake: time = ANCHORS["wake"]
    breakfast: time = ANCHORS["breakfast"]
    lunch: time = ANCHORS["lunch"]
    dinner: time = ANCHORS["dinner"]
    bed: time = ANCHORS["sleep"]

    def __post_init__(self) -> None:
        before, since = "wake", 0
        for name in ("breakfast", "lunch", "dinner", "bed"):
            at = self.minutes(name) - self.minutes("wake")
            if at <= since and not (name == "breakfast" and at == 0):
                raise TimingError(name, f"In a day, {name} comes after {before}.")
            before, since = name, at

    def minutes(self, name: str) -> int:
        """Minutes from the midnight before waking to an anchor; beyond 24 hours after the next midnight."""
        at, wake = _minute(getattr(self, name)), _minute(self.wake)
        return at if at >= wake else at + HOURS_A_DAY * 60


@dataclass(frozen=True, slots=True)
class Pause:
    """Days without doses, both included; `until` None is until further notice."""

    since: date
    until: date | None = None

    def __post_init__(self) -> None:
        if self.until is not None and self.until < self.since:
            raise TimingError("pauses", "A pause ends before it begins.")


@dataclass(frozen=True, slots=True)
class Course:
    """A timing from its first day to its last, both included; `amount` is that of each dose unless it varies.

    `end` None is until further notice. Raises TimingError when it ends before it starts.
    """

    timing: Timing
    start: date
    end: date | None = None
    pauses: tuple[Pause, ...] = field(default=())
    amount: Decimal | None = None

    def __post_init__(self) -> None:
        for name, day in (("start", self.start), ("end", self.end)):
            if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR:
                raise TimingError(name, f"Years from {FIRST_YEAR} to {LAST_YEAR} are possible.")
        if self.end is not None and self.end < self.start:
            raise TimingError("end", "The end is before the start.")
        if self.amount is not None and not self.amount > 0:
            raise TimingError("amount", "An amount is above 0.")

    def paused_on(self, day: date) -> bool:
        """Whether a day lies in one of the pauses."""
        return any(
            pause.since <= day and (pause.until is None or day <= pause.until) for pause in self.pauses
        )


@dataclass(frozen=True, slots=True)
class Due:
    """One dose: the instant in UTC at which it is due, and the wall time that was promised.

    `slot` names the dose for good, whatever becomes of clocks and journeys: the promised minute, or with true
    hours the instant. A minute that comes again with a day that comes twice is `~2`.
    """

    at: datetime
    local: datetime
    slot: str
    amount: Decimal | None


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute
