"""What a series is in memory: parallel arrays, one entry a sample."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntFlag

import numpy as np
import numpy.typing as npt

# The offset of a sample that does not say under which one it was taken.
UNKNOWN_OFFSET = -(1 << 15)


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
    `offset` is minutes east of UTC or UNKNOWN_OFFSET, `flags` a sum of `Flag`; each is None when no sample
    has one.
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


def join(parts: Sequence[Columns]) -> Columns:
    """All parts one after the other; a part without offsets or flags gets those that say nothing."""
    if len(parts) == 1:
        return parts[0]
    offset = flags = None
    if any(part.offset is not None for part in parts):
        silent = np.int16(UNKNOWN_OFFSET)
        offset = np.concatenate([np.full(len(p), silent) if p.offset is None else p.offset for p in parts])
    if any(part.flags is not None for part in parts):
        flags = np.concatenate([np.zeros(len(p), np.uint8) if p.flags is None else p.flags for p in parts])
    return Columns(
        np.concatenate([part.start for part in parts]),
        np.concatenate([part.duration for part in parts]),
        np.concatenate([part.value for part in parts]),
        offset,
        flags,
    )
