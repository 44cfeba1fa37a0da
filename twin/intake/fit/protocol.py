"""The FIT protocol: bytes to messages, and nothing of what they mean. Pure.

fitdecode's profile says what the numbers mean (`profile.py`); its reader is not used, because it is ten times
slower and ends a damaged file in exceptions of any sort. Source: developer.garmin.com/fit/protocol.
"""

import math
import struct
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

MAGIC = b".FIT"
EVERY: Container[int] = range(256)
"""All fields of a message."""

_SHORTEST_HEADER = 12
_CHECKSUM = 2
_TIMESTAMP = 253
_LATEST = 0xFFFF_FFFF
_CHUNK = 64 * 1024


class Damaged(Exception):
    """Nothing can be read on from here; `truncated` when the bytes merely end too early."""

    def __init__(self, message: str, *, truncated: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.truncated = truncated


@dataclass(frozen=True, slots=True)
class Message:
    """One message; `fields` are those that were wanted and hold a value, by number, unscaled.

    `time` is the message's own timestamp: seconds since 1989-12-31T00:00Z, or since the device was switched
    on.
    """

    number: int
    time: int | None
    fields: dict[int, Any]

    def whole(self, field: int) -> int | None:
        """The field's value where it is one whole number."""
        value = self.fields.get(field)
        return value if isinstance(value, int) else None


@dataclass(frozen=True, slots=True)
class FitFile:
    """One of the FIT files that a stream holds one after the other: where its messages start and end."""

    header: int
    start: int
    end: int
    states_length: bool


def looks_like_header(head: bytes) -> bool:
    """Whether bytes begin with the header of a FIT file."""
    return len(head) >= _SHORTEST_HEADER and head[0] >= _SHORTEST_HEADER and head[8:12] == MAGIC


def files(stream: BinaryIO) -> Iterator[FitFile]:
    """The FIT files of a stream that goes anywhere; raises Damaged where something else follows one.

    A device that was cut off leaves a length of 0: such a file goes to the stream's end. Others may state
    more than there is.
    """
    size = stream.seek(0, 2)
    position = 0
    while position < size:
        stream.seek(position)
        head = stream.read(_SHORTEST_HEADER)
        if not looks_like_header(head):
            raise Damaged("no header of a FIT file")
        start = position + head[0]
        (length,) = struct.unpack_from("<I", head, 4)
        end = start + length if length else max(size - _CHECKSUM, start)
        yield FitFile(position, start, end, states_length=length > 0)
        position = end + _CHECKSUM


def check(stream: BinaryIO, file: FitFile) -> None:
    """Raises Damaged unless the two bytes after the file are the CRC of all before them."""
    if not file.states_length:
        raise Damaged("the header states no length")
    stream.seek(file.header)
    crc, left = 0, file.end - file.header
    while left and (chunk := stream.read(min(left, _CHUNK))):
        left -= len(chunk)
        for byte in chunk:
            crc = (crc >> 8) ^ _CRC[(crc ^ byte) & 0xFF]
    stated = stream.read(_CHECKSUM)
    if len(stated) < _CHECKSUM:
        raise Damaged("the file ends before its checksum", truncated=True)
    if int.from_bytes(stated, "little") != crc:
        raise Damaged("the checksum is wrong")


def messages(stream: BinaryIO, file: FitFile, wanted: Mapping[int, Container[int]]) -> Iterator[Message]:
    """Every message of the file in order, with the `wanted` fields of each message number.

    Developer fields are passed over. Raises Damaged where no message can be read any more.
    """
    stream.seek(file.start)
    bytes_of = _Bytes(stream, file.end - file.start)
    definitions: dict[int, _Definition] = {}
    clock = 0
    while bytes_of.left:
        header = bytes_of.read(1)[0]
        if header & 0x80:
            definition = definitions.get(header >> 5 & 0x3)
        elif header & 0x40:
            definitions[header & 0x0F] = _definition(bytes_of, wanted, developer=bool(header & 0x20))
            continue
        else:
            definition = definitions.get(header & 0x0F)
        if definition is None:
            raise Damaged("a message of no defined kind")
        time, fields = definition.decode(bytes_of.read(definition.size))
        if header & 0x80:
            # Five bits of a time that goes on from the last one.
            time = clock + ((header - clock) & 0x1F) & _LATEST
        if time is not None:
            clock = time
        yield Message(definition.number, time, fields)


class _Bytes:
    """The bytes of one file's messages, and no more."""

    __slots__ = ("_stream", "left")

    def __init__(self, stream: BinaryIO, length: int) -> None:
        self._stream = stream
        self.left = length

    def read(self, size: int) -> bytes:
        """Exactly `size` bytes; raises Damaged."""
        if size > self.left:
            raise Damaged("a message goes on beyond the end of its file")
        chunk = self._stream.read(size)
        if len(chunk) < size:
            raise Damaged("the file ends in the middle of its messages", truncated=True)
        self.left -= size
        return chunk


@dataclass(frozen=True, slots=True)
class _BaseType:
    """How a value is packed, and which value says that there is none."""

    code: str
    size: int
    invalid: int | None


# By base type number, without the bit that says whether the byte order matters.
_BASE_TYPES = {
    0x00: _BaseType("B", 1, 0xFF),
    0x01: _BaseType("b", 1, 0x7F),
    0x02: _BaseType("B", 1, 0xFF),
    0x03: _BaseType("h", 2, 0x7FFF),
    0x04: _BaseType("H", 2, 0xFFFF),
    0x05: _BaseType("i", 4, 0x7FFF_FFFF),
    0x06: _BaseType("I", 4, 0xFFFF_FFFF),
    0x08: _BaseType("f", 4, None),
    0x09: _BaseType("d", 8, None),
    0x0A: _BaseType("B", 1, 0),
    0x0B: _BaseType("H", 2, 0),
    0x0C: _BaseType("I", 4, 0),
    0x0E: _BaseType("q", 8, 0x7FFF_FFFF_FFFF_FFFF),
    0x0F: _BaseType("Q", 8, 0xFFFF_FFFF_FFFF_FFFF),
    0x10: _BaseType("Q", 8, 0),
}
_STRING, _BYTES = 0x07, 0x0D


@dataclass(frozen=True, slots=True)
class _Part:
    """Where a wanted field lies among the unpacked values; `base` is None for text and bytes."""

    field: int
    index: int
    count: int
    base: _BaseType | None


class _Definition:
    """The layout of the messages that follow it under one local number."""

    __slots__ = ("_parts", "_structure", "_texts", "number", "size")

    def __init__(self, number: int, structure: struct.Struct, parts: list[_Part], texts: set[int]) -> None:
        self.number = number
        self.size = structure.size
        self._structure = structure
        self._parts = parts
        self._texts = texts

    def decode(self, payload: bytes) -> tuple[int | None, dict[int, Any]]:
        """The timestamp and the wanted fields of one message."""
        values = self._structure.unpack(payload)
        time: int | None = None
        fields: dict[int, Any] = {}
        for part in self._parts:
            value: Any
            if part.base is None:
                value = self._plain(part.field, values[part.index])
            elif part.count == 1:
                value = _valid(values[part.index], part.base)
            else:
                elements = values[part.index : part.index + part.count]
                valid = tuple(_valid(element, part.base) for element in elements)
                value = valid if any(element is not None for element in valid) else None
            if value is None:
                continue
            if part.field == _TIMESTAMP:
                time = value if isinstance(value, int) and 0 <= value <= _LATEST else None
            else:
                fields[part.field] = value
        return time, fields

    def _plain(self, field: int, value: bytes) -> str | bytes | None:
        if field in self._texts:
            return value.partition(b"\0")[0].decode("utf-8", "replace").strip() or None
        return None if value.count(0xFF) == len(value) else value


def _valid(value: Any, base: _BaseType) -> Any:
    if base.invalid is None:
        return value if math.isfinite(value) else None
    return None if value == base.invalid else value


def _definition(bytes_of: _Bytes, wanted: Mapping[int, Container[int]], *, developer: bool) -> _Definition:
    _, big_endian, low, high, count = bytes_of.read(5)
    order = ">" if big_endian else "<"
    number = low << 8 | high if big_endian else high << 8 | low
    laid_out = bytes_of.read(3 * count)
    of_message = wanted.get(number, ())
    codes, parts, texts, index = [order], [], set(), 0
    for at in range(0, len(laid_out), 3):
        field, size, kind = laid_out[at], laid_out[at + 1], laid_out[at + 2] & 0x1F
        base = _BASE_TYPES.get(kind)
        if not size or (field != _TIMESTAMP and field not in of_message):
            codes.append(f"{size}x")
        elif base is not None and size % base.size == 0:
            codes.append(f"{size // base.size}{base.code}")
            parts.append(_Part(field, index, size // base.size, base))
            index += size // base.size
        else:
            codes.append(f"{size}s")
            parts.append(_Part(field, index, 1, None))
            index += 1
            if kind == _STRING:
                texts.add(field)
    if developer:
        (count,) = bytes_of.read(1)
        described = bytes_of.read(3 * count)
        codes.append(f"{sum(described[1::3])}x")
    return _Definition(number, struct.Struct("".join(codes)), parts, texts)


def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0xA001 if crc & 1 else 0)
        table.append(crc)
    return table


_CRC = _crc_table()
