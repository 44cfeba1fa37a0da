"""The daily forecast on real series, on every kind of bad one, and from a stored state."""

import csv
from collections import defaultdict
from dataclasses import fields, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin import forecast as forecasting
from twin.forecast import (
    HORIZON,
    VERSION,
    Forecast,
    Jump,
    NotEnoughData,
    Series,
    StateUnreadable,
    continue_many,
    forecast_daily,
    forecast_many,
)
from twin.forecast.outcome import LEAST_POINTS, Backtest
from twin.kinds import KINDS, kind, to_canonical

SAMPLE = Path(__file__).parents[2] / "samples/daily_series/lifesnaps.csv"
START = np.datetime64("2025-11-01")
DAY = timedelta(days=1)


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


def forecast(code, days, values, *, today=None, **options):
    today = days.max().item() + DAY if today is None else today
    return forecast_daily(kind(code), days, values, today=today, **options)


def consecutive(n):
    return START + np.arange(n)


def noise(n, *, centre=120.0, spread=5.0, seed=1):
    return np.random.default_rng(seed).normal(centre, spread, n)


def assert_drawable(answer, code):
    low, high = kind(code).hard
    layers = np.stack([answer.low95, answer.low80, answer.mean, answer.high80, answer.high95])
    assert layers.shape == (5, HORIZON)
    assert np.isfinite(layers).all()
    assert layers.min() >= low
    assert layers.max() <= high
    assert (np.diff(layers, axis=0) >= 0).all()
    assert answer.days[0].item() == answer.through + DAY
    assert (np.diff(answer.days) == np.timedelta64(1, "D")).all()
    assert answer.reason
    assert answer.version == VERSION


def assert_same(one, other):
    for each in fields(Forecast):
        ours, theirs = getattr(one, each.name), getattr(other, each.name)
        assert (ours == theirs).all() if isinstance(ours, np.ndarray) else ours == theirs


# Real series


@pytest.mark.parametrize("key", LIFESNAPS)
def test_forecast_of_a_real_series_is_drawable_and_has_a_record(key):
    days, values = LIFESNAPS[key]
    answer = forecast(key[1], days, values)
    assert_drawable(answer, key[1])
    assert answer.model == "kalman_mixture"
    assert answer.through == days[-1].item()
    assert answer.last_value == values[-1]
    assert answer.backtest.points > LEAST_POINTS
    assert 0.5 < answer.backtest.held80 <= 1
    assert answer.simpler == (answer.backtest.mae > answer.backtest.mae_last_value)
    assert answer.simpler == ("the last value came closer" in answer.reason)


def test_records_of_real_series_tell_that_the_model_helps():
    records = [forecast(key[1], *series).backtest for key, series in LIFESNAPS.items()]
    ratios = [record.mae / record.mae_last_value for record in records]
    assert np.exp(np.log(ratios).mean()) < 0.9


def test_forecast_of_a_weekly_pattern_finds_it():
    weekly = np.arange(140 + HORIZON) % 7 == 0
    values = 8000 + 3000 * weekly[:140] + noise(140, centre=0, spread=200)
    answer = forecast("steps", consecutive(140), values)
    assert answer.mean == pytest.approx(8000 + 3000 * weekly[140:], abs=700)
    assert answer.backtest.mae < answer.backtest.mae_last_value


# What counts


def test_forecast_of_shuffled_and_doubled_days_counts_the_later_entry_of_each():
    days, values = consecutive(40), noise(40)
    order = np.random.default_rng(2).permutation(40)
    doubled_days = np.concatenate([days[:5], days[order]])
    doubled_values = np.concatenate([values[:5] + 30, values[order]])
    assert_same(forecast("sbp", doubled_days, doubled_values), forecast("sbp", days, values))


def test_forecast_leaves_out_future_days_and_says_so():
    days = np.concatenate([consecutive(30), [START + 4000]])
    answer = forecast("sbp", days, noise(31), today=(START + 30).item())
    assert answer.through == (START + 29).item()
    assert answer.reason.endswith("1 value dated after today left out.")


@pytest.mark.parametrize(("code", "through"), [("steps", 28), ("weight", 29)])
@pytest.mark.parametrize("known", [10, 30])
def test_forecast_begins_after_today_unless_its_total_is_growing(code, through, known):
    answer = forecast(code, consecutive(30)[-known:], noise(known), today=(START + 29).item())
    assert answer.through == (START + through).item()


