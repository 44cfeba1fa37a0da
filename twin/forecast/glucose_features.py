"""What the glucose model knows at an origin: the last two hours point by point, and how the day before went.

Pure and vectorised. Every figure is of the past: a row of history ends with the reading forecast from.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

STEP_MINUTES = 5
DAY = 24 * 60 // STEP_MINUTES
NEAR = 24
"""Points of history that are looked at one by one: two hours."""
HISTORY = DAY + 1
"""Points of history that count: a day back to the same time."""
AHEAD = (6, 12, 24)
"""The horizons, in points."""

_SPANS = (1, 3, 6, 12, 24)
_FEW = 100
"""Points without which a day says nothing of its spread: a good eight hours."""


def features(history: Floats, minute_of_day: Floats) -> npt.NDArray[np.float32]:
    """What is known of N series that each end with a reading: [N, FEATURES].

    `history` is [N, HISTORY] in mg/dL every five minutes, the newest last, NaN where nothing is known.
    `minute_of_day` is the patient's own, of the newest. What cannot be told of a history is NaN.
    """
    last = history[:, -1]
    near = history[:, -NEAR:]
    angle = 2 * np.pi * minute_of_day / (24 * 60)
    columns = [
        *(last - near[:, -2::-1].T),
        last,
        *_shape(near, last),
        np.sin(angle),
        np.cos(angle),
        *_day(history[:, -DAY:], last),
        *(history[:, steps] - history[:, 0] for steps in AHEAD),
        last - history[:, 0],
    ]
    return np.column_stack(columns).astype(np.float32)


def _shape(near: Floats, last: Floats) -> list[Floats]:
    """Level, spread, pace, bend and noise of the last two hours."""
    change = np.diff(near)
    bend = np.abs(np.diff(change))
    return [
        last - _mean(near),
        _spread(near),
        np.fmax.reduce(near, axis=1) - last,
        last - np.fmin.reduce(near, axis=1),
        _pace(near[:, -6:]),
        _pace(near[:, -12:]),
        last - 2 * near[:, -3] + near[:, -5],
        last - 2 * near[:, -4] + near[:, -7],
        _mean(np.abs(change)),
        _mean(bend),
        _mean(bend[:, -6:]),
    ]


def _day(day: Floats, last: Floats) -> list[Floats]:
    """Level and range of the last day, how far it moves in each span of time, and whether moves go on."""
    moves = {span: day[:, span:] - day[:, :-span] for span in _SPANS}
    told = [
        last - _mean(day),
        _spread(day),
        np.fmax.reduce(day, axis=1) - last,
        last - np.fmin.reduce(day, axis=1),
        *(_mean(np.abs(move)) for move in moves.values()),
    ]
    for span in (3, 6, 12):
        move = moves[span]
        told.append(_mean(move[:, span:] * move[:, :-span]) / np.maximum(_mean(np.abs(move)), 1.0) ** 2)
    few = np.count_nonzero(~np.isnan(day), axis=1) < _FEW
    return [np.where(few, np.nan, figure) for figure in told]


def _mean(values: Floats) -> Floats:
    """The mean of each row's known values; NaN where there are none."""
    known = ~np.isnan(values)
    number = np.count_nonzero(known, axis=1)
    total = np.where(known, values, 0.0).sum(axis=1)
    mean: Floats = np.divide(total, number, out=np.full(len(values), np.nan), where=number > 0)
    return mean


def _spread(values: Floats) -> Floats:
    spread: Floats = np.sqrt(_mean((values - _mean(values)[:, None]) ** 2))
    return spread


def _pace(values: Floats) -> Floats:
    """The slope of the least squares line through each row; NaN where a point is missing."""
    place = np.arange(values.shape[1]) - (values.shape[1] - 1) / 2
    slope: Floats = values @ place / (place @ place)
    return slope
