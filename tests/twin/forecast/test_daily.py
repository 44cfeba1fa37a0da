"""The daily forecast on real series and on every kind of bad one."""

import csv
import tempfile
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from twin.forecast import NotEnoughData, forecast_daily
from twin.kinds import kind, to_canonical

SAMPLE = Path(__file__).parents[2] / "samples/daily_series/lifesnaps.csv"
START = np.datetime64("2025-11-01")


def lifesnaps():
    """{(person, kind): (days, values in the kind's unit)} of real people."""
    rows = defaultdict(list)
    with SAMPLE.open(newline="") as file:
        for row in csv.DictReader(file):
            rows[row["person"], row["kind"], row["unit"]].append((row["day"], float(row["value"])))
    return {
        (person, code): (
            np.array([day for day, _ in series], dtype="datetime64[D]"),
            to_canonical(kind(code), unit, np.array([value for _, value in series])),
        )
        for (person, code, unit), series in rows.items()
    }


LIFESNAPS = lifesnaps()


@pytest.fixture(scope="module")
def real_forecasts():
    return {key: forecast(key[1], *series) for key, series in LIFESNAPS.items()}


def forecast(code, days, values, **options):
    options.setdefault("today", days.max().item() + timedelta(days=1))
    return forecast_daily(kind(code), days, values, **options)


def consecutive(n):
    return START + np.arange(n)


def noise(n, *, centre=120.0, spread=5.0, seed=1):
    return np.random.default_rng(seed).normal(centre, spread, n)


def assert_drawable(answer, code):
    low, high = kind(code).hard
    layers = np.stack([answer.low95, answer.low80, answer.mean, answer.high80, answer.high95])
    assert layers.shape == (5, len(answer.days))
    assert np.isfinite(layers).all()
    assert layers.min() >= low
    assert layers.max() <= high
    assert (np.diff(layers, axis=0) >= 0).all()
    assert answer.days[0].item() == answer.through + timedelta(days=1)
    assert (np.diff(answer.days) == np.timedelta64(1, "D")).all()


@pytest.mark.parametrize("key", LIFESNAPS)
def test_forecast_of_a_real_series_is_drawable_and_scored(key, real_forecasts):
    answer = real_forecasts[key]
    assert_drawable(answer, key[1])
    assert answer.model == "prophet_weekly"
    assert len(answer.days) == 14
    assert answer.through == LIFESNAPS[key][0][-1].item()
    assert answer.backtest.origins >= 1
    assert answer.backtest.points > 0


def test_backtest_of_real_series_tells_where_the_trend_helps_and_where_it_does_not(real_forecasts):
    ratios = {
        key: answer.backtest.mae / answer.backtest.mae_last_value for key, answer in real_forecasts.items()
    }
    for key, answer in real_forecasts.items():
        assert ("the last value came closer" in answer.reason) == (ratios[key] > 1)
    assert ratios["L44", "steps"] < 0.7
    # The device smooths the resting heart rate over days: its last value is hard to beat, and that shows.
    assert ratios["L44", "resting_heart_rate"] > 1


def test_forecast_of_a_weekly_pattern_finds_it():
    weekly = np.arange(154) % 7 == 0
    values = 8000 + 3000 * weekly[:140] + noise(140, centre=0, spread=200)
    answer = forecast("steps", consecutive(140), values)
    assert answer.mean == pytest.approx(8000 + 3000 * weekly[140:], abs=500)
    assert answer.backtest.mae < answer.backtest.mae_last_value


def test_forecast_twice_gives_the_same_numbers_and_leaves_the_global_generator_alone():
    days, values = consecutive(100), noise(100)
    np.random.seed(7)
    undisturbed = np.random.random(3)
    first = forecast("sbp", days, values, seed=5)
    np.random.seed(7)
    second = forecast("sbp", days, values, seed=5)
    assert (np.random.random(3) == undisturbed).all()
    assert (first.low95 == second.low95).all()
    assert (first.mean == second.mean).all()
    assert first.backtest == second.backtest


def test_forecast_of_shuffled_and_doubled_days_counts_the_later_entry_of_each():
    days, values = consecutive(20), noise(20)
    order = np.random.default_rng(2).permutation(20)
    doubled_days = np.concatenate([days[:5], days[order]])
    doubled_values = np.concatenate([values[:5] + 30, values[order]])
    doubled, plain = forecast("sbp", doubled_days, doubled_values), forecast("sbp", days, values)
    assert (doubled.mean == plain.mean).all()
    assert doubled.backtest == plain.backtest


@pytest.mark.parametrize(
    ("known", "more"), [(0, 7), (1, 6), (2, 5), (6, 1)], ids=["none", "one", "two points", "six"]
)
def test_forecast_of_too_few_days_says_how_many_more(known, more):
    answer = forecast_daily(kind("sbp"), consecutive(known), noise(known), today=date(2026, 1, 1))
    assert isinstance(answer, NotEnoughData)
    assert answer.more_days == more
    assert "a forecast needs 7" in answer.reason


