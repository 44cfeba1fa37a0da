"""Simulated starts of a medicine: our forecast, which knows the date, beside Prophet's."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from harness import Row, at_most, say

from forecasting.rivals import of_all, prophet
from forecasting.series import HORIZON, Known
from twin.forecast import Jump, fleet
from twin.forecast.band import Values
from twin.forecast.events import jumps_of

BAR = 0.83
SEEDS = range(12)
SERIES = 24
DAYS = 180
NOISE = 2.0

_FIRST = np.datetime64("2026-01-05")
# Two-sided 95 % quantiles of Student's t: NIST/SEMATECH e-Handbook, section 1.3.6.7.2.
_T975 = {3: 3.182, 11: 2.201}
_MEDIAN = 3


@dataclass(frozen=True, slots=True)
class Starts:
    """N people [N, DAYS] who begin a medicine on the day `began`, and what is measured afterwards."""

    values: Values
    truth: Values
    began: npt.NDArray[np.int64]


def starts(seed: int, count: int = SERIES) -> Starts:
    """People whose value falls by 4 to 10 from 7 to 40 days before the end on, two thirds of it in ten days.

    Each has a level, a weekly pattern, noise, one value in fifty far off, gaps that are three times as likely
    where the value is high, and for a third of them one or two weeks without any.
    """
    generator = np.random.default_rng(seed)
    every = np.arange(DAYS + HORIZON)
    began = generator.integers(DAYS - 40, DAYS - 7, count)
    since = np.maximum(every - began[:, None], 0)
    effect = -generator.uniform(4, 10, (count, 1)) * (1 - np.exp(-since / 10))
    weekly = generator.normal(0, 0.8, (count, 7))
    weekly -= weekly.mean(axis=1, keepdims=True)
    level = generator.normal(65, 7, (count, 1)) + effect + weekly[:, every % 7]
    noise = generator.normal(0, NOISE, level.shape)
    truth = level + noise

    outliers = generator.random(level.shape) < 0.02
    off = generator.choice([-1.0, 1.0], level.shape) * generator.uniform(8, 25, level.shape)
    high = level - level.mean(axis=1, keepdims=True) + noise > NOISE
    missing = generator.random(level.shape) < np.where(high, 0.3, 0.1)
    for row in np.flatnonzero(generator.random(count) < 0.3):
        gap = generator.integers(0, DAYS - 20)
        missing[row, gap : gap + generator.integers(5, 15)] = True
    values = np.where(missing, np.nan, truth + outliers * off)
    return Starts(values[:, :DAYS], truth[:, DAYS:], began)


def rows(*, quick: bool) -> list[Row]:
    """Our error over Prophet's, the mean over the seeds and where 95 % of such means would lie."""
    seeds = SEEDS[:4] if quick else SEEDS
    say(f"synthetic: {len(seeds)} seeds of {SERIES} people who start a medicine")
    errors = np.array([_errors(starts(seed)) for seed in seeds])
    ratios = errors[:, 0] / errors[:, 2]
    mean = ratios.mean()
    reach = _T975[len(seeds) - 1] * ratios.std(ddof=1) / np.sqrt(len(seeds))
    name = f"start of a medicine, {len(seeds)} seeds: MAE"
    return [
        at_most(
            BAR,
            f"{name} / Prophet linear, date known (95 %: {mean - reach:.2f} to {mean + reach:.2f})",
            mean,
            1.0,
            "times",
        ),
        at_most(
            None, f"{name} beside ours without the date", errors[:, 0].mean(), errors[:, 1].mean(), "units"
        ),
    ]


def _errors(people: Starts) -> tuple[float, float, float]:
    """Mean absolute errors: ours with the date, ours without, and stock Prophet's with 25 change points."""
    days = _FIRST + np.arange(DAYS)
    jumps = np.array(
        [jumps_of([Jump(days[at].item(), None, "medicine_started")], days) for at in people.began]
    )
    known = [Known(days[-1], days[np.isfinite(row)], row[np.isfinite(row)]) for row in people.values]
    codes = ["sbp"] * len(known)
    ours, blind = (
        fleet.spread(fleet.estimate(codes, _FIRST, people.values, given), HORIZON)[0]
        for given in (jumps, None)
    )
    theirs = of_all(prophet, known)[:, :, _MEDIAN]
    with_date, without, prophets = (
        float(np.abs(each - people.truth).mean()) for each in (ours, blind, theirs)
    )
    return with_date, without, prophets
