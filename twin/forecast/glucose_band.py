"""Bands of glucose that hold as often as they say: for people in general, then for this person. Pure.

Trees say quantiles; factors learnt from other people stretch them; and each truth that comes stretches this
person's own bands a little where it lay outside, and shrinks them a little where it did not: adaptive
conformal inference (Gibbs and Candès 2021), with the logarithm of the stretch as what is adapted.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from twin.kinds import KINDS

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

KIND = KINDS["glucose_cgm"]
MINUTES = (30, 60, 120)
QUANTILES = (0.025, 0.1, 0.5, 0.9, 0.975)
LEVELS = (0.80, 0.95)
NARROWEST = 1.0
"""mg/dL from the centre to a band's edge, before its factor: the last digit that sensors show."""
PACE = 0.03
"""How far one truth moves the logarithm of the stretch; a few days of readings settle it."""
_FURTHEST = np.log(4.0)
_LAYOUT = 1
_HEAD = np.dtype([("layout", "u1"), ("through", "<i8"), ("stretch", "<f8", (len(MINUTES), len(LEVELS)))])
_PROMISE = np.dtype(
    [("at", "<i8"), ("waits", "?", len(MINUTES)), ("said", "<f8", (len(MINUTES), len(QUANTILES)))]
)


class BandUnreadable(ValueError):
    """These bytes are no packed bands, or those of another layout."""


@dataclass(frozen=True, slots=True)
class Bands:
    """How one person's bands are stretched, and the promises whose truth has not come yet.

    `through` is the time of the last promise (ms), `stretch` the logarithms by horizon and level.
    """

    through: int
    stretch: Floats
    promised: npt.NDArray[Any]

    @classmethod
    def of_anybody(cls) -> "Bands":
        """Those of a person of whom nothing is known."""
        return cls(0, np.zeros((len(MINUTES), len(LEVELS))), np.empty(0, _PROMISE))

    def promise(self, at: int, said: Floats) -> "Bands":
        """Remembers what was said (quantiles by horizon) after the reading at this time."""
        new = np.array([(at, True, said)], _PROMISE)
        return replace(self, through=at, promised=np.concatenate([self.promised, new]))

    def due(self, now: int) -> npt.NDArray[np.bool_]:
        """Which promises and horizons are over by `now` (ms): [promises, horizons]."""
        over: npt.NDArray[np.bool_] = self.promised["waits"] & (self.meant() <= now)
        return over

    def meant(self) -> Integers:
        """The times (ms) that the promises speak of: [promises, horizons]."""
        times: Integers = self.promised["at"][:, None] + np.array(MINUTES) * 60_000
        return times

    def learn(self, due: npt.NDArray[np.bool_], truth: Floats) -> "Bands":
        """Settles what is due by the truth of each, [promises, horizons]; NaN teaches nothing."""
        if not due.any():
            return self
        said = self.promised["said"]
        stretch = self.stretch.copy()
        for level, (low, high) in enumerate(((1, 3), (0, 4))):
            outside = (truth < said[..., low]) | (truth > said[..., high])
            moves = np.where(due & ~np.isnan(truth), outside - (1 - LEVELS[level]), 0.0).sum(axis=0)
            stretch[:, level] += PACE * moves
        waits = self.promised["waits"] & ~due
        promised = self.promised.copy()
        promised["waits"] = waits
        return Bands(self.through, stretch.clip(-_FURTHEST, _FURTHEST), promised[waits.any(axis=1)])

    def pack(self) -> bytes:
        """The same as bytes, below a kilobyte when they are kept up to date."""
        return np.array((_LAYOUT, self.through, self.stretch), _HEAD).tobytes() + self.promised.tobytes()

    @classmethod
    def unpack(cls, blob: bytes) -> "Bands":
        """What pack() wrote; raises BandUnreadable."""
        rest = len(blob) - _HEAD.itemsize
        if rest < 0 or rest % _PROMISE.itemsize or blob[0] != _LAYOUT:
            raise BandUnreadable
        head = np.frombuffer(blob, _HEAD, 1)[0]
        if not np.isfinite(head["stretch"]).all():
            raise BandUnreadable
        return cls(
            int(head["through"]), head["stretch"].copy(), np.frombuffer(blob, _PROMISE, -1, _HEAD.itemsize)
        )


def held(raw: Floats, factors: Floats) -> Floats:
    """Quantiles in order [N, 3, 5], with each band's reach from the centre times its factor [3, 2].

    In order again, and inside the hard range.
    """
    centre = raw[..., 2:3]
    # From the inner band outwards; the outer one holds the inner one, whatever their factors.
    below = np.maximum.accumulate(np.maximum(centre - raw[..., 1::-1], NARROWEST) * factors, axis=-1)
    above = np.maximum.accumulate(np.maximum(raw[..., 3:] - centre, NARROWEST) * factors, axis=-1)
    told: Floats = np.concatenate([centre - below[..., ::-1], centre, centre + above], axis=-1)
    return told.clip(*KIND.hard)
