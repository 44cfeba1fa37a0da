"""Doses by the person's wall clock: over real changes of real clocks, journeys and the date line."""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import DAILY, HOURLY, MO, MONTHLY, WEEKLY, YEARLY, rrule
from hypothesis import assume, example, given
from hypothesis import strategies as st

from backend.zones import ZoneHistory, zone_names
from reminders.timing import (
    Course,
    Pause,
    Routine,
    TimingError,
    due_doses,
    may_take,
    parse,
    preview,
    zone_named,
)
from reminders.timing.clock import STRETCH
from tests.vector_cases import vector_cases

BERLIN = ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)
USUAL = Routine()
TURNS = [
    ("Europe/Berlin", "2026-03-29"),
    ("Europe/Berlin", "2026-10-25"),
    ("America/New_York", "2026-11-01"),
    ("America/Sao_Paulo", "2018-11-04"),  # skips midnight itself
    ("Australia/Lord_Howe", "2026-04-05"),  # by half an hour
    ("Australia/Lord_Howe", "2026-10-04"),
    ("Antarctica/Troll", "2026-03-29"),  # by two hours
    ("Africa/Casablanca", "2026-02-15"),
    ("Asia/Pyongyang", "2018-05-05"),
    ("Pacific/Apia", "2011-12-30"),  # a day that never came
    ("Pacific/Kiritimati", "1994-12-31"),
    ("Pacific/Kwajalein", "1993-08-21"),
]
PLACES = [
    "Europe/Berlin",
    "Europe/Lisbon",
    "America/New_York",
    "Pacific/Honolulu",
    "Pacific/Kiritimati",
    "Pacific/Auckland",
    "Asia/Tokyo",
    "Australia/Lord_Howe",
]


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def course(body, start="2020-01-01", end=None, **said):
    return Course(
        parse(body), date.fromisoformat(start), None if end is None else date.fromisoformat(end), **said
    )


def doses(body, zone, since, until, **said):
    return list(due_doses(course(body, **said), USUAL, zone, since=at(since), until=at(until)))


def slots(found):
    return [dose.slot for dose in found]


def clock_times(times):
    return {"repeat": {"timeOfDay": [f"{at // 60:02}:{at % 60:02}" for at in sorted(times)]}}


def shown(zone, since, until):
    """What a clock shows at each quarter of an hour, read off the zone itself."""
    quarters = int((until - since) / QUARTER)
    return [
        (since + step * QUARTER, (since + step * QUARTER).astimezone(zone).replace(tzinfo=None))
        for step in range(quarters)
    ]


@st.composite
def lived(draw):
    """A zone or a history of zones, and a day near which its clock may turn."""
    kind = draw(st.sampled_from(["turn", "zone", "journey"]))
    if kind == "turn":
        name, day = draw(st.sampled_from(TURNS))
        return ZoneInfo(name), date.fromisoformat(day)
    day = draw(st.dates(date(1975, 1, 1), date(2036, 12, 1)))
    if kind == "zone":
        return ZoneInfo(draw(st.sampled_from(sorted(zone_names() - {"localtime"})))), day
    noon = datetime.combine(day, time(12), UTC)
    moves = draw(st.dictionaries(st.integers(-400, 400), st.sampled_from(PLACES), min_size=1, max_size=5))
    first = draw(st.sampled_from(PLACES))
    return ZoneHistory(first, *((noon + step * QUARTER, name) for step, name in sorted(moves.items()))), day


TIMES = st.sets(st.integers(0, 24 * 60 - 1), min_size=1, max_size=8)
# The clock of a stretch of 32 days has to know of a crossing 26 hours before it.
BOUNDARY = datetime(1970, 1, 1, tzinfo=UTC) + 640 * STRETCH * timedelta(seconds=1)
LIVED = [
    (ZoneInfo("Pacific/Apia"), date(2011, 12, 30)),
    (ZoneHistory("Pacific/Kiritimati", (at("2026-03-12T20:00"), "Pacific/Honolulu")), date(2026, 3, 12)),
    (ZoneHistory("Pacific/Honolulu", (at("2026-03-12T20:00"), "Pacific/Kiritimati")), date(2026, 3, 12)),
    (ZoneHistory("Pacific/Kiritimati", (BOUNDARY - 25 * HOUR, "Etc/GMT+12")), BOUNDARY.date()),
]


