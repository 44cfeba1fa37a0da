"""The naive rivals say what they are named after; their quantiles come from their own past errors."""

import numpy as np
import pytest
from forecasting.rivals import NORMAL, last_value, seasonal_naive
from forecasting.series import Known

START = np.datetime64("2026-01-01")


def known(values):
    days = np.flatnonzero(np.isfinite(values))
    return Known(START + (len(values) - 1), START + days, np.array(values, dtype=float)[days])


def test_last_value_repeats_it_also_when_it_is_of_yesterday():
    assert last_value(known([*range(40), np.nan]))[:, 3].tolist() == [39.0] * 14


def test_last_value_is_as_wide_as_its_own_errors_were():
    quantiles = last_value(known(np.arange(40) * 2.0))
    # A straight line errs by its slope times the days ahead, always.
    assert quantiles[4] == pytest.approx(78 + NORMAL * 10)


def test_seasonal_naive_takes_the_weekday_of_last_week_twice():
    week = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    assert seasonal_naive(known(week * 6))[:, 3].tolist() == week * 2


def test_seasonal_naive_falls_back_on_the_last_value_where_last_week_has_none():
    week = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    gap = [*week * 5, 1.0, np.nan, 3.0, 4.0, 5.0, 6.0, 7.0]
    assert seasonal_naive(known(gap))[:3, 3].tolist() == [1.0, 7.0, 3.0]