def test_forecast_of_all_missing_values_is_not_enough_data():
    answer = forecast("sbp", consecutive(50), np.full(50, np.nan))
    assert answer.more_days == 7


def test_forecast_after_a_gap_of_a_year_stands_on_the_days_since():
    days = np.concatenate([consecutive(200), START + 600 + np.arange(5)])
    assert forecast("sbp", days, noise(205)).more_days == 2


@pytest.mark.parametrize("known", [7, 30])
def test_forecast_of_a_short_series_is_the_mean_of_28_days(known):
    values = noise(known)
    answer = forecast("sbp", consecutive(known), values)
    assert_drawable(answer, "sbp")
    assert answer.model == "mean_of_28_days"
    assert answer.mean == pytest.approx(np.full(14, values[-28:].mean()))
    assert answer.reason.startswith(f"Only {known} days with data: a trend needs 42.")
    assert (answer.backtest is None) == (known < 21)


def test_forecast_of_a_constant_series_keeps_the_value_within_its_rounding():
    answer = forecast("weight", consecutive(90), np.full(90, 81.3))
    assert_drawable(answer, "weight")
    assert answer.model == "mean_of_28_days"
    assert answer.reason == "The value has not changed."
    assert answer.mean == pytest.approx(np.full(14, 81.3))
    assert answer.low80[0] < 81.3 < answer.high80[0]
    assert answer.high95[0] - answer.low95[0] < 0.5
    assert answer.backtest.mae == pytest.approx(0, abs=1e-9)


BAD = {
    "outliers": ("sbp", consecutive(120), np.where(np.arange(120) % 11 == 0, 290.0, noise(120))),
    "beyond the hard range": ("sbp", consecutive(120), np.where(np.arange(120) % 11 == 0, 1e9, noise(120))),
    "infinite": ("sbp", consecutive(120), np.where(np.arange(120) % 11 == 0, np.inf, noise(120))),
    "every other missing": ("sbp", consecutive(120), np.where(np.arange(120) % 2, np.nan, noise(120))),
    "half a year of gap": ("sbp", np.concatenate([consecutive(60), START + 240 + np.arange(60)]), noise(120)),
    "falling to zero": ("steps", consecutive(120), np.linspace(9000, 0, 120)),
    "at the ceiling": ("spo2", consecutive(120), np.minimum(noise(120, centre=99.5, spread=1), 100)),
    "all but one equal": ("weight", consecutive(120), np.where(np.arange(120) < 119, 80.0, 81.0)),
    "a step": ("sbp", consecutive(120), np.where(np.arange(120) < 60, 120.0, 150.0)),
    "zeros and one": ("steps", consecutive(42), np.where(np.arange(42) < 41, 0.0, 1.0)),
}


@pytest.mark.parametrize("name", BAD)
def test_forecast_of_a_bad_series_is_still_drawable(name):
    code, days, values = BAD[name]
    answer = forecast(code, days, values)
    assert_drawable(answer, code)
    assert answer.model in ("prophet_weekly", "mean_of_28_days")
    assert answer.reason


def test_forecast_when_prophet_fails_is_the_mean_and_names_the_failure(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
    answer = forecast("sbp", consecutive(60), noise(60))
    assert_drawable(answer, "sbp")
    assert answer.model == "mean_of_28_days"
    assert answer.reason.startswith("No trend could be fitted (FileNotFoundError).")


def test_forecast_leaves_out_future_days_and_says_so():
    days = np.concatenate([consecutive(30), [START + 4000]])
    answer = forecast("sbp", days, noise(31), today=(START + 30).item())
    assert answer.through == (START + 29).item()
    assert answer.reason.endswith("1 value dated after today left out.")


@pytest.mark.parametrize(("code", "through"), [("steps", 28), ("weight", 29)])
def test_forecast_leaves_out_today_only_while_its_total_is_growing(code, through):
    answer = forecast(code, consecutive(30), noise(30), today=(START + 29).item())
    assert answer.through == (START + through).item()


def test_forecast_of_stale_data_says_how_old_it_is():
    answer = forecast("sbp", consecutive(30), noise(30), today=(START + 120).item())
    assert answer.reason.endswith("The last value is 91 days old.")
    assert answer.days[0] == START + 30


def test_forecast_sees_only_the_last_year():
    days = consecutive(500)
    values = np.where(np.arange(500) < 135, 200.0, noise(500))
    long, year = forecast("sbp", days, values), forecast("sbp", days[135:], values[135:])
    assert (long.mean == year.mean).all()


def test_forecast_of_another_horizon_has_its_days():
    assert len(forecast("sbp", consecutive(30), noise(30), horizon=28).days) == 28
