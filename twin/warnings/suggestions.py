"""Suggestions for the patient: few, each out of her own data, by rank and fit over suggestions.json. Pure.

The same data and day give the same ones. None is made of what somebody else might do, and none promises.
"""

import json
from calendar import monthrange
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from backend.rules import Topic
from twin.kinds import DATA, kind
from twin.risk.data import load
from twin.risk.kidney import reported
from twin.risk.result import Input
from twin.scores.cgm import Group, Metrics, targets
from twin.state.summary import DaySummary
from twin.warnings.known import Known, is_at_least, is_below, said, seen

_EVER = 1 << 30
_SENSOR = ("glucose_cgm",)
_PRESSURE = ("sbp", "dbp")
_BODY_MASS = ("bmi", "weight", "height")
_KIDNEYS = ("creatinine", "egfr")


@dataclass(frozen=True, slots=True)
class Effect:
    """What came on average of what is suggested, with its 95 % interval where the source's is known."""

    text: str
    mean: float
    low: float | None
    high: float | None
    unit: str
    source: str
    verification: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One suggestion: `because` says what in the person's own data it is made of, `text` what to do.

    `topics` are those of all that was looked at.
    """

    rule: str
    title: str
    because: str
    text: str
    effect: Effect | None
    topic: Topic
    topics: frozenset[Topic]
    evidence: tuple[Input, ...]
    source: str
    verification: str


def suggestions(known: Known, *, today: date, dismissed: Collection[str] = ()) -> tuple[Suggestion, ...]:
    """What to suggest on this day, the first in rank before the others; of a group one alone.

    In one rank comes first what is furthest from its limit, in shares of it, then what the file has first. Of
    a child, for whom nothing here is meant, none.
    """
    data = suggestions_file()
    if known.age < data["adult_from"]:
        return ()
    fitting = []
    for place, row in enumerate(data["rules"]):
        found = None if row["id"] in dismissed else _fit(row, known, today)
        if found is not None:
            distance = max(one.distance for one in found)
            fitting.append(((row["rank"], -distance, place), row, found))
    taken: set[str] = set()
    chosen: list[Suggestion] = []
    for _, row, found in sorted(fitting, key=lambda one: one[0]):
        if len(chosen) < data["at_most"] and taken.isdisjoint(row["groups"]):
            taken |= set(row["groups"])
            chosen.append(_suggestion(row, found))
    return tuple(chosen)


@cache
def suggestions_file() -> Mapping[str, Any]:
    """The content of suggestions.json."""
    content: Mapping[str, Any] = json.loads((DATA / "suggestions.json").read_text(encoding="utf-8"))
    return content


@cache
def topics_of_rules() -> Mapping[str, frozenset[Topic]]:
    """For each rule the topics of all that it looks at: who may not read one of them is not shown it."""
    return {row["id"]: frozenset(_topics(row)) for row in suggestions_file()["rules"]}


@cache
def look_backs() -> Mapping[str, int]:
    """The kinds of which rules look at days, and how many days back; the newest day of each in any case."""
    found: dict[str, int] = dict.fromkeys(_KIDNEYS, 0)
    for row in suggestions_file()["rules"]:
        for look in row["when"]:
            days = max(look.get(name, 0) for name in ("days", "within_days", "seen_within_days"))
            for code in _kinds(look):
                found[code] = max(found.get(code, 0), days + 1)
    return {code: days for code, days in found.items() if code not in _SENSOR}


Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Found:
    """One condition holds: its words, its evidence, and how far from the limit, in shares of it."""

    words: Mapping[str, object]
    evidence: tuple[Input, ...]
    distance: float = 0.0


def _fit(row: Row, known: Known, today: date) -> list[_Found] | None:
    if any(known.is_on_file(fact) for fact in row.get("unless", ())):
        return None
    limit = row.get("unless_egfr_below")
    past = [one for one in known.egfr if one.on <= today]
    if limit is not None and past:
        newest = max(past, key=lambda one: one.on)
        if reported(newest.value) < limit:
            return None
    found = []
    for look in row["when"]:
        one = _LOOKS[look["look"]](look, known, today)
        if one is None:
            return None
        found.append(one)
    return found


def _on_file(look: Row, known: Known, today: date) -> _Found | None:
    if not known.is_on_file(look["fact"]):
        return None
    one = known.on_file[look["fact"]]
    if one.on is not None and (today - one.on).days > look.get("within_days", _EVER):
        return None
    return _Found({f"{look['as']}_on": one.source if one.on is None else one.on}, (one,))


def _pressure(look: Row, known: Known, today: date) -> _Found | None:
    """The mean of the readings of the last days, each day by how many it has."""
    means: dict[str, float] = {}
    evidence = []
    counts = []
    for code in look["limits"]:
        days = known.within(code, look["days"], today)
        count = sum(one.count for one in days)
        if len(days) < look["least_days"] or count < look["least_readings"]:
            return None
        means[code] = sum(one.value * one.count for one in days) / count
        evidence.append(seen(code, round(means[code], 1), days[-1].day, days[-1].source))
        counts.append(count)
    if any(means[code] > most for code, most in look["at_most"].items()):
        return None
    if not any(is_at_least(means[code], limit) for code, limit in look["limits"].items()):
        return None
    words = {look["as"]: f"{means['sbp']:.0f}/{means['dbp']:.0f} mmHg", f"{look['as']}_count": max(counts)}
    distance = max((means[code] - limit) / limit for code, limit in look["limits"].items())
    return _Found(words, tuple(evidence), distance)


def _newest(look: Row, known: Known, today: date) -> _Found | None:
    code = look["kind"]
    days = known.within(code, look["within_days"], today)
    if not days or is_below(days[-1].value, look["at_least"]):
        return None
    last = days[-1]
    words = {look["as"]: said(code, last.value), f"{look['as']}_on": last.day}
    return _Found(words, _evidence(code, days[-1:]), (last.value - look["at_least"]) / look["at_least"])


def _mean(look: Row, known: Known, today: date) -> _Found | None:
    """Over whole days: today's sum still grows."""
    code = look["kind"]
    days = [one for one in known.within(code, look["days"] + 1, today) if one.day < today]
    if len(days) < look["least_days"]:
        return None
    mean = sum(one.value for one in days) / len(days)
    if is_at_least(mean, look["below"]):
        return None
    words = {look["as"]: said(code, mean), f"{look['as']}_days": len(days)}
    evidence = (seen(code, round(mean, 1), days[-1].day, days[-1].source),)
    return _Found(words, evidence, (look["below"] - mean) / look["below"])