@pytest.mark.parametrize("known", [10, 60])
def test_forecast_without_a_value_today_begins_today(known):
    answer = forecast("weight", consecutive(known), noise(known, centre=80), today=(START + known + 9).item())
    assert answer.through == (START + known + 8).item()
    assert answer.last_value == noise(known, centre=80)[-1]


def test_forecast_sees_only_the_last_year():
    days = consecutive(500)
    values = np.where(np.arange(500) < 134, 200.0, noise(500))
    assert_same(forecast("sbp", days, values), forecast("sbp", days[135:], values[135:]))


def test_forecast_with_an_event_expects_more_to_come():
    values = np.concatenate([noise(90), noise(10, centre=110)])
    jumps = [Jump((START + 90).item(), None, "medicine_started")]
    known = forecast("sbp", consecutive(100), values, jumps=jumps)
    assert known.mean[0] < forecast("sbp", consecutive(100), values).mean[0]


# Not enough, or not for a model


@pytest.mark.parametrize(
    ("known", "more"), [(0, 7), (1, 6), (2, 5), (6, 1)], ids=["none", "one", "two points", "six"]
)
def test_forecast_of_too_few_days_says_how_many_more(known, more):
    answer = forecast_daily(kind("sbp"), consecutive(known), noise(known), today=date(2026, 1, 1))
    assert isinstance(answer, NotEnoughData)
    assert answer.more_days == more
    assert "a forecast needs 7" in answer.reason


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e9])
def test_forecast_of_all_missing_values_is_not_enough_data(value):
    assert forecast("sbp", consecutive(50), np.full(50, value)).more_days == 7


def test_forecast_of_future_days_alone_is_not_enough_data():
    answer = forecast("sbp", consecutive(50), noise(50), today=(START - 1).item())
    assert answer.more_days == 7
    assert answer.reason.endswith("50 values dated after today left out.")


def test_forecast_after_a_gap_of_a_year_stands_on_the_days_since():
    days = np.concatenate([consecutive(200), START + 600 + np.arange(5)])
    assert forecast("sbp", days, noise(205)).more_days == 2


@pytest.mark.parametrize("known", [10, 60])
def test_forecast_of_an_old_series_waits_for_a_value(known):
    last = START + known - 1
    old, fresh = (
        forecast("sbp", consecutive(known), noise(known), today=(last + age).item()) for age in (29, 28)
    )
    assert old == NotEnoughData(1, "The last value is 29 days old: a forecast needs one of the last 28 days.")
    assert_drawable(fresh, "sbp")


@pytest.mark.parametrize(
    ("known", "model"), [(7, "mean_of_28_days"), (13, "mean_of_28_days"), (14, "kalman_mixture")]
)
def test_forecast_of_a_short_series_names_its_method(known, model):
    answer = forecast("sbp", consecutive(known), noise(known))
    assert_drawable(answer, "sbp")
    assert answer.model == model
    if model == "mean_of_28_days":
        assert answer.reason == f"Only {known} days with data: a model needs 14."
        assert answer.mean == pytest.approx(np.full(HORIZON, noise(known).mean()))
        assert answer.backtest is None


def test_forecast_of_a_constant_series_keeps_the_value_within_its_rounding():
    answer = forecast("weight", consecutive(90), np.full(90, 81.3))
    assert_drawable(answer, "weight")
    assert (answer.model, answer.reason) == ("mean_of_28_days", "The value has not changed.")
    assert answer.mean.tolist() == [81.3] * HORIZON
    assert answer.low80[0] < 81.3 < answer.high80[0]
    assert answer.high95[0] - answer.low95[0] < 0.5


@pytest.mark.parametrize(
    ("points", "mae", "simpler"),
    [(LEAST_POINTS, 2.0, True), (LEAST_POINTS - 1, 2.0, False), (99, 1.0, False)],
)
def test_forecast_is_simpler_when_its_record_is_worse_than_the_last_values(points, mae, simpler):
    answer = forecast("sbp", consecutive(60), noise(60))
    record = Backtest(points=points, mae=mae, mae_last_value=1.5, held80=0.8)
    assert replace(answer, backtest=record).simpler == simpler


