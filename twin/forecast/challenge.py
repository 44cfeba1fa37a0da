"""Our daily forecast and Prophet's of the same day, from the same days before it, beside what came. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from twin.forecast.band import Days, Values
from twin.forecast.daily import forecast_many
from twin.forecast.history import WINDOW, History, Series, history
from twin.forecast.outcome import Forecast
from twin.forecast.trend import REACH80, prophet_forecast
from twin.kinds import Kind

DAYS = 14
LEAST_TRUTHS = 5
"""Fewer days that came say more of those days than of either forecast."""


@dataclass(frozen=True, slots=True)
class Match:
    """How two forecasts of one series fared on `points` days.

    Mean absolute errors in units of what repeating the last value has missed by in the past, as many days
    ahead; and the shares of days that the 80 % bands held.
    """

    points: int
    error: float
    error_of_prophet: float
    held80: float
    held80_of_prophet: float


def matches(kind: Kind, series: Sequence[tuple[Days, Values]], origin: date) -> list[Match]:
    """A match for each series that bears one: DAYS days from the one after `origin`, known only through it.

    A series bears none where ours gives no forecast, where fewer than LEAST_TRUTHS of the days came, or
    where the value has never moved. No event counts, so that both see the same.
    """
    edge, tomorrow = np.datetime64(origin, "D"), origin + timedelta(days=1)
    known = [
        history(kind, Series(days[days <= edge], values[days <= edge], (), tomorrow))
        for days, values in series
    ]
    ours = forecast_many(kind, [Series(one.days, one.values, (), tomorrow) for one in known])
    every = [history(kind, Series(*one, (), origin + timedelta(days=DAYS + 1))) for one in series]
    found = [
        _match(before, outcome, after)
        for before, (outcome, _), after in zip(known, ours, every, strict=True)
        if isinstance(outcome, Forecast)
    ]
    return [match for match in found if match is not None]


def _match(known: History, ours: Forecast, every: History) -> Match | None:
    ahead = ours.days[:DAYS]
    truth = every.row(ahead[0], DAYS)
    came = ~np.isnan(truth)
    unit = _error_of_last_value(known)
    if came.sum() < LEAST_TRUTHS or unit == 0:
        return None
    low, high = known.kind.hard
    centre, spread = prophet_forecast(known.days, known.values, ahead)
    return Match(
        points=int(came.sum()),
        error=_mean(np.abs(truth - ours.mean[:DAYS]), came) / unit,
        error_of_prophet=_mean(np.abs(truth - centre.clip(low, high)), came) / unit,
        held80=_mean((ours.low80[:DAYS] <= truth) & (truth <= ours.high80[:DAYS]), came),
        held80_of_prophet=_mean(np.abs(truth - centre) <= REACH80 * spread, came),
    )


def _error_of_last_value(known: History) -> float:
    """By how much a value has differed from the one that came up to DAYS days before it, in the mean."""
    row = known.row(known.days[-1] - (WINDOW - 1), WINDOW)
    apart = [np.abs(row[days:] - row[:-days]) for days in range(1, DAYS + 1)]
    each = np.concatenate(apart)
    each = each[~np.isnan(each)]
    return float(each.mean()) if len(each) else 0.0


def _mean(values: Values | npt.NDArray[np.bool_], chosen: npt.NDArray[np.bool_]) -> float:
    return float(values[chosen].mean())
