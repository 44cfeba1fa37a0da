"""The values of a JSON stream, one at a time, bounded in size and depth. Pure; knows no format."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, BinaryIO

import ijson

LARGEST = 16 * 1024 * 1024
"""Bytes that one value may take; a scanned document in base64 fits."""
MOST_PARTS = 500_000
"""Numbers, texts, lists and objects in one value; a day by the second has 260,000."""
DEEPEST = 64
"""Lists and objects inside each other; FHIR resources stay below 20."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Broken(Exception):
    """The stream cannot be read on from here; `truncated` when it merely ends too early."""

    def __init__(self, message: str, *, truncated: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.truncated = truncated


@dataclass(frozen=True, slots=True)
class Element:
    """One element of the root list, or of the root object's streamed list.

    `beside` holds those members of the root object that came before its streamed list.
    """

    value: Any
    beside: Mapping[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Root:
    """A root value that is no list; an object comes without the list that was streamed.

    `is_rest` is true where such a list came before it.
    """

    value: Any
    is_rest: bool = field(default=False, compare=False)


def values(stream: BinaryIO, *, streamed: str = "") -> Iterator[Element | Root]:
    """Each root value of the stream (one document, or one a line), in order.

    Elements of a root list, and of the list that a root object holds under `streamed`, come as they are read.
    Fractions are floats, equal to float() of their text; one that no float can hold stays text. NUL, which
    PostgreSQL cannot store, becomes U+FFFD. Raises Broken where the text stops being JSON, or asks for more
    memory than LARGEST, MOST_PARTS and DEEPEST allow.
    """
    source = _Rationed(stream)
    events = ijson.basic_parse(source, multiple_values=True)
    try:
        for event in events:
            for value in _root(_Builder(events), event, streamed):
                yield value
                source.renew()
    # ijson reports an integer of thousands of digits, which Python refuses, as a SystemError.
    except (ijson.JSONError, ValueError, SystemError) as error:
        if source.overdrawn:
            raise Broken(f"one value is larger than {LARGEST // 1024 // 1024} MB") from None
        raise _broken(error) from None


def number(value: Any) -> float | None:
    """The finite number that a JSON number, or a text of one, stands for; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    # Python takes "1_000" for a number; no file means that.
    if isinstance(value, str) and "_" in value:
        return None
    try:
        parsed = float(value)
    except (ValueError, OverflowError):
        return None
    return parsed if abs(parsed) < float("inf") else None


_Event = tuple[str, Any]


def _root(builder: "_Builder", event: _Event, streamed: str) -> Iterator[Element | Root]:
    if event[0] == "start_array":
        for element in builder.until("end_array"):
            yield Element(builder.whole(element))
        return
    if event[0] != "start_map":
        yield Root(builder.whole(event))
        return
    members: dict[str, Any] = {}
    is_rest = False
    for _, key in builder.until("end_map"):
        member = next(builder.events)
        if key == streamed and member[0] == "start_array":
            is_rest = True
            for element in builder.until("end_array"):
                yield Element(builder.whole(element), members)
        else:
            members[_text(key)] = builder.part(member)
    yield Root(members, is_rest)


class _Builder:
    """Makes values of a parser's events, none of them larger than it may be."""

    def __init__(self, events: Iterator[_Event]) -> None:
        self.events = events
        self._parts = 0

    def until(self, end: str) -> Iterator[_Event]:
        """The events up to this one, which is taken and not handed on."""
        for event in self.events:
            if event[0] == end:
                return
            yield event

    def whole(self, event: _Event) -> Any:
        """The value that begins with this event, from as many further events as it takes."""
        self._parts = 0
        return self.part(event)

    def part(self, event: _Event) -> Any:
        """The same, as one more part of the value before."""
        return self._built(event, DEEPEST)

    def _built(self, event: _Event, depth: int) -> Any:
        name, value = event
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise Broken(f"one value has more than {MOST_PARTS:,} parts")
        if name not in ("start_map", "start_array"):
            return _scalar(value)
        if not depth:
            raise Broken(f"the text is nested more than {DEEPEST} levels deep")
        # Plain loops: half as fast again as comprehensions over until().
        if name == "start_map":
            members = {}
            for inner, key in self.events:
                if inner == "end_map":
                    break
                members[_text(key)] = self._built(next(self.events), depth - 1)
            return members
        elements = []
        for element in self.events:
            if element[0] == "end_array":
                break
            elements.append(self._built(element, depth - 1))
        return elements


def _scalar(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Decimal):
        fraction = float(value)
        return fraction if abs(fraction) < float("inf") else str(value)
    return value


def _text(value: str) -> str:
    return value.replace("\0", "\ufffd") if "\0" in value else value


def _broken(error: Exception) -> Broken:
    reason = error.args[0] if error.args else ""
    text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
    if "premature EOF" in text:
        return Broken("the file ends in the middle of a value", truncated=True)
    if "UTF8" in text or isinstance(error, UnicodeDecodeError):
        return Broken("the text is not UTF-8")
    return Broken("the text is not valid JSON")


class _Rationed:
    """A stream that gives one value no more than LARGEST bytes, so that the parser cannot hoard."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._left = LARGEST
        self._at_start = True
        self.overdrawn = False

    def renew(self) -> None:
        self._left = LARGEST

    def read(self, size: int = -1) -> bytes:
        if self._left <= 0:
            self.overdrawn = True
            raise ValueError("ration used up")
        chunk = self._stream.read(size)
        self._left -= len(chunk)
        if self._at_start and chunk:
            self._at_start = False
            chunk = chunk.removeprefix(_BYTE_ORDER_MARK)
        return chunk
