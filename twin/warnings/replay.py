"""Rules rehearsed: what they would have raised, had a person's data come as it was measured. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from statistics import median

import numpy as np

from twin.instants import instant
from twin.kinds import KINDS
from twin.state.baseline import Baseline, baselines, row_before
from twin.warnings.evaluate import evaluate
from twin.warnings.facts import Days, Facts, Readings, Threshold
from twin.warnings.finding import Open, Severity
from twin.warnings.rules import RuleFile
from twin.warnings.vital_score import Span, vital_score, vital_scores

STEP = timedelta(minutes=30)
"""How often the rules are looked at in a rehearsal, where data came."""
BEFORE = timedelta(days=7)
"""How long before an event a warning counts as one of it."""
_WEEK = timedelta(days=7)
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class History:
    """Everything kept of one person that a rehearsal goes by, as facts have it; `look_back` in ms by kind."""

    readings: Mapping[str, Readings]
    activities: Sequence[Span]
    days: Mapping[str, Days]
    usual_kinds: frozenset[str]
    thresholds: Sequence[Threshold]
    conditions: frozenset[str]
    look_back: Mapping[str, int]
    today: Callable[[datetime], date]
    age: int
    events: Sequence[datetime]


@dataclass(slots=True)
class Raised:
    """One alert of a rehearsal: when it was first raised, and the worst that it came to."""

    rule: str
    key: str
    severity: Severity
    at: datetime


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What rules would have raised for one person over so many weeks with data; the instants of events."""

    raised: Sequence[Raised]
    weeks: float
    events: Sequence[datetime]

    def leads(self) -> list[timedelta | None]:
        """How long before each event the first warning from caution on was raised; None without one."""
        grave = [one.at for one in self.raised if one.severity is not Severity.INFORMATION]
        found: list[timedelta | None] = []
        for event in self.events:
            before = [at for at in grave if event - BEFORE <= at <= event]
            found.append(event - min(before) if before else None)
        return found


def rehearse(rules: RuleFile, history: History, *, since: datetime, until: datetime) -> Rehearsal:
    """Looks at the rules each STEP between two instants in which a reading came; nothing is known too early.

    A day's value is known when the day is over. Nobody answers an alert: it ends by the data alone.
    Forecasts, silent devices and medicines are not rehearsed: what was known of them then is not kept.
    """
    ends = [one.at for one in history.readings.values() if len(one)]
    step = int(STEP.total_seconds() * 1000)
    every = np.unique(-(-np.concatenate(ends) // step)) if ends else np.empty(0, np.int64)
    first, last = (round(edge.timestamp() * 1000) for edge in (since, until))
    ticks = (every * step)[(every * step > first) & (every * step <= last)]
    open_: dict[tuple[str, str], Raised] = {}
    seen: dict[tuple[str, str], Open] = {}
    raised: list[Raised] = []
    usual: dict[str, Baseline] = {}
    today, before = date.min, first
    for tick in ticks.tolist():
        now = instant(tick)
        if (day := history.today(now)) != today:
            today, usual = day, usual_of(history.days, history.usual_kinds, day)
        given = _facts(history, usual, today, before, tick, now)
        answer = evaluate(rules, given, now=now, open_=list(seen.values()))
        before = tick
        for alert, _ in answer.cleared:
            del open_[alert.rule, alert.key], seen[alert.rule, alert.key]
        for one in answer.holds:
            key = one.rule, one.key
            if key not in open_:
                open_[key] = Raised(one.rule, one.key, one.severity, now)
                raised.append(open_[key])
            elif one.severity.rank > open_[key].severity.rank:
                open_[key].severity = one.severity
            seen[key] = Open(one.rule, one.key, one.severity, one.at)
    weeks = len(np.unique(ticks // (_WEEK.total_seconds() * 1000 / 7))) / 7
    events = [event for event in history.events if since <= event <= until]
    return Rehearsal(raised, weeks, events)


def usual_of(days: Mapping[str, Days], codes: Iterable[str], today: date) -> dict[str, Baseline]:
    """What is usual of these kinds before today, where it can be said."""
    known = [code for code in codes if code in days]
    if not known:
        return {}
    rows = [row_before(today, days[code].day.astype("datetime64[D]"), days[code].value) for code in known]
    found = baselines([KINDS[code] for code in known], np.stack(rows), today=today)
    return {code: one for code, one in zip(known, found, strict=True) if one is not None}


def table(named: Mapping[str, Sequence[Rehearsal]]) -> list[list[str]]:
    """Several rule files' figures side by side: alerts per patient-week by severity and by rule, and leads.

    A severity counts alerts by the worst they came to. Those urgent and critical are also told of people
    without events alone, and of the one of them who has most.
    """
    rows = [["", *named]]
    rows += [
        [f"{severity} per patient-week", *(_rate(those, severity=severity) for those in named.values())]
        for severity in Severity
    ]
    calm = {name: [one for one in those if not one.events and one.weeks] for name, those in named.items()}
    rows.append(["urgent and critical, without events", *(f"{_grave(those):.2f}" for those in calm.values())])
    worst = (max((_grave([one]) for one in those), default=0.0) for those in calm.values())
    rows.append(["the same, who has most", *(f"{most:.2f}" for most in worst)])
    known = sorted({alert.rule for those in named.values() for one in those for alert in one.raised})
    rows += [[rule, *(_rate(those, rule=rule) for those in named.values())] for rule in known]
    leads = {name: [lead for one in those for lead in one.leads()] for name, those in named.items()}
    rows.append(["events warned of before", *(_warned(those) for those in leads.values())])
    return rows


def _facts(
    history: History, usual: Mapping[str, Baseline], today: date, before: int, tick: int, now: datetime
) -> Facts:
    readings, arrived = {}, {}
    for code, one in history.readings.items():
        low = int(np.searchsorted(one.at, tick - history.look_back[code], side="right"))
        high = int(np.searchsorted(one.at, tick, side="right"))
        if high > low:
            readings[code] = one.take(slice(low, high))
            arrived[code] = before + 1, tick
    number = (today - _EPOCH).days
    days = {}
    for code, days_of_kind in history.days.items():
        chosen = slice(
            int(np.searchsorted(days_of_kind.day, number - 35)),
            int(np.searchsorted(days_of_kind.day, number)),
        )
        days[code] = replace(
            days_of_kind,
            day=days_of_kind.day[chosen],
            at=days_of_kind.at[chosen],
            value=days_of_kind.value[chosen],
        )
    return Facts(
        today=today,
        readings=readings,
        days=days,
        baselines=usual,
        thresholds=history.thresholds,
        scores=vital_scores(vital_score(readings, history.activities, now=now, age=history.age)),
        conditions=history.conditions,
        arrived=arrived,
    )


def _rate(those: Sequence[Rehearsal], *, severity: Severity | None = None, rule: str = "") -> str:
    count = sum(
        (severity is None or alert.severity is severity) and (not rule or alert.rule == rule)
        for one in those
        for alert in one.raised
    )
    weeks = sum(one.weeks for one in those)
    return f"{count / weeks:.2f}" if weeks else "–"


def _grave(those: Sequence[Rehearsal]) -> float:
    weeks = sum(one.weeks for one in those)
    grave = sum(alert.severity.rank >= Severity.URGENT.rank for one in those for alert in one.raised)
    return grave / weeks if weeks else 0.0


def _warned(leads: Sequence[timedelta | None]) -> str:
    known = [lead.total_seconds() / 3600 for lead in leads if lead is not None]
    said = f"{len(known)} of {len(leads)}"
    return f"{said}, median {median(known):.0f} h" if known else said
