"""When a person's clock shows a wall time, with every kind of change of the clock. Pure.

Instants are seconds since the epoch in UTC, wall times seconds since 1970-01-01 on the wall.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import lru_cache
from math import inf

from twin.state.clock import LocalClock

DAY = 86_400
STRETCH = 32 * DAY
"""A clock is made for so long at a time: long enough for a month's plan, short enough to be cheap."""
REACH = 3 * DAY
"""How far around a stretch its clock is right; no wall time is shown so far from its like in UTC."""
DATE_LINE = DAY // 2
"""A turn back by more is the longer way round the earth: over the date line, where a day comes twice."""
_MS = 1_000


@dataclass(frozen=True, slots=True)
class _Stay:
    """One offset in force: from an instant on, until the wall time that it ends at."""

    begins: float
    offset: int
    until: float


@dataclass(frozen=True, slots=True)
class _Era:
    """Stays between two crossings of the date line; it shows wall times from `since` to before `until`."""

    since: float
    until: float
    stays: tuple[_Stay, ...]


@dataclass(frozen=True, slots=True)
class WallClock:
    """The clock of a zone, or of a history of zones, around one stretch of time."""

    eras: tuple[_Era, ...]

    def instants(self, wall: int) -> Iterator[tuple[int, int]]:
        """The instants at which a wall time has come, each with how often it had come before.

        It has come when the clock first shows it or, where it is skipped, what follows. A doubled hour has
        come the first time; only where the date line is crossed eastward does a time come again. One whose
        whole day the clock skips never comes.
        """
        if len(self.eras) == 1 and len(self.eras[0].stays) == 1:
            yield wall - self.eras[0].stays[0].offset, 0
            return
        if not self._has_day(wall):
            return
        before = 0
        for era in self.eras:
            if era.since <= wall < era.until:
                stay = next(stay for stay in era.stays if wall < stay.until)
                yield int(max(stay.begins, wall - stay.offset)), before
                before += 1

    def _has_day(self, wall: int) -> bool:
        begins = wall // DAY * DAY
        return any(
            stay.begins + stay.offset < begins + DAY and begins < stay.until
            for era in self.eras
            for stay in era.stays
        )


def stretches(since: int, until: int) -> Iterator[tuple[int, int, int]]:
    """A span in stretches that begin at the same instants whatever the span: number, from and until."""
    for number in range(since // STRETCH, -(-until // STRETCH)):
        yield number, max(since, number * STRETCH), min(until, (number + 1) * STRETCH)


@lru_cache(maxsize=4_096)
def wall_clock(zone: tzinfo, stretch: int) -> WallClock:
    """The clock around a stretch, right for every wall time that comes within it."""
    first, last = stretch * STRETCH - REACH, (stretch + 1) * STRETCH + REACH
    found = LocalClock.over(zone, first * _MS, last * _MS)
    begins = [-inf, *(int(turn) // _MS for turn in found.turns[1:])]
    offsets = [int(offset) // _MS for offset in found.offsets]
    stays = [
        _Stay(begin, offset, end + offset)
        for begin, offset, end in zip(begins, offsets, [*begins[1:], inf], strict=True)
    ]
    eras: list[list[_Stay]] = [[stays[0]]]
    for stay in stays[1:]:
        if eras[-1][-1].offset - stay.offset > DATE_LINE:
            eras.append([stay])
        else:
            eras[-1].append(stay)
    return WallClock(tuple(_era(era) for era in eras))


def _era(stays: Sequence[_Stay]) -> _Era:
    since = stays[0].begins + stays[0].offset
    return _Era(since, max(stay.until for stay in stays), tuple(stays))
