"""An old and a new list of medicines side by side, as after a hospital stay, and what becomes of each. Pure.

Nothing is decided by itself: every line is kept, changed or stopped by somebody, and none can be left out.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from twin.scores.ingredients import Sameness, ingredients_of, sameness
from twin.scores.medicine_names import Medicine
from twin.state.medicines import strengths_of, without_strengths

_FRACTION = re.compile(r"(\d+)[.,](\d+)")
_THOUSAND = 3

Key = tuple[str | None, str | None]
"""The ids of a pair's old and new line; None where there is none."""


@dataclass(frozen=True, slots=True)
class Line:
    """One medicine of a list, its dose and its timing in words; `id` is the list's own."""

    id: str
    medicine: Medicine
    dose: str = ""
    timing: str = ""


class Standing(StrEnum):
    """What became of a medicine between the lists."""

    SAME = "same"
    CHANGED = "changed"
    ONLY_BEFORE = "only before"
    ONLY_AFTER = "only after"


class Difference(StrEnum):
    """In what two lines of one medicine differ."""

    INGREDIENTS = "ingredients"
    DOSE = "dose"
    TIMING = "timing"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two lines of one medicine, or one that stands alone; `by` is what they were matched by."""

    before: Line | None
    after: Line | None
    by: Sameness | None = None
    differences: tuple[Difference, ...] = ()

    @property
    def key(self) -> Key:
        """By what it is named in decisions."""
        return (
            None if self.before is None else self.before.id,
            None if self.after is None else self.after.id,
        )

    @property
    def standing(self) -> Standing:
        """What became of the medicine."""
        if self.before is None:
            return Standing.ONLY_AFTER
        if self.after is None:
            return Standing.ONLY_BEFORE
        return Standing.CHANGED if self.differences else Standing.SAME


def side_by_side(before: Sequence[Line], after: Sequence[Line]) -> list[Pair]:
    """Each line of both lists once, in the old list's order and then in the new one's.

    Lines are matched one to one by code, then by ingredient, then by name; of several that match equally
    those that differ least. A strength or a timing that one list alone says is a difference. Raises
    ValueError for an id that a list has twice.
    """
    for lines in (before, after):
        if len({line.id for line in lines}) != len(lines):
            raise ValueError("An id is there twice.")
    candidates = [
        (list(Sameness).index(by), _differences(old, new), at, to, by)
        for at, old in enumerate(before)
        for to, new in enumerate(after)
        if (by := sameness(old.medicine, new.medicine)) is not None
    ]
    matched: dict[int, tuple[int, Pair]] = {}
    taken: set[int] = set()
    for _, differences, at, to, by in sorted(
        candidates, key=lambda one: (one[0], len(one[1]), one[2], one[3])
    ):
        if at not in matched and to not in taken:
            matched[at] = (to, Pair(before[at], after[to], by, differences))
            taken.add(to)
    old_lines = [matched[at][1] if at in matched else Pair(line, None) for at, line in enumerate(before)]
    return [*old_lines, *(Pair(None, line) for to, line in enumerate(after) if to not in taken)]


def _differences(old: Line, new: Line) -> tuple[Difference, ...]:
    found = []
    if ingredients_of(old.medicine) != ingredients_of(new.medicine):
        found.append(Difference.INGREDIENTS)
    if _strengths(old) != _strengths(new) or _are_other(_amount(old), _amount(new)):
        found.append(Difference.DOSE)
    if _plain(old.timing) != _plain(new.timing):
        found.append(Difference.TIMING)
    return tuple(found)


def _strengths(line: Line) -> set[str]:
    # One list has the strength in the name, another in the dose.
    return {_plain(strength) for text in (line.medicine.text, line.dose) for strength in strengths_of(text)}


def _amount(line: Line) -> str:
    return _plain(without_strengths(line.dose))


def _are_other(one: str, other: str) -> bool:
    return bool(one and other) and one != other


def _plain(text: str) -> str:
    """Without case, spaces and most ways to write a number: 5,0 mg is 5mg."""
    return _FRACTION.sub(_number, "".join(text.casefold().split()))


def _number(found: re.Match[str]) -> str:
    whole, fraction = found.groups()
    if len(fraction) == _THOUSAND:
        # 1.000 is one or a thousand, by the country: it equals nothing but itself.
        return found.group()
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


class Decision(StrEnum):
    """What becomes of a line."""

    KEEP = "keep"  # as it was before; what is only new is taken up as it is
    CHANGE = "change"  # to what the new list says, or to what is said here
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Choice:
    """Somebody's decision on a pair; `to` is the line it is changed to, where not the new list's."""

    decision: Decision
    to: Line | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Decided:
    """A pair, what was decided, and the line in use from then on; None where it is stopped."""

    pair: Pair
    choice: Choice
    line: Line | None


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a decision cannot stand: the pair, the field, and the reason in a sentence."""

    key: Key
    field: str
    reason: str


class NotReconciled(ValueError):
    """Decisions that leave a line open or contradict themselves; `problems` names every one."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(problem.reason for problem in self.problems))


def decided(pairs: Sequence[Pair], choices: Mapping[Key, Choice]) -> list[Decided]:
    """Each pair with what was decided of it, in order.

    Raises NotReconciled, with every problem at once, where a pair has no decision or a decision no pair,
    where something is changed to what it is already or to another medicine, or where nothing says to what.
    """
    problems = [
        Problem(key, "key", "There is no such line.") for key in choices.keys() - {pair.key for pair in pairs}
    ]
    made = []
    for pair in pairs:
        choice = choices.get(pair.key)
        problem = _problem(pair, choice)
        if problem is not None:
            problems.append(problem)
        elif choice is not None:
            made.append(Decided(pair, choice, _line(pair, choice)))
    if problems:
        raise NotReconciled(problems)
    return made


def _problem(pair: Pair, choice: Choice | None) -> Problem | None:
    if choice is None:
        return Problem(pair.key, "decision", "This line is not decided.")
    if choice.decision is Decision.CHANGE:
        why = _why_no_change(pair, choice)
    else:
        why = None if choice.to is None else "Only what is changed is changed to something."
    return None if why is None else Problem(pair.key, "to", why)


def _why_no_change(pair: Pair, choice: Choice) -> str | None:
    current, to = pair.before or pair.after, _line(pair, choice)
    if current is None or to is None:
        return "It has to be said what this is changed to."
    if sameness(current.medicine, to.medicine) is None:
        return "Another medicine is a line of its own: stop this one and add that."
    return None if _differences(current, to) else "This changes nothing."


def _line(pair: Pair, choice: Choice) -> Line | None:
    if choice.decision is Decision.STOP:
        return None
    if choice.decision is Decision.KEEP:
        return pair.before or pair.after
    return choice.to or (pair.after if pair.before is not None else None)
