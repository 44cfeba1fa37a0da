"""What scores have to ask, because nothing measures it: which answers there are, how long one holds. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Literal

from backend.rules import Topic
from twin.kinds import DATA
from twin.risk.data import load
from twin.risk.result import Value
from twin.scores.news2 import Consciousness, Scale, spo2_scale

_SPO2_TARGETS: Mapping[str, tuple[float, float] | None] = {"usual": None, "88_to_92": (88, 92)}


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer that can be given, and its words."""

    code: str
    title: str


@dataclass(frozen=True, slots=True)
class Asked:
    """One question. `holds` is how long an answer counts, None for ever; a yes to what `lasts` always."""

    code: str
    name: str
    type: Literal["yes_no", "choice"]
    choices: tuple[Choice, ...]
    topic: Topic
    clinicians_only: bool
    holds: timedelta | None
    lasts: bool

    def takes(self, value: object) -> bool:
        """Whether it can be answered so."""
        if self.type == "yes_no":
            return isinstance(value, bool)
        return any(value == choice.code for choice in self.choices)

    def counts(self, value: Value, answered_at: datetime, now: datetime) -> bool:
        """Whether an answer is not too old."""
        return self.holds is None or (self.lasts and value is True) or now - answered_at <= self.holds


@dataclass(frozen=True, slots=True)
class OfTheMoment:
    """What NEWS2 has to ask, as far as it was answered and the answer is not too old."""

    pregnant: bool | None = None
    on_oxygen: bool | None = None
    scale: Scale = 1
    consciousness: Consciousness | None = None


def of_the_moment(said: Mapping[str, tuple[Value, datetime]], now: datetime) -> OfTheMoment:
    """What counts now of answers and their instants, by the code of the question."""
    values = {
        code: value
        for code, (value, answered_at) in said.items()
        if code in questions() and questions()[code].counts(value, answered_at, now)
    }
    pregnant, on_oxygen = (values.get(code) for code in ("pregnant", "on_oxygen"))
    consciousness = values.get("consciousness")
    return OfTheMoment(
        None if pregnant is None else bool(pregnant),
        None if on_oxygen is None else bool(on_oxygen),
        spo2_scale(_SPO2_TARGETS[str(values.get("spo2_target", "usual"))]),
        None if consciousness is None else Consciousness(str(consciousness)),
    )


@cache
def questions() -> Mapping[str, Asked]:
    """Every question by its code, in the order in which they are asked."""
    data = json.loads((DATA / "asked.json").read_text(encoding="utf-8"))
    return {code: _asked(code, row, data["choices"]) for code, row in data["questions"].items()}


def _asked(code: str, row: Mapping[str, Any], titles: Mapping[str, str]) -> Asked:
    of_scores = load("handling")["inputs"].get(code, {})
    words = {**of_scores, **row}
    hours = row["hours"] if "hours" in row else _hours(load("ages")["days"][code])
    return Asked(
        code=code,
        name=words["name"],
        type=words["type"],
        choices=tuple(Choice(choice, titles[choice]) for choice in words.get("choices", ())),
        topic=Topic(row["topic"]),
        clinicians_only=row.get("clinicians_only", False),
        holds=None if hours is None else timedelta(hours=hours),
        lasts=code in load("ages")["lasting"],
    )


def _hours(days: int | None) -> int | None:
    return None if days is None else 24 * days
