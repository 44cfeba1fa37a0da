"""What the rules find in one patient's data, and what that means for the alerts that are open. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from backend.rules import Topic

Direction = Literal["high", "low", "other"]
"""On which side of what is usual; `other` for what has no side, such as a silent device."""


class Severity(StrEnum):
    """How soon somebody has to look, from the calmest to the worst."""

    INFORMATION = "information"
    CAUTION = "caution"
    URGENT = "urgent"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for the calmest; comparisons of the names themselves would be alphabetical."""
        return list(Severity).index(self)


class Clearing(StrEnum):
    """Why an alert's cause is gone."""

    RECOVERED = "recovered"  # newer data is back within what ends the rule
    CORRECTED = "corrected"  # the data that raised it was replaced or deleted, and never stood
    OUTDATED = "outdated"  # its data is too old to say anything of now
    RETIRED = "retired"  # the rule, threshold or goal behind it is no more


@dataclass(frozen=True, slots=True)
class Evidence:
    """One value that a finding stands on: in the kind's canonical unit, at the instant it ended (UTC)."""

    kind: str
    value: float
    unit: str
    at: datetime
    source: str = ""
    flags: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule holds. `key` tells its findings apart where it may hold several times (by kind, by device).

    `at` is the newest instant of the data that it stands on, and `is_late` says that this instant was too
    long ago, when the data came, to speak of now. `title` and `text` are plain words for patient and
    clinician; `action` names an entry of the actions' file, `source` and `verification` who says so.
    """

    rule: str
    key: str
    severity: Severity
    topic: Topic
    direction: Direction
    title: str
    text: str
    at: datetime
    is_late: bool
    evidence: tuple[Evidence, ...]
    source: str
    verification: str
    action: str | None = None


@dataclass(frozen=True, slots=True)
class Open:
    """What the evaluation has to know of an alert that is open: rules end elsewhere than they begin."""

    rule: str
    key: str
    severity: Severity
    at: datetime


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What one look at a patient found.

    Of an open alert that is in neither, nothing new is known: it stays as it is.
    """

    holds: Sequence[Finding]
    cleared: Sequence[tuple[Open, Clearing]]
