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

SPO2_TARGETS: Mapping[str, tuple[float, float] | None] = {"usual": None, "88_to_92": (88, 92)}
"""What an answer on the target of oxygen saturation stands for; see `news2.spo2_scale`."""


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