BAD = {
    "outliers": ("sbp", consecutive(120), np.where(np.arange(120) % 11 == 0, 290.0, noise(120))),
    "beyond the hard range": ("sbp", consecutive(120), np.where(np.arange(120) % 11 == 0, 1e9, noise(120))),
    "infinite": ("sbp", consecutive(120), np.where(np.arange(120) % 11 == 0, np.inf, noise(120))),
    "every other missing": ("sbp", consecutive(120), np.where(np.arange(120) % 2, np.nan, noise(120))),
    "half a year of gap": ("sbp", np.concatenate([consecutive(60), START + 240 + np.arange(60)]), noise(120)),
    "two points, months apart": (
        "sbp",
        START + np.arange(20) * 19,
        np.where(np.arange(20) < 10, 90.0, 170.0),
    ),
    "falling to zero": ("steps", consecutive(120), np.linspace(9000, 0, 120)),
    "at the ceiling": ("spo2", consecutive(120), np.minimum(noise(120, centre=99.5, spread=1), 100)),
    "all but one equal": ("weight", consecutive(120), np.where(np.arange(120) < 119, 80.0, 81.0)),
    "equal to the last digit": ("weight", consecutive(120), 80 + 1e-13 * np.arange(120)),
    "a step": ("sbp", consecutive(120), np.where(np.arange(120) < 60, 120.0, 150.0)),
    "zeros and one": ("steps", consecutive(42), np.where(np.arange(42) < 41, 0.0, 1.0)),
    "the whole range": ("steps", consecutive(120), np.where(np.arange(120) % 2, *kind("steps").hard)),
}


@pytest.mark.parametrize("name", BAD)
def test_forecast_of_a_bad_series_is_still_drawable(name):
    code, days, values = BAD[name]
    answer = forecast(code, days, values)
    assert_drawable(answer, code)
    assert answer.model in ("kalman_mixture", "mean_of_28_days")


@pytest.mark.parametrize("before", [80.0, 0.0])
def test_forecast_of_a_series_that_moves_for_the_first_time_today_is_still_drawable(before):
    values = np.where(np.arange(60) < 59, before, 90.0)
    answer = forecast("active_energy" if before == 0 else "weight", consecutive(60), values)
    today = forecast("weight", consecutive(60), np.maximum(values, 20), today=(START + 59).item())
    assert_drawable(answer, "active_energy" if before == 0 else "weight")
    assert_drawable(today, "weight")


@settings(deadline=None, max_examples=60)
@given(
    code=st.sampled_from(sorted(code for code, one in KINDS.items() if one.forecast)),
    points=st.lists(
        st.tuples(st.integers(-30, 420), st.floats(allow_nan=True, allow_infinity=True)), max_size=80
    ),
    inside=st.lists(st.tuples(st.integers(-30, 420), st.floats(0, 1)), max_size=80),
    event=st.integers(-10, 400),
)
def test_forecast_of_garbage_is_drawable_or_says_how_many_days_are_missing(code, points, inside, event):
    low, high = kind(code).hard
    every = points + [(day, low + share * (high - low)) for day, share in inside]
    days = START + np.array([day for day, _ in every], dtype=np.int64)
    values = np.array([value for _, value in every], dtype=np.float64)
    jumps = [Jump((START + event).item(), (START + event + 5).item(), "illness")]
    answer = forecast_daily(kind(code), days, values, today=(START + 380).item(), jumps=jumps)
    if isinstance(answer, NotEnoughData):
        assert 1 <= answer.more_days <= 7
        assert answer.reason
    else:
        assert_drawable(answer, code)


# From a stored state


def series(n, today, *, since=0, seed=1, jumps=()):
    return Series(consecutive(n)[since:], noise(n, seed=seed)[since:], jumps, (START + today).item())


def test_a_forecast_continued_from_its_own_day_is_the_same_to_the_bit():
    ((whole, state),) = forecast_many(kind("sbp"), [series(100, 99)])
    assert state.through == (START + 98).item()
    ((again, same),) = continue_many(kind("sbp"), [state], [series(100, 99, since=99)])
    assert_same(again, whole)
    assert same == state


def test_a_continued_forecast_is_near_the_one_estimated_anew_and_needs_no_old_days():
    ((_, state),) = forecast_many(kind("sbp"), [series(100, 90)])
    ((on, moved),) = continue_many(kind("sbp"), [state], [series(100, 100, since=90)])
    ((anew, fresh),) = forecast_many(kind("sbp"), [series(100, 100)])
    assert on.through == anew.through == moved.through == (START + 99).item()
    assert moved.estimated_on == state.estimated_on
    assert fresh.estimated_on == moved.through
    assert on.mean == pytest.approx(anew.mean, abs=1.5)
    assert on.backtest.points == anew.backtest.points
    days_known = continue_many(kind("sbp"), [state], [series(100, 100)])[0]
    assert_same(days_known[0], on)
    assert days_known[1] == moved


