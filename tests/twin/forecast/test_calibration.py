"""Bands nest, come to hold what they promise where the model misjudges its spread, and survive storage."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.forecast import calibration
from twin.forecast.calibration import BUCKETS, LEAST_SEEN, LEVELS, SHIPPED, TESTED, Adaptive

CODE = "resting_heart_rate"
ARRAYS = ("factors", "own", "seen", "mean", "sd")


def lived(truth, *, sd=1.0, code=CODE) -> Adaptive:
    """Series [N, T] of which the model always expects 0, give or take `sd`."""
    adaptive = calibration.start(code, len(truth))
    follow(adaptive, 0, truth, sd)
    return adaptive


def follow(adaptive, first, truth, sd=1.0):
    """Whether the bands held each of these days [T, tested, level, N], which go on from `first`."""
    promised = np.zeros((truth.shape[1], len(TESTED), len(truth)))
    return calibration.follow(adaptive, first, truth.T, promised, promised + sd)[1]


def same(one: Adaptive, other: Adaptive) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True) for name in ARRAYS)


@settings(max_examples=40)
@given(
    st.integers(0, 2**32 - 1),
    st.lists(st.tuples(st.floats(-1e5, 1e5), st.floats(0, 1e5)), min_size=1, max_size=28),
    st.floats(0.01, 100),
)
def test_bands_of_any_past_lie_inside_each_other(seed, ahead, scale):
    truth = np.random.default_rng(seed).standard_t(2, (2, 60)) * scale
    mean, sd = (np.array([part, part]) for part in zip(*ahead, strict=True))
    band = calibration.band(lived(truth), mean, sd)
    for lower, higher in zip(
        (band.low95, band.low80, band.mean, band.high80),
        (band.low80, band.mean, band.high80, band.high95),
        strict=True,
    ):
        assert (lower <= higher).all()


@pytest.mark.parametrize("wrong", [0.5, 1.0, 2.0])
def test_bands_of_a_model_wrong_about_its_spread_come_to_hold_what_they_promise(wrong):
    truth = np.random.default_rng(3).normal(0, wrong, (100, 700))
    adaptive = lived(truth[:, :400])
    held = follow(adaptive, 400, truth[:, 400:]).mean(axis=(0, 1)).T
    assert held.mean(axis=0) == pytest.approx([0.80, 0.95], abs=0.01)
    # Binomial chance alone would spread single series by 2.3 points; what moves after each miss spreads less.
    assert (np.abs(held[:, 0] - 0.80) < 0.03).all()


def test_series_without_enough_values_keeps_what_held_for_others():
    truth = np.random.default_rng(1).normal(0, 9, (3, LEAST_SEEN + 1))
    assert (lived(truth).own == 0).all()


def test_day_without_a_value_teaches_nothing():
    truth = np.random.default_rng(1).normal(0, 9, (3, 90))
    truth[:, 60:] = np.nan
    assert (lived(truth).own == lived(truth[:, :60]).own).all()


@pytest.mark.parametrize(("size", "sign"), [(1e6, 1), (0.0, -1)])
def test_multiplier_stays_bounded_whatever_comes(size, sign):
    own = lived(np.full((1, 900), size)).own
    assert (np.abs(own) <= np.float32(1.1)).all()
    assert np.sign(own).tolist() == [[sign], [sign]]


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(0, 70))
def test_state_of_any_age_goes_on_from_its_rows_to_the_bit(seed, count, days):
    truth = np.random.default_rng(seed).normal(0, 2, (count, days + 20))
    adaptive = lived(truth[:, :days])
    restored = calibration.from_rows(calibration.to_rows(adaptive))
    assert calibration.to_rows(adaptive).shape == (count, calibration.WIDTH)
    follow(adaptive, days, truth[:, days:])
    for day in range(days, days + 20):
        follow(restored, day, truth[:, day : day + 1])
    assert same(adaptive, restored)


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_series_learns_the_same_alone_or_among_others(seed):
    truth = np.random.default_rng(seed).normal(0, 2, (3, 50))
    rows = calibration.to_rows(lived(truth))
    for at in range(3):
        assert np.array_equal(calibration.to_rows(lived(truth[at : at + 1]))[0], rows[at], equal_nan=True)


def test_copy_goes_on_without_the_original():
    adaptive = lived(np.random.default_rng(1).normal(0, 2, (1, 60)))
    before = adaptive.copy()
    follow(adaptive, 60, np.array([[99.0]]))
    assert not same(adaptive, before)
    assert same(before, lived(np.random.default_rng(1).normal(0, 2, (1, 60))))


def test_unknown_kind_starts_from_what_held_for_all():
    assert (SHIPPED.of("number_of_sneezes") == SHIPPED.pooled).all()
    assert (SHIPPED.of(CODE) != SHIPPED.pooled).any()


def test_shipped_factors_are_wider_for_more_certainty():
    for rows in (SHIPPED.pooled, *SHIPPED.kinds.values()):
        assert rows.shape == (len(BUCKETS), len(LEVELS))
        assert (rows[:, 0] > 0.5).all()
        assert (rows[:, 1] > rows[:, 0]).all()
