"""The fleet model day by day and in one go, alone and in company."""

import hashlib
import subprocess
import sys
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.forecast import fleet
from twin.forecast.events import Jump, jumps_of
from twin.forecast.packing import pack

MONDAY = np.datetime64("2026-01-05")


def noise(series, days, *, seed=1, missing=0.0):
    """Slowly walking series with noise and gaps."""
    generator = np.random.default_rng(seed)
    walk = np.cumsum(generator.normal(0, 0.4, (series, days)), axis=1)
    values = 120 + walk + generator.normal(0, 5, (series, days))
    values[generator.random((series, days)) < missing] = np.nan
    return values


def everything(states):
    """Every number of a fleet's state, as bytes."""
    return pack(states)


# Day by day


@pytest.mark.parametrize("days", [1, 3, 40])
def test_advance_day_by_day_is_estimate_in_one_go_where_the_habits_are_the_same(days):
    """A state's habits stay as they were estimated, so both ways are made to start from the same ones."""
    values = noise(3, 90, missing=0.15)
    before = fleet.estimate(["sbp"] * 3, MONDAY, values[:, :-days])
    jumps = jumps_of([Jump((MONDAY + 70).item(), None, "medicine_started")], MONDAY + np.arange(90))
    jumps = np.tile(jumps, (3, 1))
    before = fleet.lived(["sbp"] * 3, MONDAY, values[:, :-days], before.habits, jumps[:, :-days])
    at_once = fleet.lived(["sbp"] * 3, MONDAY, values, before.habits, jumps)
    several = fleet.advance(before, values[:, -days:], jumps[:, -days:])
    for day in range(90 - days, 90):
        before = fleet.advance(before, values[:, day : day + 1], jumps[:, day : day + 1])
    assert before.through == several.through == at_once.through == (MONDAY + 89).item()
    assert everything(before) == everything(several) == everything(at_once)


def test_advance_by_no_day_is_where_it_was():
    states = fleet.estimate(["sbp"] * 2, MONDAY, noise(2, 60))
    assert fleet.advance(states, np.empty((2, 0))).through == states.through
    assert everything(fleet.advance(states, np.empty((2, 0)))) == everything(states)


def test_advance_leaves_the_fleet_that_it_started_from():
    states = fleet.estimate(["sbp"] * 2, MONDAY, noise(2, 60))
    before = everything(states)
    fleet.advance(states, np.array([[500.0], [np.nan]]))
    assert everything(states) == before


def test_a_missing_day_widens_the_band_and_a_value_narrows_it():
    states = fleet.estimate(["sbp"], MONDAY, noise(1, 60))
    width = fleet.spread(states, 1)[1].item()
    states = fleet.advance(states, np.full((1, 10), np.nan))
    wider = fleet.spread(states, 1)[1].item()
    assert wider > width
    assert fleet.spread(fleet.advance(states, np.array([[120.0]])), 1)[1].item() < wider


# Company


