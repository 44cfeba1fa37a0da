"""Fitbit's part of a Google Takeout: JSON lists of heart rates, sleep, weight and minutes. Pure."""

import re
from collections.abc import Iterator
from datetime import tzinfo
from typing import Any, BinaryIO

from twin.intake.clock import MINUTE, midnight_wall, parse_date, parse_wall
from twin.intake.fitbit import sources
from twin.intake.fitbit.logs import take_sleep, take_weight
from twin.intake.gathering import Batches, Tally
from twin.intake.items import Item, ProblemCode
from twin.intake.json_entries import entries
from twin.intake.json_values import number
from twin.intake.wall_samples import WHOLE_DAY, WallSamples

_TIMED = re.compile(rb'^\[\s*\{\s*"dateTime"\s*:\s*"[^"]*"\s*,\s*"value"\s*:')
_LOG = re.compile(rb'^\[\s*\{\s*"logId"\s*:')
_SLEEP_OR_WEIGHT = re.compile(rb'"(dateOfSleep|weight)"\s*:')

# Minutes with a plain number, by the name of the file, for nothing inside it says. Distances are in cm.
_MINUTES = {"steps": ("steps", "{steps}"), "distance": ("distance", "cm")}
_NAME = re.compile(r"(?:^|/)([a-z_]+)-\d{4}-\d\d-\d\d\.json$")


def is_takeout(head: bytes) -> bool:
    """Whether the first bytes are a list of timed values, sleeps or weighings."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return bool(_TIMED.match(start) or (_LOG.match(start) and _SLEEP_OR_WEIGHT.search(start)))


def read(stream: BinaryIO, *, zone: tzinfo, name: str = "") -> Iterator[Item]:
    """The samples of one file, whose `name` tells what plain numbers a minute are ("steps-2024-03-01.json").

    Heart rate and minutes are in UTC; sleep, weight and daily values in the wearer's local time.
    Raises Refused when not one entry can be read.
    """
    yield from _Reader(zone, name).items(stream)


class _Reader:
    def __init__(self, zone: tzinfo, name: str) -> None:
        match = _NAME.search(name)
        self._about = match[1] if match else ""
        self._local = WallSamples(zone)
        self._utc = Batches()
        self._tally = Tally()

    def items(self, stream: BinaryIO) -> Iterator[Item]:
        for entry in entries(stream, self._tally):
            self._take(entry.value, entry.place)
            yield from self._local.full()
            yield from self._utc.full()
        yield from self._local.rest()
        yield from self._utc.rest()
        yield from self._tally.problems()

    def _take(self, entry: Any, place: str) -> None:
        match entry:
            case {"startTime": _, "endTime": _}:
                take_sleep(entry, place, self._local, self._tally)
            case {"weight": _, "date": _}:
                take_weight(entry, place, self._local, self._tally)
            case {"dateTime": str(time), "value": {"bpm": bpm}}:
                self._point(time, "heart_rate", "/min", 0, bpm, place)
            case {"dateTime": str(), "value": {"date": date, "value": resting}}:
                self._resting(date, resting, place)
            case {"dateTime": str(time), "value": str() | int() | float() as written}:
                self._minute(time, written, place)
            case dict():
                keys = ", ".join(sorted(entry)[:5])
                self._tally.add(ProblemCode.UNKNOWN_KIND, f"an entry of {keys}", place, sort=keys)
            case _:
                self._tally.add(ProblemCode.MALFORMED, "no entry", place)

    def _minute(self, time: str, written: Any, place: str) -> None:
        if self._about in _MINUTES:
            kind, unit = _MINUTES[self._about]
            self._point(time, kind, unit, MINUTE, written, place)
        else:
            about = self._about or "numbers by the minute, whose file name is needed to tell what they count"
            self._tally.add(ProblemCode.UNKNOWN_KIND, about, place)

    def _point(self, time: str, kind: str, unit: str, duration: int, written: Any, place: str) -> None:
        at, value = parse_wall(time), number(written)
        if at is None:
            self._tally.add(ProblemCode.BAD_TIME, time, place, kind=kind)
        elif value is None:
            self._tally.add(ProblemCode.NOT_A_NUMBER, written, place, kind=kind)
        else:
            self._utc.add(kind, sources.DEVICE, unit, at, duration, value)

    def _resting(self, date: Any, written: Any, place: str) -> None:
        kind, value = "resting_heart_rate", number(written)
        if date is None or value == 0:
            self._tally.add(ProblemCode.NOT_WORN, "no resting heart rate that day", place, kind=kind)
            return
        on = parse_date(str(date))
        if on is None:
            self._tally.add(ProblemCode.BAD_TIME, date, place, kind=kind)
        elif value is None:
            self._tally.add(ProblemCode.NOT_A_NUMBER, written, place, kind=kind)
        else:
            self._local.add(kind, sources.DEVICE, "/min", midnight_wall(on), WHOLE_DAY, value)
