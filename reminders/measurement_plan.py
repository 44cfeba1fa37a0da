"""Plans to measure: when a measurement is due, which readings answered it, and what they come to. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum

import numpy as np

from reminders.timing import Course, Due, Routine, due_doses, parse
from twin.instants import milliseconds
from twin.kinds import kind
from twin.warnings.moments import WEEK, Mask, Mean, Moments, mean_of_week
from twin.warnings.rules import Level, Rule, RuleFile

EARLIEST = timedelta(hours=6)
"""A reading answers what comes to be due within so long, if nothing else lies closer. A working choice."""
LATEST = timedelta(days=7)
"""A reading answers what was due at most so long ago. A working choice."""
PRESSURE = ("sbp", "dbp")
PRESSURE_RULE = "bp_home_high"
PREFERRED = 12
"""Readings that the home protocol prefers a mean to stand on (CHEP 2017, as thresholds were compiled)."""

_FIRST_DAY = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class MeasurementPlan:
    """What to measure, when, and how many readings each time; several kinds are of one moment.

    Raises UnknownKind for a kind that is not in the catalogue, ValueError for a plan that asks for nothing.
    """

    kinds: tuple[str, ...]
    course: Course
    readings: int = 1

    def __post_init__(self) -> None:
        for code in self.kinds:
            kind(code)
        if not self.kinds or self.readings < 1:
            raise ValueError("A plan asks for at least one kind and one reading.")
        if self.course.timing.as_needed is not None:
            raise ValueError("What is measured as needed is never due.")


def pressure_week(visit: date) -> MeasurementPlan:
    """Blood pressure on the seven days before a visit: two readings before breakfast, two at bedtime.

    Source: the home protocol of seven days with duplicate readings in the morning and evening (CHEP 2017);
    which hour of the evening is a working choice.
    """
    timing = parse({"repeat": {"frequency": 2, "period": 1, "periodUnit": "d", "when": ["ACM", "HS"]}})
    day = timedelta(days=1)
    return MeasurementPlan(PRESSURE, Course(timing, visit - WEEK * day, visit - day), readings=2)


def daily_weight(start: date, end: date | None = None) -> MeasurementPlan:
    """Weight every morning after waking, as in heart failure; without an end until further notice."""
    timing = parse({"repeat": {"frequency": 1, "period": 1, "periodUnit": "d", "when": ["WAKE"]}})
    return MeasurementPlan(("weight",), Course(timing, start, end))


@dataclass(frozen=True, slots=True)
class Session:
    """One time at which to measure: readings from `opens` to before `closes` answer it."""

    due: Due
    opens: datetime
    closes: datetime


class Answer(StrEnum):
    """What became of a session."""

    AHEAD = "ahead"  # it is too early for it
    OPEN = "open"  # nothing yet, and it can still be answered
    PARTLY = "partly"  # fewer readings than were asked for
    DONE = "done"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Answered:
    """A session with what became of it, and the places of the readings that answered it."""

    session: Session
    answer: Answer
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Completeness:
    """How many of the sessions so far were done, in part, or missed; those still open are not counted yet."""

    sessions: int
    done: int
    partly: int
    missed: int
    readings: int

    @property
    def share(self) -> float | None:
        """The share of sessions that were done; None before there was one."""
        return self.done / self.sessions if self.sessions else None


def sessions(
    plan: MeasurementPlan, routine: Routine, zone: tzinfo, *, since: datetime, until: datetime
) -> Iterator[Session]:
    """The sessions due from `since` to before `until`, the earliest first, by the wall clock of the person.

    Where two are close, what lies between them is the first one's up to the middle. Whatever windows a time
    is cut into, they have the same sessions.
    """
    asked = {due.slot for due in due_doses(plan.course, routine, zone, since=since, until=until)}
    # What would come after the last session still bounds it, as if the plan went on.
    endless = replace(plan.course, end=None)
    around = due_doses(endless, routine, zone, since=since - 2 * EARLIEST, until=until + LATEST + EARLIEST)
    opened = list(_opening(around))
    for place, (due, opens) in enumerate(opened):
        if due.slot in asked:
            following = [begins for _, begins in opened[place + 1 : place + 2]]
            yield Session(due, opens, min([due.at + LATEST, *following]))


def _opening(dues: Iterable[Due]) -> Iterator[tuple[Due, datetime]]:
    before: Due | None = None
    for due in dues:
        opens = due.at - EARLIEST
        if before is not None:
            opens = max(opens, before.at + (due.at - before.at) / 2)
        yield due, opens
        before = due


def answered(
    plan: MeasurementPlan, asked: Iterable[Session], found: Moments, *, now: datetime
) -> list[Answered]:
    """Each session with the readings that answered it; one counts that has a value of every kind."""
    places = np.flatnonzero(_whole(found, plan.kinds))
    at = found.at[places]
    rows = []
    for session in asked:
        begin, end = np.searchsorted(at, [milliseconds(session.opens), milliseconds(session.closes)])
        own = tuple(places[begin:end].tolist())
        rows.append(Answered(session, _answer(plan, session, len(own), now), own))
    return rows


def completeness(rows: Iterable[Answered]) -> Completeness:
    """How complete the sessions are so far."""
    counted = [row for row in rows if row.answer in (Answer.DONE, Answer.PARTLY, Answer.MISSED)]
    each = [row.answer for row in counted]
    return Completeness(
        sessions=len(counted),
        done=each.count(Answer.DONE),
        partly=each.count(Answer.PARTLY),
        missed=each.count(Answer.MISSED),
        readings=sum(len(row.places) for row in counted),
    )


def _whole(found: Moments, kinds: Iterable[str]) -> Mask:
    """Which moments have a value of every kind."""
    whole = np.ones(len(found), np.bool_)
    for code in kinds:
        whole &= ~np.isnan(found.values[code]) if code in found.values else False
    return whole


def _answer(plan: MeasurementPlan, session: Session, readings: int, now: datetime) -> Answer:
    if readings >= plan.readings:
        return Answer.DONE
    if readings:
        return Answer.PARTLY
    if now < session.opens:
        return Answer.AHEAD
    return Answer.OPEN if now < session.closes else Answer.MISSED


@dataclass(frozen=True, slots=True)
class PressureResult:
    """What a week of blood pressure at home comes to: the page for the doctor.

    `mean` is of the days after the first measured one, None where only one day or none was measured; `enough`
    says whether it stands on as many days and readings as a mean has to, `preferred` whether on as many as
    the protocol prefers. `above` is the worst home limit that it reaches, with its source; `limits` are all,
    the calmest first. `categories` are its bands by scheme.
    """

    first_day: date
    last_day: date
    dropped: int
    mean: Mean | None
    enough: bool
    preferred: bool
    limits: tuple[Level, ...]
    above: Level | None
    categories: tuple[tuple[str, str], ...]


def pressure_result(plan: MeasurementPlan, found: Moments, rules: RuleFile) -> PressureResult:
    """The result of a plan of blood pressure: the mean of its last seven days, the first of them dropped.

    `found` are the moments of blood pressure around it. Raises ValueError for another plan, or one that has
    no end.
    """
    if plan.kinds != PRESSURE or plan.course.end is None:
        raise ValueError("Only a plan of blood pressure that ends has this result.")
    (rule,) = (rule for rule in rules.rules if rule.id == PRESSURE_RULE)
    through = (plan.course.end - _FIRST_DAY).days
    days = min(WEEK, (plan.course.end - plan.course.start).days + 1)
    both = found.take(_whole(found, PRESSURE))
    mean = mean_of_week(both, through, days=days, least_days=2, least=1)
    return PressureResult(
        first_day=plan.course.end - timedelta(days=days - 1),
        last_day=plan.course.end,
        dropped=_on_first_day(both, through, days),
        mean=mean,
        enough=mean is not None and _is_enough(rule, mean),
        preferred=mean is not None and mean.readings >= PREFERRED,
        limits=rule.levels,
        above=None if mean is None else _reached(rule, mean),
        categories=() if mean is None else tuple(_categories(rules, mean)),
    )


def _on_first_day(found: Moments, through: int, days: int) -> int:
    inside = found.day[(found.day > through - days) & (found.day <= through)]
    return int((inside == inside.min()).sum()) if len(inside) else 0


def _is_enough(rule: Rule, mean: Mean) -> bool:
    """By the rule of early warning; its days count the first, which the mean's do not."""
    return mean.days + 1 >= rule.least_days and mean.readings >= rule.least_readings


def _reached(rule: Rule, mean: Mean) -> Level | None:
    for level in reversed(rule.levels):
        for code, value in mean.of.items():
            if any(bound.passed(np.array([value]))[0] for bound in level.bounds_of(code)):
                return level
    return None


def _categories(rules: RuleFile, mean: Mean) -> Iterator[tuple[str, str]]:
    for scheme in rules.home_pressure:
        yield scheme, rules.category(scheme, mean.of["sbp"], mean.of["dbp"])
