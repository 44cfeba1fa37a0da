"""The simple method, its intervals against published t quantiles, and the order of a band."""

import math

import numpy as np
import pytest

from twin.forecast.band import Band
from twin.forecast.plain import mean_of_28_days_band


@pytest.mark.parametrize(
    ("n", "t90", "t975"),
    # Quantiles of Student's t with n - 1 degrees of freedom: NIST/SEMATECH e-Handbook, section 1.3.6.7.2.
    [(7, 1.440, 2.447), (11, 1.372, 2.228), (28, 1.314, 2.052)],
)
def test_mean_of_28_days_band_is_a_t_prediction_interval(n, t90, t975):
    values = np.random.default_rng(1).normal(100, 10, n)
    band = mean_of_28_days_band(values, 3, resolution=0.0)
    unit = values.std(ddof=1) * math.sqrt(1 + 1 / n)
    assert (band.high80 - band.mean) / unit == pytest.approx([t90] * 3, abs=0.02)
    assert (band.mean - band.low95) / unit == pytest.approx([t975] * 3, abs=0.02)


def test_mean_of_28_days_ignores_older_values():
    values = np.concatenate([np.full(12, 1000.0), np.full(28, 5.0)])
    assert mean_of_28_days_band(values, 2, resolution=0.5).mean.tolist() == [5.0, 5.0]


def test_mean_of_28_days_of_equal_values_is_that_value_within_its_rounding():
    band = mean_of_28_days_band(np.full(28, 81.3), 1, resolution=0.05)
    assert band.mean.tolist() == [81.3]
    assert 0.06 < band.high80[0] - 81.3 < 0.07


def test_band_within_a_range_restores_its_nesting():
    crossed = Band(*(np.array([value]) for value in (5.0, 6.0, 4.0, 7.0, 120.0)))
    band = crossed.within(0, 100)
    assert [array[0] for array in (band.low95, band.low80, band.mean, band.high80, band.high95)] == [
        5.0, 5.0, 5.0, 5.0, 100.0,
    ]  # fmt: skip


def test_band_within_each_series_own_range_keeps_every_row_in_its():
    rows = np.array([[90.0], [99.0]])
    low, high = np.array([[0.0], [95.0]]), np.array([[300.0], [100.0]])
    band = Band(rows, rows - 5, rows + 5, rows - 9, rows + 9).within(low, high)
    assert band.of(0).high95.tolist() == [99.0]
    assert (band.of(1).low95.tolist(), band.of(1).high80.tolist()) == ([95.0], [100.0])
