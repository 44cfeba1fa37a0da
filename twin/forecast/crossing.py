"""How likely a limit is passed within a forecast, and by when. Pure."""

from dataclasses import dataclass
from datetime import date, timedelta
from math import erfc, sqrt
from statistics import NormalDist

import numpy as np

from twin.forecast.band import Band, Values
from twin.forecast.limits import Limit

DRAWS = 1_000
SEED = 20_260_101
"""The same courses are drawn every time, so that a chance moves only when something is known anew."""
LEAST = 0.01
"""What is less likely is not worth a word."""

_Z80, _Z95 = (NormalDist().inv_cdf(0.5 + level / 2) for level in (0.8, 0.95))
_LEAST_REACH = 1e-9


@dataclass(frozen=True, slots=True)
class Chance:
    """That a limit is passed within the forecast; by `expected_on` it is as likely as not."""

    probability: float
    expected_on: date | None


def is_beyond(limit: Limit, past: Values) -> bool:
    """Whether the limit is passed already, by the last days of `past`, of which any may be nan."""
    return bool(limit.passed(np.array([limit.window.now(past)]))[0])


def may_pass(limit: Limit, past: Values, band: Band) -> bool:
    """Whether it is likely enough to draw courses for: the days' own chances add up to LEAST.

    Each day's as wide as a single day, which several days together are not: it rather says yes too often.
    """
    centre = limit.window.ahead(past, band.mean[None])[0]
    above = limit.side == "above"
    near, far = (band.high80, band.high95) if above else (band.low80, band.low95)
    reach = np.maximum(np.abs(near - band.mean) / _Z80, np.abs(far - band.mean) / _Z95)
    away = (limit.value - centre if above else centre - limit.value) / np.maximum(reach, _LEAST_REACH)
    return sum(erfc(one / sqrt(2)) / 2 for one in away.tolist()) >= LEAST


def chance(limit: Limit, past: Values, through: date, courses: Values) -> Chance:
    """The chance by courses [draws, H] of the days after `through`, of which `past` are the last."""
    passed = limit.passed(limit.window.ahead(past, courses))
    by_then = np.maximum.accumulate(passed, axis=1).mean(axis=0)
    likely = np.flatnonzero(by_then >= 0.5)
    expected_on = through + timedelta(days=int(likely[0]) + 1) if len(likely) else None
    return Chance(float(by_then[-1]), expected_on)
