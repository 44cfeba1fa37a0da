"""Columns <-> bytes: the compressed form of one block. Pure; it knows no kinds, no spans, no database.

A block is a header and one zstd frame. Every column is kept as its first number and the steps from each
number to the next; the steps are written as `base + unit * code` in the narrowest codes that hold them, so a
regular column needs no codes at all. Values that are decimals are columns of integers scaled by a power of
ten; others are kept as the float64 they are. An optional column in which no sample says anything is left out.
docs/decisions/0001-series-codec.md has the measurements.
"""

import struct
import zlib
from collections.abc import Sequence
from functools import reduce
from itertools import pairwise
from operator import or_
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import zstandard

from twin.series.columns import UNKNOWN_OFFSET, Columns

VERSION = 1
# Far above any real block; below it, a header that lies cannot make us reserve more than 600 MB.
MOST_SAMPLES = 1 << 24

# zstd's first level: the codes hold little to search for, so higher ones take longer and save nothing.
_LEVEL = 1
# Of a plane of fewer bytes than this, a table of its own would outweigh what it saves.
_OWN_TABLE_FROM = 256
# The checksum is of all that follows it: version, decimals, which optional parts there are, samples; then
# start, duration and value, each with its first number, base, unit and bytes per code; then offset and flags.
_CHECKSUM = struct.Struct("<I")
_HEADER = struct.Struct("<BBBI qqqB qqqB qqqB")
_COLUMN = struct.Struct("<qqqB")
_HAS_OFFSET, _HAS_FLAGS, _HAS_FRACTION = 1, 2, 4
_NOT_DECIMAL = 255
_MOST_DECIMALS = 9
# Hundredths are what fits into a byte.
_MOST_DECIMALS_OF_FRACTION = 2
# Below it float64 holds every whole number.
_LARGEST_SCALED = 2.0**53
_CODES = {width: np.dtype(f"<u{width}") for width in (1, 2, 4, 8)}
_KNOWN_WIDTHS = {0, *_CODES}

_Whole = npt.NDArray[np.int64]


class CorruptBlock(ValueError):
    """These bytes are not a block that encode() made."""


class _Numbers(NamedTuple):
    """How a column of integers is laid out: `first`, then steps of `base + unit * code`, modulo 2^64."""

    first: int
    base: int
    unit: int
    width: int


class _Layout(NamedTuple):
    """What a block's header says, and the size of the header and of the uncompressed body."""

    samples: int
    decimals: int
    present: int
    columns: list[_Numbers]
    header_size: int
    body_size: int


def encode(columns: Columns) -> bytes:
    """One block, from which decode() gives back every bit; raises ValueError on what cannot be kept.

    Refused: no samples, more than MOST_SAMPLES, a value that is not finite.
    """
    return encode_each(columns, [0, len(columns)])[0]


def decode(block: bytes) -> Columns:
    """The columns that encode() was given; raises CorruptBlock on any other bytes."""
    return decode_all([block])


def encode_each(columns: Columns, bounds: Sequence[int]) -> list[bytes]:
    """One block for each slice between two neighbouring bounds; raises ValueError as encode() does."""
    if not np.isfinite(columns.value).all():
        raise ValueError("a value is not a finite number")
    compressor = zstandard.ZstdCompressor(level=_LEVEL)
    return [_encode(columns.take(slice(low, high)), compressor) for low, high in pairwise(bounds)]


def decode_all(blocks: Sequence[bytes]) -> Columns:
    """The columns of all blocks one after the other; raises CorruptBlock when one is not a block."""
    layouts = [_read_header(block) for block in blocks]
    count = sum(layout.samples for layout in layouts)
    present = reduce(or_, (layout.present for layout in layouts), 0)
    columns = Columns(
        np.empty(count, np.int64),
        _room_for_durations(layouts, count),
        np.empty(count, np.float64),
        np.full(count, UNKNOWN_OFFSET, np.int16) if present & _HAS_OFFSET else None,
        np.zeros(count, np.uint8) if present & _HAS_FLAGS else None,
    )
    decompressor = zstandard.ZstdDecompressor()
    ramp = np.arange(max((layout.samples for layout in layouts), default=0))
    room = np.empty_like(ramp)
    low = 0
    for block, layout in zip(blocks, layouts, strict=True):
        _decode(_read_body(block, layout, decompressor), layout, columns, low, ramp, room)
        low += layout.samples
    return columns


