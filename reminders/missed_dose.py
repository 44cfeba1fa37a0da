"""What to do about a missed dose, where data/medication.json has a rule for it. Pure.

It never invents advice: a medicine with a rule of its own that was not checked, or with none that fits, gets
"ask". Nothing here ever tells anybody to take two doses at once.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from twin.scores.medicine_names import Medicine, Wanted, is_one_of

DATA = Path(__file__).parent / "data"

_LEAST_SOURCES = 2
_CLOSE = 0.1


class Advice(StrEnum):
    """What is advised."""

    TAKE = "take"
    SKIP = "skip"
    AS_SAID = "as said"  # the rule's own words, of which nothing can be reckoned
    ASK = "ask"  # nothing is known, or nothing that was checked


@dataclass(frozen=True, slots=True)
class MissedDose:
    """Advice with its rule in words, what to mind, and who says so; `rule` is None where none is known."""

    advice: Advice
    text: str
    rule: str | None
    caution: str
    source: str | None
    verification: str


def missed_dose(medicine: Medicine, *, due: datetime, next_due: datetime | None, now: datetime) -> MissedDose:
    """What to do `now` about a dose that was `due` and not taken; `next_due` is when the plan has the next.

    All three are wall-clock times of the person, or instants in her zone: a rule may ask for her day. Raises
    ValueError for a dose that is not due yet and for a next dose that is not after it.
    """
    if now < due:
        raise ValueError("This dose is not due yet.")
    if next_due is not None and next_due <= due:
        raise ValueError("The next dose has to come after this one.")
    own = next((row for row in _ways()["rules"] if is_one_of(medicine, _wanted(row["drug"]))), None)
    if own is not None:
        return _by_own_rule(own, due, next_due, now)
    group = next(
        (row for row in _ways()["never_generic"]["groups"] if is_one_of(medicine, _wanted(row["title"]))),
        None,
    )
    longest = timedelta(hours=_ways()["generic"]["longest_interval_hours"]) * (1 + _CLOSE)
    if group is not None or next_due is None or next_due - due > longest:
        return _ask(_ways()["unknown"])
    return _by_generic_rule(due, next_due, now)


def half_interval(*, due: datetime, now: datetime, interval: timedelta) -> Advice:
    """Take it unless less than half the interval is left to the next dose; right at half, take it.

    Raises ValueError for an interval of no length.
    """
    if interval <= timedelta(0):
        raise ValueError("An interval has a length.")
    left = due + interval - now
    return Advice.SKIP if left < interval / 2 else Advice.TAKE


def _by_generic_rule(due: datetime, next_due: datetime, now: datetime) -> MissedDose:
    ways, row = _ways(), _rule("generic")
    return MissedDose(
        advice=half_interval(due=due, now=now, interval=next_due - due),
        text=row["text"],
        rule="generic",
        caution=f"{ways['generic']['caution']} {ways['never']} {ways['ask']}",
        source=ways["generic"]["source"],
        verification=row["ver"],
    )


def _by_own_rule(
    own: Mapping[str, Any], due: datetime, next_due: datetime | None, now: datetime
) -> MissedDose:
    ways = _ways()
    if len(own["sources"]) < _LEAST_SOURCES:
        return _ask(ways["unchecked"])
    every = own.get("interval_hours")
    # A rule is for one rhythm, and may be wrong for another.
    if every is not None and (next_due is None or not _is_about(next_due - due, timedelta(hours=every))):
        return _ask(ways["unknown"])
    row = _rule(own["drug"])
    return MissedDose(
        advice=_reckoned({**row, **own}, due, next_due, now),
        text=own["text"],
        rule=own["drug"],
        caution=f"{ways['never']} {ways['ask']}",
        source="; ".join(own["sources"]),
        verification=f"{len(own['sources'])} sources; {row['ver']}. {ways['verification']}",
    )


def _reckoned(rule: Mapping[str, Any], due: datetime, next_due: datetime | None, now: datetime) -> Advice:
    if next_due is not None and now >= next_due:
        return Advice.SKIP
    allowed = []
    if rule.get("same_day"):
        allowed.append(now.date() == due.date())
    if "max_late_hours" in rule:
        allowed.append(now - due <= timedelta(hours=rule["max_late_hours"]))
    if "min_hours_to_next" in rule:
        if next_due is None:
            return Advice.ASK
        allowed.append(next_due - now >= timedelta(hours=rule["min_hours_to_next"]))
    if not allowed:
        return Advice.AS_SAID
    return Advice.TAKE if all(allowed) else Advice(rule.get("otherwise", Advice.SKIP))


def _ask(why: str) -> MissedDose:
    ways = _ways()
    return MissedDose(Advice.ASK, why, None, f"{ways['never']} {ways['ask']}", None, ways["verification"])


def _is_about(interval: timedelta, every: timedelta) -> bool:
    """Whether an interval is `every` long; clocks that change and meals that move do not count."""
    return abs(interval - every) <= every * _CLOSE


def _rule(drug: str) -> dict[str, Any]:
    rows: list[dict[str, Any]] = _medication()["missed_dose"]
    return next(row for row in rows if drug in (row.get("drug"), row["rule"]))


@cache
def _medication() -> dict[str, Any]:
    data: dict[str, Any] = json.loads((DATA / "medication.json").read_text(encoding="utf-8"))
    return data


@cache
def _ways() -> dict[str, Any]:
    data: dict[str, Any] = json.loads((DATA / "missed_dose_medicines.json").read_text(encoding="utf-8"))
    return data


@cache
def _wanted(name: str) -> Wanted:
    rows = [*_ways()["rules"], *_ways()["never_generic"]["groups"]]
    row = next(row for row in rows if name in (row.get("drug"), row.get("title")))
    return Wanted(names=tuple(row["names"]), atc=tuple(row["atc"]))
