"""Wall-clock times of a time zone as instants, and a zone's days. Pure; parses no text."""

from datetime import date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from backend.zones import zone_names
from twin.instants import instant

_EPOCH = date(1970, 1, 1).toordinal()
_DAY = 24 * 60 * 60 * 1000
# Every zone has changed its clocks on a quarter of an hour, never within one.
_QUARTER = 15 * 60 * 1000
_HALF_HOUR = 2 * _QUARTER


def instants(
    wall: npt.NDArray[np.int64], zone: tzinfo
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int16]]:
    """Milliseconds since the epoch, and minutes east of UTC, of wall-clock milliseconds since 1970.

    An hour that the clock shows twice is taken as its first; one that it skips, as if it had not moved.
    """
    quarters, which = np.unique(wall // _QUARTER, return_inverse=True)
    offsets = np.array([_offset(int(quarter) * _QUARTER, zone) for quarter in quarters], dtype=np.int64)
    east = offsets[which] if len(quarters) else np.zeros(0, dtype=np.int64)
    return wall - east, (east // 60_000).astype(np.int16)


def instants_in_order(
    wall: npt.NDArray[np.int64], zone: tzinfo
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int16]]:
    """As `instants`, of times in the order in which they were taken: an hour shown twice is told apart.

    It is shown the second time from where the times go back within it, by half an hour at least: what goes
    back in smaller steps is a file in another order.
    """
    start, offset = instants(wall, zone)
    for turn in np.flatnonzero(np.diff(wall) <= -_HALF_HOUR) + 1:
        back = wall[turn - 1] - wall[turn]
        for place in range(int(turn), len(wall)):
            second = _offset(int(wall[place]), zone, fold=1)
            repeated = int(offset[place]) * 60_000 - second
            if repeated <= 0 or back > repeated or (place > turn and wall[place] < wall[place - 1]):
                break
            start[place], offset[place] = wall[place] - second, second // 60_000
    return start, offset


def day(of: date, zone: tzinfo) -> tuple[int, int]:
    """Start and length of a day of this zone, in milliseconds; 23 or 25 hours where the clock changes.

    Raises OverflowError at the end of the calendar.
    """
    start, end = midnight(of, zone), midnight(of + timedelta(days=1), zone)
    return start, end - start


def midnight(of: date, zone: tzinfo) -> int:
    """Milliseconds since the epoch of the instant at which a day begins in this zone."""
    wall = (of.toordinal() - _EPOCH) * _DAY
    return wall - _offset(wall, zone)


def offset_at(at: int, zone: tzinfo) -> int:
    """Minutes east of UTC in a zone at an instant in milliseconds since the epoch."""
    there = instant(at).astimezone(zone)
    return (there.utcoffset() or timedelta()) // timedelta(minutes=1)


def offsets_at(at: npt.NDArray[np.int64], zone: tzinfo) -> npt.NDArray[np.int16]:
    """As `offset_at`, of many instants. Raises OverflowError at the end of the calendar."""
    quarters, which = np.unique(at // _QUARTER, return_inverse=True)
    offsets = np.array([offset_at(int(quarter) * _QUARTER, zone) for quarter in quarters], dtype=np.int16)
    return offsets[which] if len(quarters) else np.zeros(0, np.int16)


def zone_named(name: str) -> ZoneInfo | None:
    """The zone that the time zone database has under this name, if any."""
    return ZoneInfo(name) if name in zone_names() else None


def _offset(wall: int, zone: tzinfo, *, fold: int = 0) -> int:
    # Adding to an aware datetime moves its wall clock.
    at = datetime(1970, 1, 1, tzinfo=zone) + timedelta(milliseconds=wall)
    offset = at.replace(fold=fold).utcoffset()
    return 0 if offset is None else offset // timedelta(milliseconds=1)
