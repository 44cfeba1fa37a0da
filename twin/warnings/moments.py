"""Readings as rules look at them: taken together, at rest, and what a mean stands on. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from twin.kinds import KINDS
from twin.series.columns import Flag
from twin.warnings.facts import DAY, Days, Floats, Integers, Readings
from twin.warnings.finding import Evidence
from twin.warnings.looks import evidence
from twin.warnings.rules import Bound

Mask = npt.NDArray[np.bool_]

CLOCKS_DIFFER = 120_000
"""ms that a reading may be ahead of now, as clocks differ: a working choice. Others are not looked at."""
MOVEMENT = ("steps", "distance", "floors", "exercise_minutes")
"""Kinds of which a sample above zero says that the person moved meanwhile."""
COUNTED_WITHIN = DAY
"""Whether somebody moved is known only where some movement was counted within a day before."""
WEEK = 7
MOST_EVIDENCE = 5


@dataclass(frozen=True, slots=True)
class Moments:
    """Values of some kinds at the same instants (ms, ascending), nan where one has none; days as counted."""

    at: Integers
    day: Integers
    values: Mapping[str, Floats]
    flags: npt.NDArray[np.uint8]
    source: npt.NDArray[np.int16]
    sources: Sequence[str]

    @classmethod
    def plain(cls, at: Integers, day: Integers, kind: str, values: Floats) -> "Moments":
        """Values of one kind of which nothing more is known."""
        return cls(at, day, {kind: values}, np.zeros(len(at), np.uint8), np.zeros(len(at), np.int16), ("",))

    def __len__(self) -> int:
        return len(self.at)

    def take(self, chosen: Mask | npt.NDArray[np.intp]) -> "Moments":
        """The chosen ones, in their order."""
        return Moments(
            self.at[chosen],
            self.day[chosen],
            {kind: values[chosen] for kind, values in self.values.items()},
            self.flags[chosen],
            self.source[chosen],
            self.sources,
        )

    def passed(self, bounds: Sequence[Bound]) -> Mask:
        """Where one of the limits is passed."""
        found = np.zeros(len(self), np.bool_)
        for bound in bounds:
            for kind, values in self.values.items():
                if bound.of(kind):
                    found |= bound.passed(values)
        return found

    def calm(self, bounds: Sequence[Bound]) -> Mask:
        """Where each limit whose kind has a value has ended."""
        found = np.ones(len(self), np.bool_)
        for bound in bounds:
            for kind, values in self.values.items():
                if bound.of(kind):
                    found &= np.isnan(values) | bound.calm(values)
        return found

    def doubtful(self) -> Mask:
        """Where a value lies outside what is usual of anybody."""
        return (self.flags & Flag.SOFT_RANGE) > 0

    def evidence(self, places: npt.NDArray[np.intp]) -> tuple[Evidence, ...]:
        """The values at the last few of these places, in order."""
        found: list[Evidence] = []
        for place in places[-MOST_EVIDENCE:].tolist():
            for kind, values in self.values.items():
                if not np.isnan(values[place]):
                    row = (
                        float(values[place]),
                        int(self.at[place]),
                        self.sources[self.source[place]],
                        int(self.flags[place]),
                    )
                    found += evidence(kind, iter([row]))
        return tuple(found)


def moments(readings: Mapping[str, Readings], kinds: Sequence[str], now: int) -> Moments:
    """The readings of these kinds up to now, those of one source at one instant together.

    What two sources tell of one reading counts once. A systolic pressure that is not above the diastolic
    one is no blood pressure.
    """
    known = {}
    for kind in kinds:
        if kind in readings:
            one = readings[kind]
            if len(one) and one.at[-1] > now + CLOCKS_DIFFER:
                one = one.take(one.at <= now + CLOCKS_DIFFER)
            known[kind] = one.told_once()
    if len(kinds) == 1 or len(known) == 1:
        ((kind, one),) = known.items() if known else ((kinds[0], _NO_READINGS),)
        return Moments(
            one.at,
            one.day,
            {kind: one.value},
            one.flags,
            one.source,
            one.sources,
        )
    rows: dict[tuple[int, str], dict[str, tuple[float, int, int]]] = {}
    for kind, one in known.items():
        for at, day, value, flags, source in zip(
            *(column.tolist() for column in (one.at, one.day, one.value, one.flags, one.source)), strict=True
        ):
            rows.setdefault((at, one.sources[source]), {})[kind] = value, flags, day
    order = sorted(rows)
    names = sorted({source for _, source in order})
    values = {
        kind: np.array([rows[key][kind][0] if kind in rows[key] else np.nan for key in order], np.float64)
        for kind in kinds
    }
    flags = [max(flags for _, flags, _ in rows[key].values()) for key in order]
    found = Moments(
        np.array([at for at, _ in order], np.int64),
        np.array([next(iter(rows[key].values()))[2] for key in order], np.int64),
        values,
        np.array(flags, np.uint8),
        np.array([names.index(source) for _, source in order], np.int16),
        names,
    )
    if "sbp" in values and "dbp" in values:
        nonsense = values["sbp"] <= values["dbp"]
        return found.take(~nonsense) if nonsense.any() else found
    return found


def at_rest(found: Moments, readings: Mapping[str, Readings], still: int) -> Moments:
    """Those before which nothing moved for `still` ms, as far as movement is counted at all."""
    moved = [one.take(one.value > 0) for kind, one in readings.items() if kind in MOVEMENT]
    start = np.concatenate([one.start for one in moved]) if moved else np.empty(0, np.int64)
    if not len(start) or not len(found):
        return found.take(np.zeros(len(found), np.bool_))
    end = np.concatenate([one.at for one in moved])
    order = np.argsort(start, kind="stable")
    start, until = start[order], np.maximum.accumulate(end[order])
    before = np.searchsorted(start, found.at, side="right") - 1
    last = np.where(before >= 0, until[before], np.iinfo(np.int64).min // 2)
    return found.take((last <= found.at - still) & (last > found.at - COUNTED_WITHIN))


def of_days(kind: str, days: Days) -> Moments:
    """A kind's days as moments: each at the instant at which it began."""
    return Moments.plain(days.at, days.day, kind, days.value)


