"""The simple method, its intervals against published t quantiles, the back-test and the band's order."""

import math

import numpy as np
import pytest

from twin.forecast.backtest import backtest
from twin.forecast.band import Band
from twin.forecast.plain import mean_of_28_days, mean_of_28_days_band

DAYS = np.datetime64("2026-01-01") + np.arange(40)


def last_value(_days, values, ahead):
    return np.full(len(ahead), values[-1])


@pytest.mark.parametrize(
    ("n", "t90", "t975"),
    # Quantiles of Student's t with n - 1 degrees of freedom: NIST/SEMATECH e-Handbook, section 1.3.6.7.2.
    [(7, 1.440, 2.447), (11, 1.372, 2.228), (28, 1.314, 2.052)],
)
def test_mean_of_28_days_band_is_a_t_prediction_interval(n, t90, t975):
    values = np.random.default_rng(1).normal(100, 10, n)
    band = mean_of_28_days_band(DAYS[:n], values, DAYS[:3], resolution=0.0)
    unit = values.std(ddof=1) * math.sqrt(1 + 1 / n)
    assert (band.high80 - band.mean) / unit == pytest.approx([t90] * 3, abs=0.02)
    assert (band.mean - band.low95) / unit == pytest.approx([t975] * 3, abs=0.02)


def test_mean_of_28_days_ignores_older_values():
    values = np.concatenate([np.full(12, 1000.0), np.full(28, 5.0)])
    assert mean_of_28_days(DAYS, values, DAYS[:2]).tolist() == [5.0, 5.0]


def test_mean_of_28_days_of_equal_values_is_that_value():
    assert mean_of_28_days(DAYS, np.full(28, 81.3), DAYS[:1]).tolist() == [81.3]


def test_backtest_shows_the_model_nothing_after_each_origin():
    seen = []

    def record(days, values, ahead):
        seen.append((days[0], days[-1], ahead[0], ahead[-1]))
        return last_value(days, values, ahead)

    score = backtest(DAYS, np.arange(40.0), record, horizon=10, origins=2, window=15, least=5)
    assert seen == [(DAYS[15], DAYS[29], DAYS[30], DAYS[39]), (DAYS[5], DAYS[19], DAYS[20], DAYS[29])]
    assert (score.origins, score.points) == (2, 20)
    assert score.mae == score.mae_last_value == pytest.approx(5.5)


def test_backtest_skips_origins_with_too_little_before_or_nothing_after():
    days = np.concatenate([DAYS[:6], DAYS[26:]])
    score = backtest(days, np.arange(20.0), last_value, horizon=10, origins=4, window=365, least=5)
    assert (score.origins, score.points) == (2, 14)
    assert backtest(days, np.arange(20.0), last_value, horizon=10, origins=4, window=365, least=99) is None


def test_band_within_a_range_restores_its_nesting():
    crossed = Band(*(np.array([value]) for value in (5.0, 6.0, 4.0, 7.0, 120.0)))
    band = crossed.within(0, 100)
    assert [array[0] for array in (band.low95, band.low80, band.mean, band.high80, band.high95)] == [
        5.0, 5.0, 5.0, 5.0, 100.0,
    ]  # fmt: skip
