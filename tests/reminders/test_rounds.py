"""Rounds of a reminder: who is told next by which channel, and when it is looked at again."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from reminders.rounds import (
    QuietHours,
    Step,
    Told,
    Wishes,
    first_round,
    look_again,
    next_round,
    next_step,
)

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BERLIN = ZoneInfo("Europe/Berlin")
WISHES = Wishes(("live", "web_push", "email"), 10 * MINUTE)
SECONDS = timedelta(seconds=15)


def step(*told, wishes=WISHES, may_disturb=False, now=NOW):
    return next_step(wishes, told, may_disturb=may_disturb, now=now)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ((), Step("live", NOW + SECONDS)),
        ((Told("live", NOW - SECONDS / 3),), Step(None, NOW + SECONDS * 2 / 3)),
        ((Told("live", NOW - SECONDS),), Step("web_push", NOW + 10 * MINUTE)),
        ((Told("live", NOW - SECONDS, is_displayed=True),), Step(None, None)),
        ((Told("live", None),), Step("web_push", NOW + 10 * MINUTE)),
        ((Told("live", None), Told("web_push", NOW - 4 * MINUTE)), Step(None, NOW + 6 * MINUTE)),
        ((Told("live", None), Told("web_push", NOW - 10 * MINUTE)), Step("email", NOW + 10 * MINUTE)),
        (
            (Told("live", None), Told("web_push", None, waits_until=NOW + MINUTE)),
            Step(None, NOW + MINUTE),
        ),
        (
            (Told("live", None), Told("web_push", None, waits_until=NOW)),
            Step("web_push", NOW + 10 * MINUTE),
        ),
        (
            (Told("live", None), Told("web_push", None), Told("email", NOW - 10 * MINUTE)),
            Step(None, None),
        ),
    ],
)
def test_next_channel_follows_where_the_one_before_reached_nobody(told, expected):
    assert step(*told) == expected


def test_who_cannot_be_reached_at_all_is_told_by_nothing():
    assert step(wishes=Wishes((), MINUTE)) == Step(None, None)


def quiet(since, until, zone=BERLIN):
    return QuietHours(time.fromisoformat(since), time.fromisoformat(until), zone)


@pytest.mark.parametrize(
    ("hours", "now", "end"),
    [
        (quiet("22:00", "07:00"), "2026-03-02T21:30+01:00", None),
        (quiet("22:00", "07:00"), "2026-03-02T22:00+01:00", "2026-03-03T07:00+01:00"),
        (quiet("22:00", "07:00"), "2026-03-03T06:59+01:00", "2026-03-03T07:00+01:00"),
        (quiet("22:00", "07:00"), "2026-03-03T07:00+01:00", None),
        (quiet("13:00", "15:00"), "2026-03-03T14:00+01:00", "2026-03-03T15:00+01:00"),
        (quiet("13:00", "13:00"), "2026-03-03T13:00+01:00", None),
        # The night in which clocks go forward, and the one in which they go back.
        (quiet("22:00", "07:00"), "2026-03-29T01:59+01:00", "2026-03-29T07:00+02:00"),
        (quiet("22:00", "02:30"), "2026-10-25T02:45+02:00", None),
        (quiet("22:00", "07:00"), "2026-10-25T02:45+01:00", "2026-10-25T07:00+01:00"),
    ],
)
def test_quiet_hours_are_by_the_persons_clock(hours, now, end):
    expected = None if end is None else datetime.fromisoformat(end)
    assert hours.end_of(datetime.fromisoformat(now)) == expected


def test_quiet_hours_hold_back_what_may_not_disturb():
    wishes = Wishes(WISHES.channels, WISHES.fallback, quiet("08:00", "10:00"))
    assert step(wishes=wishes) == Step(None, NOW + 60 * MINUTE)
    assert step(wishes=wishes, may_disturb=True) == Step("live", NOW + SECONDS)


@pytest.mark.parametrize(
    ("round_at", "repeat", "too_late", "expected"),
    [
        (NOW - 30 * MINUTE, 10, 60, NOW),
        (NOW, 10, 60, NOW + 10 * MINUTE),
        (NOW + 50 * MINUTE, 10, 60, None),
        (NOW, None, 60, None),
    ],
)
def test_rounds_repeat_until_it_is_too_late(round_at, repeat, too_late, expected):
    rhythm = repeat and repeat * MINUTE
    assert next_round(round_at, at=NOW, repeat=rhythm, too_late_at=NOW + too_late * MINUTE) == expected


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (NOW - 60 * MINUTE, NOW - 20 * MINUTE),
        (NOW - 10 * MINUTE, NOW - 10 * MINUTE),
        (NOW + 10 * MINUTE, NOW),
    ],
)
def test_notice_comes_ahead_where_there_is_time(now, expected):
    assert first_round(NOW, 20 * MINUTE, now=now) == expected


def test_reminder_is_looked_at_again_at_the_earliest_of_all():
    late = NOW + 60 * MINUTE
    steps = [Step("live", NOW + SECONDS), Step(None, None)]
    assert look_again(steps, NOW + 10 * MINUTE, late) == NOW + SECONDS
    assert look_again([], NOW + 10 * MINUTE, late) == NOW + 10 * MINUTE
    assert look_again([Step(None, None)], None, late) == late
