"""Day summaries: which day, which source, what value."""

import math
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.zones import ZoneHistory
from twin.kinds import kind
from twin.series.columns import UNKNOWN_OFFSET, Columns, Flag
from twin.state import DaySummary, counting, reach, summarise

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
    arm = columns(("2026-03-01T08:00+01:00", 0, 120))
    wrist = columns(("2026-03-01T08:00+01:00", 0, 150), ("2026-03-01T09:00+01:00", 0, 150))
    (day,) = days("sbp", {"arm": arm, "wrist": wrist}, priority=["arm"])
    assert (day.value, day.count, day.source, day.sources) == (120, 1, "arm", 2)


def worn(value, *, hours, minutes=5):
    """A sensor's readings, one every few minutes, from one hour of a day in Berlin to another."""
    first, until = hours
    start = np.arange(first * HOUR, until * HOUR, minutes * MINUTE, dtype=np.int64)
    start += ms("2026-03-01T00:00+01:00")
    return Columns(start, np.zeros_like(start), np.full(len(start), float(value)))


def test_summarise_does_not_average_two_glucose_sensors():
    sensors = {"left": worn(100, hours=(0, 24)), "right": worn(140, hours=(6, 22))}
    assert days("glucose_cgm", sensors) == [DaySummary(date(2026, 3, 1), 100, 100, 100, 288, "left", 2)]
    (day,) = days(
        "glucose_cgm", {"left": sensors["left"], "right": worn(140, hours=(0, 24))}, priority=["right"]
    )
    assert (day.value, day.low, day.source, day.sources) == (140, 140, "right", 2)


def test_summarise_counts_each_sensor_for_its_part_of_the_day_of_a_hand_over():
    sensors = {"old": worn(100, hours=(0, 12)), "new": worn(160, hours=(11, 24))}
    (day,) = days("glucose_cgm", sensors)
    # The new one has more hours of the day, so the hour in which both measure is its own.
    assert (day.value, day.low, day.high) == ((11 * 100 + 13 * 160) / 24, 100, 160)
    assert (day.count, day.source, day.sources) == (288, "new", 2)


def test_summarise_of_a_strap_worn_for_an_hour_keeps_the_rest_of_the_watch():
    devices = {"watch": worn(60, hours=(0, 24)), "strap": worn(150, hours=(18, 19), minutes=1)}
    (day,) = days("heart_rate", devices, priority=["strap", "watch"])
    assert (day.count, day.low, day.high, day.source) == (23 * 12 + 60, 60, 150, "watch")


def test_summarise_of_a_devices_own_figure_for_the_day_averages_no_two_devices():
    watch = columns(("2026-03-01T00:00+01:00", 24 * 60, 52))
    ring = columns(("2026-03-01T07:00+01:00", 0, 47))
    (day,) = days("resting_heart_rate", {"ring": ring, "watch": watch})
    assert (day.value, day.source, day.sources) == (52, "watch", 2)


def flagged(*samples):
    """Columns of (start, value, flags)."""
    plain = columns(*((start, 0, value) for start, value, _ in samples))
    return replace(plain, flags=np.array([flags for *_, flags in samples], np.uint8))


LOW, HIGH, MANUAL, SOFT = Flag.CENSORED_LOW, Flag.CENSORED_HIGH, Flag.MANUAL, Flag.SOFT_RANGE


@pytest.mark.parametrize(
    ("code", "samples", "flags"),
    [
        ("glucose_cgm", [(40, LOW), (90, 0)], LOW),
        ("glucose_cgm", [(40, LOW), (38, 0)], 0),  # another device measured lower
        ("glucose_cgm", [(40, 0), (40, LOW)], LOW),
        ("glucose_cgm", [(90, 0), (400, HIGH)], HIGH),
        ("glucose_cgm", [(40, LOW), (400, HIGH | SOFT)], LOW | HIGH),
        ("glucose", [(90, MANUAL), (95, MANUAL)], MANUAL),
        ("glucose", [(90, MANUAL), (95, 0)], 0),
        ("steps", [(900, MANUAL)], MANUAL),
    ],
)
def test_summarise_says_what_of_a_day_is_a_devices_limit_or_typed_in(code, samples, flags):
    times = ["2026-03-01T08:00+01:00", "2026-03-01T09:00+01:00"]
    readings = flagged(*((at, *sample) for at, sample in zip(times, samples, strict=False)))
    (day,) = days(code, readings)
    assert day.flags == flags


def test_summarise_keeps_a_limit_that_another_source_also_reached():
    sensor = flagged(("2026-03-01T08:00+01:00", 40, LOW))
    other = flagged(("2026-03-01T12:00+01:00", 40, 0))
    (day,) = days("glucose", {"sensor": sensor, "other": other})
    assert (day.low, day.flags) == (40, LOW)


def counted(code, sources, **options):
    masks = counting(kind(code), sources, BERLIN, first=date(2026, 2, 28), last=date(2026, 3, 3), **options)
    return {source: int(mask.sum()) for source, mask in masks.items()}


@pytest.mark.parametrize(
    ("code", "priority", "expected"),
    [
        ("glucose_cgm", [], {"a": 24, "b": 0}),
        ("glucose_cgm", ["b"], {"a": 12, "b": 12}),
        ("steps", [], {"a": 24, "b": 0}),
        ("steps", ["b"], {"a": 0, "b": 12}),
        ("sbp", [], {"a": 24, "b": 12}),
        ("sbp", ["b"], {"a": 0, "b": 12}),
    ],
)
def test_counting_names_the_samples_that_make_the_days(code, priority, expected):
    sources = {"a": worn(100, hours=(0, 24), minutes=60), "b": worn(110, hours=(6, 18), minutes=60)}
    assert counted(code, sources, priority=priority) == expected


def test_counting_goes_by_the_night_as_the_days_do():
    watch = columns(("2026-03-01T22:00+01:00", 480, 8))
    phone = columns(("2026-03-01T23:00+01:00", 30, 0.5), ("2026-03-02T01:00+01:00", 60, 1))
    assert counted("sleep_duration", {"watch": watch, "phone": phone}) == {"watch": 1, "phone": 0}


def test_counting_of_one_source_is_all_of_it():
    assert counted("steps", {"a": worn(100, hours=(0, 24), minutes=60)}) == {"a": 24}


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
    began = time.process_time()
    assert len(days("heart_rate", year)) == 365
    # Measured at 25 ms; the room is for a busy machine.
    assert time.process_time() - began < 0.5
