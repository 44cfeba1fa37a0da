"""A zone that remembers by whose clocks it has read times, so that a file's owner can be told. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo

from backend.zones import ZoneHistory
from twin.intake.items import Remark, RemarkCode


class AskedZone(tzinfo):
    """Another zone, or history of zones, as a reader may use it; it answers as that one does."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._asked: dict[str, datetime] = {}

    def remarks(self) -> Iterator[Remark]:
        """The zones that were asked for, in the order of the earliest time of each; nothing if none was."""
        if self._asked:
            names = sorted(self._asked, key=lambda name: (self._asked[name], name))
            yield Remark(RemarkCode.ZONE_ASSUMED, ", then ".join(names))

    def utcoffset(self, at: datetime | None, /) -> timedelta | None:
        """The other zone's; from now on it has been asked."""
        if at is not None:
            self._remember(at)
        return self._zone.utcoffset(at)

    def dst(self, at: datetime | None, /) -> timedelta | None:
        """The other zone's."""
        return self._zone.dst(at)

    def tzname(self, at: datetime | None, /) -> str | None:
        """The other zone's."""
        return self._zone.tzname(at)

    def fromutc(self, at: datetime, /) -> datetime:
        """What the other zone's clock showed; from now on it has been asked."""
        local = self._zone.fromutc(at.replace(tzinfo=self._zone)).replace(tzinfo=self)
        self._remember(local)
        return local

    def _remember(self, wall: datetime) -> None:
        name = self._zone.key_of(wall) if isinstance(self._zone, ZoneHistory) else str(self._zone)
        naive = wall.replace(tzinfo=None)
        self._asked[name] = min(self._asked.get(name, naive), naive)
