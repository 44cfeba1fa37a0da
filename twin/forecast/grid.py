"""The small state-space models that forecast daily series side by side. Pure.

Every model sees a standardised series as y = level + state + noise: the level walks, the state fades by `phi`
a day. A state without noise leaves a local level, one with noise of its own an AR(1) around a mean, and one
whose noise runs against the level's a damped trend, which loses what the level has yet to gain. (Harvey,
Forecasting, Structural Time Series Models and the Kalman Filter, 1989, chapters 2 and 4.)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

_DIFFUSE = 25.0


@dataclass(frozen=True, slots=True)
class Model:
    """One model; variances in units of the observation noise's.

    `noise` and `start` are covariances of level and state: the level's own, what they share, the state's own.
    """

    phi: float
    noise: tuple[float, float, float]
    start: tuple[float, float, float] = (_DIFFUSE, 0.0, 0.0)


def local_level(variance: float) -> Model:
    """A level that walks. Its state stays at nothing until an event may move it."""
    return Model(0.92, (variance, 0.0, 0.0))


def around_mean(phi: float, variance: float) -> Model:
    """An AR(1) about a mean that stays."""
    return Model(phi, (0.0, 0.0, variance), (_DIFFUSE, 0.0, variance / (1 - phi**2)))


def damped_trend(phi: float, level: float, slope: float, first_slope: float = 0.0025) -> Model:
    """A level that walks and goes on by a slope that walks and fades by phi; the variances of each.

    Written as the level that the slope still leads to, and how far off it is: slope / (1 - phi).
    """
    off = 1 / (1 - phi) ** 2
    walk, first = slope * off, first_slope * off
    return Model(phi, (level + walk, -walk, walk), (_DIFFUSE + first, -first, first))


class Grid:
    """The models as arrays, those that fade alike side by side."""

    def __init__(self, models: Sequence[Model]) -> None:
        models = sorted(models, key=lambda model: model.phi)
        self.phi = _column([model.phi for model in models])
        self.transition = np.stack([np.ones_like(self.phi), self.phi, self.phi * self.phi])
        self.noise = np.stack([_column(column) for column in zip(*(m.noise for m in models), strict=True)])
        self.start = np.stack([_column(column) for column in zip(*(m.start for m in models), strict=True)])
        self.families = [
            (phi, slice(members[0], members[-1] + 1))
            for phi, members in (
                (phi, [i for i, _ in pairs])
                for phi, pairs in groupby(enumerate(models), key=lambda pair: pair[1].phi)
            )
        ]

    def __len__(self) -> int:
        return len(self.phi)


def _column(values: Sequence[float]) -> Floats:
    return np.array(values, np.float32)[:, None]


# Chosen by folds of people on bench/forecast.py's series: fewer do worse, more do no better.
MODELS = Grid(
    [
        *(local_level(variance) for variance in (0.0, 0.01, 0.1, 1.0, 3.0)),
        *(around_mean(0.97, variance) for variance in (0.01, 0.05, 0.2, 1.0)),
        *(around_mean(0.92, variance) for variance in (3.0, 10.0)),
        *(around_mean(0.85, variance) for variance in (0.1, 0.3, 1.0, 3.0)),
        *(around_mean(0.60, variance) for variance in (0.3, 1.0, 3.0)),
        *(damped_trend(0.99, level, slope) for level in (0.003, 0.1) for slope in (1e-6, 1e-4)),
    ]
)
# An event may move the level to come: what it gains the state lacks at first, and gives back as it fades.
JUMP = _column([1.0, -1.0, 1.0])[:, :, None]