def _room_for_durations(layouts: Sequence[_Layout], count: int) -> _Whole:
    """One number that reads as an array where all durations are the same, as they mostly are; else new room.

    Such an array is read-only. Fresh memory is a good part of what a year costs.
    """
    durations = {layout.columns[1] for layout in layouts}
    if len(durations) == 1:
        numbers = durations.pop()
        if numbers.width == numbers.base == 0:
            return np.broadcast_to(np.int64(numbers.first), count)
    return np.empty(count, np.int64)


def _encode(columns: Columns, compressor: zstandard.ZstdCompressor) -> bytes:
    count = len(columns)
    if not 0 < count <= MOST_SAMPLES:
        raise ValueError(f"a block holds 1 to {MOST_SAMPLES} samples, not {count}")
    before: list[bytes] = []
    start, duration = _lay_out(columns.start, before), _lay_out(columns.duration, before)
    decimals, layings = _lay_out_values(columns.value)
    after: list[bytes] = []
    present, more = 0, b""
    if columns.offset is not None and (columns.offset != UNKNOWN_OFFSET).any():
        present |= _HAS_OFFSET
        more += _COLUMN.pack(*_lay_out(columns.offset.astype(np.int64), after))
    if columns.flags is not None and columns.flags.any():
        present |= _HAS_FLAGS
        more += _COLUMN.pack(*_lay_out(columns.flags.astype(np.int64), after))
    candidates = []
    for also_present, value, planes in layings:
        header = _HEADER.pack(VERSION, decimals, present | also_present, count, *start, *duration, *value)
        candidates.append(header + more + _compress([*before, *planes, *after], compressor))
    checked = min(candidates, key=len)
    return _CHECKSUM.pack(zlib.crc32(checked)) + checked


def _compress(planes: list[bytes], compressor: zstandard.ZstdCompressor) -> bytes:
    """One frame of all planes, or nothing; a plane of some size gets its own table of byte frequencies."""
    if not planes:
        return b""
    stream = compressor.compressobj(size=sum(map(len, planes)))
    parts = []
    for plane in planes:
        parts.append(stream.compress(plane))
        if len(plane) >= _OWN_TABLE_FROM:
            parts.append(stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK))
    parts.append(stream.flush())
    return b"".join(parts)


def _lay_out_values(values: npt.NDArray[np.float64]) -> tuple[int, list[tuple[int, _Numbers, list[bytes]]]]:
    """The values' decimals, and the ways to lay them out: what each adds to `present`, numbers, planes.

    What is measured in tenths moves by tenths. A mean of whole readings does not: it moves by whole ones, and
    its fraction is one of few. There the fractions do better as a plane of their own.
    """
    decimals, scaled = _as_decimals(values)
    if scaled is None:
        return decimals, [(0, _Numbers(0, 0, 0, 0), [values.astype("<f8", copy=False).tobytes()])]
    together: list[bytes] = []
    ways = [(0, _lay_out(scaled, together), together)]
    if 0 < decimals <= _MOST_DECIMALS_OF_FRACTION:
        whole, fraction = np.divmod(scaled, 10**decimals)
        apart: list[bytes] = []
        ways.append((_HAS_FRACTION, _lay_out(whole, apart), apart))
        apart.append(fraction.astype(np.uint8).tobytes())
    return decimals, ways


def _as_decimals(values: npt.NDArray[np.float64]) -> tuple[int, _Whole | None]:
    """The fewest decimals that give back every bit of the values, and the values as integers so scaled."""
    bits = values.view(np.int64)
    largest = max(float(values.max()), -float(values.min()))
    for decimals in range(_MOST_DECIMALS + 1):
        scale = 10.0**decimals
        if largest >= _LARGEST_SCALED / scale:
            break
        scaled = np.rint(values * scale).astype(np.int64)
        if ((scaled / scale).view(np.int64) == bits).all():
            return decimals, scaled
    return _NOT_DECIMAL, None


def _lay_out(numbers: _Whole, planes: list[bytes]) -> _Numbers:
    """How these integers are laid out; adds their codes to the planes, low bytes first."""
    first = int(numbers[0])
    if len(numbers) == 1:
        return _Numbers(first, 0, 0, 0)
    # Steps that do not fit wrap around, and wrap back when they are added up again.
    steps = numbers[1:] - numbers[:-1]
    base = steps.min()
    above = (steps - base).view(np.uint64)
    largest = above.max()
    if largest == 0:
        return _Numbers(first, int(base), 0, 0)
    unit = np.gcd.reduce(above)
    if unit > 1:
        above //= unit
        largest //= unit
    width = next(width for width in _CODES if int(largest) < 1 << 8 * width)
    # The high bytes, mostly zero, compress to next to nothing when they stand together.
    codes = above.astype(_CODES[width]).view(np.uint8).reshape(-1, width)
    planes.extend(codes[:, place].tobytes() for place in range(width))
    return _Numbers(first, int(base), int(unit.astype(np.int64)), width)


