"""Columns <-> bytes: the compressed form of one block. Pure; it knows no kinds, no spans, no database.

A block is a header and one zstd frame. Every column is kept as its first number and the steps from each
number to the next; the steps are written as `base + unit * code` in the narrowest codes that hold them, so a
regular column needs no codes at all. Values that are decimals are columns of integers scaled by a power of
ten; others are kept as the float64 they are. An optional column in which no sample says anything is left out.
docs/decisions/0001-series-codec.md has the measurements.
"""

import struct
import zlib
from collections.abc import Collection, Sequence
from functools import lru_cache, reduce
from itertools import accumulate, groupby, pairwise
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
# start, duration and value, and offset and flags where they are: each a column as _Numbers has it.
_CHECKSUM = struct.Struct("<I")
_HEADER = struct.Struct("<BBBI")
_COLUMN = struct.Struct("<qqqB")
_COLUMNS_AT = _CHECKSUM.size + _HEADER.size
# The same column for numpy, which reads those of many blocks at once.
_NUMBERS = np.dtype([("first", "<i8"), ("base", "<i8"), ("unit", "<i8"), ("width", "u1")])
_HAS_OFFSET, _HAS_FLAGS, _HAS_FRACTION = 1, 2, 4
_NOT_DECIMAL = 255
_MOST_DECIMALS = 9
# Hundredths are what fits into a byte.
_MOST_DECIMALS_OF_FRACTION = 2
# Below it float64 holds every whole number.
_LARGEST_SCALED = 2.0**53
_CODES = {width: np.dtype(f"<u{width}") for width in (1, 2, 4, 8)}
_KNOWN_WIDTHS = {0, *_CODES}
# So many samples are decoded together: few steps in Python, and they fit the processor's cache.
_TOGETHER = 1 << 16

_Whole = npt.NDArray[np.int64]


class CorruptBlock(ValueError):
    """These bytes are not a block that encode() made."""


class _Numbers(NamedTuple):
    """How a column of integers is laid out: `first`, then steps of `base + unit * code`, modulo 2^64."""

    first: int
    base: int
    unit: int
    width: int


class _Header(NamedTuple):
    """What a block says of its body; `columns` are _NUMBERS, `parts` is where the body has their codes."""

    decimals: int
    present: int
    samples: int
    columns: bytes
    parts: tuple[slice, ...]


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
    headers = [_read_header(block) for block in blocks]
    ends = list(accumulate(header.samples for header in headers))
    columns = _room_for(headers)
    decompressor = zstandard.ZstdDecompressor()

    def alike(at: int) -> tuple[int, int, int]:
        return ends[at] // _TOGETHER, headers[at].decimals, headers[at].present

    for _, group in groupby(range(len(blocks)), alike):
        places = list(group)
        run = slice(places[0], places[-1] + 1)
        parts = [_read_body(*each, decompressor) for each in zip(blocks[run], headers[run], strict=True)]
        low, high = ends[places[0]] - headers[places[0]].samples, ends[places[-1]]
        _decode(headers[run], parts, columns.take(slice(low, high)))
    return columns


def _room_for(headers: Sequence[_Header]) -> Columns:
    """Columns for the samples of all blocks, with offsets and flags that say nothing yet.

    Fresh memory is a good part of what a year costs. In one piece the system gives it by larger pages; and
    where all durations are the same, as they mostly are, one number reads as the whole, read-only array.
    """
    count = sum(header.samples for header in headers)
    present = reduce(or_, (header.present for header in headers), 0)
    start, value = np.empty((2, count), np.int64)
    return Columns(
        start,
        _room_for_durations({header.columns[_COLUMN.size : 2 * _COLUMN.size] for header in headers}, count),
        value.view(np.float64),
        np.full(count, UNKNOWN_OFFSET, np.int16) if present & _HAS_OFFSET else None,
        np.zeros(count, np.uint8) if present & _HAS_FLAGS else None,
    )


def _room_for_durations(different: Collection[bytes], count: int) -> _Whole:
    if len(different) == 1:
        first, base, _, width = _COLUMN.unpack(*different)
        if base == width == 0:
            return np.broadcast_to(np.int64(first), count)
    return np.empty(count, np.int64)


def _encode(columns: Columns, compressor: zstandard.ZstdCompressor) -> bytes:
    count = len(columns)
    if not 0 < count <= MOST_SAMPLES:
        raise ValueError(f"a block holds 1 to {MOST_SAMPLES} samples, not {count}")
    before: list[bytes] = []
    columns_before = [_lay_out(columns.start, before), _lay_out(columns.duration, before)]
    decimals, layings = _lay_out_values(columns.value)
    after: list[bytes] = []
    present, columns_after = 0, []
    if columns.offset is not None and (columns.offset != UNKNOWN_OFFSET).any():
        present |= _HAS_OFFSET
        columns_after.append(_lay_out(columns.offset.astype(np.int64), after))
    if columns.flags is not None and columns.flags.any():
        present |= _HAS_FLAGS
        columns_after.append(_lay_out(columns.flags.astype(np.int64), after))
    candidates = []
    for also_present, value, planes in layings:
        header = _HEADER.pack(VERSION, decimals, present | also_present, count)
        header += b"".join(_COLUMN.pack(*numbers) for numbers in (*columns_before, value, *columns_after))
        candidates.append(header + _compress([*before, *planes, *after], compressor))
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


