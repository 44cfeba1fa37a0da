"""A sensor's typical day: percentiles by the clock of the wall, and how many days stand behind each."""

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.forecast.glucose import Readings
from twin.scores.glucose_profile import PERCENTILES, daily_profile
from twin.state.clock import LocalClock

BERLIN = ZoneInfo("Europe/Berlin")
MINUTE = 60_000
DAY = 86_400_000


def ms(*parts):
    return round(datetime(*parts, tzinfo=BERLIN).timestamp() * 1000)


def profile(at, values, *, start, end, width=30):
    value = np.array(values, np.float64)
    nothing = np.zeros(len(value), bool)
    given_ = Readings(np.array(at, np.int64), value, nothing, nothing)
    clock = LocalClock.over(BERLIN, start, end)
    return daily_profile(given_, clock=clock, start=start, end=end, width=width)


@pytest.mark.parametrize(("width", "rows"), [(15, 96), (30, 48)])
def test_profile_puts_readings_in_rows_of_the_patients_own_clock(width, rows):
    start, end = ms(2026, 11, 2), ms(2026, 11, 5)
    at = [ms(2026, 11, 2, 7, 0), ms(2026, 11, 3, 7, 14), ms(2026, 11, 3, 7, 10), ms(2026, 11, 4, 7, 29)]
    ours = profile(at, [100, 200, 300, 400], start=start, end=end, width=width)
    assert len(ours.minutes) == len(ours.percentiles) == rows
    seven = 7 * 60 // width
    assert ours.minutes[seven] == 420
    assert (ours.days[seven], ours.counts[seven]) == ((2, 3) if width == 15 else (3, 4))
    assert ours.days.sum() == 3
    assert np.isnan(ours.percentiles[0]).all()


def test_profile_of_a_year_keeps_breakfast_at_breakfast_when_the_clock_changes():
    days = [(2026, month, 10) for month in range(1, 13)]
    at = [ms(*day, 8, 5) for day in days]
    ours = profile(at, [120.0] * 12, start=ms(2026, 1, 1), end=ms(2027, 1, 1))
    assert (ours.days[16], ours.days.sum()) == (12, 12)


def test_profile_counts_the_hour_that_the_clock_repeats_twice_on_one_day():
    start = ms(2026, 10, 25)
    at = start + np.arange(25 * 12) * 5 * MINUTE
    ours = profile(at, np.full(len(at), 100.0), start=start, end=ms(2026, 10, 26))
    assert set(ours.days) == {1}
    assert (ours.counts[4], ours.counts[5], ours.counts[6]) == (12, 12, 6)


def test_profile_of_nothing_is_empty():
    ours = profile([], [], start=ms(2026, 11, 2), end=ms(2026, 11, 5))
    assert np.isnan(ours.percentiles).all()
    assert ours.days.sum() == ours.counts.sum() == 0


def test_profile_leaves_out_what_is_outside_the_span():
    start, end = ms(2026, 11, 2), ms(2026, 11, 3)
    ours = profile([start - 1, start, end], [1.0, 100.0, 900.0], start=start, end=end)
    assert ours.counts.sum() == 1
    assert list(ours.percentiles[0]) == [100.0] * len(PERCENTILES)


@given(st.lists(st.tuples(st.integers(0, 14 * 1440 - 1), st.floats(20, 600)), min_size=1, max_size=200))
def test_profile_has_the_percentiles_that_numpy_finds(points):
    start = ms(2026, 11, 2)
    at = [start + minute * MINUTE for minute, _ in points]
    ours = profile(at, [value for _, value in points], start=start, end=start + 14 * DAY, width=15)
    rows = np.array([minute % 1440 // 15 for minute, _ in points])
    values = np.array([value for _, value in points])
    for row in np.unique(rows):
        expected = np.percentile(values[rows == row], PERCENTILES)
        assert ours.percentiles[row] == pytest.approx(expected, rel=1e-9)
    assert ours.counts.sum() == len(points)
    assert (np.diff(ours.percentiles[np.unique(rows)], axis=1) >= -1e-9).all()
