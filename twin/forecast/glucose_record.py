"""Past glucose forecasts held against the readings that came, beside the last value and AR2. Pure."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twin.forecast.ar2 import STEP, ar2
from twin.forecast.glucose import Readings, known_at

Floats = npt.NDArray[np.float64]
_MINUTE = 60_000


@dataclass(frozen=True, slots=True)
class PastForecasts:
    """N forecasts: time (ms) and value of the reading each was made from, and by horizon what was said."""

    at: npt.NDArray[np.int64]
    last_value: Floats
    mean: Floats
    low80: Floats
    high80: Floats
    low95: Floats
    high95: Floats


@dataclass(frozen=True, slots=True)
class HorizonScore:
    """How the forecasts of one horizon went; the figures are None where no truth has come."""

    minutes: int
    points: int
    mae: float | None
    mae_last_value: float | None
    mae_ar2: float | None
    held80: float | None
    held95: float | None


def score(past: PastForecasts, readings: Readings, minutes: tuple[int, ...]) -> list[HorizonScore]:
    """Each horizon's errors (mg/dL) and the share of truths inside the bands.

    The truth is what the readings say of the time that was meant: a reading, or the line between two that
    are not far apart. A reading of Low or High counts as the sensor's limit.
    """
    order = np.argsort(readings.at, kind="stable")
    at, value = readings.at[order], readings.value[order]
    if not len(past.at) or not len(at):
        return [HorizonScore(horizon, 0, None, None, None, None, None) for horizon in minutes]
    before = known_at(at, value, past.at - STEP * _MINUTE)
    rival = ar2(before, past.last_value, minutes)
    scores = []
    for place, horizon in enumerate(minutes):
        truth = known_at(at, value, past.at + horizon * _MINUTE)
        came = ~np.isnan(truth) & ~np.isnan(before)
        points = int(np.count_nonzero(came))
        figures = [
            np.abs(past.mean[:, place] - truth),
            np.abs(past.last_value - truth),
            np.abs(rival[:, place] - truth),
            (past.low80[:, place] <= truth) & (truth <= past.high80[:, place]),
            (past.low95[:, place] <= truth) & (truth <= past.high95[:, place]),
        ]
        means = [float(figure[came].mean()) if points else None for figure in figures]
        scores.append(HorizonScore(horizon, points, *means))
    return scores
