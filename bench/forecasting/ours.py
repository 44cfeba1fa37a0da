"""Our own forecasts at many past evenings, made as the product makes them, with given factors."""

from collections.abc import Sequence

import numpy as np

from forecasting.rivals import NORMAL
from forecasting.series import Origin
from twin.forecast.band import Band, Values
from twin.forecast.calibration import Factors
from twin.forecast.daily import forecast_many
from twin.forecast.history import Series
from twin.forecast.outcome import Forecast

_QUARTER = NORMAL[4] / NORMAL[5]
"""How far the quartiles of a normal distribution lie out, the ends of its 80 % band being 1."""


def bands(origins: Sequence[Origin], learnt: Factors, horizon: int) -> Band:
    """The band [origin, day ahead] of each, as it would have been shown on the morning after."""
    kinds = [origin.series.kind for origin in origins]
    outcomes = [outcome for outcome, _ in forecast_many(kinds, _mornings_after(origins), learnt)]
    told = [outcome for outcome in outcomes if isinstance(outcome, Forecast)]
    if len(told) < len(origins):
        raise LookupError(
            f"{len(origins) - len(told)} evenings have no forecast, yet 28 days are enough for one"
        )
    parts = ("mean", "low80", "high80", "low95", "high95")
    return Band(*(np.array([getattr(each, part)[:horizon] for each in told]) for part in parts))


def quantiles(band: Band) -> Values:
    """The seven quantiles of rivals.QUANTILES: the quartiles lie where a normal distribution has them."""
    lower = band.mean + _QUARTER * (band.low80 - band.mean)
    upper = band.mean + _QUARTER * (band.high80 - band.mean)
    return np.stack([band.low95, band.low80, lower, band.mean, upper, band.high80, band.high95], axis=-1)


def _mornings_after(origins: Sequence[Origin]) -> list[Series]:
    """What each person had then, moved by whole weeks into one: what is of one day is computed together."""
    latest = max(origin.known.at for origin in origins)
    made = []
    for origin in origins:
        moved = (latest - origin.known.at) // np.timedelta64(7, "D") * np.timedelta64(7, "D")
        today = (origin.known.at + moved + 1).astype("datetime64[D]").item()
        made.append(Series(origin.known.days + moved, origin.known.values, (), today))
    return made
