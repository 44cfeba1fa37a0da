"""Apple Health's records in the spelling of the Health app itself, lifted out without an XML parser. Pure.

Nearly all of an export is records of one spelling. A pattern lifts them out five times as fast as a parser
reports them; what is left over, and every piece with a record that is spelled otherwise, is the parser's.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

# Its parts are as simple as can be, which makes it fast; what they let through is looked at afterwards.
_RECORD = re.compile(
    rb'<Record type="([^"]*)" sourceName="([^"]*)"(?: sourceVersion="[^"]*")?(?: device="[^"]*")?'
    rb'(?: unit="([^"]*)")?(?: creationDate="[^"]*")? startDate="([^"]*)" endDate="([^"]*)"'
    rb'(?: value="([^"]*)")?(?:/>|>((?:\s*<MetadataEntry key="[^"]*" value="[^"<]*"/>)*)\s*</Record>)'
)
_GROUPS = _RECORD.groups
_BEGINS = b"<Record "
# Inside a comment or a CDATA section a record is none, and only a parser knows where those end.
_HIDES = (b"<!", b"<?")
# Text with one of these does not mean what it says, or is no XML.
_SPECIAL = b"&" + bytes(range(0x20))
_TYPED = b'key="HKWasUserEntered" value="1"'
_MOST_HELD = 512 * 1024


@dataclass(frozen=True, slots=True)
class Run:
    """Records of one type, source and unit that follow one another, as text; `typed` are the places of those
    that a person entered.
    """

    type: str
    source: str
    unit: str
    starts: list[str]
    ends: list[str]
    values: list[str]
    typed: list[int]


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of the document: its plain records, and the XML that is left without them, at its old lines."""

    runs: list[Run]
    xml: bytes


class Lifter:
    """Cuts a document, chunk by chunk, into pieces that begin with a record."""

    def __init__(self) -> None:
        self._held = b""
        self._is_plain = True

    def pieces(self, chunk: bytes) -> Iterator[Piece]:
        """What is complete with this chunk; the record in which it breaks off is held back."""
        self._held += chunk
        cut = self._held.rfind(_BEGINS)
        if cut <= 0 and len(self._held) > _MOST_HELD:
            cut = len(self._held) - len(_BEGINS)
        if cut > 0:
            piece, self._held = self._held[:cut], self._held[cut:]
            yield self._piece(piece)

    def rest(self) -> Piece:
        """What was held back last, for the parser: it may be cut off."""
        held, self._held = self._held, b""
        return Piece([], held)

    def _piece(self, piece: bytes) -> Piece:
        lifted = _lifted(piece) if self._is_plain else None
        if lifted is None or any(mark in lifted.xml for mark in _HIDES):
            lifted = Piece([], piece)
            self._is_plain = self._is_plain and not any(mark in piece for mark in _HIDES)
        return lifted


def _lifted(piece: bytes) -> Piece | None:
    """The piece without its records; None when a record in it is spelled otherwise.

    Of two records of one identity the later one counts: either the parser sees all of a piece, or none.
    """
    parts = _RECORD.split(piece)
    xml = b"".join(part for part in parts[:: _GROUPS + 1] if part)
    columns = [parts[group :: _GROUPS + 1] for group in range(1, _GROUPS + 1)]
    entries = columns.pop()
    within = b"".join(filter(None, entries))
    # No attribute reached over the end of its own tag: each tag's bracket is accounted for.
    tags = 2 * len(entries) - entries.count(None) + within.count(b"<")
    if _BEGINS in xml or piece.count(b"<") - xml.count(b"<") != tags:
        return None
    try:
        types, sources, units, starts, ends, values = map(_texts, columns)
    except (UnicodeDecodeError, ValueError):
        return None
    keys = list(zip(types, sources, units, strict=True))
    typed = (
        [place for place, entry in enumerate(entries) if _TYPED in (entry or b"")] if _TYPED in within else []
    )
    runs = [
        Run(
            *keys[first],
            starts[first:end],
            ends[first:end],
            values[first:end],
            [place - first for place in typed if first <= place < end],
        )
        for first, end in _stretches(keys)
    ]
    return Piece(runs, xml + b"\n" * (piece.count(b"\n") - xml.count(b"\n")))


def _texts(column: Sequence[Any]) -> list[str]:
    """The column decoded, all at once; raises ValueError where a text is not plain."""
    if not column:
        return []
    given = [text or b"" for text in column] if None in column else column
    if len(b"".join(given).translate(None, _SPECIAL)) != sum(map(len, given)):
        raise ValueError("a text is not plain")
    return b"\n".join(given).decode().split("\n")


def _stretches(keys: Sequence[tuple[str, str, str]]) -> Iterator[tuple[int, int]]:
    """From where to where the same key stands."""
    turns = [place for place, (before, key) in enumerate(pairwise(keys), 1) if key != before]
    yield from pairwise([0, *turns, len(keys)] if keys else [])
