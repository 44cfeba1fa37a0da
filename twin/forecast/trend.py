"""Prophet's fit of one daily series: its parts, and how surely the days tell them apart. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from twin.forecast.band import Days, Values
from twin.forecast.map_fit import Mode, Problem, waves

if TYPE_CHECKING:
    from twin.forecast.prophet_map import InProcessProphet

WAVES = 6
"""Columns of the weekly pattern: sine and cosine of three frequencies, as Prophet has it."""
REACH80, REACH95 = (NormalDist().inv_cdf(p) for p in (0.90, 0.975))
_DAYS_TO_A_CHANGE = 14
_MOST_CHANGES = 25
_PLACEBOS = 60


@dataclass(frozen=True, slots=True)
class Period:
    """Days on which something holds: from `first` on, through `last` where that is given."""

    first: date
    last: date | None

    def holds(self, days: Days) -> npt.NDArray[np.bool_]:
        """For each day whether it does."""
        holds = days >= np.datetime64(self.first, "D")
        return holds if self.last is None else holds & (days <= np.datetime64(self.last, "D"))


@dataclass(frozen=True, slots=True)
class Parts:
    """What Prophet says of each of `days`, in the series' unit; `sd` is a value's spread about `fitted`.

    `fitted` is the sum of the trend, the weekly pattern and what the periods do.
    """

    days: Days
    trend: Values
    weekly: Values
    fitted: Values
    sd: Values


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted series. `weights` and their `covariance` are in its unit; `wander` widens what is read.

    The weights are, in this order: slope over the whole length, level, the slope's change at each of `knots`;
    then WAVES of the week, where there is a weekly pattern; then each period's effect. A flat trend has only
    a level.
    """

    model: "InProcessProphet"
    first: np.datetime64
    last: np.datetime64
    knots: Values
    """As shares of the length."""
    weekly: bool
    periods: tuple[Period, ...]
    weights: Values
    covariance: Values
    wander: float

    def parts(self, days: Days) -> Parts:
        """What the fit says of these days: the numbers of Prophet's predict(), without its tables."""
        rows = self._rows(days)
        trend, week = self._columns
        return Parts(
            days=days,
            trend=rows[:, trend] @ self.weights[trend],
            weekly=rows[:, week] @ self.weights[week],
            fitted=rows @ self.weights,
            sd=self.model.spread(days),
        )

    def changes(self) -> tuple[Days, Values]:
        """The days on which the slope may change, and by how much it does; mostly 0."""
        days = self.first + np.rint(self.knots * self._length).astype("timedelta64[D]")
        return days, self.weights[2 : 2 + len(self.knots)]

    def slope(self, start: np.datetime64, end: np.datetime64) -> Values:
        """The combination of weights that is the trend's mean slope a week between two days."""
        low, high = self._trend_rows(np.array([start, end]))
        combination = np.zeros(len(self.weights))
        combination[self._columns[0]] = 7 * (high - low) / (end - start).astype(int)
        return combination

    def effect(self, period: int) -> Values:
        """The combination of weights that is what this period does."""
        combination = np.zeros(len(self.weights))
        combination[len(self.weights) - len(self.periods) + period] = 1.0
        return combination

    def known(self, combination: Values) -> tuple[float, float]:
        """The value of a combination of weights, and its standard deviation."""
        variance = float(combination @ self.covariance @ combination)
        return float(combination @ self.weights), self.wander * math.sqrt(max(variance, 0.0))

    def range95(self, combination: Values) -> tuple[float, float]:
        """Between which values a combination of weights is, 95 times of 100."""
        value, spread = self.known(combination)
        return value - REACH95 * spread, value + REACH95 * spread

    def weekly_strength(self) -> float:
        """Wald's statistic of the weekly pattern: chance makes of it a χ² of WAVES degrees of freedom."""
        week = self._columns[1]
        weights = self.weights[week]
        return float(weights @ np.linalg.solve(self.covariance[week, week], weights))

    @property
    def _length(self) -> float:
        return float((self.last - self.first).astype(int))

    @property
    def _columns(self) -> tuple[slice, slice]:
        """Those of the trend, and those of the week."""
        end = len(self.weights) - len(self.periods)
        trend = end - WAVES if self.weekly else end
        return slice(0, trend), slice(trend, end)

    def _rows(self, days: Days) -> Values:
        week = [waves(days.astype(np.float64), 7, WAVES // 2)] if self.weekly else []
        return np.column_stack([self._trend_rows(days), *week, *_held(self.periods, days).values()])

    def _trend_rows(self, days: Days) -> Values:
        times = (days - self.first).astype(np.float64)[:, None] / self._length
        level = np.ones_like(times)
        if self.model.growth == "flat":
            return level
        return np.hstack([times, level, np.maximum(times - self.knots, 0.0)])


def fit(days: Days, values: Values, *, flat: bool, weekly: bool, periods: Sequence[Period] = ()) -> Fit:
    """Prophet's fit of finite values, not all equal, of days in order; needs two of them.

    The trend may change once a fortnight but not within the last one: what is newer could as well be chance.
    """
    # It brings pandas and matplotlib, 130 MB and a second: only a process that explains pays for them.
    from twin.forecast.prophet_map import InProcessProphet, frame  # noqa: PLC0415

    model = InProcessProphet(
        growth="flat" if flat else "linear",
        n_changepoints=min(max(len(days) // _DAYS_TO_A_CHANGE - 1, 0), _MOST_CHANGES),
        changepoint_range=max(1 - _DAYS_TO_A_CHANGE / len(days), 0.5),
        weekly_seasonality=weekly,
        yearly_seasonality=False,
        daily_seasonality=False,
    )
    for name in _names(periods):
        model.add_regressor(name, standardize=False)
    model.fit(frame(days, y=values, **_held(periods, days)))
    problem, mode = model.solved
    covariance, wander = _certainty(problem, mode)
    # Where there is no feature at all, Prophet has a column of zeros for one.
    count = len(mode.weights) - (not weekly and not periods)
    return Fit(
        model=model,
        first=days[0],
        last=days[-1],
        knots=np.empty(0) if flat else model.knots,
        weekly=weekly,
        periods=tuple(periods),
        weights=mode.weights[:count] * model.scale,
        covariance=covariance[:count, :count] * model.scale**2,
        wander=wander,
    )


def prophet_forecast(days: Days, values: Values, ahead: Days) -> tuple[Values, Values]:
    """The centre and the standard deviation of Prophet as it comes for each day ahead.

    Of finite values of days in order; needs two of them.
    """
    from twin.forecast.prophet_map import InProcessProphet, frame  # noqa: PLC0415 - as in fit

    model = InProcessProphet()
    model.fit(frame(days, y=values))
    return model.predict(frame(ahead))["yhat"].to_numpy(np.float64), model.spread(ahead)


def _names(periods: Sequence[Period]) -> list[str]:
    return [f"period_{place}" for place in range(len(periods))]


def _held(periods: Sequence[Period], days: Days) -> dict[str, Values]:
    held = (period.holds(days).astype(np.float64) for period in periods)
    return dict(zip(_names(periods), held, strict=True))


def _certainty(problem: Problem, mode: Mode) -> tuple[Values, float]:
    """The covariance of the weights where each day's noise is its own, and how much more the series wanders.

    The priors are Prophet's, with a normal one of equal variance in place of Laplace's, so that a change that
    was not chosen still counts as possible. The wander is found by placebo: at days spread over the series a
    step is fitted where none is known. By chance its size in standard deviations is 1 in the quadratic mean;
    in a series whose days are like the days before, it is more.
    """
    rows = len(problem.y)
    missed = problem.y - problem.design @ mode.weights
    freedom = max(rows - int(np.count_nonzero(mode.weights)), 1)
    noise: float = max(math.sqrt(float(missed @ missed) / freedom), mode.sigma)
    prior = np.where(problem.changes, 1 / (2 * problem.tau**2), problem.precision)
    system = np.vstack([problem.design / noise, np.diag(np.sqrt(prior))])

    starts = np.unique(np.linspace(7, rows - 7, _PLACEBOS).astype(int))
    beside = np.zeros((len(system), 1 + len(starts)))
    beside[:rows, 0] = problem.y / noise
    beside[:rows, 1:] = (np.arange(rows)[:, None] >= starts) / noise
    basis = np.linalg.qr(system)[0]
    own = beside - basis @ (basis.T @ beside)
    sizes = np.linalg.norm(own, axis=0)[1:]
    free = sizes > 1e-3 * np.linalg.norm(beside, axis=0)[1:]  # not one that an event or a change is already
    scores = own[:, 1:][:, free].T @ own[:, 0] / sizes[free]
    wander = math.sqrt(float(np.square(scores).mean())) if free.any() else 1.0
    return np.linalg.inv(system.T @ system), max(wander, 1.0)
