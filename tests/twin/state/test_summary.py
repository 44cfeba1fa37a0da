"""Day summaries: which day, which source, what value."""

import math
import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.zones import ZoneHistory
from twin.kinds import kind
from twin.series.columns import UNKNOWN_OFFSET, Columns
from twin.state import DaySummary, reach, summarise

BERLIN = ZoneInfo("Europe/Berlin")
MINUTE = 60_000
HOUR = 60 * MINUTE


def ms(text):
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def columns(*samples):
    """Columns of (start, minutes, value) or (start, minutes, value, offset)."""
    rows = sorted((ms(start), minutes * MINUTE, value, *own) for start, minutes, value, *own in samples)
    start, duration, value, *own = zip(*rows, strict=True)
    return Columns(
        np.array(start, np.int64),
        np.array(duration, np.int64),
        np.array(value, np.float64),
        np.array(own[0], np.int16) if own else None,
    )


def days(code, sources, zone=BERLIN, first="2026-01-01", last="2026-12-31", **options):
    if isinstance(sources, Columns):
        sources = {"watch": sources}
    return summarise(
        kind(code), sources, zone, first=date.fromisoformat(first), last=date.fromisoformat(last), **options
    )


def values(summaries):
    return {summary.day.isoformat(): summary.value for summary in summaries}


def test_summarise_of_a_mean_kind_keeps_the_extremes_and_the_count():
    readings = columns(("2026-03-01T08:00+01:00", 0, 120), ("2026-03-01T20:00+01:00", 0, 180))
    assert days("sbp", readings) == [DaySummary(date(2026, 3, 1), 150.0, 120.0, 180.0, 2, "watch", 1)]


def test_summarise_of_a_last_kind_takes_the_latest_reading():
    readings = columns(("2026-03-01T07:00+01:00", 0, 82.0), ("2026-03-01T22:00+01:00", 0, 83.1))
    (day,) = days("weight", readings)
    assert (day.value, day.low, day.high) == (83.1, 82.0, 83.1)


def test_summarise_of_readings_from_two_sources_hides_no_extreme():
    cuff = columns(("2026-03-01T08:00+01:00", 0, 120), ("2026-03-01T09:00+01:00", 0, 126))
    typed = columns(("2026-03-01T20:00+01:00", 0, 201))
    (day,) = days("sbp", {"typed": typed, "cuff": cuff})
    assert day == DaySummary(date(2026, 3, 1), 149.0, 120.0, 201.0, 3, "cuff", 2)


def test_summarise_of_steps_from_two_devices_does_not_add_them_up():
    watch = columns(("2026-03-01T08:00+01:00", 60, 4000), ("2026-03-01T18:00+01:00", 60, 3000))
    phone = columns(("2026-03-01T08:00+01:00", 60, 3900))
    (day,) = days("steps", {"phone": phone, "watch": watch})
    assert (day.value, day.source, day.sources) == (7000, "watch", 2)


@pytest.mark.parametrize(
    ("priority", "source"),
    [((), "watch"), (["phone", "watch"], "phone"), (["ring", "watch"], "watch"), (["ring"], "watch")],
)
def test_summarise_of_steps_follows_the_priority_among_those_with_data(priority, source):
    watch = columns(("2026-03-01T08:00+01:00", 60, 4000), ("2026-03-01T18:00+01:00", 60, 3000))
    phone = columns(("2026-03-01T08:00+01:00", 60, 3900))
    (day,) = days("steps", {"phone": phone, "watch": watch}, priority=priority)
    assert day.source == source


def test_summarise_of_steps_decides_each_day_anew():
    watch = columns(("2026-03-01T08:00+01:00", 60, 4000))
    phone = columns(("2026-03-01T08:00+01:00", 30, 3900), ("2026-03-02T08:00+01:00", 30, 3900))
    assert [day.source for day in days("steps", {"phone": phone, "watch": watch})] == ["watch", "phone"]


def test_summarise_of_steps_from_equal_sources_goes_by_name():
    same = columns(("2026-03-01T08:00+01:00", 60, 4000))
    (day,) = days("steps", {"b": same, "a": same})
    assert day.source == "a"


def test_summarise_of_readings_with_a_priority_uses_that_source_alone():
    chest = columns(("2026-03-01T08:00+01:00", 0, 60))
    wrist = columns(("2026-03-01T08:00+01:00", 0, 90), ("2026-03-01T09:00+01:00", 0, 90))
    (day,) = days("heart_rate", {"chest": chest, "wrist": wrist}, priority=["chest"])
    assert (day.value, day.count, day.source, day.sources) == (60, 1, "chest", 2)


