"""The course of a series through a limit: where it began to hold, and whether it has ended. Pure, vectorised.

Everything follows from the values in the order in which they were measured, so that it makes no difference in
which order they came.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]

NOTHING = np.empty(0, np.intp)


@dataclass(frozen=True, slots=True)
class Needs:
    """What it takes to begin: so many values in a row, over so long (ms), no two with a longer `gap`."""

    readings: int = 1
    length: int = 0
    gap: int = 1 << 62


@dataclass(frozen=True, slots=True)
class Course:
    """How a series stands to a limit after its last value.

    `run` are the places of the values in a row with which it began for the last time; `calm` is the place of
    the last value that ended it, -1 where none did.
    """

    holds: bool
    run: npt.NDArray[np.intp]
    calm: int


def course(at: Integers, beyond: Mask, calm: Mask, needs: Needs, *, doubtful: Mask | None = None) -> Course:
    """Follows values at these instants (ms, ascending): `beyond` the limit, `calm` where that has ended.

    A value may be neither: then it goes on as it was. One that is `doubtful` counts only beside a second.
    """
    last_calm = int(np.flatnonzero(calm)[-1]) if calm.any() else -1
    if not beyond.any():
        return Course(False, NOTHING, last_calm)
    place = np.arange(len(at))
    begins = beyond.copy()
    begins[1:] &= ~beyond[:-1] | (np.diff(at) > needs.gap)
    first = np.maximum.accumulate(np.where(begins, place, 0))
    count = place - first + 1
    enough = beyond & (count >= needs.readings) & (at - at[first] >= needs.length)
    if doubtful is not None:
        sure = np.cumsum(beyond & ~doubtful)
        before = np.where(first > 0, sure[first - 1], 0)
        enough &= (sure - before > 0) | (count >= 2)
    if not enough.any():
        return Course(False, NOTHING, last_calm)
    begun = int(np.flatnonzero(enough)[-1])
    return Course(begun > last_calm, place[first[begun] : begun + 1], last_calm)
