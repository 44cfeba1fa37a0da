"""Glucose ahead: what is said of readings, and when nothing is."""

import json
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.forecast.glucose import (
    FOLLOWED,
    GlucoseAhead,
    NoGlucoseForecast,
    Readings,
    Refusal,
    follow,
    forecast_glucose,
    known_at,
    model,
    resample,
)
from twin.forecast.glucose_band import KIND, MINUTES, QUANTILES, Bands
from twin.forecast.glucose_features import DAY, HISTORY, features
from twin.kinds import DATA

MINUTE = 60_000
NOW = 1_790_000_000_000
NAN = np.nan


def readings(ago, values=None, *, low=(), high=()):
    """Readings so many minutes ago; `low` and `high` are places in the list."""
    ago = np.asarray(ago, np.float64)
    places = np.arange(len(ago))
    values = 120.0 + 5 * np.sin(ago / 30) if values is None else np.asarray(values, np.float64)
    at = NOW - np.rint(ago * MINUTE).astype(np.int64)
    return Readings(at, values, np.isin(places, low), np.isin(places, high))


def utc(at):
    return at // MINUTE % 1440 * 1.0


def ahead(given, bands=None, now=NOW):
    return forecast_glucose(given, bands or Bands.of_anybody(), now=now, minutes_of_day=utc)


def followed(given, bands=None, now=NOW):
    return follow(bands or Bands.of_anybody(), given, now=now, minutes_of_day=utc)


DAY_OF_READINGS = np.arange(24 * 60, -1, -5)


@pytest.mark.parametrize(
    ("ago", "reason"),
    [
        ([], Refusal.NOTHING),
        ([-5], Refusal.NOTHING),
        (np.arange(80, 20, -5), Refusal.SILENT),
        (np.arange(80, 19, -5), None),
        ([10, 5, 0], Refusal.TOO_FEW),
        (np.arange(25, -1, -5), Refusal.TOO_FEW),
        (np.arange(30, -1, -5), None),
        ([30, 15, 0], None),
        ([30.5, 15.2, 1], None),
        ([30, 0], Refusal.TOO_FEW),
        ([90, 70, 60, 50, 21, 10, 0], Refusal.TOO_FEW),
        ([90, 70, 60, 50, 30, 20, 0], None),
        ([*np.arange(120, 60, -5), *np.arange(30, -1, -5)], None),
        ([*np.arange(120, 60, -5), *np.arange(20, -1, -5)], Refusal.TOO_FEW),
    ],
)
def test_forecast_glucose_answers_or_says_why_not(ago, reason):
    made = ahead(readings(ago))
    if reason is None:
        assert isinstance(made, GlucoseAhead)
    else:
        at = max((one for one in readings(ago).at.tolist() if one <= NOW), default=None)
        assert made == NoGlucoseForecast(reason, at)


@pytest.mark.parametrize(
    ("marks", "reason"),
    [
        ({"low": [10]}, Refusal.LOW),
        ({"high": [10]}, Refusal.HIGH),
        ({"low": [9]}, None),
        ({"high": [0]}, None),
    ],
)
def test_forecast_glucose_while_the_sensor_says_low_or_high_says_so(marks, reason):
    made = ahead(readings(np.arange(50, -1, -5), **marks))
    assert getattr(made, "reason", None) is reason


def test_forecast_glucose_goes_by_the_readings_alone_not_by_their_order():
    given = readings(DAY_OF_READINGS)
    shuffled = np.random.default_rng(3).permutation(len(given.at))
    mixed = Readings(*(column[shuffled] for column in astuple(given)))
    assert str(ahead(given)) == str(ahead(mixed))


def test_forecast_glucose_of_equal_times_takes_the_later_reading():
    twice = readings([*DAY_OF_READINGS, 0], [*np.full(len(DAY_OF_READINGS), 120.0), 90.0])
    assert ahead(twice).last_value == 90.0


def test_forecast_glucose_ignores_what_lies_after_now_and_what_cannot_be():
    given = readings(DAY_OF_READINGS)
    nonsense = readings([*DAY_OF_READINGS, 3, 2, 1, -5], [*given.value, NAN, 5.0, 700.0, 200.0])
    assert str(ahead(given)) == str(ahead(nonsense))


def test_forecast_glucose_of_a_rise_goes_up_and_of_a_fall_down():
    ago = np.arange(120, -1, -5)
    rising, falling = ahead(readings(ago, 160 - ago)), ahead(readings(ago, 140.0 + ago))
    assert rising.mean[0] > rising.last_value
    assert falling.mean[0] < falling.last_value


def test_forecast_glucose_is_less_sure_the_further_it_looks():
    made = ahead(readings(DAY_OF_READINGS))
    assert (np.diff(made.high80 - made.low80) > 0).all()


def test_forecast_glucose_of_jittered_readings_is_near_that_of_the_grid():
    jitter = np.random.default_rng(5).uniform(-1.5, 1.5, len(DAY_OF_READINGS))
    jitter[-1] = 0
    plain, jittered = ahead(readings(DAY_OF_READINGS)), ahead(readings(DAY_OF_READINGS + jitter))
    assert np.abs(plain.mean - jittered.mean).max() < 5


