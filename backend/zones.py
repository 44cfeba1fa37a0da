"""Where a person lived by the clock: the zones of a lifetime, as one tzinfo. Pure."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from itertools import accumulate
from zoneinfo import ZoneInfo, available_timezones

QUARTER = timedelta(minutes=15)
"""Every zone has changed its clocks on a quarter of an hour; who reads many times at once counts on it."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INSTANT_BEFORE = timedelta(microseconds=1)


@cache
def zone_names() -> frozenset[str]:
    """Every zone that the time zone database knows."""
    return frozenset(available_timezones())


def quarter_of(at: datetime) -> datetime:
    """The beginning, in UTC, of the quarter of an hour in which an instant lies."""
    at = at.astimezone(UTC)
    return at - (at - _EPOCH) % QUARTER


class ZoneHistory(tzinfo):
    """The zones in which a person lived: the first one for all time, until a move to the next at an instant.

    Whoever reads local times may use it as any zone. A move turns the clock as a change to summer time does:
    going east skips hours, going west repeats them. As there (PEP 495), a time that was shown twice is the
    earlier one unless its fold is 1, and a time that was skipped is read as if the person had not moved yet,
    or with fold 1 as if she had moved already.
    """

    def __init__(self, first: str, *moves: tuple[datetime, str]) -> None:
        """`moves` are (instant, zone), the earliest first; each counts from its quarter of an hour on.

        Raises ValueError when they are not in order.
        """
        names, turns = [first], list[datetime]()
        for since, name in moves:
            at = quarter_of(since).replace(tzinfo=None)
            if turns and at <= turns[-1]:
                raise ValueError("moves are not in order")
            if name != names[-1]:
                names.append(name)
                turns.append(at)
        self._zones = [ZoneInfo(name) for name in names]
        self._turns = turns
        around = [
            (at + _offset_at(self._zones[place], at - _INSTANT_BEFORE), at + _offset_at(zone, at))
            for place, (at, zone) in enumerate(zip(turns, self._zones[1:], strict=True))
        ]
        # By wall clock: when each stay but the first has begun, if the person is thought to have stayed on as
        # long as can be (fold 0), or to have moved as early as can be (fold 1). Moves within hours of each
        # other overlap there; the running extremes keep both in order.
        late = list(accumulate((max(pair) for pair in around), max))
        early = list(accumulate((min(pair) for pair in reversed(around)), min))[::-1]
        self._begun = (late, early)

    @property
    def first(self) -> str:
        """The zone before any move."""
        return self._zones[0].key

    @property
    def moves(self) -> Sequence[tuple[datetime, str]]:
        """Every move, the earliest first: its instant, and the zone from then on."""
        pairs = zip(self._turns, self._zones[1:], strict=True)
        return tuple((at.replace(tzinfo=UTC), zone.key) for at, zone in pairs)

    def key_at(self, at: datetime) -> str:
        """The name of the zone at an instant."""
        return self._zones[bisect_right(self._turns, at.astimezone(UTC).replace(tzinfo=None))].key

    def key_of(self, wall: datetime) -> str:
        """The name of the zone by whose clock a wall time is read."""
        return self._zone_of(wall).key

    def moved(self, since: datetime, name: str) -> "ZoneHistory":
        """The same, but with a move to this zone at this instant, in the place of one in the same quarter."""
        moves = dict(self.moves) | {quarter_of(since): name}
        return ZoneHistory(self.first, *sorted(moves.items()))

    def first_difference(self, other: "ZoneHistory") -> datetime | None:
        """The instant from which the two are not the same; None when they never differ.

        The earliest instant there is, in UTC, when they begin in different zones.
        """
        if self == other:
            return None
        if self.first != other.first:
            return datetime.min.replace(tzinfo=UTC)
        return min(at for at, _ in set(self.moves) ^ set(other.moves))

    def utcoffset(self, at: datetime | None, /) -> timedelta | None:
        """The offset of the zone in which the wall time lies."""
        return None if at is None else self._zone_of(at).utcoffset(at)

    def dst(self, at: datetime | None, /) -> timedelta | None:
        """The summer time of the zone in which the wall time lies."""
        return None if at is None else self._zone_of(at).dst(at)

    def tzname(self, at: datetime | None, /) -> str | None:
        """The abbreviation of the zone in which the wall time lies."""
        return None if at is None else self._zone_of(at).tzname(at)

    def fromutc(self, at: datetime, /) -> datetime:
        """What the clock showed; fold is 1 where it had shown the same before."""
        which = bisect_right(self._turns, at.replace(tzinfo=None))
        zone = self._zones[which]
        local = zone.fromutc(at.replace(tzinfo=zone)).replace(tzinfo=self)
        shown_before = bisect_right(self._begun[0], local.replace(tzinfo=None)) < which
        return local.replace(fold=1) if shown_before else local

    def _zone_of(self, wall: datetime) -> ZoneInfo:
        return self._zones[bisect_right(self._begun[wall.fold], wall.replace(tzinfo=None))]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ZoneHistory) and (self.first, self.moves) == (other.first, other.moves)

    def __hash__(self) -> int:
        return hash((self.first, self.moves))

    def __reduce__(self) -> tuple[type["ZoneHistory"], tuple[object, ...]]:
        return ZoneHistory, (self.first, *self.moves)

    def __repr__(self) -> str:
        return f"ZoneHistory{(self.first, *self.moves)!r}"


def _offset_at(zone: ZoneInfo, at: datetime) -> timedelta:
    """The offset at an instant, given as naive UTC."""
    return zone.fromutc(at.replace(tzinfo=zone)).replace(tzinfo=None) - at
