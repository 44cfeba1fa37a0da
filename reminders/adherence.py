"""How much of what was due was taken, when, and where it was lacking; what fills cover. Pure.

Definitions, and how well each is verified, lie in data/medication.json. No number stands for nothing: where
nothing was due there is no share.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import groupby

LEAST_PDC_PERCENT = 80
"""Share of days covered from which on people are called adherent; 90 for antiretrovirals."""
PERSISTENCE_GAP = timedelta(days=30)
"""So long without supply ends a course of fills; 60 and 90 are used too."""
ON_TIME_SHARE = 0.25
ON_TIME_MOST = timedelta(hours=2)
"""A dose is on time within this share of its interval, and, where it is due every so many hours, within this
time at most. A working choice."""
LONG_GAP_DAYS = 3
"""A medicine that lacks on so many of the person's days in a row is an event. A working choice."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Fill:
    """A supply of one medicine that was fetched on a day and lasts for so many days as prescribed."""

    on: date
    days: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """What fills come to over a period: PDC, and MPR both as it is and held to 1."""

    period_days: int
    covered_days: int
    supplied_days: int
    is_adherent: bool

    @property
    def pdc(self) -> float:
        """Proportion of days covered, 0 to 1."""
        return self.covered_days / self.period_days

    @property
    def mpr(self) -> float:
        """Medication possession ratio; above 1 where more was fetched than the period needs."""
        return self.supplied_days / self.period_days

    @property
    def mpr_capped(self) -> float:
        """MPR held to 1."""
        return min(1.0, self.mpr)


def coverage(
    fills: Iterable[Fill], first: date, last: date, *, least_percent: int = LEAST_PDC_PERCENT
) -> Coverage:
    """PDC and MPR of one medicine's fills from `first` to `last`, both days in.

    Supply that is fetched early begins after the supply that runs; a day counts once, and none beyond the
    period. What was fetched before the period counts for the days it reaches into it, but not for MPR, which
    adds up what was fetched within. Raises ValueError for a period that ends before it begins and for a fill
    of no days.
    """
    if last < first:
        raise ValueError("A period cannot end before it begins.")
    known = list(fills)
    period = (last - first).days + 1
    covered = sum(
        max(0, (min(to, last) - max(since, first)).days + 1) for since, to in _spans(known, until=last)
    )
    supplied = sum(fill.days for fill in known if first <= fill.on <= last)
    return Coverage(period, covered, supplied, covered * 100 >= least_percent * period)


def persistence(fills: Iterable[Fill], last: date, *, gap: timedelta = PERSISTENCE_GAP) -> int | None:
    """Days from the first fill to the last day covered before more than `gap` without supply; None of none.

    `last` is the day up to which is known. Raises ValueError as `coverage` does.
    """
    begun: date | None = None
    covered_to = last
    for since, to in _spans(list(fills), until=last):
        if begun is None:
            begun = since
        elif (since - covered_to) - _DAY > gap:
            break
        covered_to = to
    if begun is None:
        return None
    covered_to = last if last - covered_to <= gap else covered_to
    return (covered_to - begun).days + 1


def _spans(fills: Sequence[Fill], *, until: date) -> Iterator[tuple[date, date]]:
    """The first and last day of each fill's supply, one after the other; supply past `until` is left out."""
    if any(fill.days < 1 for fill in fills):
        raise ValueError("A fill lasts for one day at least.")
    free = date.min
    for fill in sorted(fills, key=lambda fill: fill.on):
        since = max(fill.on, free)
        if since > until:
            return
        # Long before the calendar ends: a fill may claim to last for ever.
        to = since + timedelta(days=min(fill.days, (until - since).days + 1) - 1)
        yield since, to
        if to == until:
            return
        free = to + _DAY


class Outcome(StrEnum):
    """What became of a dose."""

    DUE = "due"  # its time is not over
    TAKEN = "taken"
    SKIPPED = "skipped"
    EXCUSED = "excused"  # skipped because a clinician said so
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Dose:
    """One dose in its newest version: corrections replace what was said before.

    `day` is the person's own day on which it was due. `interval` is the time to the plan's next due dose,
    None where there is none; `by_interval` where it is due every so many hours and not by the clock.
    """

    plan: str
    due: datetime
    day: date
    outcome: Outcome
    taken_at: datetime | None = None
    interval: timedelta | None = None
    by_interval: bool = False
    as_needed: bool = False

    @property
    def is_on_time(self) -> bool | None:
        """Whether it was taken within its window; None where that cannot be told."""
        if self.outcome is not Outcome.TAKEN or self.taken_at is None or self.interval is None:
            return None
        return abs(self.taken_at - self.due) <= on_time_within(self.interval, by_interval=self.by_interval)