@given(
    st.lists(
        st.tuples(
            st.integers(-(2**40), 2**40) | st.integers(0, 200).map(lambda minutes: minutes * MINUTE),
            st.floats() | st.floats(20, 600),
            st.booleans(),
        ),
        max_size=60,
    ),
)
def test_forecast_glucose_of_any_garbage_is_an_answer_or_a_reason(rows):
    at = NOW - np.array([ago for ago, _, _ in rows], np.int64)
    value = np.array([value for _, value, _ in rows], np.float64)
    low = np.array([low for _, _, low in rows], np.bool_) & (value < 60)
    given = Readings(at, value, low, np.zeros(len(rows), np.bool_))
    made = ahead(given, followed(given))
    if isinstance(made, NoGlucoseForecast):
        assert made.reason in Refusal
        return
    bands = np.stack([made.low95, made.low80, made.mean, made.high80, made.high95])
    assert np.isfinite(bands).all()
    assert (np.diff(bands, axis=0) >= 0).all()
    assert KIND.hard[0] <= bands.min() <= bands.max() <= KIND.hard[1]


def test_resample_of_a_regular_grid_is_that_grid():
    given = readings(np.arange((HISTORY - 1) * 5, -1, -5))
    assert resample(given.at, given.value).tolist() == given.value.tolist()


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (-3, NAN),
        (-2, 100.0),
        (0, 100.0),
        (5, 105.0),
        (15, 115.0),
        (17, 115.0),
        (18, NAN),
        (43, 200.0),
        (48, NAN),
    ],
)
def test_known_at_joins_readings_that_are_near_and_leaves_gaps(wanted, expected):
    at = np.array([0, 15, 45]) * MINUTE
    (found,) = known_at(at, np.array([100.0, 115.0, 200.0]), np.array([wanted * MINUTE]))
    np.testing.assert_equal(found, expected)


def test_follow_once_is_as_good_as_after_every_reading():
    ago = np.arange(36 * 60, -1, -5)
    given = readings(ago, 130 + 30 * np.sin(ago / 50))
    bands = Bands.of_anybody()
    for place in range(len(ago)):
        bands = followed(given.until(place), bands, now=int(given.at[place]))
    at_once = followed(given)
    np.testing.assert_allclose(at_once.stretch, bands.stretch, atol=1e-12)
    assert at_once.through == bands.through
    assert len(at_once.promised) == len(bands.promised) <= 9


def test_follow_knows_nothing_of_what_comes_after():
    ago = np.arange(600, -1, -5)
    given = readings(ago)
    early = Readings(given.at[:90], given.value[:90], given.low[:90], given.high[:90])
    then = int(early.at[-1])
    assert followed(given, now=then).pack() == followed(early, now=then).pack()


def test_follow_of_old_readings_or_none_learns_nothing():
    assert followed(readings([])).pack() == Bands.of_anybody().pack()
    old = readings(np.arange(300, -1, -5) + FOLLOWED / MINUTE)
    assert len(followed(old).promised) <= 1


def test_bands_of_a_wilder_person_grow_wider():
    ago = np.arange(2 * 24 * 60, -1, -5)
    calm = followed(readings(ago, np.full(len(ago), 110.0)))
    wild = followed(readings(ago, 150 + 80 * np.sign(np.sin(ago / 23.0))))
    assert (wild.stretch > calm.stretch).all()
    assert (calm.stretch < 0).all()


def test_features_know_nothing_of_what_is_missing():
    history = np.full((1, HISTORY), NAN)
    history[0, -8:] = 100.0
    row = features(history, np.array([0.0]))[0]
    assert np.isnan(row).any()
    assert not np.isinf(row).any()


def test_features_of_one_history_are_the_same_among_others():
    histories = 120 + np.random.default_rng(2).normal(0, 20, (5, HISTORY)).cumsum(axis=1) / 10
    histories[2, : DAY // 2] = NAN
    together = features(histories, np.arange(5) * 60.0)
    alone = [features(histories[place : place + 1], np.array([place * 60.0]))[0] for place in range(5)]
    np.testing.assert_array_equal(together, np.stack(alone))


def test_trees_say_what_their_grower_says():
    with np.load(DATA / "glucose_model.npz", allow_pickle=False) as arrays:
        rows, said = arrays["check_rows"], arrays["check_said"]
    each = model().trees.values(rows).astype(np.float64)
    ours = each.reshape(len(rows), said.shape[1], -1).sum(axis=-1)
    assert said.shape[1] == model().folds * len(MINUTES) * len(QUANTILES)
    np.testing.assert_allclose(ours, said, rtol=1e-5, atol=1e-4)


def test_the_model_says_where_it_comes_from_and_how_it_did():
    about = json.loads((DATA / "glucose_model.json").read_text())
    assert about["people"] > 40
    for one, bar in zip(about["metrics"], (0.90, 0.92, 0.90), strict=True):
        assert one["mae"] / one["mae_last_value"] <= bar
        assert one["mae"] < one["mae_ar2"]
        assert 0.79 <= one["held80"] <= 0.81
