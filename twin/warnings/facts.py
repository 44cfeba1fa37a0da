"""What is known of one patient when rules are looked at: plain values, whatever they were read from. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal
from uuid import UUID

import numpy as np
import numpy.typing as npt

from backend.rules import Topic
from twin.state.baseline import Baseline

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Side = Literal["above", "below"]

DAY = 86_400_000
"""Milliseconds."""
TOLD_TWICE_WITHIN = 60_000
TOLD_TWICE_TO = 0.005
"""Milliseconds and share of the value: so close two sources tell of one reading. A working choice."""


@dataclass(frozen=True, slots=True)
class Readings:
    """Samples of one kind in the order in which they ended.

    `at` is that instant (ms), `start` when they began, `source[i]` the place in `sources` of reading i's,
    `day` the patient's own day of `at`, counted from 1970-01-01, `flags` sums of Flag.
    """

    start: Integers
    at: Integers
    value: Floats
    flags: npt.NDArray[np.uint8]
    source: npt.NDArray[np.int16]
    day: Integers
    sources: Sequence[str]

    def __len__(self) -> int:
        return len(self.at)

    def take(self, chosen: npt.NDArray[np.bool_] | npt.NDArray[np.intp] | slice) -> "Readings":
        """The chosen ones, in their order."""
        return Readings(
            self.start[chosen],
            self.at[chosen],
            self.value[chosen],
            self.flags[chosen],
            self.source[chosen],
            self.day[chosen],
            self.sources,
        )

    def told_once(self) -> "Readings":
        """Without those that another source had told of: the same value at the same time."""
        twice = np.zeros(len(self), np.bool_)
        for source in range(1, len(self.sources)):
            own, earlier = np.flatnonzero(self.source == source), np.flatnonzero(self.source < source)
            if not len(own) or not len(earlier):
                continue
            at, value = self.at[own], self.value[own]
            # Of each reading the others within reach: the first of them, the second, and so on.
            which = np.searchsorted(self.at[earlier], at - TOLD_TWICE_WITHIN)
            until = np.searchsorted(self.at[earlier], at + TOLD_TWICE_WITHIN, side="right")
            while (there := which < until).any():
                other = self.value[earlier[np.minimum(which, len(earlier) - 1)]]
                twice[own] |= there & (np.abs(other - value) <= TOLD_TWICE_TO * np.abs(value))
                which += 1
        return self.take(~twice) if twice.any() else self


@dataclass(frozen=True, slots=True)
class Days:
    """A kind's day values in order: days counted from 1970-01-01, and the instant (ms) each began."""

    day: Integers
    at: Integers
    value: Floats


@dataclass(frozen=True, slots=True)
class Threshold:
    """The limits that a clinician has set for a kind; `set_at` in ms."""

    id: UUID
    kind: str
    low: float | None
    high: float | None
    set_at: int


@dataclass(frozen=True, slots=True)
class Crossing:
    """The chance that a kind's days pass a limit within its forecast; `made_at` in ms."""

    kind: str
    basis: str
    rule: str
    side: Side
    limit: float
    probability: float
    is_passed: bool
    made_at: int


@dataclass(frozen=True, slots=True)
class Ahead:
    """What was forecast of glucose after the reading at `at` (ms): the mean, so many minutes later."""

    at: int
    last_value: float
    minutes: Sequence[int]
    mean: Sequence[float]


@dataclass(frozen=True, slots=True)
class Source:
    """A device or app; `silent_since` (ms) when it has been quiet for longer than its habit."""

    id: UUID
    name: str
    topic: Topic
    silent_since: int | None


@dataclass(frozen=True, slots=True)
class Score:
    """A score as far as it is known: it lies between `low` and `high`; `at` (ms) is its newest data's."""

    low: float
    high: float
    at: int


@dataclass(frozen=True, slots=True)
class Doses:
    """How often in a row a critical medicine was not taken, the last time at `at` (ms); 0 times if it was.

    `key` names the plan of the medicine, as long as there is one.
    """

    key: str
    medicine: str
    missed: int
    at: int


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that rules are held against.

    `arrived` are, by kind, the first and last instants (ms) of the samples that have come since the last
    look: what is old but came just now is late, and what is old and was known is no news. `conditions` are
    the names, in the rule file, of those on file.
    """

    today: date
    readings: Mapping[str, Readings] = field(default_factory=dict)
    days: Mapping[str, Days] = field(default_factory=dict)
    baselines: Mapping[str, Baseline] = field(default_factory=dict)
    thresholds: Sequence[Threshold] = ()
    goals: frozenset[str] = frozenset()
    crossings: Sequence[Crossing] = ()
    ahead: Ahead | None = None
    sources: Sequence[Source] = ()
    scores: Mapping[str, Score] = field(default_factory=dict)
    doses: Sequence[Doses] = ()
    conditions: frozenset[str] = frozenset()
    arrived: Mapping[str, tuple[int, int]] = field(default_factory=dict)