def test_summarise_shares_an_interval_over_midnight_out_by_time():
    walk = columns(("2026-03-01T23:30+01:00", 120, 1200))
    assert values(days("steps", walk)) == {"2026-03-01": 300, "2026-03-02": 900}


def test_summarise_keeps_an_interval_that_ends_at_midnight_in_its_day():
    whole_day = columns(("2026-03-01T00:00+01:00", 24 * 60, 8000))
    assert values(days("steps", whole_day)) == {"2026-03-01": 8000}


@pytest.mark.parametrize(
    ("zone", "start", "minutes", "expected"),
    [
        # 23 and 25 hours: each day's share is its own length.
        ("Europe/Berlin", "2026-03-29T00:00+01:00", 47 * 60, {"2026-03-29": 2300, "2026-03-30": 2400}),
        ("Europe/Berlin", "2026-10-25T00:00+02:00", 49 * 60, {"2026-10-25": 2500, "2026-10-26": 2400}),
        ("America/New_York", "2026-03-08T00:00-05:00", 47 * 60, {"2026-03-08": 2300, "2026-03-09": 2400}),
        ("Australia/Lord_Howe", "2026-04-05T00:00+11:00", 2910, {"2026-04-05": 2450, "2026-04-06": 2400}),
        ("Asia/Kathmandu", "2026-04-05T23:45+05:45", 30, {"2026-04-05": 25, "2026-04-06": 25}),
    ],
)
def test_summarise_of_days_that_the_clock_changes(zone, start, minutes, expected):
    walked = columns((start, minutes, minutes / 60 * 100))
    assert values(days("steps", walked, ZoneInfo(zone))) == pytest.approx(expected)


def test_summarise_over_the_day_that_samoa_left_out_has_no_such_day():
    walk = columns(("2011-12-29T23:00-10:00", 120, 1200))
    summaries = days("steps", walk, ZoneInfo("Pacific/Apia"), "2011-12-28", "2012-01-01")
    assert values(summaries) == {"2011-12-29": 600, "2011-12-31": 600}


@pytest.mark.parametrize(
    ("to", "moved", "start", "minutes", "expected"),
    [
        # West, over an ocean: the 2nd of March has 30 hours.
        ("America/New_York", "2026-03-02T13:00", "2026-03-02T00:00+01:00", 32 * 60, {2: 3000, 3: 200}),
        # East: it has 16.
        ("Asia/Tokyo", "2026-03-02T13:00", "2026-03-02T00:00+01:00", 18 * 60, {2: 1600, 3: 200}),
        # West over midnight: the evening of the 1st is lived twice; what goes on from it is the 2nd's.
        ("America/New_York", "2026-03-02T01:00", "2026-03-02T00:30+01:00", 60, {2: 100}),
        ("America/New_York", "2026-03-02T01:00", "2026-03-01T20:00-05:00", 60, {1: 100}),
        ("America/New_York", "2026-03-02T01:00", "2026-03-01T23:30-05:00", 60, {2: 100}),
        ("America/New_York", "2026-03-02T01:00", "2026-03-01T23:30+01:00", 180, {1: 300}),
    ],
)
def test_summarise_of_the_day_of_a_journey(to, moved, start, minutes, expected):
    zone = ZoneHistory("Europe/Berlin", (datetime.fromisoformat(f"{moved}+01:00"), to))
    walked = columns((start, minutes, minutes / 60 * 100))
    assert values(days("steps", walked, zone)) == pytest.approx(
        {f"2026-03-{day:02}": value for day, value in expected.items()}
    )


def test_summarise_of_a_night_over_the_atlantic_counts_it_where_one_wakes():
    zone = ZoneHistory("America/New_York", (datetime(2026, 3, 3, 8, tzinfo=UTC), "Europe/Berlin"))
    asleep = columns(("2026-03-02T21:00-05:00", 120, 2), ("2026-03-03T05:00+01:00", 180, 3))
    assert values(days("sleep_duration", asleep, zone)) == {"2026-03-03": 5}


