"""Wall-clock times as instants, across the clock changes of real zones."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.zones import ZoneHistory
from twin.instants import milliseconds
from twin.intake.wall_time import day, instants, instants_in_order, midnight, offset_at, zone_named

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = 3_600_000


def wall(text: str) -> int:
    return milliseconds(datetime.fromisoformat(text).replace(tzinfo=UTC))


@pytest.mark.parametrize(
    ("text", "zone", "expected", "offset"),
    [
        ("2024-01-15T08:00", "Europe/Berlin", "2024-01-15T07:00", 60),
        ("2024-07-15T08:00", "Europe/Berlin", "2024-07-15T06:00", 120),
        ("2024-10-27T02:30", "Europe/Berlin", "2024-10-27T00:30", 120),  # shown twice: the first
        ("2024-03-31T02:30", "Europe/Berlin", "2024-03-31T01:30", 60),  # never shown
        ("2024-07-15T08:00", "Asia/Kathmandu", "2024-07-15T02:15", 345),
        ("2024-07-15T08:00", "America/New_York", "2024-07-15T12:00", -240),
    ],
)
def test_instants_follow_the_zones_clock(text: str, zone: str, expected: str, offset: int) -> None:
    at, east = instants(np.array([wall(text)], dtype=np.int64), ZoneInfo(zone))

    assert (at.tolist(), east.tolist()) == ([wall(expected)], [offset])


def test_instants_of_nothing_are_nothing() -> None:
    at, east = instants(np.zeros(0, dtype=np.int64), BERLIN)

    assert (at.tolist(), east.tolist()) == ([], [])


@given(
    st.lists(st.datetimes(), min_size=1, max_size=20),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "UTC"]),
)
def test_instants_equal_those_of_datetime_one_by_one(times: list[datetime], name: str) -> None:
    zone = ZoneInfo(name)
    walls = np.array([wall(time.isoformat()) for time in times], dtype=np.int64)

    at, _ = instants(walls, zone)

    assert at.tolist() == [milliseconds(time.replace(tzinfo=zone)) for time in times]


@pytest.mark.parametrize(("of", "hours"), [("2024-03-30", 24), ("2024-03-31", 23), ("2024-10-27", 25)])
def test_day_is_as_long_as_the_clock_makes_it(of: str, hours: int) -> None:
    start, length = day(date.fromisoformat(of), BERLIN)

    assert start == midnight(date.fromisoformat(of), BERLIN)
    assert length == hours * HOUR


def test_day_at_the_end_of_the_calendar_overflows() -> None:
    with pytest.raises(OverflowError):
        day(date.max, BERLIN)


@pytest.mark.parametrize(
    ("at", "name", "minutes"),
    [
        (1_433_052_383_000, "America/Los_Angeles", -420),
        (1_420_070_400_000, "America/Los_Angeles", -480),
        (0, "Asia/Kathmandu", 330),
    ],
)
def test_offset_at_of_an_instant_follows_the_zones_clock(at: int, name: str, minutes: int) -> None:
    zone = zone_named(name)

    assert zone is not None
    assert offset_at(at, zone) == minutes


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../../etc/passwd", "America", "\0"])
def test_zone_named_of_no_zone_is_none(name: str) -> None:
    assert zone_named(name) is None


@pytest.mark.parametrize(
    ("times", "offsets"),
    [
        # Every quarter of an hour through the night on which an hour is shown twice.
        ("01:45 02:00 02:30 02:45 02:00 02:15 02:45 03:00", [120, 120, 120, 120, 60, 60, 60, 60]),
        ("02:55 02:25 02:30", [120, 60, 60]),
        # The same, the newest first; a file in disorder; and one that begins anew.
        ("03:00 02:45 02:30 02:15 02:00 01:45", [60, 120, 120, 120, 120, 120]),
        ("02:10 02:05 02:15", [120, 120, 120]),
        ("23:00 02:15 02:30", [60, 120, 120]),
        ("02:45 02:15 02:10", [120, 60, 120]),
    ],
)
def test_instants_in_order_tell_an_hour_that_is_shown_twice_apart(times: str, offsets: list[int]) -> None:
    walls = np.array([wall(f"2024-10-27 {time}") for time in times.split()])

    start, offset = instants_in_order(walls, BERLIN)

    assert offset.tolist() == offsets
    assert start.tolist() == (walls - np.array(offsets) * 60_000).tolist()


def test_instants_in_order_of_an_hour_that_is_skipped_are_as_any() -> None:
    walls = np.array([wall(f"2024-03-31 {time}") for time in ("03:00", "02:30", "02:45")])

    assert instants_in_order(walls, BERLIN)[0].tolist() == instants(walls, BERLIN)[0].tolist()


@given(st.integers(0, 2_000_000_000), st.integers(1, 29))
def test_instants_in_order_find_what_a_clock_showed_at_even_steps(first: int, minutes: int) -> None:
    taken = [(first + step * minutes * 60) * 1000 for step in range(100)]
    shown = [milliseconds(datetime.fromtimestamp(at / 1000, BERLIN).replace(tzinfo=UTC)) for at in taken]

    assert instants_in_order(np.array(shown), BERLIN)[0].tolist() == taken


def test_instants_of_a_day_on_which_somebody_moved_are_those_of_each_time_by_itself() -> None:
    moved = datetime(2026, 3, 29, 9, 7, tzinfo=UTC)  # some hours after the clocks of Berlin changed
    history = ZoneHistory(
        "Europe/Berlin", (moved, "America/New_York"), (moved + timedelta(days=1), "Asia/Tokyo")
    )
    first = datetime.fromisoformat("2026-03-28")
    walls = [first + timedelta(minutes=minute) for minute in range(4 * 24 * 60)]
    at, _ = instants(np.array(walls, dtype="datetime64[ms]").astype(np.int64), history)
    assert at.tolist() == [round(wall.replace(tzinfo=history).timestamp() * 1000) for wall in walls]
