"""Two forecasts of the same fortnight beside what came."""

from datetime import date, timedelta

import numpy as np
import pytest

from twin.forecast.challenge import DAYS, matches
from twin.kinds import KINDS

ORIGIN = date(2026, 6, 1)
WEIGHT = KINDS["weight"]


def series(count=150, *, seed=1, ahead=DAYS):
    """A weight that wanders, through some days after the origin."""
    days = np.datetime64(ORIGIN) + ahead - np.arange(count)[::-1]
    draws = np.random.default_rng(seed)
    return days, 80 + draws.normal(0, 0.1, count).cumsum() + draws.normal(0, 0.3, count)


def test_matches_of_series_that_go_on_score_both_on_every_day():
    (found,) = matches(WEIGHT, [series()], ORIGIN)
    assert found.points == DAYS
    assert 0.1 < found.error < 3
    assert 0.1 < found.error_of_prophet < 3
    assert 0 <= found.held80 <= 1
    assert 0 <= found.held80_of_prophet <= 1


def test_matches_of_a_wandering_kind_are_ours_more_often_than_prophets():
    found = matches(WEIGHT, [series(seed=seed) for seed in range(20)], ORIGIN)
    assert len(found) == 20
    assert np.mean([match.error for match in found]) < np.mean([match.error_of_prophet for match in found])


def test_matches_see_nothing_after_the_origin():
    days, values = series()
    elsewhere = np.where(days > np.datetime64(ORIGIN), values + 100, values)
    (near,), (far,) = (matches(WEIGHT, [(days, each)], ORIGIN) for each in (values, elsewhere))
    assert far.error - near.error == pytest.approx(far.error_of_prophet - near.error_of_prophet, rel=0.05)
    assert (far.held80, far.held80_of_prophet) == (0, 0)


@pytest.mark.parametrize(
    "given",
    [
        series(14),
        series(150, ahead=0),
        series(150, ahead=4),
        (series()[0], np.full(150, 80.0)),
        (series()[0], np.full(150, np.nan)),
        (np.array([], "datetime64[D]"), np.array([])),
    ],
    ids=["only after", "nothing came", "little came", "never moved", "all missing", "none"],
)
def test_matches_of_a_series_that_bears_none_leave_it_out(given):
    assert matches(WEIGHT, [given], ORIGIN) == []
    assert len(matches(WEIGHT, [given, series()], ORIGIN)) == 1


def test_matches_of_a_shift_in_time_are_the_same():
    days, values = series()
    (one,) = matches(WEIGHT, [(days, values)], ORIGIN)
    (later,) = matches(WEIGHT, [(days + 7, values)], ORIGIN + timedelta(days=7))
    assert later.error == pytest.approx(one.error, rel=1e-6)
    assert later.error_of_prophet == pytest.approx(one.error_of_prophet, rel=1e-3)