def test_states_of_several_days_kinds_and_zones_continue_as_each_would_alone():
    kinds = [kind("sbp"), kind("dbp"), kind("sbp")]
    before = [series(100, 90), series(100, 80, seed=2), series(100, 91, seed=3)]
    states = [state for _, state in forecast_many(kinds, before)]
    after = [series(100, 99), series(100, 99, seed=2), series(100, 100, seed=3)]
    together = continue_many(kinds, states, after)
    for i in range(3):
        ((alone, state),) = continue_many(kinds[i], [states[i]], [after[i]])
        assert_same(together[i][0], alone)
        assert together[i][1] == state


def test_a_days_growing_value_never_gets_into_the_state():
    (_, with_today), (_, without) = (
        forecast_many(kind("sbp"), [one])[0] for one in (series(100, 99), series(99, 99))
    )
    assert with_today == without


def test_a_continued_series_without_values_waits_in_the_end():
    ((_, state),) = forecast_many(kind("sbp"), [series(60, 60)])
    ((answer, moved),) = continue_many(kind("sbp"), [state], [series(60, 100, since=60)])
    assert answer.more_days == 1
    assert moved.through == (START + 99).item()


def test_what_has_no_model_has_no_state():
    outcomes = forecast_many(kind("sbp"), [series(3, 3), series(10, 10), series(20, 20)])
    assert [state is None for _, state in outcomes] == [True, True, False]


def test_a_state_of_another_version_is_refused():
    ((_, state),) = forecast_many(kind("sbp"), [series(60, 60)])
    with pytest.raises(StateUnreadable):
        continue_many(kind("sbp"), [replace(state, version="0")], [series(60, 60)])


def test_forecasts_of_nothing_are_none():
    assert forecast_many(kind("sbp"), []) == []
    assert continue_many(kind("sbp"), [], []) == []


def test_paths_begin_where_the_forecast_does_and_stay_inside_the_hard_range():
    values = np.minimum(noise(100, centre=98, spread=1), 100)
    given = Series(consecutive(100), values, (), (START + 99).item())
    ((answer, state),) = forecast_many(kind("spo2"), [given])
    drawn = forecasting.paths(kind("spo2"), state, given, draws=2000, seed=1)
    assert drawn.shape == (2000, HORIZON)
    assert drawn.max() <= 100
    assert drawn.mean(axis=0) == pytest.approx(answer.mean, abs=0.3)


@settings(deadline=None, max_examples=40)
@given(
    code=st.sampled_from(sorted(code for code, one in KINDS.items() if one.forecast)),
    shares=st.lists(st.floats(0, 1), min_size=14, max_size=40, unique=True),
    steps=st.lists(
        st.tuples(
            st.integers(0, 100),
            st.lists(st.tuples(st.integers(-40, 40), st.floats(allow_nan=True)), max_size=5),
            st.floats(0, 1),
            st.booleans(),
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_a_state_goes_on_over_any_days_and_gaps_to_what_is_drawable(code, shares, steps):
    """Each step: so many days later, garbage about that day, a possible value on it, an event on it."""
    low, high = kind(code).hard
    values = low + np.array(shares) * (high - low)
    today = (START + len(values)).item()
    ((_, state),) = forecast_many(kind(code), [Series(consecutive(len(values)), values, (), today)])
    jumps: tuple[Jump, ...] = ()
    for later, garbage, share, happened in steps:
        today += later * DAY
        jumps += (Jump(today, None, "medicine_started"),) if happened else ()
        days = np.datetime64(today, "D") + np.array([0, *(day for day, _ in garbage)], dtype=np.int64)
        given_values = np.array([low + share * (high - low), *(value for _, value in garbage)])
        series = Series(days, given_values, jumps, today)
        if state is None:
            return
        ((answer, state),) = continue_many(kind(code), [state], [series])
        assert state.through == today - DAY
        if isinstance(answer, NotEnoughData):
            assert answer.more_days == 1
        else:
            assert_drawable(answer, code)
            assert answer.model == "kalman_mixture"
