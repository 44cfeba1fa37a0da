"""What is said of a daily series' future: a forecast with its record, or how much is missing for one."""

from dataclasses import dataclass
from datetime import date

from twin.forecast.band import Days, Values

LEAST_POINTS = 28
"""A record of fewer forecast days than this does not tell who is better."""


@dataclass(frozen=True, slots=True)
class Backtest:
    """How this series' forecasts did before: mean absolute errors in the kind's unit, and the share of truths
    in the 80 % band, over `points` forecast days. The latest days count most.
    """

    points: int
    mae: float
    mae_last_value: float
    held80: float

    @property
    def last_value_is_better(self) -> bool:
        """Whether repeating the last value has come closer, on enough days to tell."""
        return self.points >= LEAST_POINTS and self.mae > self.mae_last_value


@dataclass(frozen=True, slots=True)
class Forecast:
    """One entry in each array for each of `days`, which follow `through`.

    Every number is finite and inside the kind's hard range; low95 ≤ low80 ≤ mean ≤ high80 ≤ high95.
    """

    model: str
    version: str
    reason: str
    through: date
    last_value: float
    days: Days
    mean: Values
    low80: Values
    high80: Values
    low95: Values
    high95: Values
    backtest: Backtest | None

    @property
    def simpler(self) -> bool:
        """Whether the last value is the better forecast by this series' own record."""
        return self.backtest is not None and self.backtest.last_value_is_better


@dataclass(frozen=True, slots=True)
class NotEnoughData:
    """No forecast yet: `more_days` further days with a value are needed."""

    more_days: int
    reason: str


Outcome = Forecast | NotEnoughData


@dataclass(frozen=True, slots=True)
class State:
    """Where a series' model stands on the evening of `through`, a day that is over."""

    version: str
    through: date
    estimated_on: date
    blob: bytes