def test_summarise_puts_a_sample_into_the_day_of_its_own_offset():
    readings = columns(
        ("2026-03-01T23:30+01:00", 0, 100, UNKNOWN_OFFSET),
        ("2026-03-02T23:30+01:00", 0, 110, 9 * 60),  # taken in Tokyo, where it was the third already
    )
    assert values(days("sbp", readings)) == {"2026-03-01": 100, "2026-03-03": 110}


def test_summarise_shares_an_interval_out_by_its_own_midnight():
    walk = columns(("2026-03-01T23:00+09:00", 120, 1000, 9 * 60))
    assert values(days("steps", walk)) == {"2026-03-01": 500, "2026-03-02": 500}


def test_summarise_of_a_night_counts_for_the_day_one_wakes():
    night = columns(
        ("2026-03-01T22:00+01:00", 90, 1.5),
        ("2026-03-01T23:40+01:00", 320, 320 / 60),
        ("2026-03-02T14:00+01:00", 30, 0.5),  # a nap
    )
    assert values(days("sleep_duration", night)) == {"2026-03-02": pytest.approx(1.5 + 320 / 60 + 0.5)}


def test_summarise_of_sleep_around_the_clock_keeps_its_days_apart():
    hours = [(day, hour) for day in (1, 2, 3) for hour in range(0, 24, 3)]
    newborn = columns(*((f"2026-03-0{day}T{hour:02}:00+01:00", 90, 1.5) for day, hour in hours))
    # What ends in the evening goes on at midnight; the last evening has no morning yet.
    assert values(days("sleep_duration", newborn)) == {"2026-03-01": 9, "2026-03-02": 12, "2026-03-03": 15}


def test_summarise_of_an_evening_nap_stays_in_its_day():
    sleep = columns(("2026-03-01T18:30+01:00", 60, 1.0), ("2026-03-01T23:00+01:00", 480, 8.0))
    assert values(days("sleep_duration", sleep)) == {"2026-03-01": 1.0, "2026-03-02": 8.0}


@pytest.mark.parametrize(
    ("evening", "morning", "day", "hours"),
    [
        ("2026-03-28T23:00+01:00", "2026-03-29T07:00+02:00", "2026-03-29", 7),
        ("2026-10-24T23:00+02:00", "2026-10-25T07:00+01:00", "2026-10-25", 9),
        ("2026-07-01T23:00+02:00", "2026-07-02T07:00+02:00", "2026-07-02", 8),
    ],
)
def test_summarise_of_a_night_when_the_clock_changes_counts_hours_slept(evening, morning, day, hours):
    minutes = (ms(morning) - ms(evening)) // MINUTE
    assert values(days("sleep_duration", columns((evening, minutes, minutes / 60)))) == {day: hours}


def test_summarise_of_overlapping_segments_counts_shared_time_once():
    night = columns(
        ("2026-03-01T23:00+01:00", 480, 8.0),
        ("2026-03-02T00:00+01:00", 60, 1.0),
        ("2026-03-02T06:00+01:00", 120, 2.0),
    )
    assert values(days("sleep_duration", night)) == {"2026-03-02": pytest.approx(9.0)}


def test_summarise_of_sleep_from_phone_and_watch_takes_one():
    watch = columns(("2026-03-01T23:00+01:00", 480, 8.0))
    phone = columns(("2026-03-01T23:30+01:00", 420, 7.0))
    (day,) = days("sleep_duration", {"phone": phone, "watch": watch})
    assert (day.value, day.source, day.sources) == (8.0, "watch", 2)


def test_summarise_of_sleep_less_than_the_time_in_bed_keeps_what_was_said():
    assert values(days("sleep_duration", columns(("2026-03-01T23:00+01:00", 480, 7.2)))) == {
        "2026-03-02": 7.2
    }


def test_summarise_of_sleep_given_as_a_day_total_keeps_its_day():
    assert values(days("sleep_duration", columns(("2026-03-01T12:00+01:00", 0, 7.5)))) == {"2026-03-01": 7.5}


@pytest.mark.parametrize("code", ["steps", "sleep_duration"])
@pytest.mark.parametrize(("day", "hours", "offset"), [("2026-03-29", 23, 60), ("2026-10-25", 25, 120)])
def test_summarise_of_a_whole_days_total_when_the_clock_changes_keeps_its_day(code, day, hours, offset):
    total = columns((f"{day}T00:00+0{offset // 60}:00", hours * 60, 7.5, offset))
    assert values(days(code, total)) == {day: 7.5}


