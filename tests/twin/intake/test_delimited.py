"""Lines and rows of a table: bounded, counted where they cannot be read, and never silently cut."""

import csv
import io

import pytest

from twin.intake.delimited import LONGEST_LINE, Batch, Lines, batches, cuts, first_line
from twin.intake.gathering import Tally
from twin.intake.items import Problem, ProblemCode


def read(text: str, **limits: int) -> tuple[list[Batch], list[Problem]]:
    tally = Tally()
    found = list(batches(Lines(io.BytesIO(text.encode())), ",", 2, tally, **limits))
    return found, list(tally.problems())


def test_batches_are_columns_with_the_numbers_of_their_lines() -> None:
    found, problems = read("a,1\n\nb,2\nc,3\n", most=2)
    assert found == [Batch([1, 3], [("a", "b"), ("1", "2")]), Batch([4], [("c",), ("3",)])]
    assert problems == []


def test_batches_end_before_the_text_is_too_much() -> None:
    row = "x" * 60_000 + ",1\n"
    sizes = [len(batch.lines) for batch in read(row * 300)[0]]
    assert sum(sizes) == 300
    assert max(sizes) == 35


@pytest.mark.parametrize(
    ("row", "is_read"),
    [("a", False), ("a,1,2", False), ("a,1,,", True), (",", True), (",,", True), (",,x", False)],
)
def test_batches_a_row_of_another_width_is_malformed_but_for_empty_cells(row: str, is_read: bool) -> None:
    found, problems = read(f"{row}\n")
    assert len(found) == is_read
    assert [(problem.code, problem.place) for problem in problems] == (
        [] if is_read else [(ProblemCode.MALFORMED, "line 1")]
    )


@pytest.mark.parametrize(("last", "is_whole"), [("b,2", True), ("b,", True), ("b", False)])
def test_batches_a_row_without_a_line_end_counts_when_it_has_its_cells(last: str, is_whole: bool) -> None:
    found, problems = read(f"a,1\n{last}")
    assert len(found[0].lines) == 1 + is_whole
    assert problems == ([] if is_whole else [Problem(ProblemCode.TRUNCATED, "b", "line 2")])


def test_lines_after_one_that_is_too_long_are_read_on() -> None:
    lines = Lines(io.BytesIO(b"x" * (LONGEST_LINE + 5) + b"\nnext\n"))
    with pytest.raises(csv.Error):
        next(lines)
    assert (next(lines), lines.number) == ("next\n", 2)


@pytest.mark.parametrize(
    ("content", "first"),
    [(b"", ""), (b"\n \n", ""), (b"\n\xef\xbb\xbfa,b\n", "a,b\n"), (b"x" * (LONGEST_LINE + 5) + b"\n", "")],
)
def test_first_is_the_first_line_that_says_something(content: bytes, first: str) -> None:
    assert Lines(io.BytesIO(content)).first() == first
    assert len(content) > LONGEST_LINE or first_line(content) == first.rstrip("\n")


def test_cuts_leave_out_what_no_delimiter_can_part() -> None:
    assert dict(cuts("a;b,c")) == {",": ["a;b", "c"], ";": ["a", "b,c"], "\t": ["a;b,c"]}
