"""What to ask about the medicines on a list on a day of vomiting, diarrhoea or fever. Pure.

It tells nobody to stop a medicine: it says what is commonly paused, and what is never to be stopped alone.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from twin.kinds import DATA
from twin.scores.medicine_names import Medicine, Wanted, is_one_of, is_swallowed


class Act(StrEnum):
    """What a rule comes to, the most pressing first."""

    NEVER_STOP = "never_stop"
    ASK_TO_PAUSE = "ask_to_pause"
    ASK_TO_CHANGE = "ask_to_change"


@dataclass(frozen=True, slots=True)
class SickDayRule:
    """One group of medicines of which some are on the list, in the list's words."""

    id: str
    title: str
    act: Act
    medicines: tuple[str, ...]
    text: str
    source: str
    verification: str


@dataclass(frozen=True, slots=True)
class SickDays:
    """When the rules hold, the rules, and when what was paused is taken again."""

    when: str
    rules: tuple[SickDayRule, ...]
    again: str


def sick_days(medicines: Iterable[Medicine]) -> SickDays | None:
    """The rules for the medicines on a list, the most pressing first; None where none is meant.

    What is rubbed in, dropped or inhaled, as its words say, does not count.
    """
    data = _data()
    taken = [one for one in medicines if is_swallowed(one)]
    rules = []
    for row in data["rules"]:
        meant = tuple(dict.fromkeys(one.text for one in taken if is_one_of(one, _wanted(row["id"]))))
        if meant:
            rules.append(_rule(row, meant))
    if not rules:
        return None
    rules.sort(key=lambda rule: list(Act).index(rule.act))
    return SickDays(data["when"], tuple(rules), data["again"])


@cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = json.loads((DATA / "sick_days.json").read_text(encoding="utf-8"))
    return data


@cache
def _wanted(rule: str) -> Wanted:
    row = next(row for row in _data()["rules"] if row["id"] == rule)
    return Wanted(names=tuple(row["names"]), endings=tuple(row["endings"]), atc=tuple(row["atc"]))


def _rule(row: dict[str, Any], meant: tuple[str, ...]) -> SickDayRule:
    data = _data()
    return SickDayRule(
        row["id"],
        row["title"],
        Act(row["act"]),
        meant,
        row["text"],
        "; ".join(data["sources"][name] for name in row["said_by"]),
        f"{len(row['said_by'])} sources. {data['verification']}",
    )