@pytest.mark.parametrize(
    "case",
    [case for case in vector_cases("medication") if case["score"] == "expand_schedule"],
    ids=lambda case: case["id"],
)
def test_expanded_schedule_is_that_of_the_vectors(case):
    given_, expected = case["input"], case["expected"]
    start = date.fromisoformat(given_["start_date"])
    found = preview(
        Course(parse({"code": given_["code"]}), start),
        USUAL,
        ZoneInfo("UTC"),
        since=datetime.combine(start, time(), UTC),
        days=given_["days"],
    )
    assert [dose.local.isoformat(timespec="minutes") for dose in found] == expected["times"]
    assert len(found) == expected["count"]


@given(lived=lived(), times=TIMES)
@example(LIVED[0], {480, 1200})
@example(LIVED[1], {480, 1200})
@example(LIVED[2], {480, 1200})
@example(LIVED[3], set(range(0, 1440, 180)))
def test_n_doses_a_day_stay_n_doses_a_day(lived, times):
    zone, day = lived
    since, until = datetime.combine(day - 9 * DAY, time(), UTC), datetime.combine(day + 9 * DAY, time(), UTC)
    found = list(due_doses(course(clock_times(times), "1970-01-01"), USUAL, zone, since=since, until=until))
    days = {local.date() for _, local in shown(zone, since, until)}
    whole = [day - 7 * DAY + step * DAY for step in range(15)]
    once = Counter(dose.local.date() for dose in found if "~" not in dose.slot)
    assert {day: once[day] for day in whole} == {day: len(times) if day in days else 0 for day in whole}
    assert len(set(slots(found))) == len(found)
    assert all(before.at < after.at for before, after in pairwise(found))


@given(lived=lived(), times=TIMES, gap=st.integers(1, 24 * 60))
def test_no_change_of_a_clock_brings_doses_closer_than_the_minimum_gap(lived, times, gap):
    zone, day = lived
    body = clock_times(times) | {"minimumGapMinutes": gap}
    try:
        plan = course(body, "1970-01-01")
    except TimingError:
        assume(False)
    since, until = datetime.combine(day - 9 * DAY, time(), UTC), datetime.combine(day + 9 * DAY, time(), UTC)
    found = list(due_doses(plan, USUAL, zone, since=since, until=until))
    assert [
        (before, after) for before, after in pairwise(found) if after.at - before.at < timedelta(minutes=gap)
    ] == []


@given(
    lived=lived(), times=TIMES, gap=st.none() | st.integers(1, 600), cuts=st.lists(st.integers(0, 18 * 1440))
)
def test_however_a_time_is_cut_it_has_the_same_doses(lived, times, gap, cuts):
    zone, day = lived
    try:
        plan = course(clock_times(times) | ({"minimumGapMinutes": gap} if gap else {}), "1970-01-01")
    except TimingError:
        assume(False)
    since = datetime.combine(day - 9 * DAY, time(), UTC)
    edges = [since, *(since + timedelta(minutes=cut) for cut in sorted(cuts)), since + 18 * DAY]
    whole = list(due_doses(plan, USUAL, zone, since=edges[0], until=edges[-1]))
    parts = [
        dose
        for begin, end in pairwise(edges)
        for dose in due_doses(plan, USUAL, zone, since=begin, until=end)
    ]
    assert parts == whole


ROUND_THE_WORLD = [
    (step * 10 * HOUR, place)
    for step, place in enumerate(["Pacific/Honolulu", "America/New_York", "Europe/Berlin", "Asia/Tokyo"] * 5)
]


@pytest.mark.parametrize("legs", [ROUND_THE_WORLD[1:4], ROUND_THE_WORLD], ids=["flight", "five times around"])
def test_doses_that_still_make_up_for_a_journey_are_the_same_in_any_window(legs):
    start = at("2026-03-02T15:00")
    zone = ZoneHistory("Asia/Tokyo", *((start + after, place) for after, place in legs))
    # Twelve hours apart and never less than eleven and a half: an hour a day to make up for it.
    plan = course({"code": "BID", "minimumGapMinutes": 690})
    whole = list(due_doses(plan, USUAL, zone, since=start, until=start + 150 * DAY))
    late = [dose for dose in whole if dose.at.astimezone(zone).replace(tzinfo=None) != dose.local]
    assert late[-1].at > start + 12 * DAY
    assert whole[-1] not in late
    for day in range(0, 150, 3):
        since = start + day * DAY
        window = due_doses(plan, USUAL, zone, since=since, until=since + 3 * DAY)
        assert list(window) == [dose for dose in whole if since <= dose.at < since + 3 * DAY]


