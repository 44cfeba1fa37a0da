"""What comes next: forecasts of day summaries. Pure: same input, same numbers; nothing is stored here."""

from twin.forecast.daily import HORIZON, VERSION, continue_many, forecast_daily, forecast_many, paths
from twin.forecast.events import Jump
from twin.forecast.history import WINDOW, Series
from twin.forecast.outcome import Backtest, Forecast, NotEnoughData, Outcome, State
from twin.forecast.packing import StateUnreadable

__all__ = [
    "HORIZON",
    "VERSION",
    "WINDOW",
    "Backtest",
    "Forecast",
    "Jump",
    "NotEnoughData",
    "Outcome",
    "Series",
    "State",
    "StateUnreadable",
    "continue_many",
    "forecast_daily",
    "forecast_many",
    "paths",
]
