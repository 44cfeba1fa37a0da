"""What is forecast at every origin of every wearer, what the rivals say there, and how each went."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasting.wearers import Origins, Wearer, origins, read_cgm, seen_in
from twin.forecast.ar2 import ar2
from twin.forecast.glucose import model
from twin.forecast.glucose_band import MINUTES, QUANTILES, Bands, Floats, held

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
