"""Scores against figures worked out by hand and against the normal distribution's own."""

import numpy as np
import pytest
from forecasting import scores
from forecasting.rivals import NORMAL
from forecasting.scores import Points


def points(truth, quantiles, series=None):
    count = len(truth)
    names = np.array(series if series is not None else ["s"] * count)
    return Points(np.array(["rhr"] * count), names, np.ones(count, int), np.array(truth), np.array(quantiles))


def test_scores_of_two_days_are_what_a_hand_works_out():
    band = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    two = points([4.0, 6.5], [band, band])
    assert scores.mae(two) == 1.25
    assert (scores.held(two), scores.held95(two), scores.width(two)) == (0.5, 1.0, 4.0)


def test_crps_of_a_certain_forecast_is_its_absolute_error():
    assert scores.crps(points([5.0], [[3.0] * 7])) == pytest.approx(2.0)


def test_crps_is_least_for_the_true_spread():
    truth = np.random.default_rng(1).normal(0, 1, 20_000)
    narrow, right, wide = (
        scores.crps(points(truth, np.tile(NORMAL * sd, (20_000, 1)))) for sd in (0.6, 1, 1.6)
    )
    assert right < min(narrow, wide)


def test_held_by_series_counts_each_series_alone():
    band = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    both = points([4.0, 9.0, 4.0], [band] * 3, ["a", "a", "b"])
    assert scores.held_by_series(both) == {"a": (0.5, 2), "b": (1.0, 1)}


def test_ratio_lets_twice_and_half_cancel_and_leaves_out_what_nobody_errs_in():
    assert scores.ratio({"a": 2.0, "b": 0.5, "c": 0.0}, {"a": 1.0, "b": 1.0, "c": 0.0}) == pytest.approx(1.0)
