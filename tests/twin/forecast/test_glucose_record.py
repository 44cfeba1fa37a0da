"""How past glucose forecasts went, beside their rivals."""

import numpy as np
import pytest

from twin.forecast.ar2 import ar2
from twin.forecast.glucose import Readings
from twin.forecast.glucose_record import PastForecasts, score

MINUTE = 60_000
MINUTES = (30, 60)


def past(*at, last=100.0, mean=(110.0, 120.0), reach80=5.0, reach95=15.0):
    centre = np.tile(np.array(mean), (len(at), 1))
    return PastForecasts(
        np.array(at, np.int64) * MINUTE,
        np.full(len(at), last),
        centre,
        centre - reach80,
        centre + reach80,
        centre - reach95,
        centre + reach95,
    )


def readings(**values):
    at = np.array([int(minute[1:]) for minute in values], np.int64) * MINUTE
    unmarked = np.zeros(len(at), np.bool_)
    return Readings(at, np.array(list(values.values()), np.float64), unmarked, unmarked)


def test_score_holds_each_forecast_against_the_reading_that_came():
    came = readings(m0=100, m5=100, m35=113, m65=140)
    half, hour = score(past(5), came, MINUTES)
    rival = ar2(np.array([100.0]), np.array([100.0]), MINUTES)[0]
    assert (half.minutes, half.points, half.mae, half.mae_last_value) == (30, 1, 3.0, 13.0)
    assert half.mae_ar2 == pytest.approx(abs(rival[0] - 113))
    assert (half.held80, half.held95) == (1.0, 1.0)
    assert (hour.mae, hour.held80, hour.held95) == (20.0, 0.0, 0.0)


def test_score_takes_the_line_between_two_readings_and_no_word_of_a_gap():
    came = readings(m0=100, m5=100, m30=104, m40=124, m50=100, m90=100)
    half, hour = score(past(5), came, MINUTES)
    assert (half.points, half.mae) == (1, 4.0)
    assert (hour.points, hour.mae, hour.held80) == (0, None, None)


@pytest.mark.parametrize("came", [readings(), readings(m0=100, m5=100)])
def test_score_of_what_has_not_come_has_no_figures(came):
    for one in score(past(5), came, MINUTES):
        assert (one.points, one.mae, one.mae_last_value, one.mae_ar2, one.held80) == (
            0,
            None,
            None,
            None,
            None,
        )


def test_score_of_no_forecasts_has_no_points():
    assert [one.points for one in score(past(), readings(m0=100), MINUTES)] == [0, 0]


def test_score_goes_by_the_share_of_all():
    came = readings(m0=100, m5=100, m10=100, m35=110, m40=150)
    half, _ = score(past(5, 10), came, MINUTES)
    assert (half.points, half.mae, half.held80, half.held95) == (2, 20.0, 0.5, 0.5)
