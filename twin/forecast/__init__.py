"""What comes next: forecasts of day summaries. Pure: same input, same numbers; nothing is stored here."""

from twin.forecast.backtest import Backtest
from twin.forecast.daily import WINDOW, Forecast, NotEnoughData, forecast_daily

__all__ = ["WINDOW", "Backtest", "Forecast", "NotEnoughData", "forecast_daily"]
