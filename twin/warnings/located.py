"""JSON of which the lines are known: what is wrong with a file is said with its line. Pure."""

import json
import math
from collections.abc import Callable, Collection, Iterator
from typing import Any


class Misplaced(ValueError):
    """Something in a file is wrong, at this line (from 1)."""

    def __init__(self, line: int, cause: str) -> None:
        super().__init__(f"line {line}: {cause}")
        self.line = line
        self.cause = cause


def read_located(text: str, *lists: str) -> tuple[dict[str, Any], dict[str, list[int]]]:
    """An object, and for each of its members named in `lists` the lines on which that list's items begin.

    Raises Misplaced for what is no JSON object, for a name that comes twice in one object, and where a
    member named is no list.
    """
    try:
        whole = json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as wrong:
        raise Misplaced(wrong.lineno, f"this is no JSON: {wrong.msg} at column {wrong.colno}") from None
    except _Repeated as wrong:
        raise Misplaced(_line_of_second(text, wrong.name), f'"{wrong.name}" stands here twice') from None
    if not isinstance(whole, dict):
        raise Misplaced(1, "the file is no object")
    places = {name: place for name, place in _members(text) if name in lists}
    found: dict[str, list[int]] = {}
    for name in lists:
        if name not in places:
            raise Misplaced(1, f'there is no "{name}"')
        if not isinstance(whole[name], list):
            raise Misplaced(_line(text, places[name]), f'"{name}" is no list')
        found[name] = [_line(text, place) for place in _items(text, places[name])]
    return whole, found


class Part:
    """An object of the file, whose members are taken out one by one; faults carry its line."""

    def __init__(self, given: Any, line: int, where: str = "") -> None:
        self.line = line
        self.where = where
        if not isinstance(given, dict):
            raise self.fault("this is no object")
        self._left = dict(given)

    def fault(self, cause: str) -> Misplaced:
        """A fault of this object."""
        return Misplaced(self.line, f"{self.where}: {cause}" if self.where else cause)

    def has(self, name: str) -> bool:
        """Whether a member is there that has not been taken out."""
        return name in self._left

    def any(self, name: str) -> Any:
        """A member, taken out; raises Misplaced where there is none, as the others do."""
        try:
            return self._left.pop(name)
        except KeyError:
            raise self.fault(f'there is no "{name}"') from None

    def text(self, name: str, known: Collection[str] | None = None) -> str:
        """A text that says something, or one of those known."""
        value = self.any(name)
        if not isinstance(value, str) or not (value.strip() or known):
            raise self.fault(f'"{name}" is no text')
        if known is not None and value not in known:
            raise self.fault(f'"{name}" is {value!r}, which is none of {", ".join(sorted(known))}')
        return value

    def texts(self, name: str, known: Collection[str] | None = None) -> tuple[str, ...]:
        """A list of texts, each once; empty where there is none."""
        values = self._left.pop(name, [])
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise self.fault(f'"{name}" is no list of texts')
        for value in values:
            if known is not None and value not in known:
                raise self.fault(f'"{name}" has {value!r}, which is not known')
        if len(set(values)) != len(values):
            raise self.fault(f'"{name}" has one of its texts twice')
        return tuple(values)

    def number(self, name: str) -> float:
        """A finite number."""
        value = self.any(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self.fault(f'"{name}" is no number')
        return float(value)

    def whole(self, name: str, least: int = 1) -> int:
        """A whole number."""
        value = self.any(name)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise self.fault(f'"{name}" is no whole number from {least} on')
        return value

    def flag(self, name: str) -> bool:
        """True or false; false where there is none."""
        value = self._left.pop(name, False)
        if not isinstance(value, bool):
            raise self.fault(f'"{name}" is neither true nor false')
        return value

    def parts(
        self, name: str, is_known: Callable[[str], bool] = lambda _: True
    ) -> Iterator[tuple[str, "Part"]]:
        """The members of an object that are objects themselves, by their names."""
        given = self.any(name)
        if not isinstance(given, dict):
            raise self.fault(f'"{name}" is no object')
        for key, value in given.items():
            if not is_known(key):
                raise self.fault(f'"{name}" has {key!r}, which is not known')
            yield key, Part(value, self.line, f"{self.where} {name} {key}".strip())

    def nothing_else(self) -> None:
        """Raises Misplaced for a member that nobody has taken out; a note is for readers."""
        self._left.pop("note", None)
        if self._left:
            raise self.fault(f'"{min(self._left)}" is not known here')


class _Repeated(ValueError):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _Repeated(name)
        found[name] = value
    return found


def _line_of_second(text: str, name: str) -> int:
    """The first line on which an object of the file repeats a name of its own."""
    open_: list[set[str]] = []
    scanner, place = json.JSONDecoder(), 0
    while place < len(text):
        sign = text[place]
        if sign == '"':
            said, end = scanner.raw_decode(text, place)
            if open_ and text[_past_space(text, end) : _past_space(text, end) + 1] == ":":
                if said == name and said in open_[-1]:
                    return _line(text, place)
                open_[-1].add(said)
            place = end
            continue
        if sign in "{[":
            open_.append(set())
        elif sign in "}]":
            open_.pop()
        place += 1
    return 1


def _members(text: str) -> Iterator[tuple[str, int]]:
    """The names of the outermost object's members, and where their values begin."""
    scanner = json.JSONDecoder()
    place = _past_space(text, _past_space(text, 0) + 1)
    while text[place] == '"':
        name, place = scanner.raw_decode(text, place)
        place = _past_space(text, _past_space(text, place) + 1)
        yield name, place
        place = _past_space(text, scanner.raw_decode(text, place)[1])
        place = _past_space(text, place + 1) if text[place] == "," else place


def _items(text: str, place: int) -> Iterator[int]:
    """Where the items of the list that begins there begin."""
    scanner = json.JSONDecoder()
    place = _past_space(text, place + 1)
    while text[place] != "]":
        yield place
        place = _past_space(text, scanner.raw_decode(text, place)[1])
        place = _past_space(text, place + 1) if text[place] == "," else place


def _past_space(text: str, place: int) -> int:
    while place < len(text) and text[place] in " \t\n\r":
        place += 1
    return place


def _line(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1
