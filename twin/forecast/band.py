"""What a daily forecast says: a centre and two bands around it. Values only, no model."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Days = npt.NDArray[np.datetime64]
Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Band:
    """A value a day in each array, or a row of them a series; the 95 % band holds the 80 % band, which holds
    the mean.
    """

    mean: Values
    low80: Values
    high80: Values
    low95: Values
    high95: Values

    def of(self, one: int) -> "Band":
        """The band of one series."""
        return Band(self.mean[one], self.low80[one], self.high80[one], self.low95[one], self.high95[one])

    def within(self, low: float | Values, high: float | Values) -> "Band":
        """The same band inside [low, high], its nesting restored where quantiles crossed the mean."""
        mean = self.mean.clip(low, high)
        low80 = np.minimum(self.low80.clip(low, high), mean)
        high80 = np.maximum(self.high80.clip(low, high), mean)
        low95 = np.minimum(self.low95.clip(low, high), low80)
        high95 = np.maximum(self.high95.clip(low, high), high80)
        return Band(mean, low80, high80, low95, high95)

    def is_finite(self) -> bool:
        """True when every number is one that can be drawn."""
        arrays = (self.mean, self.low80, self.high80, self.low95, self.high95)
        return all(bool(np.isfinite(array).all()) for array in arrays)