@given(lived=lived(), quarter=st.integers(0, 95))
def test_dose_is_due_when_its_time_is_first_shown_or_when_the_clock_goes_on(lived, quarter):
    zone, day = lived
    since, until = datetime.combine(day - 6 * DAY, time(), UTC), datetime.combine(day + 6 * DAY, time(), UTC)
    clock = shown(zone, since, until)
    assume(all(before[1] - after[1] <= 12 * HOUR for before, after in pairwise(clock)))
    assume(all(local.minute % 15 == 0 and local.second == 0 for _, local in clock))
    plan = course(clock_times({quarter * 15}) | {"minimumGapMinutes": 1}, "1970-01-01")
    found = due_doses(plan, USUAL, zone, since=since + 2 * DAY, until=until - 2 * DAY)
    # Of two that are skipped together the second is due a minute, its minimum gap, later.
    moved = [
        (dose, first)
        for dose in found
        for first in [next(at for at, local in clock if local >= dose.local)]
        if not first <= dose.at <= first + timedelta(minutes=1)
    ]
    assert moved == []


@pytest.mark.parametrize(
    ("clock", "day", "instants"),
    [
        ("02:30", "2026-03-28", ["2026-03-28T01:30", "2026-03-29T01:00", "2026-03-30T00:30"]),
        ("02:30", "2026-10-24", ["2026-10-24T00:30", "2026-10-25T00:30", "2026-10-26T01:30"]),
        ("08:00", "2026-03-28", ["2026-03-28T07:00", "2026-03-29T06:00", "2026-03-30T06:00"]),
    ],
    ids=["skipped", "doubled", "neither"],
)
def test_dose_at_a_change_to_or_from_summer_time(clock, day, instants):
    found = doses(
        {"repeat": {"timeOfDay": [clock]}},
        BERLIN,
        f"{day}T00:00",
        f"{date.fromisoformat(day) + 2 * DAY}T12:00",
    )
    assert [dose.at for dose in found] == [at(instant) for instant in instants]
    assert {dose.local.time().isoformat("minutes") for dose in found} == {clock}


def test_journey_moves_the_later_dose_and_drops_none():
    flight = ZoneHistory("America/New_York", (at("2026-06-10T15:00"), "Europe/Berlin"))
    by_half = doses({"code": "QID"}, flight, "2026-06-10T06:00", "2026-06-11T09:00")
    assert [(dose.slot, dose.at) for dose in by_half] == [
        ("2026-06-10T08:00", at("2026-06-10T12:00")),
        ("2026-06-10T12:00", at("2026-06-10T15:00")),  # on landing at five in the afternoon
        ("2026-06-10T16:00", at("2026-06-10T17:00")),
        ("2026-06-10T20:00", at("2026-06-10T19:00")),
        ("2026-06-11T08:00", at("2026-06-11T06:00")),
    ]
    apart = {"code": "QID", "minimumGapMinutes": 210}
    own_gap = doses(apart, flight, "2026-06-10T06:00", "2026-06-11T09:00")
    assert slots(own_gap) == slots(by_half)
    assert [dose.at - by_half[0].at for dose in own_gap] == [
        0 * HOUR,
        3.5 * HOUR,
        7 * HOUR,
        10.5 * HOUR,
        18 * HOUR,
    ]


def test_day_that_never_came_has_no_doses_and_moves_none():
    found = doses(
        {"code": "BID"}, ZoneInfo("Pacific/Apia"), "2011-12-29T12:00", "2011-12-31T07:00", start="2010-01-01"
    )
    assert [(dose.slot, dose.at) for dose in found] == [
        ("2011-12-29T08:00", at("2011-12-29T18:00")),
        ("2011-12-29T20:00", at("2011-12-30T06:00")),
        ("2011-12-31T08:00", at("2011-12-30T18:00")),
        ("2011-12-31T20:00", at("2011-12-31T06:00")),
    ]


