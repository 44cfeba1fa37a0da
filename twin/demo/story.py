"""The year of the generated patient: what happened, in days before today; all her series obey it. Pure."""

import zlib
from collections.abc import Iterable
from datetime import date

import numpy as np

from twin.demo.days import Days, Floats, Integers

NAME = "Maria Sommerfeld"
BIRTH_DATE = date(1963, 3, 14)
TIME_ZONE = "Europe/Berlin"
SOURCE = "Generated demo data"

DAYS = 365
AMLODIPINE_DAYS_AGO = 42
# The practice sees her at each laboratory date and when the new medicine is prescribed.
LABORATORY_DAYS_AGO = tuple(range(12, 12 + 91 * 10, 91))
VISIT_DAYS_AGO = (AMLODIPINE_DAYS_AGO, *LABORATORY_DAYS_AGO)
COLD_DAYS_AGO = range(128, 134)
HOLIDAY_DAYS_AGO = range(196, 207)

_SEED = 1963_0314


def random(series: str) -> np.random.Generator:
    """A generator of this series' own, so that a change in one leaves the others as they are."""
    return np.random.default_rng([_SEED, zlib.crc32(series.encode())])


def marked(days: Days, days_ago: Iterable[int]) -> Floats:
    """1.0 on each of those days, 0.0 on all others; days before the first are left out."""
    mark = np.zeros(days.count)
    mark[np.isin(days.ago, list(days_ago))] = 1.0
    return mark


def source(device: str) -> str:
    """How a device of hers is named, always with the word that nothing was measured."""
    return f"{device.capitalize()} ({SOURCE.lower()})"


def wander(random: np.random.Generator, count: int, memory: float, spread: float) -> Floats:
    """A first-order autoregressive series: `memory` is its correlation from step to step, `spread` its SD."""
    lags = np.arange(min(count, int(np.ceil(np.log(0.001) / np.log(memory)))))
    kernel = memory**lags
    noise = random.standard_normal(count + len(kernel) - 1)
    series: Floats = np.convolve(noise, kernel, mode="valid") * spread / np.sqrt(np.sum(kernel**2))
    return series


def attended(random: np.random.Generator, days: Days, share: float) -> Integers:
    """The days on which she measures: a `share` of all, hardly any on holiday."""
    chance = np.where(marked(days, HOLIDAY_DAYS_AGO) > 0, 0.1, share)
    return np.flatnonzero(random.random(days.count) < chance)
