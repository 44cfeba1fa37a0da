"""The plain table: columns in any order, three delimiters, and a line number for every row that is none."""

import io
from collections.abc import Iterable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from taken_in import rows

from twin.intake import plain_csv
from twin.intake.items import Item, Problem, ProblemCode, RefusalCode, Refused, Samples
from twin.series.columns import Flag

ROME = ZoneInfo("Europe/Rome")
HEADER = "start,kind,value,unit\n"
NOON = int(datetime(2024, 7, 1, 12, tzinfo=UTC).timestamp() * 1000)


def read(text: str | bytes) -> list[Item]:
    content = text.encode() if isinstance(text, str) else text
    return list(plain_csv.read(io.BytesIO(content), zone=ROME))


def problems(items: Iterable[Item]) -> list[Problem]:
    return [item for item in items if isinstance(item, Problem)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{HEADER}2024-07-01T12:00:00Z,heart_rate,72,bpm\n", ("heart_rate", "", "bpm", NOON, 0, 72.0)),
        (f"{HEADER}2024-07-01T14:00:00,weight,81.35,kg", ("weight", "", "kg", NOON, 0, 81.35)),
        (f"\ufeff{HEADER}2024-07-01T12:00:00Z,weight,81.35,kg", ("weight", "", "kg", NOON, 0, 81.35)),
        (
            "Unit, Value ,kind,START,end,source,note\r\n"  # noqa: ISC004 (one text)
            'count,500,steps,2024-07-01 14:00:00+02:00,2024-07-01 14:10:00+02:00, my  phone ,"a, b"\r\n',
            ("steps", "my  phone", "count", NOON, 600_000, 500.0),
        ),
        (
            "start;kind;value;unit\n2024-07-01T12:00:00Z;temperature;36,6;Cel\n",
            ("temperature", "", "Cel", NOON, 0, 36.6),
        ),
        (
            "start\tkind\tvalue\tunit\n\n2024-07-01T12:00:00Z\ttemperature\t36.6\tCel\n\n",
            ("temperature", "", "Cel", NOON, 0, 36.6),
        ),
        (
            '"start","kind","value","unit"\n"2024-07-01T12:00:00Z","pain","3",""\n',
            ("pain", "", "", NOON, 0, 3.0),
        ),
    ],
)
def test_read_a_row_is_a_sample(text: str, expected: tuple[object, ...]) -> None:
    assert plain_csv.sniff(text.encode())
    items = read(text)
    assert rows(items) == [expected]
    assert problems(items) == []


def test_read_flags_are_words_in_any_order() -> None:
    good = "2024-07-01T12:00:00Z,glucose_cgm,40,mg/dL"
    flags = ["", "manual", "Censored_Low  soft_range", "manual manual"]
    (item,) = read(HEADER.strip() + ",flags\n" + "".join(f"{good},{words}\n" for words in flags))
    assert isinstance(item, Samples)
    assert item.columns.flags is not None
    assert item.columns.flags.tolist() == [
        0,
        Flag.MANUAL,
        Flag.CENSORED_LOW | Flag.SOFT_RANGE,
        Flag.MANUAL,
    ]


def test_read_a_column_of_empty_flags_is_no_column() -> None:
    (item,) = read(HEADER.strip() + ",flags\n2024-07-01T12:00:00Z,heart_rate,72,bpm,\n")
    assert isinstance(item, Samples)
    assert item.columns.flags is None


def test_read_an_empty_end_is_the_start() -> None:
    text = (
        "start,end,kind,value,unit\n"
        "2024-07-01T12:00:00Z,,steps,1,count\n"
        "2024-07-01T12:00:00Z,2024-07-01T12:01:00Z,steps,2,count\n"
    )
    assert [row[4:] for row in rows(read(text))] == [(0, 1.0), (60_000, 2.0)]


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\n",
        b"hello",
        b"time,kind,value,unit\n",
        b"start,kind,value,unit,value\n",
        b'"start,kind,value,unit\n',
        b"\xff\xfe\x00",
        b"start kind value unit\n",
    ],
)
def test_sniff_another_first_line_is_another_format_and_refused(head: bytes) -> None:
    assert not plain_csv.sniff(head)
    with pytest.raises(Refused) as refusal:
        read(head)
    assert refusal.value.code is RefusalCode.MALFORMED


