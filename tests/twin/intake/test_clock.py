"""Dates whose day may stand first; the ways in which their month does are Fitbit's, and tested there."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.intake.clock import parse_date, parse_wall


@pytest.mark.parametrize(
    ("text", "day_first", "expected"),
    [
        ("04-03-2024", True, date(2024, 3, 4)),
        ("04-03-2024", False, date(2024, 4, 3)),
        ("4.3.24", True, date(2024, 3, 4)),
        ("31/12/2023", True, date(2023, 12, 31)),
        ("31/12/2023", False, None),
        ("12/31/2023", True, None),
        ("2024-03-04", True, date(2024, 3, 4)),
        ("2024/3/4", False, date(2024, 3, 4)),
        ("04-03/2024", True, None),
        ("04-03-024", True, None),
        ("2024.03.04", True, None),
    ],
)
def test_parse_date_takes_the_order_that_is_asked_for(
    text: str, day_first: bool, expected: date | None
) -> None:
    assert parse_date(text, day_first=day_first) == expected


@given(st.integers(-10_000_000, 60_000_000))
def test_parse_wall_finds_every_minute_again_with_the_day_first(minute: int) -> None:
    at = datetime.fromtimestamp(minute * 60, UTC)

    assert parse_wall(f"{at:%d-%m-%Y %H:%M}", day_first=True) == minute * 60_000
    assert parse_wall(f"{at:%d-%m-%Y %I:%M%p}", day_first=True) == minute * 60_000
