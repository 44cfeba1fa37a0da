"""The entries of a JSON file, each with its place, however the file ends. Pure; knows no format."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from twin.intake.gathering import Tally
from twin.intake.items import ProblemCode, RefusalCode, Refused
from twin.intake.json_values import Broken, Element, Root, values


@dataclass(frozen=True, slots=True)
class Entry:
    """One value of a file. `beside` is what its root object held before the list it stands in."""

    value: Any
    place: str
    beside: Mapping[str, Any]


def entries(stream: BinaryIO, tally: Tally, *, streamed: str = "", called: str = "entry") -> Iterator[Entry]:
    """Every element of the lists, and every root value that is no list; `streamed` as in values().

    A place names them by what they are `called`. What is left of an object beside its list is no entry.
    Where the text breaks off, `tally` is told and the entries end. Raises Refused when it breaks off before
    the first.
    """
    count = 0
    try:
        for item in values(stream, streamed=streamed):
            match item:
                case Element(value, beside):
                    count += 1
                    yield Entry(value, f"{called} {count}", beside)
                case Root(value, is_rest=False):
                    count += 1
                    yield Entry(value, f"{called} {count}", {})
    except Broken as broken:
        if not count:
            raise Refused(RefusalCode.MALFORMED, f"Nothing can be read: {broken.message}.") from None
        code = ProblemCode.TRUNCATED if broken.truncated else ProblemCode.MALFORMED
        tally.add(code, broken.message, f"after {called} {count}")


def member(holder: Any, key: str) -> dict[str, Any]:
    """The object under this key; an empty one where there is none."""
    value = holder.get(key) if isinstance(holder, dict) else None
    return value if isinstance(value, dict) else {}


def text(holder: Mapping[str, Any], key: str) -> str:
    """The text under this key; an empty one where there is none."""
    value = holder.get(key)
    return value if isinstance(value, str) else ""
