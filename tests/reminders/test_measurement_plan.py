"""Plans to measure: what is due when, which readings answered it, and the page for the doctor."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from facts_of import readings
from hypothesis import given
from hypothesis import strategies as st

from reminders.measurement_plan import (
    Answer,
    MeasurementPlan,
    answered,
    completeness,
    daily_weight,
    pressure_result,
    pressure_week,
    sessions,
)
from reminders.timing import Course, Routine, parse
from tests.vector_cases import vector_cases
from twin.instants import milliseconds
from twin.kinds import UnknownKind
from twin.warnings.moments import moments
from twin.warnings.rule_file import current_rules

VISIT = date(2026, 6, 30)
VIENNA = ZoneInfo("Europe/Vienna")
ROUTINE = Routine()
START, END = datetime(2026, 6, 20, tzinfo=UTC), datetime(2026, 7, 5, tzinfo=UTC)


def asked(plan, zone=UTC, since=START, until=END, routine=ROUTINE):
    return list(sessions(plan, routine, zone, since=since, until=until))


def at(day, hour, minute=0):
    return datetime(2026, 6, day, hour, minute, tzinfo=UTC)


def pressures(*rows, until=END):
    """Rows of instant, systolic and diastolic pressure, as moments."""
    sbp = readings(*((row[0], row[1]) for row in rows))
    dbp = readings(*((row[0], row[2]) for row in rows))
    return moments({"sbp": sbp, "dbp": dbp}, ("sbp", "dbp"), milliseconds(until))


def weights(*rows):
    return moments({"weight": readings(*rows)}, ("weight",), milliseconds(END))


def twice_a_day(pairs, start=date(2026, 6, 23)):
    """Two readings in the morning and two in the evening of each day, a minute apart."""
    for place, (sbp, dbp) in enumerate(pairs):
        day, of_day = divmod(place, 4)
        hour = (7, 22)[of_day // 2]
        when = datetime.combine(start + timedelta(days=day), time(hour, of_day % 2), UTC)
        yield when, sbp, dbp


def test_a_week_of_pressure_is_due_twice_a_day_before_the_visit():
    due = [one.due.local.isoformat() for one in asked(pressure_week(VISIT), VIENNA)]
    assert (len(due), due[0], due[-1]) == (14, "2026-06-23T07:30:00", "2026-06-29T22:00:00")


def test_sessions_follow_the_wall_clock_over_a_change_of_it():
    plan = daily_weight(date(2026, 10, 23))
    since = datetime(2026, 10, 23, tzinfo=UTC)
    due = [one.due.at for one in asked(plan, VIENNA, since, since + timedelta(days=4))]
    assert [one.hour for one in due] == [5, 5, 6, 6]


def test_between_two_sessions_the_middle_parts_what_answers_them():
    first, second, third, *_ = asked(pressure_week(VISIT))
    assert (first.opens, first.closes) == (at(23, 1, 30), at(23, 16))
    # Half way from morning to evening is 14:45, but nothing is measured more than six hours too early.
    assert (second.opens, second.closes) == (at(23, 16), at(24, 2, 45))
    assert third.opens == second.closes


def test_the_last_session_closes_where_the_next_would_have_opened():
    assert asked(pressure_week(VISIT))[-1].closes == at(30, 2, 45)


def test_a_session_of_after_midnight_belongs_to_the_day_before():
    owl = Routine(wake=time(10), breakfast=time(11), lunch=time(15), dinner=time(20), bed=time(0, 30))
    due = [one.due.local.isoformat() for one in asked(pressure_week(VISIT), routine=owl)]
    assert (len(due), due[-1]) == (14, "2026-06-30T00:30:00")


def test_a_weight_in_the_evening_still_answers_the_morning():
    rows = answered(
        daily_weight(date(2026, 6, 23), date(2026, 6, 25)),
        asked(daily_weight(date(2026, 6, 23), date(2026, 6, 25))),
        weights((at(23, 21), 80.0), (at(25, 7), 80.4)),
        now=at(26, 12),
    )
    assert [(row.answer, row.places) for row in rows] == [
        (Answer.DONE, (0,)),
        (Answer.MISSED, ()),
        (Answer.DONE, (1,)),
    ]


def test_each_session_says_what_became_of_it():
    plan = pressure_week(VISIT)
    found = pressures((at(23, 7, 30), 130, 80), (at(23, 7, 31), 132, 82), (at(23, 22), 128, 79))
    rows = answered(plan, asked(plan), found, now=at(24, 21))
    assert [row.answer for row in rows][:6] == [
        Answer.DONE,
        Answer.PARTLY,
        Answer.MISSED,
        Answer.OPEN,
        Answer.AHEAD,
        Answer.AHEAD,
    ]
    counted = completeness(rows)
    assert (counted.sessions, counted.done, counted.partly, counted.missed) == (3, 1, 1, 1)
    assert (counted.readings, counted.share) == (3, 1 / 3)


def test_before_the_first_session_there_is_no_share():
    plan = pressure_week(VISIT)
    rows = answered(plan, asked(plan), pressures(), now=at(22, 12))
    assert completeness(rows).share is None


def test_half_a_blood_pressure_answers_nothing():
    plan = pressure_week(VISIT)
    only = moments({"sbp": readings((at(23, 7, 30), 130))}, ("sbp", "dbp"), milliseconds(END))
    rows = answered(plan, asked(plan), only, now=at(24, 12))
    assert rows[0].answer is Answer.MISSED
    assert pressure_result(plan, only, current_rules()).mean is None


def test_the_page_drops_the_first_day_and_holds_the_mean_against_the_home_limit():
    pairs = [(180, 110)] * 4 + [(136, 84)] * 12 + [(138, 84)] * 12
    found = pressures(*twice_a_day(pairs))
    page = pressure_result(pressure_week(VISIT), found, current_rules())
    assert (page.first_day, page.last_day, page.dropped) == (date(2026, 6, 23), date(2026, 6, 29), 4)
    assert (page.mean.readings, page.mean.days) == (24, 6)
    assert page.mean.of == {"sbp": 137, "dbp": 84}
    assert (page.enough, page.preferred) == (True, True)
    assert (page.above.id, page.above.source) == (
        "bp_home_high",
        "ESH 2023, ESC 2024, and the American equivalent of 140/90 in a practice",
    )
    assert dict(page.categories) == {"aha_home": "stage2", "esc_home": "hypertension"}


@pytest.mark.parametrize(
    ("sbp", "dbp", "above"),
    [
        (129, 79, None),
        (130, 79, "bp_home_above_goal_us"),
        (134, 85, "bp_home_high"),
        (135, 70, "bp_home_high"),
    ],
)
def test_the_worse_of_both_pressures_counts(sbp, dbp, above):
    page = pressure_result(pressure_week(VISIT), pressures(*twice_a_day([(sbp, dbp)] * 28)), current_rules())
    assert (page.above and page.above.id) == above


def test_a_mean_that_stands_on_little_says_so():
    found = pressures(*twice_a_day([(140, 90)] * 8))
    page = pressure_result(pressure_week(VISIT), found, current_rules())
    assert (page.mean.readings, page.enough, page.preferred) == (4, False, False)
    one_day = pressure_result(pressure_week(VISIT), pressures(*twice_a_day([(140, 90)] * 4)), current_rules())
    assert (one_day.mean, one_day.above, one_day.dropped) == (None, None, 4)


def test_readings_of_other_weeks_are_not_on_the_page():
    before = twice_a_day([(200, 120)] * 28, date(2026, 6, 10))
    found = pressures(*before, *twice_a_day([(120, 70)] * 28))
    assert pressure_result(pressure_week(VISIT), found, current_rules()).mean.of == {"sbp": 120, "dbp": 70}


def test_only_a_plan_of_pressure_that_ends_has_the_page():
    with pytest.raises(ValueError, match="Only a plan of blood pressure"):
        pressure_result(daily_weight(VISIT, VISIT), pressures(), current_rules())


def test_a_plan_asks_for_what_is_known_and_for_something():
    course = daily_weight(VISIT).course
    with pytest.raises(UnknownKind):
        MeasurementPlan(("aura",), course)
    with pytest.raises(ValueError, match="at least one kind and one reading"):
        MeasurementPlan(("weight",), course, readings=0)
    with pytest.raises(ValueError, match="never due"):
        MeasurementPlan(("weight",), Course(parse({"asNeeded": {}}), VISIT))


@pytest.mark.parametrize(
    "case",
    [case for case in vector_cases("thresholds") if case["score"] == "home_bp_protocol"],
    ids=lambda case: case["id"],
)
def test_home_protocol_vectors_on_the_page(case):
    given_, expected = case["input"], case["expected"]
    a_day = given_["readings_per_day"]
    days = len(given_["readings"]) // a_day
    rows = [
        (datetime(2026, 6, 23 + place // a_day, 7 + place % a_day, tzinfo=UTC), *pair)
        for place, pair in enumerate(given_["readings"])
    ]
    plan = MeasurementPlan(
        ("sbp", "dbp"),
        Course(pressure_week(VISIT).course.timing, date(2026, 6, 23), date(2026, 6, 22 + days)),
    )
    page = pressure_result(plan, pressures(*rows), current_rules())
    assert (page.mean.readings, page.mean.of["sbp"], page.mean.of["dbp"]) == tuple(
        expected[name] for name in ("n_used", "mean_sbp", "mean_dbp")
    )


ZONES = st.sampled_from(["UTC", "Europe/Vienna", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"])
PLANS = st.sampled_from(
    [
        pressure_week(date(2026, 3, 31)),
        pressure_week(date(2026, 10, 28)),
        daily_weight(date(2026, 3, 1)),
        MeasurementPlan(
            ("weight",),
            Course(
                parse({"repeat": {"frequency": 1, "period": 1, "periodUnit": "wk", "dayOfWeek": ["mon"]}}),
                date(2026, 3, 1),
                date(2026, 11, 1),
            ),
        ),
    ]
)


@given(plan=PLANS, zone=ZONES, begin=st.integers(0, 240), lengths=st.lists(st.integers(1, 400), max_size=4))
def test_sessions_never_overlap_and_are_the_same_in_every_window(plan, zone, begin, lengths):
    zone = ZoneInfo(zone)
    edges = [datetime(2026, 3, 20, tzinfo=UTC) + timedelta(days=begin)]
    for hours in lengths:
        edges.append(edges[-1] + timedelta(hours=hours))
    whole = asked(plan, zone, edges[0], edges[-1])
    parts = [one for since, until in pairwise(edges) for one in asked(plan, zone, since, until)]
    assert whole == parts
    assert all(one.opens <= one.due.at < one.closes for one in whole)
    assert all(one.closes <= other.opens for one, other in pairwise(whole))
