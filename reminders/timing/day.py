"""On which days a course has doses, and at which times of such a day. Pure."""

from calendar import monthrange
from collections.abc import Sequence
from datetime import date, time, timedelta
from decimal import Decimal
from itertools import pairwise

from reminders.timing.codes import DAILY, EACH_MEAL, EVENTS, HOURLY
from reminders.timing.pattern import HOURS_A_DAY, Course, Repeat, Routine, Timing, TimingError

DAY = HOURS_A_DAY * 60
"""Minutes."""
LEAST_ROOM = 60
"""Minutes that minimum gaps have to leave free in a round of doses, to make up for a change of the clock."""
_MONTHS_A_YEAR = 12
_MINUTE = timedelta(minutes=1)


def times_needed(clock: Sequence[time], when: Sequence[str]) -> int:
    """How many times of the day are named."""
    return len(clock) + sum(len(EACH_MEAL.get(name, (name,))) for name in when)


def usual_clock(repeat: Repeat) -> tuple[time, ...]:
    """The clock times of one that names none; empty when there are no usual ones."""
    if repeat.unit == "h":
        return HOURLY[min(repeat.period, HOURS_A_DAY)]
    return DAILY.get(
        repeat.frequency // (len(repeat.weekdays) if repeat.unit == "wk" and repeat.weekdays else 1), ()
    )


def times_of(timing: Timing, routine: Routine) -> list[tuple[int, Decimal | None]]:
    """The times of one day with doses, in minutes from its midnight, each with its own amount if it has one.

    They differ by a minute at least, and the last is before the first of the next day, even where a person's
    routine would let two events fall together.
    """
    repeat = timing.repeat
    if repeat is None:
        return []
    if repeat.when:
        names = [meal for name in repeat.when for meal in EACH_MEAL.get(name, (name,))]
        minutes = [_minutes_of(name, repeat.offset, routine) for name in names]
    else:
        minutes = [at.hour * 60 + at.minute for at in repeat.clock or usual_clock(repeat)]
    amounts = timing.amounts or (None,) * len(minutes)
    times = sorted(zip(minutes, amounts, strict=True), key=lambda pair: pair[0])
    return _apart(times)


def _minutes_of(name: str, offset: int | None, routine: Routine) -> int:
    event = EVENTS[name]
    if event.clock is not None:
        return event.clock.hour * 60 + event.clock.minute
    return routine.minutes(event.anchor or "wake") + event.shift * (event.usual if offset is None else offset)


def _apart(times: list[tuple[int, Decimal | None]]) -> list[tuple[int, Decimal | None]]:
    apart: list[tuple[int, Decimal | None]] = []
    for minute, amount in times:
        apart.append((max(minute, apart[-1][0] + 1) if apart else minute, amount))
    end = apart[0][0] + DAY
    left = len(apart)
    return [(min(minute, end - left + place), amount) for place, (minute, amount) in enumerate(apart)]


class Days:
    """Which days of a course have doses, counted from its first day."""

    def __init__(self, course: Course) -> None:
        self._course = course
        self._taper = course.timing.taper
        self._lasts = sum(step.days or 0 for step in self._taper)
        self._goes_on = not self._taper or self._taper[-1].days is None

    def have_doses(self, day: date) -> bool:
        """Whether there are doses on a day."""
        course, cycle = self._course, self._course.timing.cycle
        since = (day - course.start).days
        return (
            since >= 0
            and (course.end is None or day <= course.end)
            and (self._goes_on or since < self._lasts)
            and (cycle is None or since % (cycle.on + cycle.off) < cycle.on)
            and self._repeats_on(day, since)
            and not course.paused_on(day)
        )

    def amount(self, day: date, of_time: Decimal | None) -> Decimal | None:
        """How much a dose of a day is: by the taper, by its time of the day, or as all of the course."""
        if not self._taper:
            return self._course.amount if of_time is None else of_time
        left = (day - self._course.start).days
        for step in self._taper:
            if step.days is None or left < step.days:
                return step.amount
            left -= step.days
        return None

    def _repeats_on(self, day: date, since: int) -> bool:
        repeat = self._course.timing.repeat
        if repeat is None:
            return False
        if repeat.weekdays and day.weekday() not in repeat.weekdays:
            return False
        if repeat.unit == "wk" and repeat.weekdays:
            # Weeks begin on Monday, and the first is that in which the course begins.
            return (since + self._course.start.weekday()) // 7 % repeat.period == 0
        if repeat.unit in ("mo", "a"):
            months = repeat.period * (_MONTHS_A_YEAR if repeat.unit == "a" else 1)
            return _months_between(self._course.start, day) % months == 0 and _is_its_day(
                day, self._course.start.day
            )
        return since % days_apart(repeat) == 0


def is_daily(timing: Timing) -> bool:
    """Whether there are doses every day, but for those that a cycle leaves out."""
    repeat = timing.repeat
    return (
        repeat is not None and not repeat.weekdays and repeat.unit in ("h", "d") and days_apart(repeat) == 1
    )


def days_apart(repeat: Repeat) -> int:
    """The fewest days between two days with doses."""
    if repeat.unit == "h":
        return max(1, repeat.period // HOURS_A_DAY)
    if repeat.unit == "wk" and not repeat.weekdays:
        return 7 * repeat.period
    if repeat.unit in ("mo", "a"):
        return 28
    if repeat.weekdays:
        around = (*repeat.weekdays, repeat.weekdays[0] + 7)
        return min(after - before for before, after in pairwise(around))
    return repeat.period


def room(timing: Timing, routine: Routine) -> tuple[int, int]:
    """What a round of doses leaves free beside its gaps, in minutes, and how many days a round has."""
    repeat = timing.repeat
    if repeat is None:
        return DAY, 1
    days = days_apart(repeat)
    gap = None if timing.minimum_gap is None else timing.minimum_gap // _MINUTE
    return sum(space - least_apart(gap, space) for space in spaces(timing, routine)), days


def least_apart(gap: int | None, apart: int) -> int:
    """How close a change of the clock may bring two doses that are so far apart by the clock.

    As far as the minimum gap, or as they are where that is less; half as far where the plan has no gap.
    """
    return apart // 2 if gap is None else min(gap, apart)


def check_gap(timing: Timing) -> None:
    """Raises TimingError for a minimum gap that the plan's own times do not keep, or keep without any room.

    Of times that the person's routine says, that of the usual day is looked at.
    """
    if timing.minimum_gap is None or timing.repeat is None:
        return
    if any(space * _MINUTE < timing.minimum_gap for space in spaces(timing, Routine())):
        raise TimingError(
            "minimumGapMinutes", "The plan's own times are closer together than its minimum gap."
        )
    if room(timing, Routine())[0] < LEAST_ROOM:
        reason = (
            "It leaves no room: after a change of the clock the doses could never be at their times again."
        )
        raise TimingError("minimumGapMinutes", reason)


def spaces(timing: Timing, routine: Routine) -> list[int]:
    """Minutes by the clock from each dose of a round to the next, where rounds follow each other soonest."""
    minutes = [minute for minute, _ in times_of(timing, routine)]
    again = days_apart(timing.repeat) * DAY if timing.repeat else DAY
    return [after - before for before, after in pairwise((*minutes, minutes[0] + again))]


def _months_between(start: date, day: date) -> int:
    return (day.year - start.year) * _MONTHS_A_YEAR + day.month - start.month


def _is_its_day(day: date, of_month: int) -> bool:
    """Whether it is this day of the month, or the last one of a month without it."""
    return day.day == min(of_month, monthrange(day.year, day.month)[1])
