"""How well glucose is forecast: ours beside the last value and AR2, at every origin of every wearer."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from harness import Row, at_most

from forecasting.wearers import Origins, Wearer, origins, read_cgm, seen_in
from twin.forecast.ar2 import ar2
from twin.forecast.glucose import model
from twin.forecast.glucose_band import MINUTES, QUANTILES, Bands, Floats, held

BARS = {30: 0.90, 60: 0.92, 120: 0.90}
"""What our error may be, in those of the last value."""
HELD80 = (0.79, 0.81)
AT_ONCE = 2_000
"""Origins that are answered together."""


@dataclass(frozen=True, slots=True)
class Answers:
    """At each origin and horizon: our quantiles [N, 3, 5], the rivals' values and the truth [N, 3]."""

    wearer: npt.NDArray[np.int64]
    ours: Floats
    last: Floats
    ar2: Floats
    truth: Floats

    def of(self, chosen: npt.NDArray[np.bool_]) -> "Answers":
        """Some of the origins."""
        return Answers(
            self.wearer[chosen], self.ours[chosen], self.last[chosen], self.ar2[chosen], self.truth[chosen]
        )


def answers(wearers: Sequence[Wearer]) -> Answers:
    """What is forecast at every origin. Who helped to train is answered by trees that never saw them."""
    at = origins(wearers)
    folds = seen_in(wearers, read_cgm(), model().folds)
    fold = np.array([model().folds if own is None else own for own in folds])[at.wearer]
    raw = np.empty((*at.truth.shape, len(QUANTILES)))
    for number in np.unique(fold).tolist():
        asked = None if number == model().folds else number
        places = np.flatnonzero(fold == number)
        for some in np.array_split(places, len(places) // AT_ONCE + 1):
            raw[some] = model().raw(at.history[some], at.minute_of_day[some], asked)
    return beside_rivals(at, as_said(at, raw, model().factors[fold]))


def as_said(at: Origins, raw: Floats, factors: Floats) -> Floats:
    """The quantiles as each wearer would have been told: bands know what had come by then, and no more."""
    said = np.empty_like(raw)
    for wearer in np.unique(at.wearer):
        bands = Bands.of_anybody()
        mine = np.flatnonzero(at.wearer == wearer)
        now = at.minute[mine] * 60_000
        for place, moment in zip(mine, now.tolist(), strict=True):
            truth = at.truth[mine[np.searchsorted(now, bands.promised["at"])]]
            bands = bands.learn(bands.due(moment), truth)
            said[place] = held(raw[place], factors[place] * np.exp(bands.stretch))
            bands = bands.promise(moment, said[place])
    return said


def beside_rivals(at: Origins, ours: Floats) -> Answers:
    """Our answers and those of the last value and AR2 at the same origins."""
    last = np.repeat(at.history[:, -1:], len(MINUTES), axis=1)
    return Answers(at.wearer, ours, last, ar2(at.history[:, -2], last[:, -1], MINUTES), at.truth)


def figures(found: Answers) -> list[dict[str, float]]:
    """By horizon: errors in mg/dL, and how often the bands held: in all, and for the tenth person of 100."""
    told = []
    for place, minutes in enumerate(MINUTES):
        truth, ours = found.truth[:, place], found.ours[:, place]
        inside80 = (ours[:, 1] <= truth) & (truth <= ours[:, 3])
        inside95 = (ours[:, 0] <= truth) & (truth <= ours[:, 4])
        by_person = [inside80[found.wearer == wearer].mean() for wearer in np.unique(found.wearer)]
        told.append(
            {
                "minutes": minutes,
                "mae": float(np.abs(ours[:, 2] - truth).mean()),
                "mae_last_value": float(np.abs(found.last[:, place] - truth).mean()),
                "mae_ar2": float(np.abs(found.ar2[:, place] - truth).mean()),
                "held80": float(inside80.mean()),
                "held95": float(inside95.mean()),
                "held80_of_tenth": float(np.quantile(by_person, 0.1)),
            }
        )
    return told


def rows(wearers: Sequence[Wearer]) -> list[Row]:
    """A row each promise and horizon, for people whom the trees that answer have never seen."""
    found = answers(wearers)
    made = []
    for one in figures(found):
        name = f"glucose +{one['minutes']:.0f} min"
        bar = BARS[int(one["minutes"])]
        made += [
            at_most(bar, f"{name}: MAE / last value", one["mae"] / one["mae_last_value"], 1.0, "times"),
            at_most(1.0, f"{name}: MAE / AR2", one["mae"] / one["mae_ar2"], 1.0, "times"),
            _within(HELD80, f"{name}: 80 % band holds", one["held80"]),
            _within(None, f"{name}: 95 % band holds", one["held95"]),
            _within(None, f"{name}: 80 % band holds, 10th person of 100", one["held80_of_tenth"]),
        ]
    return made


def _within(limits: tuple[float, float] | None, what: str, share: float) -> Row:
    holds = limits is None or limits[0] <= share <= limits[1]
    bar = None if limits is None else 100 * limits[0]
    return Row(what, 100 * share, None, "%", None, bar, holds, is_of_ratio=False, is_rate=True)
