"""What is known of one person for scores, and whether it is what a score wants. Pure.

Numbers of kinds are checked in the kind's own unit. Nothing is clamped: what is out of range is refused by
name.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType

import numpy as np

from twin.kinds import Kind, UnknownUnit, kind, to_canonical
from twin.risk.data import load
from twin.risk.result import Input, Refusal, Value


@dataclass(frozen=True, slots=True)
class Given:
    """Inputs by their code in handling.json; `absent` says in plain words why one is not there."""

    inputs: Mapping[str, Input]
    absent: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Wanted:
    """One input of a score: the ends of its range, both in; None where its source states none.

    What is `optional` the score can do without, but it must be in range where it is there. `only` is the one
    answer with which the score is for this person, and `why` says so.
    """

    code: str
    name: str
    type: str
    unit: str = ""
    of: Kind | None = None
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    optional: bool = False
    only: bool | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a score may go by. Numbers of kinds are in the kind's unit, in `inputs` too."""

    inputs: tuple[Input, ...]
    missing: tuple[str, ...]
    refused: tuple[Refusal, ...]
    values: Mapping[str, Value]

    @property
    def complete(self) -> bool:
        """Whether the score can be worked out."""
        return not self.missing and not self.refused

    def number(self, code: str) -> float:
        """The number of an input that is there."""
        return float(self.values[code])

    def yes(self, code: str) -> bool:
        """The answer to a question of yes or no that is there."""
        return self.values[code] is True

    def choice(self, code: str) -> str:
        """The choice of an input that is there."""
        return str(self.values[code])


@cache
def wanted(
    code: str,
    low: float | None = None,
    high: float | None = None,
    *,
    optional: bool = False,
    only: bool | None = None,
    why: str = "",
) -> Wanted:
    """An input as handling.json describes it, with a score's own range."""
    row = load("handling")["inputs"][code]
    of = kind(row["kind"]) if "kind" in row else None
    return Wanted(
        code=code,
        name=row["name"] if of is None else of.title,
        type=row["type"],
        unit=row.get("unit", "") if of is None else of.unit,
        of=of,
        choices=tuple(row.get("choices", ())),
        low=low,
        high=high,
        optional=optional,
        only=only,
        why=why,
    )


def named(code: str) -> str:
    """The plain name of an input."""
    return wanted(code).name


def check(wants: Iterable[Wanted], given: Given) -> Checked:
    """Sorts what is given into what counts, what is missing and what is refused, in the order of `wants`."""
    inputs: list[Input] = []
    missing: list[str] = []
    refused: list[Refusal] = []
    values: dict[str, Value] = {}
    for want in wants:
        found = given.inputs.get(want.code)
        if found is None:
            if not want.optional:
                why = given.absent.get(want.code)
                missing.append(want.name if why is None else f"{want.name}: {why}")
            continue
        try:
            value = _usable(want, found)
        except _Unusable as unusable:
            refused.append(Refusal(want.name, found.value, str(unusable)))
            continue
        inputs.append(Input(want.name, value, want.unit, found.on, found.source))
        values[want.code] = value
    return Checked(tuple(inputs), tuple(missing), tuple(refused), values)


class _Unusable(ValueError):
    """The message says why, as a sentence."""


def _usable(want: Wanted, found: Input) -> Value:
    if want.type == "yes_no":
        if not isinstance(found.value, bool):
            raise _Unusable("This is neither yes nor no.")
        if want.only is not None and found.value is not want.only:
            raise _Unusable(want.why)
        return found.value
    if want.type == "choice":
        if found.value not in want.choices:
            raise _Unusable(f"The score knows {_list(want.choices)} only.")
        return found.value
    return _number(want, found)


def _number(want: Wanted, found: Input) -> float:
    if isinstance(found.value, bool | str) or not math.isfinite(found.value):
        raise _Unusable("This is no number.")
    value = float(found.value)
    if want.of is not None:
        if found.unit != want.unit:
            value = _converted(want.of, found.unit, value)
        if value <= 0 or not want.of.hard[0] <= value <= want.of.hard[1]:
            raise _Unusable("This is not possible.")
    below = want.low is not None and value < want.low
    above = want.high is not None and value > want.high
    if below or above:
        raise _Unusable(f"The score is for {_range(want)}.")
    return value


def _converted(of: Kind, unit: str, value: float) -> float:
    try:
        return float(to_canonical(of, unit, np.array([value]))[0])
    except UnknownUnit:
        raise _Unusable(f"It cannot be converted into {of.unit}.") from None


def _range(want: Wanted) -> str:
    unit = {"": "", "a": " years"}.get(want.unit, f" {want.unit}")
    if want.low is None:
        return f"at most {want.high:g}{unit}"
    if want.high is None:
        return f"at least {want.low:g}{unit}"
    return f"{want.low:g} to {want.high:g}{unit}"


def _list(words: Sequence[str]) -> str:
    plain = [word.replace("_", " ") for word in words]
    return f"{', '.join(plain[:-1])} and {plain[-1]}"