@settings(deadline=None, max_examples=15)
@given(
    company=st.integers(1, 40),
    place=st.integers(0, 39),
    days=st.integers(15, 60),
    seed=st.integers(0, 1000),
)
def test_a_series_gets_the_same_numbers_to_the_bit_alone_and_in_company(company, place, days, seed):
    values = noise(company, days, seed=seed, missing=0.3)
    place %= company
    jumps = np.zeros_like(values)
    jumps[:, days // 2] = np.arange(company) % 3
    together = fleet.estimate(["sbp"] * company, MONDAY, values, jumps)
    alone = fleet.estimate(["sbp"], MONDAY, values[place : place + 1], jumps[place : place + 1])
    assert everything(together)[place] == everything(alone)[0]
    today = values[:, :1]
    together, alone = fleet.advance(together, today), fleet.advance(alone, today[place : place + 1])
    assert everything(together)[place] == everything(alone)[0]
    ours, own = fleet.bands(together, 28).of(place), fleet.bands(alone, 28).of(0)
    for each in fields(ours):
        assert (getattr(ours, each.name) == getattr(own, each.name)).all()


def test_a_series_gets_the_same_numbers_to_the_bit_in_the_largest_company():
    values = noise(fleet.CHUNK + 3, 40, missing=0.3)
    together = fleet.estimate(["sbp"] * len(values), MONDAY, values)
    alone = fleet.estimate(["sbp"], MONDAY, values[-1:])
    assert everything(together)[-1] == everything(alone)[0]
    assert fleet.bands(together, 28).low95[-1].tolist() == fleet.bands(alone, 28).low95[0].tolist()


def test_series_of_several_kinds_go_together():
    values = noise(2, 80)
    together = fleet.estimate(["sbp", "weight"], MONDAY, values)
    alone = fleet.estimate(["weight"], MONDAY, values[1:])
    assert everything(together)[1] == everything(alone)[0]


def test_what_the_version_stands_for_is_these_numbers():
    """States go on from where this version's arithmetic left them: other numbers need another version."""
    days = np.arange(120)
    values = 120 + 6 * np.sin(days / 9) + 3 * (days % 7 > 4) + 2 * np.sin(days**2)
    values[50:60] = np.nan
    mean, sd = fleet.spread(fleet.estimate(["sbp"], MONDAY, values[None]), 28)
    assert fleet.MODEL_VERSION == "2"
    assert mean[0, [0, 6, 27]] == pytest.approx([122.960, 121.933, 121.511], abs=0.002)
    assert sd[0, [0, 6, 27]] == pytest.approx([2.106, 3.670, 6.013], abs=0.002)


def test_another_process_gets_the_same_bytes():
    script = f"import runpy; names = runpy.run_path({__file__!r}); print(names['digest_of_a_fleet']())"
    theirs = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    assert theirs.stdout.strip() == digest_of_a_fleet()


def digest_of_a_fleet():
    blobs = everything(fleet.estimate(["sbp"] * 3, MONDAY, noise(3, 60, missing=0.2)))
    return hashlib.sha256(b"".join(blobs)).hexdigest()


# Events


def test_an_event_lets_the_forecast_follow_what_began_with_it():
    generator = np.random.default_rng(5)
    since = np.arange(100) - 85
    effect = -12 * (1 - np.exp(-np.maximum(np.arange(128) - 85, 0) / 10))
    values = (140 + effect[:100] + generator.normal(0, 2, 100))[None]
    jumps = jumps_of([Jump((MONDAY + 85).item(), None, "medicine_started")], MONDAY + np.arange(100))
    known, unknown = (
        fleet.spread(fleet.estimate(["sbp"], MONDAY, values, given), 14)[0][0]
        for given in (jumps[None], None)
    )
    truth = 140 + effect[100:114]
    assert since[-1] == 14
    assert np.abs(known - truth).mean() < 0.7 * np.abs(unknown - truth).mean()


# Paths


def test_paths_are_the_same_for_a_seed_and_as_wide_as_the_calibrated_band():
    states = fleet.estimate(["sbp"] * 2, MONDAY, noise(2, 120))
    first, second = (fleet.paths(states, 1, 28, 4000, seed=7) for _ in range(2))
    assert (first == second).all()
    band = fleet.bands(states, 28).of(1)
    held = ((first >= band.low80) & (first <= band.high80)).mean(axis=0)
    assert held == pytest.approx(np.full(28, 0.8), abs=0.04)
    assert first.mean(axis=0) == pytest.approx(band.mean, abs=0.5)


def test_paths_of_a_walking_series_stay_together_from_day_to_day():
    walk = np.cumsum(np.random.default_rng(2).normal(0, 1, (1, 200)), axis=1) + 80
    drawn = fleet.paths(fleet.estimate(["weight"], MONDAY, walk), 0, 28, 2000, seed=1)
    assert np.corrcoef(drawn[:, 20], drawn[:, 21])[0, 1] > 0.8
