"""Early signs of chronic disease without the diagnosis on file: a hint for clinicians, no diagnosis. Pure.

What counts, and who says so, lies in early_signs.json. That no records are there is told from their silence.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import combinations, takewhile
from statistics import fmean, median
from typing import Any

from backend.rules import Topic
from twin.kinds import DATA
from twin.risk.data import load
from twin.risk.kidney import reported
from twin.risk.kidney_course import YEAR, course
from twin.risk.result import Input
from twin.warnings.known import Known, is_at_least, is_below, said, seen

MOST_EVIDENCE = 5
_WEEK = 7


@dataclass(frozen=True, slots=True)
class EarlySign:
    """One sign. `text` ends with what the records say of the diagnosis; `evidence` has the newest first.

    `is_silent`: there are no records of conditions, and so nothing says that the diagnosis is not known.
    """

    code: str
    title: str
    text: str
    topic: Topic
    evidence: tuple[Input, ...]
    is_silent: bool
    source: str
    verification: str


def early_signs(facts: Known, *, today: date) -> tuple[EarlySign, ...]:
    """The signs that hold, in the file's order; of a child, for whom the limits are not, none."""
    data = early_signs_file()
    if facts.age < data["adult_from"]:
        return ()
    held = []
    for row in data["signs"]:
        if facts.is_on_file(row["without"]):
            continue
        found = _LOOKS[row["look"]](row, facts, today)
        if found is not None:
            held.append(_sign(row, facts, *found))
    return tuple(held)


@cache
def early_signs_file() -> Mapping[str, Any]:
    """The content of early_signs.json."""
    content: Mapping[str, Any] = json.loads((DATA / "early_signs.json").read_text(encoding="utf-8"))
    return content


@cache
def look_backs() -> Mapping[str, int]:
    """The kinds whose days signs are looked for in, and how many days back."""
    kidneys = load("handling")["kidney_course"]["look_back_days"]
    found = {"creatinine": kidneys, "egfr": kidneys}
    for row in early_signs_file()["signs"]:
        weeks = dict.fromkeys(row.get("limits", ()), row.get("within_weeks", 0) * _WEEK)
        days = weeks or ({row["kind"]: row["within_days"]} if "kind" in row else {})
        found |= {code: max(number, found.get(code, 0)) for code, number in days.items()}
    return found


Row = Mapping[str, Any]
Found = tuple[Mapping[str, object], Iterable[Input]]


@dataclass(frozen=True, slots=True)
class _Value:
    """A result of one day."""

    on: date
    value: float
    source: str


def _values(row: Row, facts: Known, today: date) -> list[_Value]:
    """Results of the row's kind within its days, in order; eGFR in the whole numbers that stages go by."""
    code, days = row["kind"], row["within_days"]
    if code == "egfr":
        results = sorted(facts.egfr, key=lambda one: one.on)
        return [
            _Value(one.on, reported(one.value), one.source)
            for one in results
            if 0 <= (today - one.on).days < days
        ]
    return [_Value(one.day, one.value, one.source) for one in facts.within(code, days, today)]


def _holds(row: Row, value: float) -> bool:
    low, high = row.get("at_least"), row.get("below")
    return (low is None or is_at_least(value, low)) and (high is None or is_below(value, high))


def _newest(row: Row, facts: Known, today: date) -> Found | None:
    values = _values(row, facts, today)
    if not values or not _holds(row, values[-1].value):
        return None
    return _words(row, values[-1:])


def _rising(row: Row, facts: Known, today: date) -> Found | None:
    """The last result and the median slope of all pairs are both that much higher than where it began."""
    values = _values(row, facts, today)
    if len(values) < row["results"] or not _holds(row, values[-1].value):
        return None
    covered = (values[-1].on - values[0].on).days
    if covered < row["over_days"]:
        return None
    pairs = combinations(values, 2)
    slope = median((later.value - earlier.value) / (later.on - earlier.on).days for earlier, later in pairs)
    rise = min(values[-1].value - values[0].value, slope * covered)
    return _words(row, values) if is_at_least(rise, row["rise"]) else None


