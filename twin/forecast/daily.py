"""The forecast of one daily series: cleans it, chooses the model that it can bear, says why. Pure."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from twin.forecast.backtest import Backtest, Centre, backtest
from twin.forecast.band import Days, Values
from twin.forecast.plain import MEAN_OF_28_DAYS, mean_of_28_days, mean_of_28_days_band
from twin.forecast.trend import PROPHET_WEEKLY, TrendFailed, weekly_trend, weekly_trend_band
from twin.kinds import DayRule, Kind

VERSION = "1"
HORIZON = 14
WINDOW = 365
# Below a week no spread is worth a band. Below six weeks Prophet's trend chases chance: back-tested on the
# LifeSnaps people (docs/data-credits.md) it loses to the last value by 10 % and more, later it wins.
LEAST_DAYS = 7
LEAST_DAYS_FOR_TREND = 42
BACKTEST_ORIGINS = 4
STALE_AFTER = 60


@dataclass(frozen=True, slots=True)
class Forecast:
    """One entry in each array for each of `days`, which follow `through`, the data's last day.

    Every number is finite and inside the kind's hard range; low95 ≤ low80 ≤ mean ≤ high80 ≤ high95.
    """

    model: str
    version: str
    reason: str
    through: date
    last_value: float
    days: Days
    mean: Values
    low80: Values
    high80: Values
    low95: Values
    high95: Values
    backtest: Backtest | None


@dataclass(frozen=True, slots=True)
class NotEnoughData:
    """No forecast yet: `more_days` further days with a value are needed."""

    more_days: int
    reason: str


def forecast_daily(
    kind: Kind, days: Days, values: Values, *, today: date, horizon: int = HORIZON, seed: int = 0
) -> Forecast | NotEnoughData:
    """A forecast that can always be drawn, or how much is missing for one.

    `days` and `values` are day summaries in any order; of two for one day the later in the array counts.
    `today` is the patient's own: later days are left out, and so is today for a kind that adds up, because
    its total is still growing. The same input gives the same numbers in every process.
    """
    days, values, notes = _usable(kind, days, values, today)
    recent = days > days[-1:] - np.timedelta64(WINDOW, "D")
    known = int(recent.sum())
    if known < LEAST_DAYS:
        return NotEnoughData(LEAST_DAYS - known, " ".join([_too_few(known), *notes]))

    seen, truth = days[recent], values[recent]
    ahead = days[-1] + np.arange(1, horizon + 1).astype("timedelta64[D]")
    low, high = kind.hard

    def tested(centre: Centre, least: int) -> Backtest | None:
        def inside(days: Days, values: Values, ahead: Days) -> Values:
            return centre(days, values, ahead).clip(low, high)

        return backtest(
            days, values, inside, horizon=horizon, origins=BACKTEST_ORIGINS, window=WINDOW, least=least
        )

    plain_because = _plain_because(truth)
    if plain_because is None:
        try:
            band = weekly_trend_band(seen, truth, ahead, seed=seed)
            score = tested(weekly_trend, LEAST_DAYS_FOR_TREND)
            model, reason = PROPHET_WEEKLY, f"Trend and weekly pattern of {known} days with data."
        except TrendFailed as failure:
            plain_because = f"No trend could be fitted ({failure})."
    if plain_because is not None:
        band = mean_of_28_days_band(seen, truth, ahead, resolution=0.5 * 10.0**-kind.decimals)
        score = tested(mean_of_28_days, LEAST_DAYS)
        model, reason = MEAN_OF_28_DAYS, plain_because

    if score is not None and score.mae > score.mae_last_value:
        notes.append("On the days already known, the last value came closer.")
    band = band.within(low, high)
    return Forecast(
        model=model,
        version=VERSION,
        reason=" ".join([reason, *notes]),
        through=days[-1].item(),
        last_value=float(truth[-1]),
        days=ahead,
        mean=band.mean,
        low80=band.low80,
        high80=band.high80,
        low95=band.low95,
        high95=band.high95,
        backtest=score,
    )


def _usable(kind: Kind, days: Days, values: Values, today: date) -> tuple[Days, Values, list[str]]:
    """One finite value inside the hard range for each day, in order, with what the reader must be told."""
    days = days.astype("datetime64[D]")
    now = np.datetime64(today, "D")
    growing = kind.daily is DayRule.SUM
    possible = (values >= kind.hard[0]) & (values <= kind.hard[1])
    kept = possible & ((days < now) if growing else (days <= now))

    notes = []
    if later := int((possible & (days > now)).sum()):
        notes.append(f"{_count(later, 'value')} dated after today left out.")
    # unique() names the first of equal days, so it reads the arrays from their end.
    unique, last = np.unique(days[kept][::-1], return_index=True)
    if len(unique) and (age := int((now - unique[-1]).astype(int))) > STALE_AFTER:
        notes.append(f"The last value is {age} days old.")
    return unique, values[kept][::-1][last], notes


def _plain_because(values: Values) -> str | None:
    if len(values) < LEAST_DAYS_FOR_TREND:
        return f"Only {len(values)} days with data: a trend needs {LEAST_DAYS_FOR_TREND}."
    if values.min() == values.max():
        return "The value has not changed."
    return None


def _too_few(known: int) -> str:
    return f"{_count(known, 'day')} with data in the last {WINDOW}: a forecast needs {LEAST_DAYS}."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
