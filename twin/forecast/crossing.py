"""How likely a limit is passed within a forecast, and by when. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from math import erfc, sqrt
from statistics import NormalDist

import numpy as np

from twin.forecast.band import Values
from twin.forecast.limits import Limit
from twin.forecast.outcome import Forecast

DRAWS = 1_000
SEED = 20_260_101
"""The same courses are drawn every time, so that a chance moves only when something is known anew."""
LEAST = 0.01
"""What is less likely is not worth a word."""
PAST = 14
"""Days up to the forecast's that are looked at; without a value in them nothing is said."""

_Z80, _Z95 = (NormalDist().inv_cdf(0.5 + level / 2) for level in (0.8, 0.95))
_LEAST_REACH = 1e-9
_FAR = 4.0
"""Standard deviations; a month of days so far off comes to a thousandth."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """How a limit stands: passed already (then of probability 1, and no day), or the chance that it will be.

    `expected_on` is the day by which that is as likely as not, if the forecast reaches so far.
    """

    limit: Limit
    probability: float
    expected_on: date | None

    @property
    def is_passed(self) -> bool:
        """Whether the limit is passed already."""
        return self.probability == 1 and self.expected_on is None


def crossings(
    limits: Iterable[Limit], past: Values, forecast: Forecast, draw: Callable[[], Values] | None
) -> list[Crossing]:
    """How each limit stands that is passed, or may be with a chance of LEAST at least.

    `past` are the days up to the forecast's `through`, nan where one has no value. `draw` gives the courses
    [draws, H] of the days after it, None where no model can; it is called once at most. A goal that is not
    reached is no limit that is passed.
    """
    known = np.flatnonzero(~np.isnan(past))
    if not len(known):
        return []
    till_now = past[: known[-1] + 1]
    found: list[Crossing] = []
    courses: Values | None = None
    for limit in limits:
        if limit.passed(np.array([limit.window.now(till_now)]))[0]:
            if limit.basis != "goal":
                found.append(Crossing(limit, 1.0, None))
        elif draw is not None and may_pass(limit, past, forecast):
            courses = draw() if courses is None else courses
            crossing = chance(limit, past, forecast.through, courses)
            if crossing.probability >= LEAST:
                found.append(crossing)
    return found


def may_pass(limit: Limit, past: Values, forecast: Forecast) -> bool:
    """Whether it is likely enough to draw courses for: the days' own chances add up to LEAST.

    Each as wide as a single day's, which several days together are not: it rather says yes too often.
    """
    centre = limit.window.ahead(past, forecast.mean[None])[0]
    above = limit.side == "above"
    near, far = (forecast.high80, forecast.high95) if above else (forecast.low80, forecast.low95)
    reach = np.maximum(np.abs(near - forecast.mean) / _Z80, np.abs(far - forecast.mean) / _Z95)
    away = (limit.value - centre if above else centre - limit.value) / np.maximum(reach, _LEAST_REACH)
    if away.min() > _FAR:
        return False
    return sum(erfc(one / sqrt(2)) / 2 for one in away.tolist()) >= LEAST


def chance(limit: Limit, past: Values, through: date, courses: Values) -> Crossing:
    """The chance by courses [draws, H] of the days after `through`, of which `past` are the last."""
    passed = limit.passed(limit.window.ahead(past, courses))
    by_then = np.maximum.accumulate(passed, axis=1).mean(axis=0)
    likely = np.flatnonzero(by_then >= 0.5)
    expected_on = through + timedelta(days=int(likely[0]) + 1) if len(likely) else None
    return Crossing(limit, float(by_then[-1]), expected_on)
