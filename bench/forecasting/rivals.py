"""The forecasters that ours is held against: each sees the same days before an origin and nothing else."""

import json
import logging
import subprocess
import sys
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from forecasting.series import HORIZON, Known
from twin.forecast.band import Values

QUANTILES = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
NORMAL = np.array([-1.959964, -1.281552, -0.67449, 0.0, 0.67449, 1.281552, 1.959964])

# The worker tells the mean, then low and high of 50, 80 and 95 %: their places in the order of QUANTILES.
_COLUMNS = (5, 3, 1, 0, 2, 4, 6)
_BENCH = Path(__file__).resolve().parent.parent
_PACKAGES = _BENCH / "requirements-rivals.txt"
_PLACE = _BENCH.parent / ".venv-rivals"

Rival = Callable[[Known], Values]


class RivalMissing(Exception):
    """A rival's packages could not be installed or run; the message says why."""


def last_value(known: Known) -> Values:
    """The last value repeated; normal quantiles, as wide as its own past errors as many days ahead."""
    grid = _grid(known)
    centre = np.full(HORIZON, known.values[-1])
    errors = [grid[ahead:] - grid[:-ahead] for ahead in range(1, HORIZON + 1)]
    return _around(centre, errors)


def seasonal_naive(known: Known) -> Values:
    """The value of that weekday last week, else the last value; normal quantiles as for the last value."""
    grid = _grid(known)
    weeks = [7 * (-(-ahead // 7)) for ahead in range(1, HORIZON + 1)]
    past = np.array([grid[len(grid) - 1 + ahead - back] for ahead, back in enumerate(weeks, start=1)])
    centre = np.where(np.isnan(past), known.values[-1], past)
    return _around(centre, [grid[back:] - grid[:-back] for back in weeks])


def prophet(known: Known) -> Values:
    """Stock Prophet on all that is known: its forecast, and quantiles of its 1,000 samples around it."""
    logging.getLogger("prophet.plot").setLevel(logging.CRITICAL)  # says at import that plotly is not there
    import pandas as pd  # noqa: PLC0415 - only the processes that fit Prophet pay for it
    from prophet import Prophet  # noqa: PLC0415

    logging.getLogger("cmdstanpy").disabled = True
    np.random.seed(0)  # Prophet draws from numpy's global generator
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = Prophet()
        model.fit(pd.DataFrame({"ds": known.days.astype("datetime64[s]"), "y": known.values}))
        ahead = known.at + np.arange(1, HORIZON + 1)
        future = pd.DataFrame({"ds": ahead.astype("datetime64[s]")})
        forecast = model.predict(future)["yhat"].to_numpy()
        samples = model.predictive_samples(future)["yhat"]
    quantiles = np.quantile(samples, QUANTILES, axis=1).T
    quantiles[:, QUANTILES.index(0.5)] = forecast
    return quantiles


def auto_ets(known: Sequence[Known]) -> Values:
    """AutoETS, weekly season, gaps filled by lines, with its own intervals: [origin, day ahead, quantile].

    Its packages are installed beside ours at first. Raises RivalMissing.
    """
    asked = {
        "series": [_filled(each).tolist() for each in known],
        "season": 7,
        "horizon": HORIZON,
        "levels": [50, 80, 95],
    }
    worker = [_python_of_rivals(), Path(__file__).with_name("autoets.py")]
    try:
        told = subprocess.run(worker, input=json.dumps(asked), capture_output=True, text=True, check=True)
    except subprocess.CalledProcessError as error:
        raise RivalMissing(_last_line(error)) from error
    return np.array(json.loads(told.stdout))[:, :, _COLUMNS]


def of_all(rival: Rival, known: Sequence[Known], *, processes: int = 1) -> Values:
    """The rival's quantiles [origin, day ahead, quantile], in the order given."""
    if processes == 1:
        return np.array([rival(each) for each in known])
    with ProcessPoolExecutor(processes) as pool:
        return np.array(list(pool.map(rival, known, chunksize=8)))


def packages() -> Path:
    """The folder of the packages that only benches need, installed the first time. Raises NotInstalled."""
    return next(_python_of_rivals().parent.parent.glob("lib/python*/site-packages"))


def _grid(known: Known) -> Values:
    """Every day up to the origin, nan where there is no value."""
    grid = np.full((known.at - known.days[0]).astype(int) + 1, np.nan)
    grid[(known.days - known.days[0]).astype(int)] = known.values
    return grid


def _filled(known: Known) -> Values:
    days = (known.days - known.days[0]).astype(int)
    return np.interp(np.arange((known.at - known.days[0]).astype(int) + 1), days, known.values)


def _python_of_rivals() -> Path:
    python, done = _PLACE / "bin" / "python", _PLACE / "installed"
    if not done.exists() or done.read_text() != _PACKAGES.read_text():
        install = [
            python,
            "-m",
            "pip",
            "install",
            "--disable-pip-version-check",
            "--no-input",
            "-q",
            "-r",
            _PACKAGES,
        ]
        try:
            subprocess.run([sys.executable, "-m", "venv", _PLACE], capture_output=True, text=True, check=True)
            subprocess.run(install, capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise RivalMissing(_last_line(error)) from error
        done.write_text(_PACKAGES.read_text())
    return python


def _last_line(error: OSError | subprocess.CalledProcessError) -> str:
    said = getattr(error, "stderr", None) or str(error)
    return said.strip().splitlines()[-1]


def _around(centre: Values, errors: Sequence[Values]) -> Values:
    spread = np.sqrt([np.nanmean(each**2) if np.isfinite(each).any() else np.nan for each in errors])
    spread = np.where(np.isnan(spread), np.nanmax(spread), spread)
    return centre[:, None] + spread[:, None] * NORMAL