def on_time_within(interval: timedelta, *, by_interval: bool) -> timedelta:
    """How early or late a dose may be taken and still is on time, right at it too."""
    window = interval * ON_TIME_SHARE
    return min(window, ON_TIME_MOST) if by_interval else window


@dataclass(frozen=True, slots=True)
class Adherence:
    """Doses counted. `due` are those whose time is over, without excused ones; `timed` those taken of which
    can be told whether they were on time."""

    due: int = 0
    taken: int = 0
    skipped: int = 0
    missed: int = 0
    excused: int = 0
    timed: int = 0
    on_time: int = 0

    @property
    def share(self) -> float | None:
        """Doses taken of those due, 0 to 1; None where none was due."""
        return self.taken / self.due if self.due else None

    @property
    def on_time_share(self) -> float | None:
        """Doses on time of those taken, 0 to 1; None where that can be told of none."""
        return self.on_time / self.timed if self.timed else None


@dataclass(frozen=True, slots=True)
class Week:
    """A week of the person's own days, Monday to Sunday; the first and last may be cut by the period."""

    first: date
    last: date
    adherence: Adherence


def adherence(doses: Iterable[Dose]) -> Adherence:
    """Doses taken of those due. As-needed doses do not count, nor those that are still due and excused ones.

    Of several plans every dose counts alike. A pause has no doses. Raises ValueError for a dose that is there
    twice.
    """
    counted = _counted(doses)
    outcomes = [dose.outcome for dose in counted]
    timed = [dose.is_on_time for dose in counted if dose.is_on_time is not None]
    return Adherence(
        due=sum(outcomes.count(outcome) for outcome in (Outcome.TAKEN, Outcome.SKIPPED, Outcome.MISSED)),
        taken=outcomes.count(Outcome.TAKEN),
        skipped=outcomes.count(Outcome.SKIPPED),
        missed=outcomes.count(Outcome.MISSED),
        excused=outcomes.count(Outcome.EXCUSED),
        timed=len(timed),
        on_time=sum(timed),
    )


def by_plan(doses: Iterable[Dose]) -> dict[str, Adherence]:
    """The adherence to each plan of which a dose counts."""
    plans: defaultdict[str, list[Dose]] = defaultdict(list)
    for dose in _counted(doses):
        plans[dose.plan].append(dose)
    return {plan: adherence(of_plan) for plan, of_plan in plans.items()}


def by_week(doses: Iterable[Dose], first: date, last: date) -> list[Week]:
    """The adherence in each week from `first` to `last`, both days in; also of weeks with nothing due.

    Raises ValueError for a period that ends before it begins.
    """
    if last < first:
        raise ValueError("A period cannot end before it begins.")
    known = _counted(doses)
    weeks = []
    monday = first - timedelta(days=first.weekday())
    while monday <= last:
        since, to = max(monday, first), min(monday + timedelta(days=6), last)
        weeks.append(Week(since, to, adherence(dose for dose in known if since <= dose.day <= to)))
        monday += timedelta(days=7)
    return weeks


@dataclass(frozen=True, slots=True)
class Gap:
    """Days in a row on which doses of a plan were due and none was taken, from `first` on.

    `again` is the day of the next dose taken, None while there is none. `doses` were not taken.
    """

    plan: str
    first: date
    again: date | None
    doses: int


def long_gaps(doses: Iterable[Dose], today: date, *, least_days: int = LONG_GAP_DAYS) -> list[Gap]:
    """Where a medicine was lacking for `least_days` or more, by plan and day.

    A gap goes from the day of the first dose that was not taken to the day before the next that was, or to
    `today`. Excused doses lack as others do: the body knows no reasons.
    """
    by_plan_and_time = sorted(
        (dose for dose in _counted(doses) if dose.outcome is not Outcome.DUE),
        key=lambda dose: (dose.plan, dose.due),
    )
    gaps = []
    for plan, of_plan in groupby(by_plan_and_time, key=lambda dose: dose.plan):
        first: date | None = None
        lacking = 0
        for dose in of_plan:
            if dose.outcome is not Outcome.TAKEN:
                first, lacking = first or dose.day, lacking + 1
            elif first is not None:
                gaps.append(Gap(plan, first, dose.day, lacking))
                first, lacking = None, 0
        if first is not None:
            gaps.append(Gap(plan, first, None, lacking))
    return [gap for gap in gaps if _length(gap, today) >= least_days]


def _length(gap: Gap, today: date) -> int:
    return (gap.again - gap.first).days if gap.again else (today - gap.first).days + 1


def _counted(doses: Iterable[Dose]) -> list[Dose]:
    known = [dose for dose in doses if not dose.as_needed]
    if len({(dose.plan, dose.due) for dose in known}) != len(known):
        raise ValueError("A dose is there twice.")
    return known