TWICE = ZoneHistory("Pacific/Kiritimati", (at("2026-03-12T20:00"), "Pacific/Honolulu"))


def test_day_that_comes_twice_has_its_doses_twice_under_slots_of_their_own():
    found = doses({"code": "BID"}, TWICE, "2026-03-12T00:00", "2026-03-14T12:00")
    assert slots(found) == [
        "2026-03-12T20:00",
        "2026-03-13T08:00",
        "2026-03-12T20:00~2",
        "2026-03-13T08:00~2",
        "2026-03-13T20:00",
    ]
    assert {after.at - before.at for before, after in pairwise(found)} <= {12 * HOUR, 24 * HOUR}


def test_time_that_had_come_before_a_journey_in_two_legs_is_known_to_have_come():
    legs = (at("2026-03-12T19:00"), "Asia/Tokyo"), (at("2026-03-12T20:00"), "Pacific/Honolulu")
    found = doses(
        {"code": "QD"}, ZoneHistory("Pacific/Kiritimati", *legs), "2026-03-12T00:00", "2026-03-14T00:00"
    )
    assert [(dose.slot, dose.at) for dose in found] == [
        ("2026-03-13T08:00", at("2026-03-12T18:00")),
        ("2026-03-13T08:00~2", at("2026-03-13T18:00")),
    ]


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
def test_first_and_last_day_are_the_persons_own(zone):
    found = doses(
        clock_times({0, 1439}),
        ZoneInfo(zone),
        "2026-01-01T00:00",
        "2026-02-01T00:00",
        start="2026-01-10",
        end="2026-01-10",
    )
    assert slots(found) == ["2026-01-10T00:00", "2026-01-10T23:59"]


@pytest.mark.parametrize(
    "body", [clock_times({480}), {"everyHours": {"hours": 24, "first": "2026-01-01T08:00Z"}}]
)
def test_window_is_half_open_to_the_microsecond(body):
    dose, after = at("2026-01-05T08:00"), timedelta(microseconds=1)
    plan = course(body)
    for since, until, expected in [
        (dose, dose + after, [dose]),
        (dose - after, dose, []),
        (dose + after, dose + HOUR, []),
        (dose - after, dose + after, [dose]),
    ]:
        found = due_doses(plan, USUAL, ZoneInfo("UTC"), since=since, until=until)
        assert [due.at for due in found] == expected


@pytest.mark.parametrize(
    "repeat",
    [
        {"frequency": 1, "period": 1, "periodUnit": "wk"},
        {"dayOfWeek": ["thu", "fri"]},
        {"frequency": 1, "period": 2, "periodUnit": "d"},
        {"frequency": 1, "period": 1, "periodUnit": "mo"},
    ],
    ids=str,
)
def test_dose_of_certain_days_is_due_once_on_a_day_that_comes_twice(repeat):
    found = doses({"repeat": repeat}, TWICE, "2026-03-12T00:00", "2026-03-15T12:00", start="2026-03-12")
    assert len({dose.local for dose in found}) == len(found)


def test_going_back_over_a_zone_neither_loses_nor_repeats_a_dose():
    away = (at("2026-06-10T06:20"), "Europe/Lisbon")
    history = ZoneHistory("Europe/Berlin", away, (at("2026-06-10T07:30"), "Europe/Berlin"))
    found = doses({"code": "QD"}, history, "2026-06-09T00:00", "2026-06-12T00:00")
    assert [(dose.slot, dose.at) for dose in found] == [
        (f"2026-06-{day:02}T08:00", at(f"2026-06-{day:02}T06:00")) for day in (9, 10, 11)
    ]


