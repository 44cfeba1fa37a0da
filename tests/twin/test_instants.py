from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.instants import instant, milliseconds

DAY = 86_400_000
EAST = timezone(timedelta(hours=2))


def test_instant_counts_from_the_epoch() -> None:
    assert instant(DAY + 7) == datetime(1970, 1, 2, tzinfo=UTC) + timedelta(milliseconds=7)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (datetime(1970, 1, 2, tzinfo=UTC), DAY),
        (datetime(1970, 1, 2, 2, tzinfo=EAST), DAY),
        (datetime(1970, 1, 2, 0, 0, 0, 7_999, tzinfo=UTC), DAY + 7),
        (datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), -1),
    ],
)
def test_milliseconds_are_those_gone_by(at: datetime, expected: int) -> None:
    assert milliseconds(at) == expected


@given(st.integers(-62_135_596_800_000, 253_402_300_799_999))
def test_milliseconds_come_back_from_their_instant(at: int) -> None:
    assert milliseconds(instant(at)) == at


def test_instant_beyond_the_calendar_overflows() -> None:
    with pytest.raises(OverflowError):
        instant(253_402_300_800_000)
