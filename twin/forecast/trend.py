"""Prophet with a weekly pattern, over the days that have values. Pure: same values and seed, same numbers."""

import logging
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from twin.forecast.band import Band, Days, Values

if TYPE_CHECKING:
    import pandas as pd
    from prophet import Prophet

PROPHET_WEEKLY = "prophet_weekly"

_DRAWS = 1_000
_global_generator = threading.Lock()


class TrendFailed(Exception):
    """Prophet gave no usable answer for this series; the message names the error, never a value."""


def weekly_trend(days: Days, values: Values, ahead: Days) -> Values:
    """The centre for each day ahead, without a band. Raises TrendFailed."""
    with _failures():
        return _centre(_fit(days, values), ahead)


def weekly_trend_band(days: Days, values: Values, ahead: Days, *, seed: int) -> Band:
    """The centre and both bands for each day ahead, read off one set of draws. Raises TrendFailed."""
    with _failures():
        model = _fit(days, values)
        mean = _centre(model, ahead)
        model.uncertainty_samples = _DRAWS
        with _seeded(seed):
            draws = model.predictive_samples(_frame(ahead))["yhat"]
    low95, low80, high80, high95 = np.quantile(draws, (0.025, 0.10, 0.90, 0.975), axis=1)
    band = Band(mean, low80, high80, low95, high95)
    if not band.is_finite():
        raise TrendFailed("not finite")
    return band


def _fit(days: Days, values: Values) -> "Prophet":
    logging.getLogger("prophet.plot").setLevel(logging.CRITICAL)  # it misses plotly, which draws nothing here
    # Prophet brings pandas and matplotlib, 130 MB: only a process that forecasts pays for them.
    import cmdstanpy  # noqa: PLC0415
    from prophet import Prophet  # noqa: PLC0415
    from prophet.models import CmdStanPyBackend  # noqa: PLC0415

    cmdstanpy.disable_logging()  # its failures reach us as exceptions
    backend = CmdStanPyBackend()
    # Prophet chooses Newton below 100 rows and when L-BFGS stops early: two to fifteen times slower.
    backend.set_options(newton_fallback=False)
    model = Prophet(
        weekly_seasonality=True, yearly_seasonality=False, daily_seasonality=False, uncertainty_samples=0
    )
    model.stan_backend = backend
    # Without a folder of its own, each fit leaves its files on disk until the process ends.
    with tempfile.TemporaryDirectory(prefix="prophet-") as folder:
        model.fit(_frame(days, values), algorithm="LBFGS", seed=1, output_dir=folder)
    return model


def _centre(model: "Prophet", ahead: Days) -> Values:
    return np.asarray(model.predict(_frame(ahead))["yhat"], dtype=np.float64)


def _frame(days: Days, values: Values | None = None) -> "pd.DataFrame":
    import pandas as pd  # noqa: PLC0415 (see _fit)

    frame = pd.DataFrame({"ds": days.astype("datetime64[s]")})  # pandas has no whole-day dtype
    if values is not None:
        frame["y"] = values
    return frame


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except ImportError:
        raise  # a fault of the installation, not of the series
    except Exception as error:
        raise TrendFailed(type(error).__name__) from error


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Prophet draws from numpy's global generator: seed it, then give everybody else theirs back."""
    with _global_generator:
        before = np.random.get_state()
        np.random.seed(seed)
        try:
            yield
        finally:
            np.random.set_state(before)
