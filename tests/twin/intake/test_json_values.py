"""JSON values one at a time: exact numbers, every document, bounded memory, clear ends."""

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.intake.json_values import DEEPEST, Broken, Element, Root, number, values


def read(text: str | bytes, streamed: str = "") -> list[Element | Root]:
    raw = text.encode() if isinstance(text, str) else text
    return list(values(io.BytesIO(raw), streamed=streamed))


def read_until_broken(text: str | bytes) -> tuple[list[Any], Broken]:
    raw = text.encode() if isinstance(text, str) else text
    seen: list[Any] = []
    with pytest.raises(Broken) as broken:
        seen.extend(item.value for item in values(io.BytesIO(raw)))
    return seen, broken.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[1, 2]", [Element(1), Element(2)]),
        ('{"a": 1}', [Root({"a": 1})]),
        ('{"a": 1}\n{"b": [2]}\n', [Root({"a": 1}), Root({"b": [2]})]),
        ('{"a": 1, "entry": [1, 2], "b": 3}', [Element(1), Element(2), Root({"a": 1, "b": 3})]),
        ('{"entry": {"not": "a list"}}', [Root({"entry": {"not": "a list"}})]),
        ("7", [Root(7)]),
        ("[]", []),
        ('\ufeff{"a": 1}', [Root({"a": 1})]),
        ('["a\\u0000b", {"k\\u0000": null}]', [Element("a\ufffdb"), Element({"k\ufffd": None})]),
    ],
)
def test_values_come_one_at_a_time(text: str, expected: list[Element | Root]) -> None:
    assert read(text, streamed="entry") == expected


def test_values_of_a_streamed_list_know_what_stood_before_it() -> None:
    one, two, rest = values(io.BytesIO(b'{"a": 1, "entry": [1, 2], "b": 3}'), streamed="entry")

    assert isinstance(one, Element)
    assert isinstance(two, Element)
    assert one.beside is two.beside
    assert one.beside["a"] == 1
    assert isinstance(rest, Root)
    assert rest.is_rest


@pytest.mark.parametrize("text", ["0.1", "81.35", "122.45876888709122", "-0.0", "1.0e2", "5e-324"])
def test_fractions_are_exactly_the_float_of_their_text(text: str) -> None:
    (item,) = read(f"[{text}]")

    assert repr(item.value) == repr(float(text))


def test_a_fraction_beyond_all_floats_stays_text() -> None:
    assert read("[1e999, 2]") == [Element("1E+999"), Element(2)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.lists(JSON, max_size=5))
def test_values_equal_what_json_reads(documents: list[Any]) -> None:
    text = json.dumps(documents).replace("\\u0000", "-")

    assert [item.value for item in read(text)] == json.loads(text)


@pytest.mark.parametrize(
    ("text", "seen", "truncated"),
    [
        ("", [], True),
        ("[1, 2", [1, 2], True),
        ('[1, {"a": ', [1], True),
        ('[1, "two', [1], True),
        ("[1, oops]", [1], False),
        (b'[1, "\xff"]', [1], False),
        (b"\xff\xfe[\x001\x00]\x00", [], False),
        ("[1, NaN]", [1], False),
        ("[1] trailing", [1], False),
    ],
)
def test_values_end_with_what_was_read_and_why(text: str | bytes, seen: list[Any], truncated: bool) -> None:
    before, broken = read_until_broken(text)

    assert (before, broken.truncated) == (seen, truncated)


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_values_nested_too_deep_are_broken(opening: str) -> None:
    _, broken = read_until_broken("[" + opening * (DEEPEST + 1))

    assert broken.message == f"the text is nested more than {DEEPEST} levels deep"


class Endless(io.RawIOBase):
    """A stream of one value that never ends."""

    def __init__(self, start: bytes, more: bytes) -> None:
        self._parts = self._endlessly(start, more)

    @staticmethod
    def _endlessly(start: bytes, more: bytes) -> Iterator[bytes]:
        yield start
        while True:
            yield more * (65_536 // len(more))

    def read(self, size: int = -1) -> bytes:
        return b"" if size == 0 else next(self._parts)


LARGE = "one value is larger than 16 MB"
MANY = "one value has more than 500,000 parts"


@pytest.mark.parametrize(
    ("start", "more", "message"),
    [
        (b'["', b"x", LARGE),
        (b'{"', b"k", LARGE),
        (b"[", b" ", LARGE),
        (b"[[", b"1,", MANY),
        (b"[[", b"[],", MANY),
        (b'{"a":', b'{},"a":', MANY),
    ],
)
def test_a_value_without_end_is_broken(start: bytes, more: bytes, message: str) -> None:
    with pytest.raises(Broken) as broken:
        list(values(Endless(start, more)))

    assert broken.value.message == message


def test_an_integer_of_thousands_of_digits_is_broken() -> None:
    with pytest.raises(Broken) as broken:
        read("[" + "9" * 5000 + "]")

    assert broken.value.message == "the text is not valid JSON"


@pytest.mark.parametrize(
    ("given_", "expected"),
    [(1, 1.0), (0.5, 0.5), ("145", 145.0), (" 7 ", 7.0), ("1_000", None), ("x", None), ("nan", None),
     ("inf", None), (True, None), (None, None), ([1], None), (10**400, None), ("1E+999", None)],
)  # fmt: skip
def test_number_is_a_finite_number_or_nothing(given_: Any, expected: float | None) -> None:
    assert number(given_) == expected
