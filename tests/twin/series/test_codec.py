import struct
import zlib
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from twin.series.codec import MOST_SAMPLES, CorruptBlock, decode, decode_all, encode, encode_each
from twin.series.columns import UNKNOWN_OFFSET, Columns, join

MINUTE = 60_000


def minutes(values, **more):
    value = np.asarray(values, np.float64)
    start = 1_700_000_000_000 + MINUTE * np.arange(len(value), dtype=np.int64)
    return Columns(start, np.full(len(value), MINUTE), value, **more)


def bits(columns):
    """Every bit of the columns, in a form that `==` compares."""
    return (
        columns.start.tolist(),
        columns.duration.tolist(),
        columns.value.view(np.int64).tolist(),
        None if columns.offset is None else columns.offset.tolist(),
        None if columns.flags is None else columns.flags.tolist(),
    )


def sealed(header_and_body):
    return struct.pack("<I", zlib.crc32(header_and_body)) + header_and_body


DECIMALS = st.integers(-(10**9), 10**9).flatmap(
    lambda whole: st.integers(0, 6).map(lambda places: float(f"{whole}e-{places}"))
)
VALUES = st.one_of(
    st.lists(DECIMALS, min_size=1, max_size=60),
    st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=60),
    st.floats(allow_nan=False, allow_infinity=False).map(lambda value: [value] * 9),
)


@st.composite
def any_columns(draw):
    value = np.array(draw(VALUES), np.float64)
    count = len(value)
    whole = st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(0, 10**6))
    offset = draw(st.none() | arrays.arrays(np.int16, count))
    flags = draw(st.none() | arrays.arrays(np.uint8, count))
    return Columns(
        draw(arrays.arrays(np.int64, count, elements=whole)),
        draw(arrays.arrays(np.int64, count, elements=whole)),
        value,
        None if offset is None or (offset == UNKNOWN_OFFSET).all() else offset,
        None if flags is None or not flags.any() else flags,
    )


@given(any_columns())
def test_codec_any_columns_come_back_bit_for_bit(columns):
    assert bits(decode(encode(columns))) == bits(columns)


@given(st.lists(any_columns(), max_size=4))
def test_decode_all_blocks_stand_one_after_the_other(parts):
    joined = decode_all([encode(part) for part in parts])

    assert joined.value.view(np.int64).tolist() == [
        bit for part in parts for bit in part.value.view(np.int64).tolist()
    ]
    assert joined.start.tolist() == [start for part in parts for start in part.start.tolist()]
    for column, silent in (("offset", UNKNOWN_OFFSET), ("flags", 0)):
        wanted = [
            number
            for part in parts
            for number in ([silent] * len(part) if getattr(part, column) is None else getattr(part, column))
        ]
        found = getattr(joined, column)
        assert (set(wanted) <= {silent}) if found is None else found.tolist() == wanted


def test_decode_all_many_blocks_of_every_layout_come_back_bit_for_bit():
    draw = np.random.default_rng(3)
    parts = []
    for size in (1, 2, 700, 1440, 1440, 1440, 40_000, 1440, 30_000, 1):
        for values in (
            draw.integers(60, 90, size).astype(np.float64),
            draw.integers(0, 1 << 20, size) * 2.0,
            draw.integers(600, 900, size) / 10,
            draw.standard_normal(size),
        ):
            parts.append(minutes(values))
            start = np.sort(draw.integers(0, 1 << 40, size))
            more = {"offset": draw.integers(-720, 840, size).astype(np.int16)} if size % 2 else {}
            parts.append(Columns(start, draw.integers(0, 900, size), values, **more))

    joined = decode_all([encode(part) for part in parts])

    assert bits(joined) == bits(join(parts))


@pytest.mark.parametrize("place", [0, 17, 39])
def test_decode_all_one_corrupt_block_among_many_is_refused(place):
    blocks = [encode(minutes(np.arange(900) % (7 + day) / 10)) for day in range(40)]
    blocks[place] = blocks[place][:-1] + bytes([blocks[place][-1] ^ 1])

    with pytest.raises(CorruptBlock):
        decode_all(blocks)


