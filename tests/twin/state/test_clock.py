"""Local days against zoneinfo itself, over every kind of change of the clock."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.zones import ZoneHistory
from twin.series.columns import UNKNOWN_OFFSET
from twin.state.clock import DAY, LocalClock

EPOCH = date(1970, 1, 1)
HOUR = DAY // 24
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "Pacific/Kiritimati",
]


def ms(text):
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def number(text):
    return (date.fromisoformat(text) - EPOCH).days


def clock(zone, first="1999-12-31", last="2031-01-02"):
    return LocalClock.over(ZoneInfo(zone), number(first) * DAY, number(last) * DAY)


CLOCKS = {zone: clock(zone) for zone in ZONES}


@given(
    zone=st.sampled_from(ZONES),
    instants=st.lists(st.integers(ms("2000-01-01T00:00Z"), ms("2030-12-31T00:00Z")), min_size=1),
)
def test_day_of_agrees_with_zoneinfo(zone, instants):
    days = CLOCKS[zone].day_of(np.array(instants))
    assert days.tolist() == [
        datetime.fromtimestamp(instant // 1000, ZoneInfo(zone)).toordinal() - EPOCH.toordinal()
        for instant in instants
    ]


@given(zone=st.sampled_from(ZONES), day=st.dates(date(2000, 1, 2), date(2030, 12, 30)))
def test_start_of_a_day_is_its_first_instant(zone, day):
    which = (day - EPOCH).days
    start = CLOCKS[zone].start_of(np.array([which]))
    assert CLOCKS[zone].day_of(start)[0] >= which
    assert CLOCKS[zone].day_of(start - 1)[0] < which


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", "2026-03-29", 23),
        ("Europe/Berlin", "2026-10-25", 25),
        ("Europe/Berlin", "2026-07-01", 24),
        ("America/New_York", "2026-03-08", 23),
        ("America/New_York", "2026-11-01", 25),
        ("America/Sao_Paulo", "2018-11-04", 23),  # the clock skips midnight itself
        ("Australia/Lord_Howe", "2026-04-05", 24.5),
        ("Australia/Lord_Howe", "2026-10-04", 23.5),
        ("Asia/Kathmandu", "2026-03-29", 24),
        ("Pacific/Apia", "2011-12-29", 24),
        ("Pacific/Apia", "2011-12-30", 0),  # the day that Samoa left out
        ("Pacific/Apia", "2011-12-31", 24),
    ],
)
def test_length_of_a_day(zone, day, hours):
    start, following = clock(zone).start_of(np.array([number(day), number(day) + 1]))
    assert (following - start) / HOUR == hours


def test_offset_of_a_sample_wins_over_the_zone_where_it_is_known():
    instants = np.array([ms("2026-06-01T23:30Z")] * 3)
    own = np.array([0, -300, UNKNOWN_OFFSET], dtype=np.int16)
    berlin = clock("Europe/Berlin")
    days = berlin.day_of(instants, own)
    assert (days - number("2026-06-01")).tolist() == [0, 0, 1]
    assert berlin.start_of(days, own).tolist() == [
        ms("2026-06-01T00:00Z"),
        ms("2026-06-01T05:00Z"),
        ms("2026-06-02T00:00+02:00"),
    ]


@given(
    first=st.sampled_from(ZONES),
    moves=st.dictionaries(
        st.integers(ms("2010-01-02T00:00Z"), ms("2013-12-30T00:00Z")), st.sampled_from(ZONES), max_size=4
    ),
    instants=st.lists(st.integers(ms("2010-01-01T00:00Z"), ms("2013-12-31T00:00Z")), min_size=1),
    near=st.lists(st.integers(-2 * DAY, 2 * DAY)),
)
def test_day_of_agrees_with_a_history_of_zones(first, moves, instants, near):
    moves = {move // (HOUR // 4) * (HOUR // 4): zone for move, zone in moves.items()}
    at = [(datetime.fromtimestamp(move / 1000, UTC), zone) for move, zone in sorted(moves.items())]
    history = ZoneHistory(first, *at)
    instants += [move + off for move in moves for off in near]
    clock = LocalClock.over(history, number("2009-12-31") * DAY, number("2014-01-02") * DAY)
    seconds = [instant // 1000 for instant in instants]
    assert clock.day_of(np.array(seconds) * 1000).tolist() == [
        datetime.fromtimestamp(second, history).toordinal() - EPOCH.toordinal() for second in seconds
    ]


def test_move_on_the_day_of_a_dst_change_is_not_missed():
    turn = datetime(2026, 3, 29, 1, tzinfo=UTC)
    history = ZoneHistory("Europe/Berlin", (turn + timedelta(hours=5), "Africa/Lagos"))  # +01, +02, +01 again
    clock = LocalClock.over(history, number("2026-03-27") * DAY, number("2026-04-01") * DAY)
    assert (clock.offsets / HOUR).tolist() == [1, 2, 1]
    assert clock.turns[1:].tolist() == [ms("2026-03-29T01:00Z"), ms("2026-03-29T06:00Z")]


def test_midnight_that_a_journey_west_repeats_begins_its_day_once():
    # From one in the night of the 13th to one in the night of the 12th.
    history = ZoneHistory("Pacific/Kiritimati", (datetime(2026, 3, 12, 11, tzinfo=UTC), "Pacific/Honolulu"))
    clock = LocalClock.over(history, number("2026-03-01") * DAY, number("2026-04-01") * DAY)
    days = np.array([number(f"2026-03-{day}") for day in (12, 13, 14)])
    assert clock.start_of(days).tolist() == [
        ms("2026-03-12T00:00+14:00"),
        ms("2026-03-13T00:00+14:00"),
        ms("2026-03-14T00:00-10:00"),
    ]
