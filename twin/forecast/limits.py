"""Limits that a kind's days may pass: a clinician's, the patient's goal, and guidelines'. Pure.

Guidelines' lie in guideline_limits.json, with who says so.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal
from uuid import UUID

import numpy as np
import numpy.typing as npt

from twin.forecast.band import Values
from twin.forecast.progress import Aim
from twin.forecast.windows import Window, week
from twin.kinds import DATA, Kind

Side = Literal["above", "below"]


@dataclass(frozen=True, slots=True)
class Limit:
    """What is not to be passed to one side, by one day's value or several days'.

    `rule` names it: the id of the goal or threshold, or the guideline's own. A value right at the limit has
    passed it where `at`.
    """

    basis: Literal["goal", "threshold", "guideline"]
    rule: str
    side: Side
    value: float
    window: Window
    at: bool = False
    title: str = ""
    source: str = ""
    verification: str = ""

    def passed(self, values: Values) -> npt.NDArray[np.bool_]:
        """Where values are beyond the limit; nan is nowhere."""
        if self.side == "above":
            return values >= self.value if self.at else values > self.value
        return values <= self.value if self.at else values < self.value


@dataclass(frozen=True, slots=True)
class Range:
    """A clinician's limits of a kind, one at least."""

    id: UUID
    low: float | None
    high: float | None


@cache
def guideline_limits() -> Mapping[str, Sequence[Limit]]:
    """The guidelines' limits of each kind that has any, by its code."""
    limits: defaultdict[str, list[Limit]] = defaultdict(list)
    for row in json.loads((DATA / "guideline_limits.json").read_text(encoding="utf-8"))["limits"]:
        limits[row["kind"]].append(
            Limit(
                basis="guideline",
                rule=row["rule"],
                side=row["side"],
                value=float(row["limit"]),
                window=Window(row["days"]),
                at=row["at"],
                title=row["title"],
                source=row["source"],
                verification=row["verification"],
            )
        )
    return dict(limits)


@cache
def guideline_limit(rule: str) -> Limit | None:
    """The guideline's limit of that name, if it has one."""
    every = (limit for limits in guideline_limits().values() for limit in limits)
    return next((limit for limit in every if limit.rule == rule), None)


def limits_of(kind: Kind, range_: Range | None, goal: tuple[UUID, Aim] | None) -> list[Limit]:
    """Every limit of one patient's kind. A clinician's takes the place of guidelines' on its side.

    A goal's is where a week that has reached it would fall back.
    """
    limits: list[Limit] = []
    if range_ is not None:
        sides: tuple[tuple[Side, float | None], ...] = (("below", range_.low), ("above", range_.high))
        limits += [
            Limit("threshold", str(range_.id), side, value, Window())
            for side, value in sides
            if value is not None
        ]
    taken = {limit.side for limit in limits}
    limits += [limit for limit in guideline_limits().get(kind.code, ()) if limit.side not in taken]
    if goal is not None:
        id_, aim = goal
        side: Side = "below" if aim.direction == "at_least" else "above"
        limits.append(Limit("goal", str(id_), side, aim.target, week(kind)))
    return limits