@pytest.mark.parametrize(
    "values",
    [
        [81.35],
        [81.35, 81.4, 80.0, -3.125],
        [-0.0, 0.0],
        [5e-324, 2.2250738585072014e-308],
        [1.7976931348623157e308, -1.7976931348623157e308],
        [2.0**53 - 1, 2.0**53, 2.0**53 + 2],
        [0.1 + 0.2, 1 / 3, 5.5 * 18.0156],
        [1e22, 1e-9, 0.000_000_001],
    ],
)
def test_codec_value_comes_back_exactly(values):
    assert decode(encode(minutes(values))).value.view(np.int64).tolist() == (
        np.array(values).view(np.int64).tolist()
    )


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_encode_not_a_finite_number_is_refused(value):
    with pytest.raises(ValueError, match="not a finite number"):
        encode(minutes([70.0, value]))


def test_encode_nothing_is_refused():
    with pytest.raises(ValueError, match="samples, not 0"):
        encode(minutes([]))


def test_encode_each_slices_are_what_encode_makes_of_them():
    columns = minutes(np.arange(100) % 7 / 10)
    bounds = [0, 1, 40, 100]

    assert encode_each(columns, bounds) == [
        encode(columns.take(slice(low, high))) for low, high in pairwise(bounds)
    ]


def test_encode_means_of_whole_readings_cost_less_than_as_many_decimals():
    draw = np.random.default_rng(5)
    level = 70 + np.cumsum(draw.integers(-3, 4, 1440))
    means = minutes(level + draw.integers(0, 7, 1440).astype(float) / 8 // 0.01 / 100)
    decimals = minutes(level + draw.integers(0, 100, 1440) / 100)

    assert len(encode(means)) < 0.8 * len(encode(decimals))
    assert bits(decode(encode(means))) == bits(means)


def test_encode_constant_columns_cost_a_header():
    assert len(encode(minutes([72.5] * 1440))) == len(encode(minutes([72.5])))


def test_encode_columns_that_say_nothing_cost_nothing():
    silent = minutes([70.0, 71.0], offset=np.full(2, UNKNOWN_OFFSET, np.int16), flags=np.zeros(2, np.uint8))

    assert encode(silent) == encode(minutes([70.0, 71.0]))


@given(st.binary(max_size=200))
def test_decode_any_bytes_are_refused(data):
    with pytest.raises(CorruptBlock):
        decode(data)


@given(st.data())
def test_decode_one_flipped_bit_is_noticed(data):
    block = bytearray(encode(minutes([70, 71, 75.5, 71, 90] * 9)))
    place = data.draw(st.integers(0, len(block) * 8 - 1))
    block[place // 8] ^= 1 << place % 8

    with pytest.raises(CorruptBlock):
        decode(bytes(block))


@given(st.data())
def test_decode_forged_block_with_right_checksum_is_refused_or_read(data):
    inside = bytearray(encode(minutes([70, 71, 75.5, 71, 90] * 9))[4:])
    for _ in range(data.draw(st.integers(1, 4))):
        inside[data.draw(st.integers(0, len(inside) - 1))] = data.draw(st.integers(0, 255))
    # A count of up to 16 million is a block that we would have to make room for.
    inside[5:7] = b"\0\0"

    try:
        columns = decode(sealed(bytes(inside)))
    except CorruptBlock:
        return
    assert len(columns) < 1 << 16
    assert np.isfinite(columns.value).all()


@pytest.mark.parametrize("count", [0, MOST_SAMPLES + 1, 2**32 - 1])
def test_decode_impossible_count_is_refused_before_room_is_made(count):
    inside = bytearray(encode(minutes([70.0] * 9))[4:])
    inside[3:7] = struct.pack("<I", count)

    with pytest.raises(CorruptBlock, match="makes no sense"):
        decode(sealed(bytes(inside)))


@pytest.mark.parametrize("length", [0, 3, 4, 50])
def test_decode_truncated_block_is_refused(length):
    with pytest.raises(CorruptBlock):
        decode(encode(minutes([70.0, 80.0] * 40))[:length])


def test_decode_newer_version_is_refused_by_number():
    inside = bytearray(encode(minutes([70.0]))[4:])
    inside[0] = 2

    with pytest.raises(CorruptBlock, match="unknown version 2"):
        decode(sealed(bytes(inside)))
