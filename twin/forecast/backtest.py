"""How a model would have done on this very series: rolling origins, scored beside the last value. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from twin.forecast.band import Days, Values

Centre = Callable[[Days, Values, Days], Values]


@dataclass(frozen=True, slots=True)
class Backtest:
    """Mean absolute errors in the kind's unit, both over the same `points` days."""

    origins: int
    points: int
    mae: float
    mae_last_value: float


def backtest(
    days: Days, values: Values, centre: Centre, *, horizon: int, origins: int, window: int, least: int
) -> Backtest | None:
    """The model's error at the last `origins` origins, a horizon apart, seeing only the days before each.

    `window` is how many days before an origin the model may see. An origin needs `least` days with a value
    before it and one after it within the horizon; None when no origin has them.
    """
    errors, errors_last_value = [], []
    for step in range(1, origins + 1):
        origin = days[-1] - np.timedelta64(step * horizon)
        seen = (days > origin - np.timedelta64(window)) & (days <= origin)
        ahead = (days > origin) & (days <= origin + np.timedelta64(horizon))
        if seen.sum() >= least and ahead.any():
            truth = values[ahead]
            errors.append(np.abs(truth - centre(days[seen], values[seen], days[ahead])))
            errors_last_value.append(np.abs(truth - values[seen][-1]))
    if not errors:
        return None
    every = np.concatenate(errors)
    return Backtest(
        origins=len(errors),
        points=len(every),
        mae=float(every.mean()),
        mae_last_value=float(np.concatenate(errors_last_value).mean()),
    )
