"""What every score says, in one shape: the number or why there is none, what went in, what stands behind it.

Pure. A score that lacks an input has no value; it may have a range in which the value lies.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

Value = float | bool | str


@dataclass(frozen=True, slots=True)
class Input:
    """What went into a score under its plain name; `on` is when it was measured or said, if that is known."""

    name: str
    value: Value
    unit: str
    on: date | None
    source: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """An input that was there and cannot be used: out of the equation's range, or of people it is not for."""

    name: str
    value: Value
    why: str


@dataclass(frozen=True, slots=True)
class Lever:
    """What the value would be with one input elsewhere and all else the same: arithmetic, no promise."""

    name: str
    from_: Value
    to: Value
    value_then: float


@dataclass(frozen=True, slots=True)
class Band:
    """The part of a score's range in which its value lies."""

    code: str
    title: str


@dataclass(frozen=True, slots=True)
class Flag:
    """Something that the inputs say beside the value, and that counts whatever the value is."""

    code: str
    title: str


@dataclass(frozen=True, slots=True)
class Score:
    """One score of one person; raises ValueError where it would claim more than its inputs allow.

    With something missing or refused `value` and `band` are None. `low` and `high` are the ends between which
    the value lies: of a score that is known in part, or of an estimate with its uncertainty. Names, and what
    is `missing`, are plain words. `levers` begin with what would change the value most.
    """

    code: str
    title: str
    version: str
    value: float | None
    unit: str
    source: str
    verification: str
    low: float | None = None
    high: float | None = None
    band: Band | None = None
    inputs: tuple[Input, ...] = ()
    missing: tuple[str, ...] = ()
    refused: tuple[Refusal, ...] = ()
    levers: tuple[Lever, ...] = ()
    flags: tuple[Flag, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.value is not None and (self.missing or self.refused):
            raise ValueError(f"{self.code} has a value in spite of missing or refused inputs")
        if self.value is None and (self.band is not None or self.levers):
            raise ValueError(f"{self.code} has a band or levers without a value")
        if (self.low is None) != (self.high is None):
            raise ValueError(f"{self.code} has a range with one end")
        if self.low is not None and self.high is not None and not self.low <= self.high:
            raise ValueError(f"{self.code} has a range that ends before it begins")

    def as_json(self) -> dict[str, Any]:
        """The score as JSON has it: days in ISO 8601, `from` for `from_`, and every field there."""
        return {
            "code": self.code,
            "title": self.title,
            "version": self.version,
            "value": self.value,
            "unit": self.unit,
            "low": self.low,
            "high": self.high,
            "band": None if self.band is None else {"code": self.band.code, "title": self.band.title},
            "inputs": [
                {
                    "name": one.name,
                    "value": one.value,
                    "unit": one.unit,
                    "on": None if one.on is None else one.on.isoformat(),
                    "source": one.source,
                }
                for one in self.inputs
            ],
            "missing": list(self.missing),
            "refused": [{"name": one.name, "value": one.value, "why": one.why} for one in self.refused],
            "levers": [
                {"name": one.name, "from": one.from_, "to": one.to, "value_then": one.value_then}
                for one in self.levers
            ],
            "flags": [{"code": one.code, "title": one.title} for one in self.flags],
            "source": self.source,
            "verification": self.verification,
            "notes": list(self.notes),
        }
