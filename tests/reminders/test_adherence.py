"""What fills cover, what was taken of what was due, and gaps, at their edges and for whatever comes."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.adherence import (
    Adherence,
    Dose,
    Fill,
    Gap,
    Outcome,
    adherence,
    by_plan,
    by_week,
    coverage,
    long_gaps,
    on_time_within,
    persistence,
)
from tests.vector_cases import vector_cases

MONDAY = date(2026, 11, 23)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

days = st.dates(date(2026, 1, 1), date(2026, 6, 30))
fills = st.lists(st.builds(Fill, days, st.integers(1, 200)), max_size=12)
periods = st.tuples(days, days).map(sorted)


def dose(offset=0, outcome="taken", *, plan="a", hour=8, late=None, **said):
    day = MONDAY + timedelta(days=offset)
    due = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
    at = None if late is None else due + late
    return Dose(plan, due, day, Outcome(outcome), at, said.pop("interval", DAY), **said)


def doses_of(letters, **said):
    names = {one.value[0]: one.value for one in Outcome}
    return [dose(i, names[letter], **said) for i, letter in enumerate(letters) if letter != "."]


@pytest.mark.parametrize(
    "case", [case for case in vector_cases("medication") if case["score"] == "pdc_mpr"], ids=lambda c: c["id"]
)
def test_coverage_gives_what_the_vectors_expect(case):
    given_ = case["input"]
    found = coverage(
        [Fill(date.fromisoformat(fill["date"]), fill["days"]) for fill in given_["fills"]],
        date.fromisoformat(given_["period_start"]),
        date.fromisoformat(given_["period_end"]),
    )
    assert {
        "covered_days": found.covered_days,
        "period_days": found.period_days,
        "pdc": round(found.pdc, 4),
        "mpr": round(found.mpr, 4),
        "adherent": found.is_adherent,
    } == case["expected"]


@pytest.mark.parametrize(
    ("several", "covered", "supplied"),
    [
        ([], 0, 0),
        ([(0, 10)], 10, 10),
        ([(0, 10), (5, 10)], 10, 20),  # the second begins when the first is used up, and is cut
        ([(5, 2), (0, 2)], 4, 4),
        ([(0, 3), (0, 3)], 6, 6),
        ([(-3, 5)], 2, 0),
        ([(-3, 2)], 0, 0),
        ([(-3, 5), (0, 3)], 5, 3),
        ([(9, 90)], 1, 90),
        ([(10, 90)], 0, 0),
        ([(0, 10**9)], 10, 10**9),
    ],
)
def test_coverage_shifts_early_supply_counts_days_once_and_cuts_at_the_end(several, covered, supplied):
    found = coverage(
        [Fill(MONDAY + timedelta(days=at), length) for at, length in several], MONDAY, MONDAY + 9 * DAY
    )
    assert (found.covered_days, found.supplied_days) == (covered, supplied)
    assert found.mpr_capped == min(1, supplied / 10)


@pytest.mark.parametrize(
    ("length", "least", "expected"), [(8, 80, True), (7, 80, False), (8, 90, False), (9, 90, True)]
)
def test_coverage_calls_adherent_right_at_the_limit(length, least, expected):
    found = coverage([Fill(MONDAY, length)], MONDAY, MONDAY + 9 * DAY, least_percent=least)
    assert found.is_adherent is expected


def test_coverage_refuses_a_turned_period_and_a_fill_of_no_days():
    with pytest.raises(ValueError, match="end before"):
        coverage([], MONDAY, MONDAY - DAY)
    with pytest.raises(ValueError, match="one day at least"):
        coverage([Fill(MONDAY, 0)], MONDAY, MONDAY)


@given(fills, periods)
def test_coverage_is_a_share_and_never_more_than_was_fetched(several, period):
    first, last = period
    found = coverage(several, first, last)
    assert 0 <= found.pdc <= 1
    assert found.covered_days <= sum(fill.days for fill in several)
    assert found.mpr_capped <= 1


@given(fills, periods, days, st.integers(1, 60))
def test_coverage_never_falls_by_one_fill_more(several, period, on, length):
    first, last = period
    less, more = coverage(several, first, last), coverage([*several, Fill(on, length)], first, last)
    assert more.covered_days >= less.covered_days


@pytest.mark.parametrize(
    ("several", "known_to", "expected"),
    [
        ([], 100, None),
        ([(0, 30)], 29, 30),
        ([(0, 30)], 59, 60),  # 30 days without supply are no end
        ([(0, 30)], 60, 30),
        ([(0, 30), (60, 30)], 89, 90),
        ([(0, 30), (61, 30)], 90, 30),
        ([(0, 30), (20, 30)], 59, 60),
    ],
)
def test_persistence_lasts_until_more_than_the_gap_is_without_supply(several, known_to, expected):
    known = [Fill(MONDAY + timedelta(days=at), length) for at, length in several]
    assert persistence(known, MONDAY + timedelta(days=known_to)) == expected


@pytest.mark.parametrize(
    ("letters", "due", "taken", "share"),
    [
        ("", 0, 0, None),
        ("tttt", 4, 4, 1.0),
        ("tmts", 4, 2, 0.5),
        ("mm", 2, 0, 0.0),
        ("te", 1, 1, 1.0),  # a clinician said to skip it
        ("ee", 0, 0, None),
        ("td", 1, 1, 1.0),
        ("dd", 0, 0, None),
    ],
)
def test_adherence_is_what_was_taken_of_what_was_due(letters, due, taken, share):
    found = adherence(doses_of(letters))
    assert (found.due, found.taken, found.share) == (due, taken, share)
    assert (found.skipped, found.missed, found.excused) == tuple(letters.count(one) for one in "sme")


def test_adherence_leaves_out_what_is_taken_as_needed():
    assert adherence([dose(as_needed=True), dose(1, "missed")]) == Adherence(due=1, missed=1)


def test_adherence_refuses_one_dose_in_two_versions():
    with pytest.raises(ValueError, match="twice"):
        adherence([dose(), dose(0, "missed")])
    assert adherence([dose(), dose(plan="b")]).due == 2


@pytest.mark.parametrize(
    ("interval", "by_interval", "hours"),
    [(24, False, 6), (12, False, 3), (168, False, 42), (24, True, 2), (8, True, 2), (6, True, 1.5)],
)
def test_on_time_is_a_quarter_of_the_interval(interval, by_interval, hours):
    assert on_time_within(interval * HOUR, by_interval=by_interval) == hours * HOUR


@pytest.mark.parametrize(
    ("late", "interval", "timed", "share"),
    [
        (6 * HOUR, DAY, 1, 1.0),
        (-6 * HOUR, DAY, 1, 1.0),
        (6 * HOUR + timedelta(seconds=1), DAY, 1, 0.0),
        (None, DAY, 0, None),
        (HOUR, None, 0, None),
    ],
)
def test_on_time_is_told_of_taken_doses_with_a_time(late, interval, timed, share):
    found = adherence([dose(late=late, interval=interval)])
    assert (found.taken, found.timed, found.on_time_share) == (1, timed, share)


def test_adherence_by_plan_and_overall_counts_every_dose_alike():
    several = [*doses_of("tm"), *doses_of("tttttt", plan="b"), dose(plan="c", as_needed=True)]
    assert {plan: found.share for plan, found in by_plan(several).items()} == {"a": 0.5, "b": 1.0}
    assert adherence(several).share == 7 / 8


def test_weeks_go_from_monday_to_sunday_and_one_with_nothing_due_has_no_share():
    weeks = by_week(doses_of("ttttttm.......t"), MONDAY - 2 * DAY, MONDAY + 15 * DAY)
    assert [(week.first.isoformat(), week.last.isoformat(), week.adherence.share) for week in weeks] == [
        ("2026-11-21", "2026-11-22", None),
        ("2026-11-23", "2026-11-29", 6 / 7),
        ("2026-11-30", "2026-12-06", None),
        ("2026-12-07", "2026-12-08", 1.0),
    ]
    with pytest.raises(ValueError, match="end before"):
        by_week([], MONDAY, MONDAY - DAY)


def test_weeks_go_by_the_persons_own_day():
    late_on_sunday = Dose("a", datetime(2026, 11, 30, 7, tzinfo=UTC), MONDAY + 6 * DAY, Outcome.TAKEN)
    weeks = by_week([late_on_sunday], MONDAY, MONDAY + 13 * DAY)
    assert [week.adherence.due for week in weeks] == [1, 0]


@given(periods, st.text("tsmed.", max_size=200))
def test_weeks_partition_the_days(period, letters):
    first, last = period
    start = (first - MONDAY).days
    several = [
        dose(start + i, {o.value[0]: o for o in Outcome}[letter])
        for i, letter in enumerate(letters)
        if letter != "."
    ]
    weeks = by_week(several, first, last)
    of_weeks = [week.first + n * DAY for week in weeks for n in range((week.last - week.first).days + 1)]
    assert of_weeks == [first + n * DAY for n in range((last - first).days + 1)]
    within = adherence(one for one in several if first <= one.day <= last)
    assert sum(week.adherence.due for week in weeks) == within.due
    assert sum(week.adherence.taken for week in weeks) == within.taken


@pytest.mark.parametrize(
    ("letters", "expected"),
    [
        ("tttt", []),
        ("tmmt", []),
        ("tmmmt", [(1, 4, 3)]),
        ("tmset", [(1, 4, 3)]),
        ("tmmm", [(1, None, 3)]),
        ("tmm", []),
        ("mmmtmmmt", [(0, 3, 3), (4, 7, 3)]),
        ("tm..t", [(1, 4, 1)]),  # no dose was due in between, and none was taken
        ("tmmd", [(1, None, 2)]),
    ],
)
def test_long_gaps_go_from_the_first_dose_lacking_to_the_next_taken(letters, expected):
    today = MONDAY + timedelta(days=len(letters) - 1)
    expected = [
        Gap("a", MONDAY + first * DAY, None if again is None else MONDAY + again * DAY, lacking)
        for first, again, lacking in expected
    ]
    assert long_gaps(doses_of(letters), today) == expected


def test_long_gaps_are_each_plans_own_and_never_of_what_is_taken_as_needed():
    several = [*doses_of("mmm"), *doses_of("ttt", plan="b"), *doses_of("mmm", plan="c", as_needed=True)]
    assert [gap.plan for gap in long_gaps(several, MONDAY + 2 * DAY)] == ["a"]
