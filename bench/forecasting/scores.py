"""How good forecasts were: errors, pinball loss and how often the bands held, by kind and by series."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasting.rivals import QUANTILES
from forecasting.series import Origin
from twin.forecast.band import Values

LOW95, LOW80, _, CENTRE, _, HIGH80, HIGH95 = range(len(QUANTILES))


@dataclass(frozen=True, slots=True)
class Points:
    """Every day that was forecast and came: where it belongs, the truth, the quantiles [point, quantile]."""

    kind: npt.NDArray[np.str_]
    series: npt.NDArray[np.str_]
    steps: npt.NDArray[np.int64]
    truth: Values
    quantiles: Values

    def of(self, chosen: npt.NDArray[np.bool_]) -> "Points":
        """Some of them."""
        return Points(
            self.kind[chosen],
            self.series[chosen],
            self.steps[chosen],
            self.truth[chosen],
            self.quantiles[chosen],
        )


def points(origins: Sequence[Origin], quantiles: Values) -> Points:
    """The forecasts [origin, day ahead, quantile] beside the days that came."""
    kind, series, steps, truth, rows = [], [], [], [], []
    for origin, forecast in zip(origins, quantiles, strict=True):
        known = len(origin.truth)
        kind += [origin.series.name] * known
        series += ["/".join((origin.series.source, origin.series.person, origin.series.name))] * known
        steps.append(origin.steps)
        truth.append(origin.truth)
        rows.append(forecast[origin.steps - 1])
    return Points(
        np.array(kind), np.array(series), np.concatenate(steps), np.concatenate(truth), np.concatenate(rows)
    )


def mae(points: Points) -> float:
    """Mean absolute error of the centre."""
    return float(np.abs(points.truth - points.quantiles[:, CENTRE]).mean())


def crps(points: Points) -> float:
    """The continuous ranked probability score, as twice the mean pinball loss over the seven quantiles."""
    above = points.truth[:, None] - points.quantiles
    levels = np.array(QUANTILES)
    return float(2 * np.maximum(levels * above, (levels - 1) * above).mean())


def held(points: Points) -> float:
    """The share of days inside the 80 % band."""
    return float(_inside(points, LOW80, HIGH80).mean())


def held95(points: Points) -> float:
    """The share of days inside the 95 % band."""
    return float(_inside(points, LOW95, HIGH95).mean())


def width(points: Points) -> float:
    """Mean width of the 80 % band, in the kind's unit."""
    return float((points.quantiles[:, HIGH80] - points.quantiles[:, LOW80]).mean())


def held_by_series(points: Points) -> dict[str, tuple[float, int]]:
    """Each series' share of days inside its 80 % band, and of how many days."""
    inside = _inside(points, LOW80, HIGH80)
    return {
        str(name): (float(inside[points.series == name].mean()), int((points.series == name).sum()))
        for name in np.unique(points.series)
    }


def by_kind(points: Points) -> dict[str, Points]:
    """The points of each kind."""
    return {str(name): points.of(points.kind == name) for name in np.unique(points.kind)}


def ratio(ours: dict[str, float], theirs: dict[str, float]) -> float:
    """Our scores over theirs: the mean over kinds in which twice and half cancel; none of 0 is in it."""
    ratios = [ours[kind] / theirs[kind] for kind in ours if ours[kind] > 0 and theirs[kind] > 0]
    return float(np.exp(np.mean(np.log(ratios)))) if ratios else 1.0


def _inside(points: Points, low: int, high: int) -> npt.NDArray[np.bool_]:
    inside: npt.NDArray[np.bool_] = (points.quantiles[:, low] <= points.truth) & (
        points.truth <= points.quantiles[:, high]
    )
    return inside
