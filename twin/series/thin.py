"""Fewer points for a chart, with every peak and dip still there. Pure."""

import numpy as np
import numpy.typing as npt


def thin(
    x: npt.NDArray[np.int64],
    y: npt.NDArray[np.float64],
    points: int,
    marked: npt.NDArray[np.bool_] | None = None,
) -> npt.NDArray[np.intp]:
    """Which of the samples to draw, in order: all of them, or at most `points` where they are more.

    Kept are the first, the last, and of each of many equally long stretches of `x` (which must not fall) a
    lowest and a highest: a chart no wider than the stretches are many looks the same without the others.
    Empty stretches give nothing, so a gap stays a gap. What is `marked` is thinned apart too, to a quarter of
    the points where they are 8 or more: one reading that was typed in does not go under among a sensor's.
    Raises ValueError for fewer than 4 points.
    """
    own = np.empty(0, np.intp) if marked is None else np.flatnonzero(marked)
    if len(x) <= points or points < 8 or not len(own):
        return _thin(x, y, points)
    of_own = own[_thin(x[own], y[own], max(points // 4, 4))]
    return np.union1d(_thin(x, y, points - len(of_own)), of_own)


def _thin(x: npt.NDArray[np.int64], y: npt.NDArray[np.float64], points: int) -> npt.NDArray[np.intp]:
    if points < 4:
        raise ValueError("a line's ends, its lowest and its highest point are 4")
    count = len(x)
    if count <= points:
        return np.arange(count)
    stretches = (points - 2) // 2
    width = (int(x[-1]) - int(x[0])) // stretches + 1
    stretch = (x - x[0]) // width
    starts = np.flatnonzero(np.diff(stretch, prepend=-1))
    sizes = np.diff(starts, append=count)
    lowest = _first_equal(y, np.repeat(np.minimum.reduceat(y, starts), sizes), stretch)
    highest = _first_equal(y, np.repeat(np.maximum.reduceat(y, starts), sizes), stretch)
    return np.unique(np.concatenate([[0], lowest, highest, [count - 1]]))


def _first_equal(
    y: npt.NDArray[np.float64], wanted: npt.NDArray[np.float64], stretch: npt.NDArray[np.int64]
) -> npt.NDArray[np.intp]:
    """In each stretch the first sample that is what is wanted there."""
    equal = np.flatnonzero(y == wanted)
    return equal[np.flatnonzero(np.diff(stretch[equal], prepend=-1))]
