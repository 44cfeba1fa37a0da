"""The rules of early warning: what one says, when it begins and when it ends. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from backend.rules import Topic
from twin.warnings.facts import Floats, Side
from twin.warnings.finding import Direction, Severity

EXACT_TO = 9
"""Decimals to which a value is held against a limit: what has been through another unit is rarely exact."""


class Condition(StrEnum):
    """What a rule looks at."""

    READING = "reading"  # readings of one kind, or of two that were taken together
    MEAN = "mean"  # the mean of several days' readings
    GAIN = "gain"  # how much more a day has than a day before it
    DEVIATION = "deviation"  # days away from what is usual for this person
    THRESHOLD = "threshold"  # a clinician's limits for this person
    CROSSING = "crossing"  # the chance that a limit is passed within the forecast
    AHEAD = "ahead"  # glucose in the next hours
    SCORE = "score"
    SILENCE = "silence"  # a device that has been quiet for longer than its habit
    DOSES = "doses"  # a critical medicine that was not taken


@dataclass(frozen=True, slots=True)
class Bound:
    """A limit that is passed to one side, right at it too where `at`; it has ended from `ends` on.

    `kind` None is whichever kind is looked at.
    """

    side: Side
    value: float
    at: bool
    ends: float
    kind: str | None = None

    def passed(self, values: Floats) -> npt.NDArray[np.bool_]:
        """Where values are beyond it; nan is nowhere."""
        values = np.round(values, EXACT_TO)
        if self.side == "above":
            return values >= self.value if self.at else values > self.value
        return values <= self.value if self.at else values < self.value

    def calm(self, values: Floats) -> npt.NDArray[np.bool_]:
        """Where it is over; nan is nowhere."""
        exact = np.round(values, EXACT_TO)
        back = exact <= self.ends if self.side == "above" else exact >= self.ends
        calm: npt.NDArray[np.bool_] = back & ~self.passed(values)
        return calm

    def of(self, kind: str) -> bool:
        """Whether it is meant for values of this kind."""
        return self.kind is None or self.kind == kind


@dataclass(frozen=True, slots=True)
class Level:
    """One severity of a rule: where it begins, what it says, and who says so.

    `readings` and `minutes`: how many values in a row, over how long. `days`: of a gain, over how many.
    `unless_usual`: not where the value is within so many spreads of what is usual for the person.
    """

    id: str
    severity: Severity
    title: str
    text: str
    source: str
    verification: str
    action: str | None
    bounds: tuple[Bound, ...] = ()
    readings: int | None = None
    minutes: int | None = None
    days: int | None = None
    unless_usual: float | None = None

    def bounds_of(self, kind: str) -> list[Bound]:
        """Those meant for values of a kind."""
        return [bound for bound in self.bounds if bound.of(kind)]


@dataclass(frozen=True, slots=True)
class Pace:
    """How a kind's values come: working choices, all of them. Times in ms.

    A value speaks of now for `now`, and says nothing after `old`; a longer `gap` begins a new run. `margin`
    is how far back a value has to come before a rule ends. Where `doubt`, one outside the kind's soft range
    counts only beside a second.
    """

    now: int
    old: int
    gap: int
    margin: float = 0.0
    readings: int = 1
    minutes: int = 0
    doubt: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; `levels` from the calmest to the worst. `line` is where it stands in its file.

    `requires` and `unless` name facts that records may say, as twin.risk.facts has them. `together`: values
    of all kinds at one instant are one reading. `at_rest`: only where nothing moved for so many ms. `days` is
    how many are looked at or have to follow each other, `least_readings` what a mean stands on at least.
    """

    id: str
    line: int
    condition: Condition
    direction: Direction
    topic: Topic
    kinds: tuple[str, ...]
    levels: tuple[Level, ...]
    paces: Mapping[str, Pace]
    requires: str | None = None
    unless: str | None = None
    together: bool = False
    at_rest: int | None = None
    days: int = 1
    least_days: int = 1
    least_readings: int = 1
    score: str = ""
    basis: frozenset[str] = frozenset()
    minutes_ahead: int = 0

    @property
    def pace(self) -> Pace:
        """That of its first kind; several kinds of one moment have one."""
        return self.paces[self.kinds[0] if self.kinds else ""]


@dataclass(frozen=True, slots=True)
class Category:
    """A band of home blood pressure: from these values on; the worse of both counts."""

    label: str
    sbp: float
    dbp: float
    at: bool


@dataclass(frozen=True, slots=True)
class RuleFile:
    """All rules of a file, and what they share."""

    rules: tuple[Rule, ...]
    paces: Mapping[str, Pace]
    home_pressure: Mapping[str, tuple[Category, ...]]

    def kinds(self, *conditions: Condition) -> frozenset[str]:
        """The kinds that rules of these conditions look at."""
        return frozenset(kind for rule in self.rules if rule.condition in conditions for kind in rule.kinds)

    def category(self, scheme: str, sbp: float, dbp: float) -> str:
        """In which band of a scheme a blood pressure lies: the worst whose one or other value it reaches."""
        reached = self.home_pressure[scheme][0].label
        for band in self.home_pressure[scheme]:
            sbp_there, dbp_there = (
                given >= limit if band.at else given > limit
                for given, limit in ((sbp, band.sbp), (dbp, band.dbp))
            )
            if sbp_there or dbp_there:
                reached = band.label
        return reached
