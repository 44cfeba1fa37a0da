"""What a file of screening rules says: whom a rule is for, what satisfies it, and for how long. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

Code = tuple[str, str]
"""A code's system by the short name of the file, and the code."""


class RuleKind(StrEnum):
    """What a rule asks for."""

    SCREENING = "screening"
    VACCINE = "vaccine"
    CONDITION_CARE = "condition_care"
    MEDICATION = "medication"
    COUNSELLING = "counselling"


@dataclass(frozen=True, slots=True)
class Least:
    """A number of the person that has to reach `at_least`."""

    code: str
    at_least: float


@dataclass(frozen=True, slots=True)
class Block:
    """Conditions that hold together. Ages are completed years, both ends in; None is no limit.

    `years_since_diagnosis` count from the earliest of the facts in `all`, those of the rule's own block too.
    """

    youngest: int | None = None
    oldest: int | None = None
    sex: str | None = None
    born_from: int | None = None
    all: tuple[str, ...] = ()
    any: tuple[str, ...] = ()
    none: tuple[str, ...] = ()
    least: tuple[Least, ...] = ()
    years_since_quit: int | None = None
    years_since_diagnosis: int | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """What satisfies a rule: events of these codes on so many days; `months` None holds for ever.

    `repeat_months` is when a repeat may be talked about where no source sets an interval.
    """

    name: str
    codes: frozenset[Code]
    months: int | None
    doses: int = 1
    repeat_months: int | None = None


@dataclass(frozen=True, slots=True)
class Variant:
    """Months that hold instead of a proof's own where one of these facts is so."""

    when_any: tuple[str, ...]
    months: int


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule with its source. A `soft` one is for a talk with the clinician. `line` is where it stands.

    Of a rule with a season an event counts from the first of `season_month` for a year.
    """

    id: str
    line: int = field(compare=False)
    title: str
    kind: RuleKind
    block: Block
    one_of: tuple[Block, ...]
    proofs: tuple[Proof, ...]
    variants: tuple[Variant, ...]
    season_month: int | None
    gap_months: int | None
    grade: str
    source: str
    year: int
    verification: str
    note: str
    soft: bool


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules of one file. `digest` tells one file from another.

    `facts` are the plain names of the facts that rules ask for; `systems` the short names of code systems by
    what records call them; `places` the rules and proofs, by their numbers, that a code is of.
    """

    id: str
    title: str
    jurisdiction: str
    as_of: date
    sources: tuple[str, ...]
    caution: str
    verification: str
    digest: str
    facts: Mapping[str, str]
    systems: Mapping[str, str]
    rules: tuple[Rule, ...]
    places: Mapping[Code, tuple[tuple[int, int], ...]]

    def code(self, system: str, code: str) -> Code | None:
        """A record's code as the rules have it, if it is one that counts for a rule."""
        short = self.systems.get(system)
        if short is None:
            return None
        found = short, same_code(short, code)
        return found if found in self.places else None


def same_code(system: str, code: str) -> str:
    """A code in the one form in which it is compared: CVX is written with and without its leading zero."""
    return code.lstrip("0") if system == "cvx" else code
