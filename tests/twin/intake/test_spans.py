"""When the rows of a table were: instants, hours and whole days, in the patient's zone or their own."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.intake.spans import parse_spans

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = 3_600_000
DAY = 24 * HOUR


def span(text: str, duration: int = 0) -> tuple[str, int, int] | None:
    spans = parse_spans([text], BERLIN, duration=duration)
    if not spans.good[0]:
        assert (spans.start[0], spans.duration[0], spans.offset[0], spans.whole_day[0]) == (0, 0, 0, False)
        return None
    start = datetime.fromtimestamp(int(spans.start[0]) / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return start, int(spans.duration[0]), int(spans.offset[0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-07-01", ("2024-06-30T22:00:00Z", DAY, 120)),
        ("2024-03-31", ("2024-03-30T23:00:00Z", 23 * HOUR, 60)),
        ("2024-10-27", ("2024-10-26T22:00:00Z", 25 * HOUR, 120)),
        ("2024/7/1", ("2024-06-30T22:00:00Z", DAY, 120)),
        ("1.7.2024", ("2024-06-30T22:00:00Z", DAY, 120)),
        ("Jul 1 2024", ("2024-06-30T22:00:00Z", DAY, 120)),
        ("July 1, 2024", ("2024-06-30T22:00:00Z", DAY, 120)),
        ("1. Juli 2024", ("2024-06-30T22:00:00Z", DAY, 120)),
        ("31 März 2024", ("2024-03-30T23:00:00Z", 23 * HOUR, 60)),
    ],
)
def test_parse_spans_a_date_covers_its_day(text: str, expected: tuple[str, int, int]) -> None:
    assert span(text, duration=HOUR) == expected


@pytest.mark.parametrize(
    ("text", "start", "offset"),
    [
        ("2024-07-01 14:00:00", "2024-07-01T12:00:00Z", 120),
        ("2024-07-01 14:00", "2024-07-01T12:00:00Z", 120),
        ("2024-07-01T14:00:00-05:00", "2024-07-01T19:00:00Z", -300),
        ("2024/07/01 14:00", "2024-07-01T12:00:00Z", 120),
        ("01.07.2024, 14:00:30", "2024-07-01T12:00:30Z", 120),
        ("Jan 6 2025 08:46", "2025-01-06T07:46:00Z", 60),
        ("Dec 31, 2025 8:46 PM", "2025-12-31T19:46:00Z", 60),
        ("2014-02-13 6:04 Uhr", "2014-02-13T05:04:00Z", 60),
    ],
)
def test_parse_spans_a_time_begins_its_duration(text: str, start: str, offset: int) -> None:
    assert span(text, duration=HOUR) == (start, HOUR, offset)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "14",
        "1712000000",
        "14:00",
        "3/4/2024",
        "2024-02-30",
        "30. Floreal 2024",
        "2024-01-0112:00",
        "2024-01-01 25:00",
        "2024-01-01 noon",
        "9999-12-31",
        "2024-01-01" + " " * 100 + "x",
    ],
)
def test_parse_spans_what_can_be_read_in_no_way_or_in_two_is_no_time(text: str) -> None:
    assert span(text) is None


def test_parse_spans_good_and_bad_texts_stand_in_their_rows() -> None:
    spans = parse_spans(["x", "2024-07-01", "2024-07-01 14:00"], BERLIN)
    assert spans.good.tolist() == [False, True, True]
    assert spans.whole_day.tolist() == [False, True, False]
    assert spans.duration.tolist() == [0, DAY, 0]


@given(st.lists(st.text(max_size=40)))
def test_parse_spans_any_text_never_raises(texts: list[str]) -> None:
    assert len(parse_spans(texts, BERLIN).good) == len(texts)
