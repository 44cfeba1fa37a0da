"""Prophet's explanation: how fast it is beside stock Prophet, and how near its fit is to Stan's."""

import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from harness import Row, at_most, medians, say, seconds

from forecasting.rivals import prophet
from forecasting.series import LEAST_DAYS, WINDOW, DailySeries, Known, read_daily
from forecasting.speed import year
from twin.forecast.effects import KnownEvent
from twin.forecast.explanation import explain
from twin.forecast.sentences import sentences
from twin.forecast.trend import fit
from twin.kinds import kind

MILLISECONDS = 20
"""What one explanation may take, warm."""
REPEATS = 40
COMPARED = 40

_KIND = kind("sbp")
_TODAY = date(2026, 1, 1)
_DAYS = np.datetime64(_TODAY) - np.arange(WINDOW)[::-1]


def rows(path: Path, *, quick: bool) -> list[Row]:
    """The time of one explanation of a year, and the difference to Stan's answers on the file's series."""
    return [*_speed(quick=quick), *likeness(read_daily(path), most=COMPARED // 4 if quick else COMPARED)]


def _speed(*, quick: bool) -> list[Row]:
    values = year(1, seed=3)[0]
    known = np.isfinite(values)
    days, values = _DAYS[known], values[known]
    start = _DAYS[-60].item()
    events = [
        KnownEvent(1, "medicine_started", start, None, "Medicine"),
        KnownEvent(2, "illness", _DAYS[-40].item(), _DAYS[-34].item(), ""),
    ]

    def explained(given: Sequence[KnownEvent]) -> None:
        found = explain(_KIND, days, values, today=_TODAY, events=given)
        sentences(_KIND, found)

    say(f"explanation: a year with {len(days)} values, {REPEATS} times")
    explained(events)
    prophet(Known(days[-1], days, values))
    bare, whole, with_events, theirs = (
        1000 * each
        for each in medians(
            REPEATS // 4 if quick else REPEATS,
            lambda: seconds(lambda: fit(days, values, flat=False, weekly=True).parts(_DAYS)),
            lambda: seconds(lambda: explained([])),
            lambda: seconds(lambda: explained(events)),
            lambda: seconds(lambda: prophet(Known(days[-1], days, values))),
        )
    )
    return [
        at_most(MILLISECONDS, "explanation of a year, beside stock Prophet's forecast", whole, theirs, "ms"),
        at_most(MILLISECONDS, "the same with two known events", with_events, theirs, "ms"),
        at_most(None, "of it Prophet's fit and prediction alone", bare, theirs, "ms"),
    ]


def likeness(series: Sequence[DailySeries], *, most: int) -> list[Row]:
    """How near our fit is to Stan's on the longest series; no row where none bears a fit."""
    bearing = [each for each in series if len(each.days) >= LEAST_DAYS and np.ptp(each.values) > 0]
    if not bearing:
        return []
    longest = sorted(bearing, key=lambda each: -len(each.days))[:most]
    say(f"explanation: {len(longest)} series beside Stan's answers")
    above, apart = np.array([_beside_stan(each) for each in longest]).T
    return [
        at_most(
            1e-6,
            f"posterior below Stan's, worst of {len(longest)} series",
            max(above.max(), 0.0),
            None,
            "nats",
        ),
        at_most(None, "posterior above Stan's, in the median", -float(np.median(above)), None, "nats"),
        at_most(None, "fitted values apart from Stan's, in the median", float(np.median(apart)), None, "sd"),
    ]


def _beside_stan(series: DailySeries) -> tuple[float, float]:
    """Our negative log posterior less Stan's, and how far the fitted values are apart at the most, in sd."""
    from prophet import Prophet  # noqa: PLC0415 - as in rivals
    from prophet.models import CmdStanPyBackend  # noqa: PLC0415

    from twin.forecast.prophet_map import InProcessProphet, frame  # noqa: PLC0415

    days, values = series.days[-WINDOW:], series.values[-WINDOW:]
    options: dict[str, Any] = {
        "weekly_seasonality": True,
        "yearly_seasonality": False,
        "daily_seasonality": False,
    }
    ours = InProcessProphet(**options)
    ours.fit(frame(days, y=values))
    stans = Prophet(uncertainty_samples=0, **options)
    backend = CmdStanPyBackend()
    backend.set_options(newton_fallback=False)
    stans.stan_backend = backend
    with tempfile.TemporaryDirectory() as folder:
        stans.fit(frame(days, y=values), algorithm="LBFGS", seed=1, output_dir=folder)
    problem, mode = ours.solved
    params = stans.params
    weights = np.concatenate([np.ravel(params[name]) for name in ("k", "m", "delta", "beta")])
    theirs = problem.negative_log_posterior(weights, float(np.squeeze(params["sigma_obs"])))
    one, two = (model.predict(frame(days))["yhat"].to_numpy() for model in (ours, stans))
    return (
        problem.negative_log_posterior(mode.weights, mode.sigma) - theirs,
        float(np.abs(one - two).max() / values.std()),
    )