@pytest.mark.parametrize("code", ["sbp", "weight", "steps", "sleep_duration"])
def test_summarise_of_no_samples_is_empty(code):
    nothing = Columns(*(np.array([], dtype) for dtype in (np.int64, np.int64, np.float64)))
    assert days(code, nothing) == []
    assert days(code, {}) == []


@pytest.mark.parametrize("code", ["sbp", "steps"])
def test_summarise_keeps_to_the_days_asked_for(code):
    readings = columns(*((f"2026-03-0{day}T08:00+01:00", 1, day) for day in range(1, 8)))
    assert list(values(days(code, readings, first="2026-03-03", last="2026-03-04"))) == [
        "2026-03-03",
        "2026-03-04",
    ]


def test_summarise_of_a_sample_that_claims_a_century_makes_only_the_days_asked_for():
    century = columns(("1950-01-01T00:00+01:00", 100 * 365 * 24 * 60, 1e6))
    assert len(days("steps", century, first="2026-03-01", last="2026-03-07")) == 7


samples = st.lists(
    st.tuples(st.integers(0, 40 * 24 * 60), st.integers(0, 3000), st.floats(0, 1e5), st.integers(-720, 840)),
    min_size=1,
    unique_by=lambda sample: sample[:2],
)


def series(rows, *, own):
    start, duration, value, offset = zip(*sorted(rows), strict=True)
    return Columns(
        ms("2026-03-10T00:00Z") + np.array(start, np.int64) * MINUTE,
        np.array(duration, np.int64) * MINUTE,
        np.array(value),
        np.array(offset, np.int16) if own else None,
    )


TRAVELS = ZoneHistory(
    "Pacific/Kiritimati",
    (datetime(2026, 3, 12, 11, tzinfo=UTC), "Pacific/Honolulu"),
    (datetime(2026, 3, 12, 20, tzinfo=UTC), "Europe/Berlin"),
    (datetime(2026, 3, 30, 23, tzinfo=UTC), "America/New_York"),
)


@given(
    rows=samples,
    own=st.booleans(),
    zone=st.sampled_from([BERLIN, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("UTC"), TRAVELS]),
)
def test_summarise_of_one_source_adds_up_to_its_samples(rows, own, zone):
    one = series(rows, own=own)
    total = math.fsum(day.value for day in days("steps", one, zone))
    assert total == pytest.approx(math.fsum(one.value), rel=1e-9, abs=1e-6)


@given(
    rows=samples,
    other=samples,
    own=st.booleans(),
    code=st.sampled_from(["sbp", "weight", "steps", "sleep_duration"]),
)
def test_summarise_does_not_depend_on_the_order_of_sources(rows, other, own, code):
    a, b = series(rows, own=own), series(other, own=own)
    assert days(code, {"a": a, "b": b}) == days(code, {"b": b, "a": a})


@given(rows=samples, day=st.integers(0, 40), code=st.sampled_from(["sbp", "weight", "steps"]))
def test_summarise_of_what_reach_asks_for_equals_that_day_of_the_whole(rows, day, code):
    day_long_at_most = {(start, min(minutes, 24 * 60)): (value, own) for start, minutes, value, own in rows}
    whole = series([(*identity, *rest) for identity, rest in day_long_at_most.items()], own=True)
    wanted = date(2026, 3, 10) + timedelta(days=day)
    begin, end = (int(instant.timestamp() * 1000) for instant in reach(BERLIN, wanted, wanted))
    part = whole.take((whole.start >= begin) & (whole.start <= end))
    asked = summarise(kind(code), {"watch": part}, BERLIN, first=wanted, last=wanted)
    assert asked == [summary for summary in days(code, whole) if summary.day == wanted]


def test_reach_takes_in_a_night_that_began_the_day_before():
    begin, end = reach(BERLIN, date(2026, 3, 2), date(2026, 3, 2))
    assert begin <= datetime.fromisoformat("2026-03-01T20:00+01:00")
    assert end >= datetime.fromisoformat("2026-03-03T00:00+01:00")


def test_summarise_of_a_year_of_minutes_stays_quick():
    n = 525_600
    year = Columns(
        ms("2026-01-01T00:00+01:00") + np.arange(n, dtype=np.int64) * MINUTE,
        np.zeros(n, np.int64),
        np.random.default_rng(1).normal(70, 10, n),
    )
    began = time.perf_counter()
    assert len(days("heart_rate", year)) == 365
    # Measured at 25 ms; the room is for a busy machine.
    assert time.perf_counter() - began < 0.5
