"""Prophet with its posterior's mode solved in this process instead of by a Stan binary. Pure.

Imports pandas, matplotlib and Prophet, 130 MB and a second: import this module where it is needed only. It
leans on parts that Prophet 1.5.0 does not promise; the tests hold its answers to Stan's.
"""

import logging
from typing import Any, Literal, cast

logging.getLogger("prophet.plot").setLevel(logging.CRITICAL)  # it misses plotly, which draws nothing here

import numpy as np  # noqa: E402 - after the line above
import pandas as pd  # noqa: E402
from prophet import Prophet  # noqa: E402
from prophet.models import IStanBackend  # noqa: E402

from twin.forecast.band import Days, Values  # noqa: E402
from twin.forecast.map_fit import Mode, Problem, mode, waves  # noqa: E402

logging.getLogger("prophet").setLevel(logging.ERROR)  # its import makes it talk

_LINEAR, _FLAT = 0, 2  # prophet.models.TrendIndicator

ByMode = dict[Literal["additive", "multiplicative"], list[str]]


class InProcess(IStanBackend):
    """Solves what Stan would be asked to. Afterwards `problem` is what was asked, and `mode` the answer."""

    problem: Problem
    mode: Mode

    @staticmethod
    def get_type() -> str:
        return "IN_PROCESS"

    def load_model(self) -> None:
        """There is no binary to load."""

    def fit(self, stan_init: dict[str, Any], stan_data: dict[str, Any], **_options: Any) -> dict[str, Any]:
        """The mode's parameters in Prophet's shapes; raises ValueError for a model that it cannot solve."""
        flat = stan_data["trend_indicator"] == _FLAT
        if not (flat or stan_data["trend_indicator"] == _LINEAR) or np.any(stan_data["s_m"]):
            raise ValueError("only a linear or flat trend with additive features")
        t, y, t_change, features, sigmas = (
            np.asarray(stan_data[name], np.float64) for name in ("t", "y", "t_change", "X", "sigmas")
        )
        self.problem = Problem.of(t, y, t_change, features, sigmas, stan_data["tau"], flat=flat)
        self.mode = mode(self.problem)
        weights, changes = self.mode.weights, self.problem.changes
        first, count = (1, 0) if flat else (2, int(changes.sum()))
        parameters = {
            "k": 0.0 if flat else weights[0],
            "m": weights[first - 1],
            "delta": np.zeros_like(stan_init["delta"]) if flat else weights[changes],
            "beta": weights[first + count :],
            "sigma_obs": self.mode.sigma,
        }
        return {name: np.reshape(value, (1, -1)) for name, value in parameters.items()}

    def sampling(self, *_args: Any, **_options: Any) -> dict[str, Any]:
        """Never: whoever wants the whole posterior asks Stan."""
        raise NotImplementedError


class InProcessProphet(Prophet):
    """Prophet, with the same model and answers, in a fifth of the time; it draws no samples by itself."""

    _columns: dict[tuple[str, ...], tuple[pd.DataFrame, ByMode]] = {}
    _solver: InProcess

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"uncertainty_samples": 0, **options})

    @property
    def solved(self) -> tuple[Problem, Mode]:
        """What was fitted, and its answer; a series of equal values has neither."""
        return self._solver.problem, self._solver.mode

    @property
    def scale(self) -> float:
        """What Prophet divides the values by."""
        return float(cast("float", self.y_scale))

    @property
    def knots(self) -> Values:
        """Where the slope may change, as shares of the series' length."""
        return cast("Values", self.changepoints_t)

    def spread(self, days: Days) -> Values:
        """The standard deviation of a value about `yhat` on each day, in the series' unit.

        What Prophet's samples come to, in closed form: its noise, and after the last day its trend, which
        goes on to change as often as it could in the past, and by as much as it did on average.
        """
        first, length = cast("pd.Timestamp", self.start), cast("pd.Timedelta", self.t_scale).days
        ahead = np.maximum((days - first.to_datetime64()) / np.timedelta64(1, "D") - length, 0.0)
        changing = 0.0
        if self.growth == "linear":
            often = min(len(self.knots) / length, 1.0)
            changing = often * 2 * (np.abs(self.params["delta"]).mean() / length) ** 2
        # A change i days ahead has moved the trend by (h - i + 1/2) times itself at h; their squares add up.
        variance = self.params["sigma_obs"].item() ** 2 + changing * (4 * ahead**3 - ahead) / 12
        spread: Values = self.scale * np.sqrt(variance)
        return spread

    def _load_stan_backend(self, _name: str | None) -> None:
        self.stan_backend = self._solver = InProcess()

    def regressor_column_matrix(
        self, seasonal_features: pd.DataFrame, modes: ByMode
    ) -> tuple[pd.DataFrame, ByMode]:
        """Which feature belongs to which component: the same for all series with features of these names."""
        key = (*seasonal_features.columns, *self.extra_regressors, repr(modes))
        if key not in self._columns:
            found = super().regressor_column_matrix(seasonal_features, modes)
            # Models change what they are given.
            self._columns[key] = found[0].copy(), {mode: list(names) for mode, names in found[1].items()}
        columns, by_mode = self._columns[key]
        return columns.copy(), {mode: list(names) for mode, names in by_mode.items()}

    @staticmethod
    def fourier_series(dates: "pd.Series[pd.Timestamp]", period: float, series_order: int) -> Values:
        """As Prophet's, of whole seconds, without a pandas column an operation."""
        return waves(dates.to_numpy().astype("datetime64[s]").astype(np.int64) / 86_400, period, series_order)


def frame(days: Days, **columns: Values) -> pd.DataFrame:
    """The table that Prophet reads."""
    return pd.DataFrame({"ds": days.astype("datetime64[s]"), **columns})  # pandas has no whole-day dtype
