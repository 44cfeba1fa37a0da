"""What screening goes by of one person: what is known, what was done, and what was decided. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from reminders.screening.rules import Code
from twin.risk.result import Input

MOST_MONTHS = 600
"""No interval that a clinician sets is longer."""


@dataclass(frozen=True, slots=True)
class Done:
    """Something that was done on a day of the patient's own, with its codes as the rules have them.

    `source` says in plain words where that is known from; `said` marks what is only the patient's own word.
    """

    on: date
    codes: tuple[Code, ...]
    source: str
    said: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """One person. `sex` is FHIR's administrative gender.

    `known` are facts and numbers by the codes of the rules (a number of years of smoking is in pack-years, a
    risk between 0 and 1); what is not there is not known. `quit_on` is when smoking ended. From
    `known_until` on, what is known may be something else without anything new having come.
    """

    born_on: date
    sex: str
    known: Mapping[str, Input] = field(default_factory=lambda: MappingProxyType({}))
    done: tuple[Done, ...] = ()
    quit_on: date | None = None
    known_until: date | None = None


class Choice(StrEnum):
    """What can be decided about a rule for one person."""

    DECLINED = "declined"
    POSTPONED = "postponed"
    APPLICABLE = "applicable"
    NOT_APPLICABLE = "not_applicable"
    INTERVAL = "interval"


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about a rule, on which day and by whom; `until` is the first day on which it is over.

    That a rule is applicable, or is not, is a clinician's word and stands above the file's, as does an
    interval: in months, for all of a rule's proofs or for one of them by its name. Raises ValueError for a
    decision without what its choice needs.
    """

    rule: str
    choice: Choice
    on: date
    by: str
    until: date | None = None
    reason: str = ""
    months: int | None = None
    proof: str = ""

    def __post_init__(self) -> None:
        if self.until is not None and self.until <= self.on:
            raise ValueError("A decision ends after the day on which it was made.")
        if self.choice is Choice.POSTPONED and self.until is None:
            raise ValueError("What is postponed is postponed until a day.")
        if self.choice in (Choice.APPLICABLE, Choice.NOT_APPLICABLE) and not self.reason.strip():
            raise ValueError("That a rule is applicable or not needs a reason.")
        if (self.choice is Choice.INTERVAL) != (self.months is not None):
            raise ValueError("An interval, and nothing else, has months.")
        if self.months is not None and not 1 <= self.months <= MOST_MONTHS:
            raise ValueError(f"An interval is 1 to {MOST_MONTHS} months.")
        if self.proof and self.choice is not Choice.INTERVAL:
            raise ValueError("Only an interval is for one proof.")
