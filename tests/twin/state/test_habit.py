"""A source's habit, and when its quiet is longer than that."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.state.habit import (
    LEAST_DAYS,
    LEAST_PATIENCE,
    MOST_DAYS,
    Habit,
    Voice,
    habit,
    remembered,
    silent_since,
    voice,
)

MONDAY = date(2026, 3, 2)


def days_before(last, *pauses):
    """Days, the newest first, with these pauses between them, the newest first."""
    return [last - timedelta(days=gone) for gone in accumulate(pauses, initial=0)]


some_days = st.lists(st.integers(1, 120), max_size=80).map(lambda pauses: days_before(MONDAY, *pauses))


@pytest.mark.parametrize(
    ("pauses", "expected"),
    [
        ([1] * 30, Habit(1, 2)),
        ([1, 1, 1, 1, 3] * 6, Habit(1, 5)),  # a tablet that stays at work
        ([7] * 8, Habit(7, 11)),
        ([1] * 40 + [21], Habit(1, 2)),  # one long holiday
        ([1, 1, 1, 1, 4], Habit(1, 6)),  # of few pauses the longest counts
        ([1] * 4, None),
        ([], None),
    ],
)
def test_habit_goes_by_the_long_pauses(pauses, expected):
    assert habit(days_before(MONDAY, *pauses)) == expected


def test_habit_of_nothing_is_none():
    assert habit([]) is None


@pytest.mark.parametrize(
    ("pauses", "quiet", "expected"),
    [
        ([1] * 10, 0, Voice.SPEAKING),
        ([1] * 10, 2, Voice.SPEAKING),
        ([1] * 10, 3, Voice.SILENT),
        ([1] * 10, 364, Voice.SILENT),
        ([1] * 10, 365, Voice.RETIRED),
        ([7] * 10, 11, Voice.SPEAKING),
        ([7] * 10, 12, Voice.SILENT),
        ([1] * 4, 40, Voice.UNKNOWN),
        ([1] * 4, 365, Voice.RETIRED),
    ],
)
def test_voice_is_silent_when_the_quiet_is_longer_than_the_habit(pauses, quiet, expected):
    assert voice(days_before(MONDAY, *pauses), MONDAY + timedelta(days=quiet)) is expected


def test_voice_of_a_source_that_never_spoke_is_unknown():
    assert voice([], MONDAY) is Voice.UNKNOWN


def test_silent_since_is_the_midnight_after_the_last_day_of_patience():
    daily = days_before(MONDAY, *[1] * 10)
    assert silent_since(daily, datetime(2026, 3, 4, 23, 59, tzinfo=UTC)) is None
    assert silent_since(daily, datetime(2026, 3, 9, 12, tzinfo=UTC)) == datetime(2026, 3, 5, tzinfo=UTC)
    assert silent_since(daily, datetime(2027, 3, 2, tzinfo=UTC)) is None


def test_remembered_days_stand_newest_first_and_once():
    tuesday = MONDAY + timedelta(days=1)
    assert remembered([], MONDAY) == [MONDAY]
    assert remembered([MONDAY], MONDAY) == [MONDAY]
    assert remembered([MONDAY], tuesday) == [tuesday, MONDAY]
    assert remembered([tuesday], MONDAY) == [tuesday]


def test_remembered_days_leave_out_what_is_more_than_a_year_back():
    long_ago = MONDAY - timedelta(days=400)
    assert remembered([long_ago], MONDAY) == [MONDAY]


@given(some_days, st.integers(0, 500))
def test_remembered_days_stay_few_and_in_order(spoke_on, later):
    kept = remembered(spoke_on[:MOST_DAYS], MONDAY + timedelta(days=later))
    assert kept[0] == MONDAY + timedelta(days=later)
    assert len(kept) <= MOST_DAYS
    assert all(after > before for after, before in pairwise(kept))


@given(some_days)
def test_habit_is_patient_with_what_is_usual(spoke_on):
    known = habit(spoke_on)
    assert (known is None) == (len(spoke_on) < LEAST_DAYS)
    if known is not None:
        assert known.patience >= max(LEAST_PATIENCE, known.usual)


@given(some_days, st.integers(0, 800))
def test_silence_begins_within_the_quiet_and_only_when_the_voice_is_silent(spoke_on, quiet):
    now = datetime.combine(MONDAY + timedelta(days=quiet), time(12), UTC)
    since = silent_since(spoke_on, now)
    assert (since is not None) == (voice(spoke_on, now.date()) is Voice.SILENT)
    if since is not None:
        assert spoke_on[0] < since.date() <= now.date()


@given(some_days, st.integers(0, 500))
def test_a_source_that_speaks_again_is_not_silent(spoke_on, quiet):
    today = MONDAY + timedelta(days=quiet)
    assert voice(remembered(spoke_on, today), today) in (Voice.SPEAKING, Voice.UNKNOWN)