def _read_header(block: bytes) -> _Layout:
    try:
        (checksum,) = _CHECKSUM.unpack_from(block)
        if checksum != zlib.crc32(memoryview(block)[_CHECKSUM.size :]):
            raise CorruptBlock("the checksum does not match")
        header = _HEADER.unpack_from(block, _CHECKSUM.size)
        version, decimals, present, count = header[:4]
        if version != VERSION:
            raise CorruptBlock(f"unknown version {version}")
        columns = [_Numbers(*header[4:8]), _Numbers(*header[8:12]), _Numbers(*header[12:16])]
        size = _CHECKSUM.size + _HEADER.size
        for _ in range((present & (_HAS_OFFSET | _HAS_FLAGS)).bit_count()):
            columns.append(_Numbers(*_COLUMN.unpack_from(block, size)))
            size += _COLUMN.size
    except struct.error as short:
        raise CorruptBlock("cut short") from short
    widths = [column.width for column in columns]
    if not (
        0 < count <= MOST_SAMPLES
        and present <= _HAS_OFFSET | _HAS_FLAGS | _HAS_FRACTION
        and (decimals <= _MOST_DECIMALS_OF_FRACTION or not present & _HAS_FRACTION)
        and _KNOWN_WIDTHS.issuperset(widths)
        and (decimals <= _MOST_DECIMALS or (decimals == _NOT_DECIMAL and not columns[2].width))
    ):
        raise CorruptBlock("the header makes no sense")
    body = sum(widths) * (count - 1)
    if decimals == _NOT_DECIMAL:
        body += 8 * count
    if present & _HAS_FRACTION:
        body += count
    return _Layout(count, decimals, present, columns, size, body)


def _read_body(block: bytes, layout: _Layout, decompressor: zstandard.ZstdDecompressor) -> bytes:
    frame = memoryview(block)[layout.header_size :]
    try:
        # The frame's own idea of its size is checked before a byte is reserved for it.
        if (zstandard.frame_content_size(frame) if frame else 0) != layout.body_size:
            raise CorruptBlock("the body has the wrong size")
        return decompressor.decompress(frame) if frame else b""
    except zstandard.ZstdError as error:
        raise CorruptBlock("the body cannot be decompressed") from error


def _decode(body: bytes, layout: _Layout, columns: Columns, low: int, ramp: _Whole, room: _Whole) -> None:
    """Fills a block's part of the columns, from `low` on, in the order in which _encode() wrote them.

    `ramp` is 0, 1, 2...; `room` is for numbers on their way to another type.
    """
    part = slice(low, low + layout.samples)
    start, duration, value, *more = layout.columns
    ramp, room = ramp[: layout.samples], room[: layout.samples]
    at = _fill(columns.start[part], start, body, 0, ramp)
    if columns.duration.flags.writeable:
        at = _fill(columns.duration[part], duration, body, at, ramp)
    if layout.decimals == _NOT_DECIMAL:
        values = np.frombuffer(body, "<f8", layout.samples, at)
        if not np.isfinite(values).all():
            raise CorruptBlock("a value is not a finite number")
        columns.value[part] = values
        at += 8 * layout.samples
    else:
        at = _fill(room, value, body, at, ramp)
        if layout.present & _HAS_FRACTION:
            room *= 10**layout.decimals
            room += np.frombuffer(body, np.uint8, layout.samples, at)
            at += layout.samples
        np.divide(room, 10.0**layout.decimals, out=columns.value[part])
    if columns.offset is not None and layout.present & _HAS_OFFSET:
        at = _fill(room, more.pop(0), body, at, ramp)
        columns.offset[part] = room
    if columns.flags is not None and layout.present & _HAS_FLAGS:
        _fill(room, more.pop(0), body, at, ramp)
        columns.flags[part] = room


def _fill(out: _Whole, numbers: _Numbers, body: bytes, at: int, ramp: _Whole) -> int:
    """Writes the integers that are laid out so, and says where the next column's codes begin."""
    first, base, unit, width = numbers
    if width == 0:
        np.multiply(ramp, base, out=out)
        out += first
        return at
    out[0] = first
    steps = out[1:]
    size = width * len(steps)
    *lower, highest = np.frombuffer(body, np.uint8, size, at).reshape(width, -1)
    codes = highest.astype(_CODES[width], copy=False)
    for plane in reversed(lower):
        codes <<= 8
        codes |= plane
    steps[:] = codes
    if unit != 1:
        steps *= unit
    steps += base
    np.add.accumulate(out, out=out)
    return at + size
