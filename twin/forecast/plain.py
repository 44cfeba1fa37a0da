"""The simple method that answers where a model has too little to stand on. Pure."""

import math
from statistics import NormalDist

import numpy as np

from twin.forecast.band import Band, Values

MEAN_OF_28_DAYS = "mean_of_28_days"
_DAYS = 28


def mean_of_28_days_band(values: Values, horizon: int, *, resolution: float) -> Band:
    """The mean of the last 28 days that have a value, for each of the next `horizon` days, and its spread.

    The band is the prediction interval of a normal sample of unknown spread: mean ± t·s·√(1 + 1/n).
    `resolution` is the least spread to believe in: a reading rounded to it hides at least that much, so a
    series that never moved still gets a band. Needs two values or more.
    """
    recent = values[-_DAYS:]
    # About the last value, so that the mean of equal values is that value to the bit.
    mean = np.full(horizon, values[-1] + (recent - values[-1]).mean())
    spread = max(float(recent.std(ddof=1)), resolution) * math.sqrt(1 + 1 / len(recent))
    reach80, reach95 = (_student_t(p, len(recent) - 1) * spread for p in (0.90, 0.975))
    return Band(mean, mean - reach80, mean + reach80, mean - reach95, mean + reach95)


def _student_t(p: float, freedom: int) -> float:
    """Quantile of Student's t by its expansion about the normal one (Abramowitz and Stegun 26.7.5)."""
    z = NormalDist().inv_cdf(p)
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