class Mean(NamedTuple):
    """The mean of home readings: of how many, on how many days, and for each kind."""

    readings: int
    days: int
    of: Mapping[str, float]


def mean_of_week(
    found: Moments, through: int, *, days: int = WEEK, least_days: int, least: int
) -> Mean | None:
    """The mean of the readings of the `days` up to `through`, without those of the first measured day.

    None on fewer than `least_days` measured days or `least` readings. Source: the home protocol of seven days
    with the first dropped (thresholds of ESH 2023, CHEP 2017).
    """
    inside = (found.day > through - days) & (found.day <= through)
    measured = np.unique(found.day[inside])
    if len(measured) < least_days:
        return None
    inside &= found.day > measured[0]
    count = int(inside.sum())
    if count < max(least, 1):
        return None
    means = {}
    for kind, values in found.values.items():
        own = values[inside]
        own = own[~np.isnan(own)]
        if len(own):
            means[kind] = float(own.mean())
    return Mean(count, len(measured) - 1, means)


def gains(days: Days, within: int) -> tuple[Floats, Integers]:
    """Of each day by how much it lies above the earliest of the `within` days before it; and which that is.

    nan and -1 where none of them has a value.
    """
    place = np.searchsorted(days.day, days.day - within, side="left")
    own = np.arange(len(days.day))
    there = place < own
    gain = np.where(there, days.value - days.value[np.minimum(place, own)], np.nan)
    return gain, np.where(there, place, -1)


def without_today(days: Days, today: int) -> Days:
    """Without the day that still grows, and what lies after it."""
    chosen = days.day < today
    return replace(days, day=days.day[chosen], at=days.at[chosen], value=days.value[chosen])


def is_counted(kind: str) -> bool:
    """Whether a kind's day is a sum, of which a single sample says nothing."""
    return KINDS[kind].daily in ("sum", "duration")


_NO_READINGS = Readings(
    np.empty(0, np.int64),
    np.empty(0, np.int64),
    np.empty(0, np.float64),
    np.empty(0, np.uint8),
    np.empty(0, np.int16),
    np.empty(0, np.int64),
    (),
)
