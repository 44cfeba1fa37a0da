"""The patient's own days: which local day an instant falls in, and when a day begins. Pure and vectorised."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from backend.zones import ZoneHistory
from twin.series.columns import UNKNOWN_OFFSET

DAY = 86_400_000  # milliseconds
_SECOND = 1_000
_MINUTE = 60_000

Integers = npt.NDArray[np.int64]
Offsets = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class LocalClock:
    """A zone's offsets over a span of time: `offsets[i]` ms east of UTC, from instant `turns[i]` on.

    Instants are ms since the epoch in UTC; days are counted from 1970-01-01. Before the span its first
    offset holds, after it the last one.
    """

    turns: Integers
    offsets: Integers

    @classmethod
    def over(cls, zone: tzinfo, first: int, last: int) -> "LocalClock":
        """The clock of a zone, or of a history of zones, right from instant `first` to `last`.

        A zone's changes are found by looking once a day, so two within one day would be missed; none exist.
        A person may move on such a day, and does so at a known instant: there it is looked at too.
        """
        looks = _looks(zone, first // DAY * DAY // _SECOND, (last + DAY) // _SECOND)
        turns, offsets = [looks[0]], [_offset(zone, looks[0])]
        for before, after in pairwise(looks):
            if _offset(zone, after) != offsets[-1]:
                turns.append(_change(zone, before, after))
                offsets.append(_offset(zone, after))
        return cls(np.array(turns, np.int64) * _SECOND, np.array(offsets, np.int64) * _SECOND)

    def elsewhere(self, instants: Integers, own: Offsets | None) -> Offsets | None:
        """The offsets that differ from the zone's, UNKNOWN_OFFSET for the rest; None when no sample has one.

        A sample taken at home ends by the zone's clock, even when that changes in between.
        """
        if own is None:
            return None
        away = (own != UNKNOWN_OFFSET) & (_ms(own) != self._of_zone(instants))
        return np.where(away, own, np.int16(UNKNOWN_OFFSET)) if away.any() else None

    def local(self, instants: Integers, own: Offsets | None = None) -> Integers:
        """The local time of each instant, in ms; an offset of its own, in minutes, wins over the zone."""
        of_zone = self._of_zone(instants)
        return instants + (of_zone if own is None else np.where(own != UNKNOWN_OFFSET, _ms(own), of_zone))

    def day_of(self, instants: Integers, own: Offsets | None = None) -> Integers:
        """The local day of each instant."""
        return self.local(instants, own) // DAY

    def start_of(self, days: Integers, own: Offsets | None = None) -> Integers:
        """The first instant of each local day; where the zone skips midnight or a whole day, what follows.

        Of a midnight that a journey west repeats the first one counts.
        """
        midnight = days * DAY
        # The local time at which each offset ends: the first that lies after midnight is the one in force.
        # A journey west may end before the local time at which the stay before it did.
        ends = np.maximum.accumulate(self.turns[1:] + self.offsets[:-1])
        which = np.searchsorted(ends, midnight, side="right")
        begins = np.append(np.iinfo(np.int64).min, self.turns[1:])
        of_zone = np.maximum(midnight - self.offsets[which], begins[which])
        return of_zone if own is None else np.where(own != UNKNOWN_OFFSET, midnight - _ms(own), of_zone)

    def _of_zone(self, instants: Integers) -> Integers:
        return self.offsets[np.searchsorted(self.turns[1:], instants, side="right")]


def _ms(minutes: Offsets) -> Integers:
    return minutes.astype(np.int64) * _MINUTE


def _looks(zone: tzinfo, first: int, last: int) -> list[int]:
    """Seconds, in order, between any two of which the zone changes once at most."""
    looks = set(range(first, last + 1, DAY // _SECOND))
    if isinstance(zone, ZoneHistory):
        moves = [int(at.timestamp()) for at, _ in zone.moves]
        looks.update(at for move in moves for at in (move - 1, move) if first <= at <= last)
    return sorted(looks)


def _offset(zone: tzinfo, second: int) -> int:
    return int(datetime.fromtimestamp(second, zone).replace(tzinfo=UTC).timestamp()) - second


def _change(zone: tzinfo, before: int, after: int) -> int:
    """The first second with the offset of `after`, by halving."""
    target = _offset(zone, after)
    while after - before > 1:
        middle = (before + after) // 2
        if _offset(zone, middle) == target:
            after = middle
        else:
            before = middle
    return after
