"""How fast daily series are forecast on one core, beside stock Prophet in the same run."""

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
from harness import Row, at_least, at_most, medians, say, seconds

from forecasting.rivals import prophet
from forecasting.series import HORIZON, WINDOW, Known
from twin.forecast import Series, State, continue_many, fleet, forecast_many
from twin.forecast.band import Values
from twin.kinds import kind

TIMES_ALL = 150
TIMES_ONE_DAY = 10_000
SERIES = 2048
PROPHETS = 8
REPEATS = 7
MISSING = 0.15

_FIRST = np.datetime64("2025-01-01")
_LAST = _FIRST + WINDOW - 1
_CODE = "sbp"
_OF_ONE_PATIENT = ("sbp", "heart_rate", "resting_heart_rate", "weight", "glucose")


def rows(*, quick: bool) -> list[Row]:
    """Seconds a series: a year estimated and forecast, a day on from the state; as arrays and as stored."""
    count = SERIES // 4 if quick else SERIES
    values = year(count, seed=1)
    days = _FIRST + np.arange(WINDOW)
    said = [Series(days, row, (), (_LAST + 1).item()) for row in values]
    known = [Known(_LAST, days[np.isfinite(row)], row[np.isfinite(row)]) for row in values[:PROPHETS]]
    states = fleet.estimate([_CODE] * count, _FIRST, values)
    stored = [state for _, state in forecast_many(kind(_CODE), said) if state is not None]
    tomorrow = [
        Series(each.days[-1:] + 1, each.values[:1], (), each.today + timedelta(days=1)) for each in said
    ]
    prophet(known[0])  # the first one loads its packages

    repeats = 2 if quick else REPEATS
    say(f"speed: {count} series of {WINDOW} days, beside {PROPHETS} of Prophet's, {repeats} times")
    whole, one_day, objects, objects_on, theirs = medians(
        repeats,
        lambda: seconds(lambda: _whole(values)) / count,
        lambda: seconds(lambda: _one_day(states, values[:, :1])) / count,
        lambda: seconds(lambda: forecast_many(kind(_CODE), said)) / count,
        lambda: seconds(lambda: continue_many(kind(_CODE), stored, tomorrow)) / count,
        lambda: seconds(lambda: [prophet(each) for each in known]) / PROPHETS,
    )
    return [
        at_least(
            TIMES_ALL, "fleet: a year of a series estimated, 14 days forecast with bands", whole, theirs
        ),
        at_least(
            TIMES_ONE_DAY, "fleet: a day on from the state, 14 days forecast with bands", one_day, theirs
        ),
        at_least(None, "as stored: the year cleaned, 28 days forecast, packed", objects, theirs),
        at_least(None, "as stored: unpacked, a day on, 28 days forecast, packed", objects_on, theirs),
        *_of_one_patient(said[: len(_OF_ONE_PATIENT)], quick=quick),
    ]


def year(count: int, *, seed: int) -> Values:
    """`count` made-up years [count, WINDOW]: a walk with noise, some days missing."""
    generator = np.random.default_rng(seed)
    walk = np.cumsum(generator.normal(0, 0.3, (count, WINDOW)), axis=1)
    values = 120 + walk + generator.normal(0, 2, (count, WINDOW))
    values[generator.random((count, WINDOW)) < MISSING] = np.nan
    return values


def _whole(values: Values) -> None:
    for at in range(0, len(values), fleet.CHUNK):
        chunk = values[at : at + fleet.CHUNK]
        fleet.bands(fleet.estimate([_CODE] * len(chunk), _FIRST, chunk), HORIZON)


def _one_day(states: fleet.Fleet, values: Values) -> None:
    fleet.bands(fleet.advance(states, values), HORIZON)


def _of_one_patient(said: Sequence[Series], *, quick: bool) -> list[Row]:
    kinds = [kind(code) for code in _OF_ONE_PATIENT]
    states: list[State] = [state for _, state in forecast_many(kinds, said) if state is not None]
    whole, on = medians(
        5 if quick else 5 * REPEATS,
        lambda: seconds(lambda: forecast_many(kinds, said)),
        lambda: seconds(lambda: continue_many(kinds, states, said)),
    )
    return [
        at_most(None, "one patient: five kinds from their stored state", on * 1000, None, "ms"),
        at_most(None, "one patient: five kinds estimated anew", whole * 1000, None, "ms"),
    ]
