"""Entries of a JSON file: in lists, beside them, one a line, and where the text breaks off."""

import io

import pytest

from twin.intake.gathering import Tally
from twin.intake.items import Problem, ProblemCode, RefusalCode, Refused
from twin.intake.json_entries import entries, member, text


def read(content: str) -> tuple[list[object], list[Problem]]:
    tally = Tally()
    found = list(entries(io.BytesIO(content.encode()), tally, streamed="list"))
    return [entry.value for entry in found], list(tally.problems())


@pytest.mark.parametrize(
    ("content", "values"),
    [
        ("[1, 2]", [1, 2]),
        ('{"a": 1}\n{"a": 2}', [{"a": 1}, {"a": 2}]),
        ('{"a": 1, "list": [7, 8], "b": 2}', [7, 8]),
        ('{"a": 1, "list": []}', []),
        ('[1]\n{"a": 1}', [1, {"a": 1}]),
        ("[]", []),
    ],
)
def test_entries_are_elements_and_root_values(content: str, values: list[object]) -> None:
    assert read(content) == (values, [])


def test_entries_know_what_stood_before_their_list() -> None:
    (entry,) = entries(
        io.BytesIO(b'{"header": {"id": "1"}, "list": [7], "late": 2}'), Tally(), streamed="list"
    )

    assert entry.place == "entry 1"
    assert member(entry.beside, "header") == {"id": "1"}


def test_entries_of_a_text_that_breaks_off_end_with_a_problem() -> None:
    values, problems = read('{"a": 1}\n{"a": ')

    assert values == [{"a": 1}]
    assert problems == [
        Problem(ProblemCode.TRUNCATED, "the file ends in the middle of a value", "after entry 1")
    ]


def test_entries_of_nothing_readable_are_refused() -> None:
    with pytest.raises(Refused) as refused:
        read('{"a": ')

    assert refused.value.code == RefusalCode.MALFORMED


@pytest.mark.parametrize("holder", [{}, {"key": None}, {"key": [1]}, {"key": 7}, None, [1], "text"])
def test_member_of_anything_else_is_empty(holder: object) -> None:
    assert member(holder, "key") == {}


def test_text_of_anything_else_is_empty() -> None:
    assert (text({"key": "it"}, "key"), text({"key": 7}, "key"), text({}, "key")) == ("it", "", "")