GOOD = "2024-07-01T12:00:00Z,heart_rate,72,bpm"


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        ("yesterday,heart_rate,72,bpm", (ProblemCode.BAD_TIME, "yesterday", "heart_rate")),
        (
            "2024-02-30T12:00:00Z,heart_rate,72,bpm",
            (ProblemCode.BAD_TIME, "2024-02-30T12:00:00Z", "heart_rate"),
        ),
        ("2024-07-01T12:00:00Z,heart_rate,fast,bpm", (ProblemCode.NOT_A_NUMBER, "fast", "heart_rate")),
        ("2024-07-01T12:00:00Z,heart_rate,NaN,bpm", (ProblemCode.NOT_A_NUMBER, "NaN", "heart_rate")),
        ("2024-07-01T12:00:00Z,heart_rate,,bpm", (ProblemCode.NOT_A_NUMBER, "", "heart_rate")),
        ("2024-07-01T12:00:00Z,aura,1,bpm", (ProblemCode.UNKNOWN_KIND, "aura", "aura")),
        ("2024-07-01T12:00:00Z,heart_rate", (ProblemCode.MALFORMED, "2024-07-01T12:00:00Z,heart_rate", "")),
        (f'"{GOOD}"x', (ProblemCode.MALFORMED, "',' expected after '\"'", "")),
        ("x" * 70_000, (ProblemCode.MALFORMED, "the line is longer than 65536 bytes", "")),
    ],
)
def test_read_a_bad_row_is_a_problem_with_its_line(bad: str, expected: tuple[ProblemCode, str, str]) -> None:
    items = read(f"{HEADER}{GOOD}\n{bad}\n{GOOD}\n")
    assert len(rows(items)) == 2
    (problem,) = problems(items)
    assert (problem.code, problem.example, problem.kind) == expected
    assert (problem.place, problem.count) == ("line 3", 1)


def test_read_a_row_with_a_flag_that_is_not_known_is_malformed() -> None:
    header = HEADER.strip() + ",flags\n"
    items = read(f"{header}{GOOD},manual\n{GOOD},manual maybe\n{GOOD},\n")
    assert len(rows(items)) == 2
    (problem,) = problems(items)
    assert (problem.code, problem.example) == (ProblemCode.MALFORMED, "manual maybe")
    assert (problem.kind, problem.place) == ("heart_rate", "line 3")


def test_read_several_bad_rows_are_each_named() -> None:
    items = read(HEADER + f"{GOOD}\nyesterday,pain,1,\n" * 3)
    assert [problem.place for problem in problems(items)] == ["line 3", "line 5", "line 7"]


@pytest.mark.parametrize(("last", "is_whole"), [(GOOD, True), ("2024-07-01T12:00:00Z,pain,1", False)])
def test_read_a_last_row_without_a_line_end_counts_when_it_has_its_cells(last: str, is_whole: bool) -> None:
    items = read(f"{HEADER}{GOOD}\n{last}")
    assert len(rows(items)) == 1 + is_whole
    assert [(problem.code, problem.place) for problem in problems(items)] == (
        [] if is_whole else [(ProblemCode.TRUNCATED, "line 3")]
    )


def test_read_a_quote_that_is_never_closed_counts_the_lines_it_swallows() -> None:
    items = read(f'{HEADER}{GOOD}\n"{GOOD}\n{GOOD}\n{GOOD}\n')
    assert len(rows(items)) == 1
    assert [(problem.place, problem.count) for problem in problems(items)] == [("line 3", 3)]


def test_read_a_source_that_is_not_utf8_is_refused_and_not_garbled() -> None:
    header, good = b"start,kind,value,unit,source\n", GOOD.encode()
    items = read(header + good + b",B\xf6rse\n" + good + b",a\0b\n" + good + ",Börse\n".encode())
    assert [row[1] for row in rows(items)] == ["Börse"]
    assert [(problem.code, problem.place) for problem in problems(items)] == [
        (ProblemCode.MALFORMED, "line 2"),
    ]
    assert sum(problem.count for problem in problems(items)) == 2


def test_read_many_rows_come_in_batches() -> None:
    sizes = [len(item.columns) for item in read(HEADER + f"{GOOD}\n" * 120_000) if isinstance(item, Samples)]
    assert sizes == [50_000, 50_000, 20_000]


@given(st.binary(max_size=200))
def test_read_any_bytes_never_raise(noise: bytes) -> None:
    items = read(HEADER.encode() + noise)
    counted = len(rows(items)) + sum(problem.count for problem in problems(items))
    assert counted <= noise.count(b"\n") + 1


@given(
    st.lists(
        st.tuples(
            st.integers(0, 4_000_000_000_000),
            st.floats(allow_nan=False, allow_infinity=False),
            st.text("ab é", max_size=5),
        )
    )
)
def test_read_what_is_written_comes_back_exactly(written: list[tuple[int, float, str]]) -> None:
    lines = [f"{np.datetime64(at, 'ms')}Z,weight,{value!r},kg,{source}\n" for at, value, source in written]
    found = rows(read("start,kind,value,unit,source\n" + "".join(lines)))
    expected = [("weight", source.strip(), "kg", at, 0, value) for at, value, source in written]
    assert sorted(found) == sorted(expected)