def _times(row: Row, facts: Known, today: date) -> Found | None:
    days = facts.within(row["kind"], row["within_days"], today)
    beyond = [_Value(one.day, one.high, one.source) for one in days if _holds(row, one.high)]
    if len(beyond) < row["times"]:
        return None
    words, evidence = _words(row, beyond)
    return {**words, "value": said(row["kind"], max(one.value for one in beyond))}, evidence


def _lasting(row: Row, facts: Known, today: date) -> Found | None:
    values = _values(row, facts, today)
    run = list(takewhile(lambda one: _holds(row, one.value), reversed(values)))[::-1]
    if not run or (run[-1].on - run[0].on).days <= row["more_than_days"]:
        return None
    return _words(row, run)


def _weeks(row: Row, facts: Known, today: date) -> Found | None:
    """Weeks are counted back from today; one without readings enough neither counts nor breaks the row."""
    above = 0
    by_code = {code: facts.within(code, row["within_weeks"] * _WEEK, today) for code in row["limits"]}
    newest: tuple[Mapping[str, float], list[Input], int] | None = None
    for week in range(row["within_weeks"]):
        means: dict[str, float] = {}
        evidence: list[Input] = []
        measured = set()
        for code, every in by_code.items():
            days = [one for one in every if (today - one.day).days // _WEEK == week]
            measured |= {one.day for one in days}
            if len(days) >= row["least_days"]:
                means[code] = fmean(one.value for one in days)
                evidence.append(seen(code, round(means[code], 1), days[-1].day, days[-1].source))
        if not means:
            continue
        if not any(is_at_least(means[code], limit) for code, limit in row["limits"].items() if code in means):
            return None
        above += 1
        newest = newest or (means, evidence, len(measured))
        if above == row["weeks"]:
            last, evidence, days_measured = newest
            return {"count": above, "value": _pressure(last), "days": days_measured}, evidence
    return None


def _pressure(means: Mapping[str, float]) -> str:
    if len(means) == 1:
        ((code, mean),) = means.items()
        return f"{mean:.0f} mmHg {'systolic' if code == 'sbp' else 'diastolic'}"
    return f"{means['sbp']:.0f}/{means['dbp']:.0f} mmHg"


def _course(row: Row, facts: Known, today: date) -> Found | None:
    found = course(facts.egfr, today)
    slope = found.slope
    if found.expected_on is None or slope.value is None or slope.low is None or slope.high is None:
        return None
    stages = [code for code, *_ in load("ckd_epi_2021")["kdigo_g"]]
    is_early = stages.index(str(found.stage)) < stages.index(row["from_stage"])
    if is_early or (found.expected_on - today).days > row["within_years"] * YEAR:
        return None
    words = {
        "value": f"{-slope.value:.1f} mL/min/1.73 m²",
        "low": f"{-slope.high:.1f}",
        "high": f"{-slope.low:.1f}",
        "next_stage": found.next_stage,
        "on": f"{found.expected_on:%B %Y}",
    }
    return words, slope.inputs[::-1]


_LOOKS: Mapping[str, Callable[[Row, Known, date], Found | None]] = {
    "newest": _newest,
    "rising": _rising,
    "times": _times,
    "lasting": _lasting,
    "weeks": _weeks,
    "course": _course,
}


def _words(row: Row, values: list[_Value]) -> Found:
    code, first, last = row["kind"], values[0], values[-1]
    words = {
        "value": said(code, last.value),
        "on": last.on,
        "first": said(code, first.value),
        "since": first.on,
        "count": len(values),
    }
    return words, [seen(code, one.value, one.on, one.source) for one in reversed(values)]


def _sign(row: Row, facts: Known, words: Mapping[str, object], evidence: Iterable[Input]) -> EarlySign:
    own = early_signs_file()["words"]
    is_silent = row["without"] not in facts.on_file
    about = own["silent" if is_silent else "not_named"].format(condition=own[row["without"]])
    sentences = [row["text"].format(**words), about]
    if row["without"] == "hypertension" and facts.is_on_file("bp_medicine"):
        sentences.append(own["bp_medicine"])
    return EarlySign(
        code=row["code"],
        title=row["title"],
        text=" ".join(sentences),
        topic=Topic(row["topic"]),
        evidence=tuple(evidence)[:MOST_EVIDENCE],
        is_silent=is_silent,
        source=row["source"],
        verification=row["verification"],
    )
