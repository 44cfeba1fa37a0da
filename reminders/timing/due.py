"""From a course to its doses: the instants at which each is due, for any window of time. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from itertools import islice
from zoneinfo import ZoneInfo

from backend.zones import ZoneHistory, zone_names
from reminders.timing.clock import DAY, stretches, wall_clock
from reminders.timing.day import Days, is_daily, least_apart, room, spaces, times_of
from reminders.timing.pattern import LAST_YEAR, Course, Due, EveryHours, Routine, Timing, TimingError

MOST_DAYS = 366
"""A preview is at most so many days."""
MOST_ROWS = 2_000
"""And has at most so many doses."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_DAY = date(1970, 1, 1)
_SECOND = timedelta(seconds=1)
_A_DAY = timedelta(days=1)
_END_OF_TIME = (date(LAST_YEAR + 1, 1, 1) - _FIRST_DAY).days * DAY
_WIDEST = DAY + DAY // 6
"""Seconds by which doses can lag at most: what separates the first from the last clock on earth, and some."""


@dataclass(frozen=True, slots=True)
class _Promise:
    """A dose of a day: the wall time, the instant at which that comes, and how often it had come before."""

    wall: int
    comes: int
    before: int
    amount: Decimal | None


def due_doses(
    course: Course, routine: Routine, zone: tzinfo, *, since: datetime, until: datetime
) -> Iterator[Due]:
    """The doses due from `since` to before `until`, the earliest first; none of a plan as needed.

    By the wall clock of the zone, or of a history of zones: N doses a day stay N doses a day. A time in a
    skipped hour is due when the clock goes on, one in a doubled hour once. Where a change of the clock or a
    journey would bring two doses closer together than the minimum gap (or, without one, than half of what
    lies between them by the clock), the later one moves. Whatever windows a time is cut into, they have the
    same doses. Costs what the window has, however far from the start it is. Why all this is so:
    docs/decisions/0016-doses-by-the-wall-clock.md.
    """
    begin, finish = _seconds(since), min(_seconds(until), _END_OF_TIME)
    if course.timing.every_hours is not None:
        return _by_interval(course, course.timing.every_hours, zone, begin, finish)
    return _by_clock(course, routine, zone, begin, finish)


def preview(
    course: Course, routine: Routine, zone: tzinfo, *, since: datetime, days: int, limit: int = MOST_ROWS
) -> list[Due]:
    """The doses of so many days. Raises TimingError when these are too many days, or have too many doses."""
    if not 1 <= days <= MOST_DAYS:
        raise TimingError("days", f"A preview has from 1 to {MOST_DAYS} days.")
    doses = due_doses(course, routine, zone, since=since, until=since + days * _A_DAY)
    found = list(islice(doses, limit + 1))
    if len(found) > limit:
        raise TimingError("days", f"These days have more than {limit} doses; ask for fewer days.")
    return found


def zone_named(name: str) -> ZoneInfo:
    """The zone of a name, as for a plan with a fixed home clock. Raises TimingError when there is none."""
    if name not in zone_names():
        raise TimingError("zone", f"There is no time zone {name[:60]}.")
    return ZoneInfo(name)


def _by_interval(course: Course, every: EveryHours, zone: tzinfo, begin: int, finish: int) -> Iterator[Due]:
    """True hours: an instant counts to the local day in which it lies."""
    first, step = _seconds(every.first), every.hours * 3_600
    begin = max(begin, first, _midnight(course.start) - DAY)
    if course.end is not None:
        finish = min(finish, _midnight(course.end) + 3 * DAY)
    for instant in range(begin + (first - begin) % step, finish, step):
        at = _at(instant)
        local = at.astimezone(zone).replace(tzinfo=None)
        day = local.date()
        in_course = course.start <= day and (course.end is None or day <= course.end)
        if in_course and not course.paused_on(day):
            yield Due(at, local, f"{at:%Y-%m-%dT%H:%M}Z", course.amount)


def _by_clock(course: Course, routine: Routine, zone: tzinfo, begin: int, finish: int) -> Iterator[Due]:
    timing = course.timing
    if timing.repeat is None:
        return
    first = _midnight(course.start) - DAY
    last = finish if course.end is None else min(finish, _midnight(course.end) + 4 * DAY)
    gap = None if timing.minimum_gap is None else timing.minimum_gap // _SECOND
    settled = max(first, begin - _settles(timing, routine, zone, begin))
    longest = max(spaces(timing, routine)) * 60
    before: tuple[int, int] | None = None
    for promise in _promises(course, routine, zone, settled, last):
        due = promise.comes
        if before is not None:
            # No more than usual: a day that never came is none, and neither is one that came twice.
            ahead = promise.wall - before[0]
            apart = min(ahead if ahead > 0 else ahead % DAY or DAY, longest)
            due = max(due, before[1] + least_apart(gap, apart))
        if due >= finish:
            return
        if due >= begin:
            yield Due(_at(due), _wall(promise.wall), _slot(promise), promise.amount)
        before = promise.wall, due


def _promises(course: Course, routine: Routine, zone: tzinfo, begin: int, finish: int) -> Iterator[_Promise]:
    """The doses whose wall time comes in a span, in the order in which they come.

    Only doses of every day come again with a day that comes twice: a weekly one must not.
    """
    days, times, again = Days(course), times_of(course.timing, routine), is_daily(course.timing)
    for number, since, until in stretches(begin, finish):
        clock = wall_clock(zone, number)
        found = []
        # Offsets are less than a day, and a time of a day is less than a day after its midnight's next.
        for ordinal in range(since // DAY - 3, until // DAY + 3):
            day = _FIRST_DAY + ordinal * _A_DAY
            if not days.have_doses(day):
                continue
            for minute, of_time in times:
                wall = ordinal * DAY + minute * 60
                found += [
                    _Promise(wall, comes, before, days.amount(day, of_time))
                    for comes, before in clock.instants(wall)
                    if since <= comes < until and (again or not before)
                ]
        yield from sorted(found, key=lambda promise: (promise.comes, promise.wall))


def _settles(timing: Timing, routine: Routine, zone: tzinfo, at: int) -> int:
    """Seconds before an instant from which on nothing can have moved a dose that is due then.

    A dose lags by no more than clocks can differ, and each round of doses makes up for what it leaves free.
    Each time that the date line gives a day twice they can lag by another day.
    """
    free, days = room(timing, routine)
    if free <= 0:
        return at - _seconds(datetime.min.replace(tzinfo=UTC))

    def made_up_in(crossings: int) -> int:
        lag = _WIDEST + crossings * DAY
        return lag + (-(-lag // (free * 60)) + 1) * days * DAY

    moves = [_seconds(since) for since, _ in zone.moves] if isinstance(zone, ZoneHistory) else []
    before = sorted(at - move for move in moves if move <= at)
    # One crossing more than she made: a zone itself may have been moved over the line.
    spans = [made_up_in(1)]
    spans += [span for count, ago in enumerate(before, 2) if ago <= (span := made_up_in(count))]
    return max(spans)


def _slot(promise: _Promise) -> str:
    name = f"{_wall(promise.wall):%Y-%m-%dT%H:%M}"
    return f"{name}~{promise.before + 1}" if promise.before else name


def _seconds(at: datetime) -> int:
    """The first whole second at or after an instant."""
    return -((_EPOCH - at) // _SECOND)


def _midnight(day: date) -> int:
    return (day - _FIRST_DAY).days * DAY


def _at(instant: int) -> datetime:
    return _EPOCH + instant * _SECOND


def _wall(wall: int) -> datetime:
    return _at(wall).replace(tzinfo=None)