@given(lived=lived(), hours=st.integers(1, 100))
def test_true_hours_stay_hours_apart_whatever_the_clock_does(lived, hours):
    zone, day = lived
    first = datetime.combine(day, time(5, 30), UTC)
    body = {"everyHours": {"hours": hours, "first": first.isoformat()}}
    plan = course(body, "1970-01-01")
    found = list(due_doses(plan, USUAL, zone, since=first - DAY, until=first + 20 * DAY))
    assert [dose.at for dose in found] == [first + step * hours * HOUR for step in range(-(-480 // hours))]
    assert [dose.slot for dose in found] == [f"{dose.at:%Y-%m-%dT%H:%MZ}" for dose in found]
    assert [dose.local for dose in found] == [dose.at.astimezone(zone).replace(tzinfo=None) for dose in found]


@pytest.mark.parametrize(
    "body", [{"code": "Q8H"}, {"everyHours": {"hours": 8, "first": "1990-01-01T00:00Z"}}]
)
def test_true_hours_and_hours_of_the_day_end_with_the_course(body):
    plan = course(body, "2026-03-01", "2026-03-10", pauses=(Pause(date(2026, 3, 3), date(2026, 3, 4)),))
    found = list(
        due_doses(plan, USUAL, ZoneInfo("UTC"), since=at("1980-01-01T00:00"), until=at("2090-01-01T00:00"))
    )
    assert Counter(dose.local.day for dose in found) == dict.fromkeys((1, 2, 5, 6, 7, 8, 9, 10), 3)


def rules(start):
    midnight = datetime.combine(start, time())
    morning = {"dtstart": midnight, "byhour": 8, "byminute": 0, "bysecond": 0}
    last = {"bymonthday": range(28, start.day + 1), "bysetpos": -1} if start.day > 28 else {}
    return [
        ({"code": "QD"}, rrule(DAILY, **morning)),
        ({"code": "BID"}, rrule(DAILY, **morning | {"byhour": (8, 20)})),
        ({"code": "QOD"}, rrule(DAILY, interval=2, **morning)),
        ({"repeat": {"frequency": 1, "period": 72, "periodUnit": "h"}}, rrule(DAILY, interval=3, **morning)),
        ({"code": "Q6H"}, rrule(HOURLY, interval=6, dtstart=midnight)),
        ({"code": "WK"}, rrule(WEEKLY, **morning)),
        (
            {"repeat": {"frequency": 2, "period": 3, "periodUnit": "wk", "dayOfWeek": ["tue", "sun"]}},
            rrule(WEEKLY, interval=3, wkst=MO, byweekday=(1, 6), **morning),
        ),
        ({"repeat": {"dayOfWeek": ["mon", "fri"]}}, rrule(WEEKLY, byweekday=(0, 4), **morning)),
        ({"code": "MO"}, rrule(MONTHLY, **morning, **last)),
        (
            {"repeat": {"frequency": 1, "period": 5, "periodUnit": "mo"}},
            rrule(MONTHLY, interval=5, **morning, **last),
        ),
        (
            {"repeat": {"frequency": 1, "period": 1, "periodUnit": "a"}},
            rrule(YEARLY, bymonth=start.month, **morning, **({"bymonthday": start.day} | last)),
        ),
    ]


@given(
    start=st.dates(date(2000, 1, 1), date(2030, 1, 1)),
    which=st.integers(0, len(rules(date(2020, 1, 31))) - 1),
    after=st.integers(0, 3_000),
)
@example(date(2024, 1, 31), 8, 0)
@example(date(2024, 2, 29), 10, 300)
def test_doses_agree_with_the_recurrence_rules_of_dateutil(start, which, after):
    body, rule = rules(start)[which]
    since = datetime.combine(start + after * DAY, time(), UTC)
    until = since + 90 * DAY
    found = due_doses(Course(parse(body), start), USUAL, ZoneInfo("UTC"), since=since, until=until)
    naive = [edge.replace(tzinfo=None) for edge in (since, until)]
    expected = [wall for wall in rule.between(*naive, inc=True) if wall < naive[1]]
    assert [dose.local for dose in found] == expected


@pytest.mark.parametrize(
    ("start", "days"),
    [
        ("2026-01-31", ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]),
        ("2027-11-30", ["2027-11-30", "2027-12-30", "2028-01-30", "2028-02-29"]),
    ],
)
def test_month_without_the_day_has_its_dose_on_its_last(start, days):
    begin = datetime.combine(date.fromisoformat(start), time(), UTC)
    found = preview(course({"code": "MO"}, start), USUAL, ZoneInfo("UTC"), since=begin, days=100)
    assert [dose.local.date().isoformat() for dose in found] == days


def test_cycle_counts_from_the_first_day_and_a_taper_says_how_much():
    pill = {"code": "QD", "cycle": {"on": 21, "off": 7}}
    begin = at("2026-01-01T00:00")
    found = preview(course(pill, "2026-01-01"), USUAL, ZoneInfo("UTC"), since=begin, days=56)
    assert [(dose.local.date() - date(2026, 1, 1)).days for dose in found] == [*range(21), *range(28, 49)]
    taper = {"code": "QD", "taper": [{"days": 2, "amount": 20}, {"days": 3, "amount": "7.5"}]}
    found = preview(course(taper, "2026-01-01"), USUAL, ZoneInfo("UTC"), since=begin, days=30)
    assert [str(dose.amount) for dose in found] == ["20", "20", "7.5", "7.5", "7.5"]
    goes_on = {"code": "QD", "taper": [{"days": 2, "amount": 20}, {"amount": 5}]}
    found = doses(goes_on, ZoneInfo("UTC"), "2099-01-01T00:00", "2099-01-03T00:00", start="2026-01-01")
    assert [dose.amount for dose in found] == [Decimal(5), Decimal(5)]


def test_each_time_of_the_day_may_have_its_own_amount():
    body = {"repeat": {"when": ["MORN", "EVE"]}, "amounts": ["1", "0.5"]}
    found = doses(body, ZoneInfo("UTC"), "2026-01-01T00:00", "2026-01-02T00:00", amount=Decimal(9))
    assert [(dose.slot, dose.amount) for dose in found] == [
        ("2026-01-01T08:00", Decimal(1)),
        ("2026-01-01T18:30", Decimal("0.5")),
    ]
    found = doses({"code": "QD"}, ZoneInfo("UTC"), "2026-01-01T00:00", "2026-01-02T00:00", amount=Decimal(9))
    assert [dose.amount for dose in found] == [Decimal(9)]


OWL = Routine(wake=time(11), breakfast=time(11, 30), lunch=time(16), dinner=time(21), bed=time(2))


@pytest.mark.parametrize(
    ("repeat", "walls"),
    [
        ({"when": ["WAKE"]}, ["05T11:00"]),
        ({"when": ["ACM"]}, ["05T11:00"]),
        ({"when": ["PCV"], "offset": 120}, ["05T23:00"]),
        ({"when": ["HS"]}, ["06T02:00"]),  # the night of Monday, which is Tuesday already
        ({"when": ["HS"], "offset": 60}, ["06T01:00"]),
        (
            {"when": ["C"], "frequency": 3, "period": 1, "periodUnit": "d"},
            ["05T11:30", "05T16:00", "05T21:00"],
        ),
        ({"when": ["AFT"]}, ["05T15:00"]),
        ({"when": ["CM", "MORN"]}, ["05T11:30", "05T11:31"]),  # two doses stay two
    ],
    ids=str,
)
def test_events_follow_the_persons_own_day(repeat, walls):
    monday = {"repeat": repeat}
    found = due_doses(
        course(monday, "2026-01-05", "2026-01-05"),
        OWL,
        ZoneInfo("UTC"),
        since=at("2026-01-01T00:00"),
        until=at("2026-02-01T00:00"),
    )
    assert [f"{dose.local:%dT%H:%M}" for dose in found] == walls


@given(
    routine=st.lists(st.integers(1, 1439), min_size=4, max_size=4, unique=True).map(sorted),
    wake=st.integers(0, 1439),
    when=st.lists(
        st.sampled_from(["WAKE", "ACM", "CM", "PCV", "HS", "NIGHT", "MORN", "AFT"]), min_size=1, unique=True
    ),
)
@example(routine=[1, 200, 400, 1411], wake=660, when=["ACM", "HS"])  # bedtime is when the next day begins
def test_events_that_fall_together_stay_as_many_doses(routine, wake, when):
    own = Routine(*(time((wake + step) % 1440 // 60, (wake + step) % 60) for step in (0, *routine)))
    plan = course({"repeat": {"when": when}})
    found = due_doses(plan, own, ZoneInfo("UTC"), since=at("2026-01-01T00:00"), until=at("2026-01-11T00:00"))
    assert len({dose.slot for dose in found}) == 10 * len(when)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"breakfast": time(6)}, "lunch"),
        ({"lunch": time(8)}, "lunch"),
        ({"dinner": time(12)}, "dinner"),
        ({"bed": time(18)}, "bed"),
    ],
)
def test_routine_out_of_order_is_refused(said, field):
    with pytest.raises(TimingError) as refused:
        Routine(**said)
    assert refused.value.field == field


def test_far_window_of_an_old_course_costs_what_a_near_one_costs():
    old = Course(parse({"code": "Q1H"}), date(1900, 1, 1))
    found = due_doses(old, USUAL, BERLIN, since=at("2199-01-01T00:00"), until=at("2199-01-02T00:00"))
    assert len(list(found)) == 24


@pytest.mark.parametrize(("since", "until"), [("0001-01-02", "9999-12-30"), ("9999-01-01", "0001-01-02")])
def test_windows_as_wide_as_time_itself_end(since, until):
    short = course({"code": "QD"}, "2026-01-01", "2026-01-03")
    found = list(due_doses(short, USUAL, BERLIN, since=at(f"{since}T00:00"), until=at(f"{until}T00:00")))
    assert len(found) == (3 if since < until else 0)


def test_preview_of_a_million_rows_is_refused():
    for days, limit in ((0, 10), (100_000, 10), (366, 1_000)):
        with pytest.raises(TimingError) as refused:
            preview(
                course({"code": "Q1H"}), USUAL, BERLIN, since=at("2026-01-01T00:00"), days=days, limit=limit
            )
        assert refused.value.field == "days"


@pytest.mark.parametrize(
    ("made", "field"),
    [
        (lambda: course({"code": "QD"}, "2026-01-02", "2026-01-01"), "end"),
        (lambda: course({"code": "QD"}, "1026-01-02"), "start"),
        (lambda: course({"code": "QD"}, amount=Decimal(0)), "amount"),
        (lambda: Pause(date(2026, 1, 2), date(2026, 1, 1)), "pauses"),
        (lambda: zone_named("Europe/Atlantis"), "zone"),
    ],
)
def test_course_that_cannot_be_is_refused(made, field):
    with pytest.raises(TimingError) as refused:
        made()
    assert refused.value.field == field


def test_plan_as_needed_has_no_dose_that_is_due():
    assert doses({"asNeeded": {}}, BERLIN, "2026-01-01T00:00", "2027-01-01T00:00") == []
    assert zone_named("Europe/Berlin") == BERLIN


@pytest.mark.parametrize(
    ("body", "taken", "until"),
    [
        ({"asNeeded": {}}, ["2026-01-02T11:59"], None),
        ({"asNeeded": {"minimumGapMinutes": 240}}, [], None),
        ({"asNeeded": {"minimumGapMinutes": 240}}, ["2026-01-02T08:00"], None),
        (
            {"asNeeded": {"minimumGapMinutes": 240}},
            ["2026-01-02T08:01", "2026-01-01T08:00"],
            "2026-01-02T12:01",
        ),
        ({"asNeeded": {"minimumGapMinutes": 240}}, ["2026-01-02T13:00"], "2026-01-02T17:00"),
        ({"asNeeded": {"maximumPerDay": 2}}, ["2026-01-01T12:00", "2026-01-01T20:00"], None),
        # By calendar days this would be the first dose of the day.
        ({"asNeeded": {"maximumPerDay": 2}}, ["2026-01-01T12:30", "2026-01-01T20:00"], "2026-01-02T12:30"),
        (
            {"asNeeded": {"maximumPerDay": 1, "minimumGapMinutes": 60}},
            ["2026-01-02T11:30"],
            "2026-01-03T11:30",
        ),
        ({"code": "BID"}, ["2026-01-02T11:59"], None),
        ({"code": "BID", "minimumGapMinutes": 360}, ["2026-01-02T08:00"], "2026-01-02T14:00"),
    ],
)
def test_dose_as_needed_is_refused_until_gap_and_maximum_allow_it(body, taken, until):
    refusal = may_take(parse(body), [at(text) for text in taken], at("2026-01-02T12:00"))
    assert (refusal and refusal.until) == (until and at(until))