def _read_header(block: bytes) -> _Header:
    try:
        (checksum,) = _CHECKSUM.unpack_from(block)
        version, decimals, present, samples = _HEADER.unpack_from(block, _CHECKSUM.size)
    except struct.error as short:
        raise CorruptBlock("cut short") from short
    if checksum != zlib.crc32(memoryview(block)[_CHECKSUM.size :]):
        raise CorruptBlock("the checksum does not match")
    if version != VERSION:
        raise CorruptBlock(f"unknown version {version}")
    count = 3 + (present & (_HAS_OFFSET | _HAS_FLAGS)).bit_count()
    columns = block[_COLUMNS_AT : _COLUMNS_AT + count * _COLUMN.size]
    parts = _parts(decimals, present, samples, columns[_COLUMN.size - 1 :: _COLUMN.size])
    return _Header(decimals, present, samples, columns, parts)


# A year's headers mostly say the same.
@lru_cache(maxsize=1024)
def _parts(decimals: int, present: int, samples: int, widths: bytes) -> tuple[slice, ...]:
    """Where a body has start, duration, value, what is kept apart of the value, then offset and flags."""
    if not (
        len(widths) == 3 + (present & (_HAS_OFFSET | _HAS_FLAGS)).bit_count()
        and 0 < samples <= MOST_SAMPLES
        and present <= _HAS_OFFSET | _HAS_FLAGS | _HAS_FRACTION
        and (decimals <= _MOST_DECIMALS_OF_FRACTION or not present & _HAS_FRACTION)
        and _KNOWN_WIDTHS.issuperset(widths)
        and (decimals <= _MOST_DECIMALS or (decimals == _NOT_DECIMAL and not widths[2]))
    ):
        raise CorruptBlock("the header makes no sense")
    apart = 0
    if decimals == _NOT_DECIMAL:
        apart = 8 * samples
    elif present & _HAS_FRACTION:
        apart = samples
    start, duration, value, *more = [width * (samples - 1) for width in widths]
    bounds = accumulate([start, duration, value, apart, *more], initial=0)
    return tuple(slice(low, high) for low, high in pairwise(bounds))


def _read_body(block: bytes, header: _Header, decompressor: zstandard.ZstdDecompressor) -> list[bytes]:
    """The body's parts, in the order of _parts()."""
    frame = memoryview(block)[_COLUMNS_AT + len(header.columns) :]
    try:
        # The frame's own idea of its size is checked before a byte is reserved for it.
        if (zstandard.frame_content_size(frame) if frame else 0) != header.parts[-1].stop:
            raise CorruptBlock("the body has the wrong size")
        body = decompressor.decompress(frame) if frame else b""
    except zstandard.ZstdError as error:
        raise CorruptBlock("the body cannot be decompressed") from error
    return [body[part] for part in header.parts]


def _decode(headers: Sequence[_Header], parts: Sequence[list[bytes]], into: Columns) -> None:
    """Fills the columns from blocks that have the same decimals and the same optional columns."""
    decimals, present = headers[0].decimals, headers[0].present
    samples = np.array([header.samples for header in headers], np.int64)
    numbers = np.frombuffer(b"".join([header.columns for header in headers]), _NUMBERS)
    start, duration, value, *more = numbers.reshape(len(headers), -1).T
    start_codes, duration_codes, value_codes, apart, *more_codes = zip(*parts, strict=True)
    _fill(into.start, start, start_codes, samples)
    if into.duration.flags.writeable:
        _fill(into.duration, duration, duration_codes, samples)
    if decimals == _NOT_DECIMAL:
        into.value[:] = np.frombuffer(b"".join(apart), "<f8")
        if not np.isfinite(into.value).all():
            raise CorruptBlock("a value is not a finite number")
    else:
        whole = np.empty_like(into.start)
        _fill(whole, value, value_codes, samples)
        if present & _HAS_FRACTION:
            whole *= 10**decimals
            whole += np.frombuffer(b"".join(apart), np.uint8)
        # To divide integers into floats takes numpy longer than these two.
        into.value[:] = whole
        np.divide(into.value, 10.0**decimals, out=into.value)
    optional = [(_HAS_OFFSET, into.offset), (_HAS_FLAGS, into.flags)]
    there = [column for bit, column in optional if present & bit and column is not None]
    for column, each, codes in zip(there, more, more_codes, strict=True):
        whole = np.empty_like(into.start)
        _fill(whole, each, codes, samples)
        column[:] = whole


def _fill(out: _Whole, numbers: npt.NDArray[np.void], codes: Sequence[bytes], samples: _Whole) -> None:
    """Writes one column of several blocks, each of so many samples: all of it is one sum modulo 2^64."""
    begins = np.cumsum(samples) - samples
    out[:] = _spread(numbers["base"], samples)
    for place in range(numbers["width"].max()):
        # A block's first number has no code, and a narrow code no high bytes.
        planes = [
            (b"\0" + code[place * steps : (place + 1) * steps]).ljust(1 + steps, b"\0")
            for code, steps in zip(codes, (samples - 1).tolist(), strict=True)
        ]
        out += np.frombuffer(b"".join(planes), np.uint8) * _spread(numbers["unit"] << 8 * place, samples)
    out[begins] = numbers["first"]
    # From block to block the step is from the last number of the one to the first of the other.
    out[begins[1:]] -= np.add.reduceat(out, begins)[:-1]
    np.add.accumulate(out, out=out)


def _spread(numbers: _Whole, samples: _Whole) -> _Whole | np.int64:
    """Each block's number for each of its samples, or the number itself where they all have the same."""
    return numbers[0] if (numbers == numbers[0]).all() else np.repeat(numbers, samples)
