"""What comes next: forecasts of day summaries. Pure: same input, same numbers; nothing is stored here."""

from twin.forecast.daily import (
    HORIZON,
    VERSION,
    WINDOW,
    Backtest,
    Forecast,
    NotEnoughData,
    Outcome,
    Series,
    State,
    continue_many,
    forecast_daily,
    forecast_many,
)
from twin.forecast.events import Jump
from twin.forecast.fleet import StateUnreadable

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
]
