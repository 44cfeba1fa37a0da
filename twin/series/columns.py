"""What a series is in memory: parallel arrays, one entry a sample."""

from dataclasses import dataclass
from enum import IntFlag

import numpy as np
import numpy.typing as npt


class Flag(IntFlag):
    """What is known of one sample beside its value."""

    SOFT_RANGE = 1
    MANUAL = 2
    CENSORED_LOW = 4
    CENSORED_HIGH = 8
    INTERPOLATED = 16


@dataclass(frozen=True, slots=True)
class Columns:
    """Samples of one kind and one source, as arrays of equal length.

    `start` is milliseconds since the epoch, UTC; `duration` milliseconds; `value` is exact.
    `offset` is minutes east of UTC, `flags` a sum of `Flag`; each is None when no sample has one.
    """

    start: npt.NDArray[np.int64]
    duration: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]
    offset: npt.NDArray[np.int16] | None = None
    flags: npt.NDArray[np.uint8] | None = None

    def __len__(self) -> int:
        return len(self.start)

    def take(self, selection: npt.NDArray[np.bool_] | npt.NDArray[np.intp] | slice) -> "Columns":
        """The chosen samples, in the selection's order."""
        return Columns(
            self.start[selection],
            self.duration[selection],
            self.value[selection],
            None if self.offset is None else self.offset[selection],
            None if self.flags is None else self.flags[selection],
        )
