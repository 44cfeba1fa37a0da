"""JSON of which the lines are known: what is wrong with a file is said with its line. Pure."""

import json
from collections.abc import Iterator
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
