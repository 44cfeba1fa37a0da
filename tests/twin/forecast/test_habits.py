"""A series' centre, scale and days of the week: found where they are, and not in chance."""

import numpy as np
import pytest

from twin.forecast.habits import habits

WEDNESDAY = 2


def noise(days, spread=1.0, seed=1):
    return np.random.default_rng(seed).normal(0, spread, days)


def test_weekday_effects_are_found_on_their_days():
    days = np.arange(364)
    weekends = np.where((WEDNESDAY + days) % 7 >= 5, 7.0, 0.0)
    own = habits((50 + weekends + noise(364))[:, None], WEDNESDAY)
    assert own.weekday[:, 0] == pytest.approx([-2, -2, -2, -2, -2, 5, 5], abs=0.4)
    assert own.weekday.sum() == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("days", [14, 60, 364])
def test_weekday_effects_of_noise_are_next_to_none(days):
    values = np.stack([noise(days, seed=seed) for seed in range(50)], axis=1)
    raw = np.array([values[day::7].mean(axis=0) for day in range(7)])
    assert np.abs(habits(values, 0).weekday).mean() < 0.5 * np.abs(raw).mean()


def test_weekday_effects_do_not_take_a_trend_for_a_week():
    own = habits((np.arange(200) * 0.5 + noise(200))[:, None], 0)
    assert np.abs(own.weekday).max() < 0.3


def test_centre_and_scale_hardly_see_outliers_and_gaps():
    clean = 100 + noise(200, 3.0)
    spoilt = clean.copy()
    spoilt[::40], spoilt[5::11] = 900.0, np.nan
    before, after = (habits(values[:, None], 0) for values in (clean, spoilt))
    assert after.centre == pytest.approx(before.centre, abs=1)
    assert before.scale == pytest.approx([3], rel=0.15)
    assert after.scale.item() < 40  # with them the standard deviation would be 120


@pytest.mark.parametrize(
    ("values", "centre", "scale"),
    [
        (np.full(30, np.nan), 0.0, 1.0),
        (np.full(30, 80.0), 80.0, 0.08),
        (np.zeros(30), 0.0, 1e-9),
        (np.array([np.nan, 70.0]), 70.0, 0.07),
    ],
    ids=["no value", "always the same", "nothing but zero", "a single day"],
)
def test_habits_of_what_never_moves_are_finite(values, centre, scale):
    own = habits(values[:, None], 0)
    assert own.centre.item() == centre
    assert own.scale.item() == pytest.approx(scale, rel=1e-6)
    assert (own.weekday == 0).all()


def test_in_units_is_the_way_back_from_standardised():
    values = (60 + noise(40) + 3 * (np.arange(40) % 7 == 0))[:, None] * [1.0, 10.0]
    own = habits(values, WEDNESDAY)
    standard = own.standardised(values, WEDNESDAY)
    assert np.abs(standard).max() < 6
    assert own.in_units(standard, WEDNESDAY + np.arange(40)) == pytest.approx(values)
    assert own.standardised(values[9], (WEDNESDAY + 9) % 7).tolist() == standard[9].tolist()
