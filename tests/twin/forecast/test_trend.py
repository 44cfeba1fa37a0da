"""Prophet's fit of one series: the numbers that predict() gives, and ranges that hold what they should."""

import subprocess
import sys
from datetime import date

import numpy as np
import pytest

from twin.forecast.trend import Period, fit, prophet_forecast

DAYS = np.datetime64("2026-01-01") + np.arange(200)
AHEAD = DAYS[-1] + np.arange(1, 29)


def day(number):
    return DAYS[number].item()


def noise(seed, size=1.0):
    return np.random.default_rng(seed).normal(0, size, len(DAYS))


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("weekly", [False, True])
def test_parts_are_the_numbers_of_prophets_predict(flat, weekly):
    from twin.forecast.prophet_map import frame

    periods = [Period(day(150), None), Period(day(40), day(60))]
    known = np.arange(200) != 17
    days, values = DAYS[known], (70 + noise(2).cumsum() / 5)[known]
    found = fit(days, values, flat=flat, weekly=weekly, periods=periods)
    every = np.concatenate([DAYS, AHEAD])
    said = found.model.predict(
        frame(every, **{f"period_{i}": period.holds(every).astype(float) for i, period in enumerate(periods)})
    )
    parts = found.parts(every)
    assert parts.trend == pytest.approx(said["trend"].to_numpy(), rel=1e-9)
    assert parts.fitted == pytest.approx(said["yhat"].to_numpy(), rel=1e-9)
    assert parts.weekly == pytest.approx(said["weekly"].to_numpy() if weekly else np.zeros(228), abs=1e-9)
    for place in range(2):
        effect, _ = found.known(found.effect(place))
        held = periods[place].holds(every)
        assert said[f"period_{place}"].to_numpy()[held] == pytest.approx(np.full(held.sum(), effect))


def test_slope_is_the_trends_mean_rise_a_week():
    found = fit(DAYS, 70 + noise(3, 0.5) + np.maximum(np.arange(200) - 120, 0) * 0.2, flat=False, weekly=True)
    slope, spread = found.known(found.slope(DAYS[130], DAYS[199]))
    trend = found.parts(DAYS).trend
    assert slope == pytest.approx(7 * (trend[199] - trend[130]) / 69)
    assert slope == pytest.approx(1.4, abs=3 * spread)


def test_changes_lie_a_fortnight_apart_and_none_in_the_last_one():
    found = fit(DAYS, 70 + noise(1), flat=False, weekly=False)
    on, by = found.changes()
    assert len(on) == len(by) == 13
    assert set(np.diff(on).astype(int)) <= {13, 14, 15}
    assert on[-1] <= DAYS[-14]


def drifting(seed, likeness):
    """Noise of which a day is like the day before, or a wandering level where `likeness` is 1."""
    steps, level = noise(seed, 0.5), np.zeros(len(DAYS))
    for number in range(1, len(DAYS)):
        level[number] = likeness * level[number - 1] + steps[number]
    return level


@pytest.mark.parametrize("likeness", [0.0, 0.7, 1.0])
def test_effect_of_an_event_that_did_nothing_is_mostly_within_its_range(likeness):
    held = 0
    for seed in range(25):
        period = Period(day(150), None)
        found = fit(DAYS, 80 + drifting(seed, likeness), flat=False, weekly=False, periods=[period])
        effect, spread = found.known(found.effect(0))
        held += abs(effect) <= 1.96 * spread
    assert held >= 21  # of 25; fewer comes of a 95 % range once in thirty-five times


def test_effect_of_a_step_is_found_to_its_size():
    values = 140 + noise(5, 6.0) - 12 * (np.arange(200) >= 150)
    found = fit(DAYS, values, flat=False, weekly=True, periods=[Period(day(150), None)])
    effect, spread = found.known(found.effect(0))
    assert effect == pytest.approx(-12, abs=2.5 * spread)
    assert spread < 4


def test_weekly_strength_tells_a_pattern_from_chance():
    saturday = (DAYS.astype(int) + 3) % 7 == 5
    plain, weekly = (fit(DAYS, 70 + noise(8) + size * saturday, flat=False, weekly=True) for size in (0, 2))
    assert plain.weekly_strength() < 16.8 < weekly.weekly_strength()


def test_period_holds_from_its_first_day_through_its_last():
    period = Period(date(2026, 1, 3), date(2026, 1, 4))
    assert period.holds(DAYS[:5]).tolist() == [False, False, True, True, False]
    assert Period(date(2026, 1, 3), None).holds(DAYS[:5]).tolist() == [False, False, True, True, True]


def test_prophet_forecast_of_a_rising_line_goes_on_and_grows_less_sure():
    centre, spread = prophet_forecast(DAYS, 60 + 0.1 * np.arange(200) + noise(4, 0.3), AHEAD)
    assert centre[-1] == pytest.approx(60 + 0.1 * 227, abs=1)
    assert (np.diff(spread) > 0).all()


def test_prophet_forecast_of_equal_values_repeats_them():
    centre, spread = prophet_forecast(DAYS, np.full(200, 7.0), AHEAD)
    assert centre == pytest.approx(np.full(28, 7.0))
    assert spread == pytest.approx(np.zeros(28), abs=1e-6)


FIT = """
import numpy as np
from twin.forecast.trend import fit
days = np.datetime64("2026-01-01") + np.arange(60)
found = fit(days, 80 + np.sin(np.arange(60) / 3), flat=False, weekly=True)
print(found.weights.tobytes().hex(), found.covariance.tobytes().hex())
"""


def test_fit_in_another_process_gives_the_same_bits_and_says_nothing():
    done = [
        subprocess.run([sys.executable, "-c", FIT], capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert done[0].stdout == done[1].stdout
    assert done[0].stderr == ""


def test_importing_the_explanation_does_not_load_prophet():
    code = "import sys, twin.forecast.sentences; print('prophet' in sys.modules or 'pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