def _low(look: Row, known: Known, today: date) -> _Found | None:
    code = look["kind"]
    low = [one for one in known.within(code, look["days"], today) if is_below(one.low, look["below"])]
    if len(low) < look["least"]:
        return None
    lowest = min(low, key=lambda one: one.low)
    words = {look["as"]: said(code, lowest.low), f"{look['as']}_count": len(low)}
    evidence = (seen(code, lowest.low, lowest.day, lowest.source),)
    return _Found(words, evidence, (look["below"] - lowest.low) / look["below"])


def _sparse(look: Row, known: Known, today: date) -> _Found | None:
    code = look["kind"]
    days = known.within(code, look["seen_within_days"], today)
    recent = known.within(code, look["days"], today)
    if not days or len(recent) >= look["fewer_than"]:
        return None
    words = {f"{look['as']}_count": len(recent), f"{look['as']}_on": days[-1].day}
    return _Found(words, _evidence(code, days[-1:]))


def _due(look: Row, known: Known, today: date) -> _Found | None:
    """The newest of the kinds is as old as that; one that was never here says nothing."""
    newest = [
        (past[-1].day, code, past[-1])
        for code in look["kinds"]
        if (past := [one for one in known.days.get(code, ()) if one.day <= today])
    ]
    if not newest:
        return None
    on, code, last = max(newest, key=lambda one: one[:2])
    if on > _months_before(today, look["months"]):
        return None
    return _Found({f"{look['as']}_on": on}, _evidence(code, [last]))


def _target(look: Row, known: Known, today: date) -> _Found | None:
    """One of the metrics of a glucose sensor misses the target of adults."""
    if known.sensor is None or not known.sensor.is_sufficient:
        return None
    asked = [one for one in targets(known.sensor, Group.ADULT) if one.metric in look["metrics"]]
    missed = [one for one in asked if one.is_met is False]
    if not missed:
        return None
    words = {f"{look['as']}_{one.metric}": _percent(known.sensor, one.metric) for one in asked}
    evidence = tuple(Input(one.title, round(one.value or 0.0, 1), "%", today, "sensor") for one in missed)
    return _Found(words, evidence, max(abs((one.value or 0.0) - one.limit) / one.limit for one in missed))


_LOOKS: Mapping[str, Callable[[Row, Known, date], _Found | None]] = {
    "on_file": _on_file,
    "pressure": _pressure,
    "newest": _newest,
    "mean": _mean,
    "low": _low,
    "sparse": _sparse,
    "due": _due,
    "target": _target,
}


def _percent(sensor: Metrics, metric: str) -> str:
    return f"{getattr(sensor, metric):.1f} %"


def _evidence(code: str, days: Sequence[DaySummary]) -> tuple[Input, ...]:
    return tuple(seen(code, one.value, one.day, one.source) for one in days)


def _months_before(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _kinds(look: Row) -> Sequence[str]:
    """The kinds that a condition looks at."""
    match look["look"]:
        case "on_file":
            return ()
        case "target":
            return _SENSOR
        case "pressure":
            return _PRESSURE
        case "due":
            return tuple(look["kinds"])
        case _:
            return _BODY_MASS if look["kind"] == "bmi" else (look["kind"],)


def _topics(row: Row) -> Iterator[Topic]:
    yield Topic(row["topic"])
    for look in row["when"]:
        yield from (Topic(kind(code).topic) for code in _kinds(look))
    if "unless_egfr_below" in row:
        yield from (Topic(kind(code).topic) for code in _KIDNEYS)
    facts = [*row.get("unless", ()), *(look["fact"] for look in row["when"] if look["look"] == "on_file")]
    for fact in facts:
        is_medicine = "medication" in load("facts")["facts"][fact]["types"]
        yield Topic.MEDICATION if is_medicine else Topic.RECORDS


def _suggestion(row: Row, found: Sequence[_Found]) -> Suggestion:
    words = {name: word for one in found for name, word in one.words.items()}
    return Suggestion(
        rule=row["id"],
        title=row["title"],
        because=row["because"].format(**words),
        text=row["text"],
        effect=_effect(row["effect"]) if "effect" in row else None,
        topic=Topic(row["topic"]),
        topics=topics_of_rules()[row["id"]],
        evidence=tuple(one for part in found for one in part.evidence),
        source=row["source"],
        verification=row["verification"],
    )


def _effect(name: str) -> Effect:
    row, words = suggestions_file()["effects"][name], suggestions_file()["words"]
    interval: Sequence[float] = row["ci95"] or ()
    span = words["no_interval"]
    if interval:
        least, most = sorted(map(abs, interval))
        span = words["interval"].format(low=f"{least:g}", high=f"{most:g}")
    return Effect(
        text=row["text"].format(mean=f"{abs(row['mean']):g}", range=span),
        mean=row["mean"],
        low=interval[0] if interval else None,
        high=interval[1] if interval else None,
        unit=row["unit"],
        source=row["source"],
        verification=row["verification"],
    )
