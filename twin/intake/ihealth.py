"""Answers of the iHealth Web API: lists of measurements, whose unit is a number beside them. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, BinaryIO

import numpy as np

from twin.intake.gathering import Batches, Tally
from twin.intake.items import Item, ProblemCode
from twin.intake.json_entries import entries
from twin.intake.json_values import number
from twin.intake.parsing import MOST_OFFSET
from twin.intake.wall_time import instants
from twin.series.columns import Flag

NAME = "ihealth"

SOURCE = "iHealth"

_LIST = re.compile(rb'"(BP|BO|Weight|BG|AR|SR)DataList"\s*:\s*\[')
_OFFSET = re.compile(r"([+-]?)(\d{1,2})(?::?([0-5]\d))?", re.ASCII)

_MINUTE, _HOUR, _DAY = 60_000, 3_600_000, 86_400_000
_LAST = 253_370_764_800  # the year 9999, in seconds
_ABSENT = (-1, 0)
_TYPED_IN = "Manual"
_OTHERS = re.compile(r"[A-Za-z]+DataList")


@dataclass(frozen=True, slots=True)
class _Reading:
    """Which kind a member of an entry is of, and its unit; `coded` names the number that tells the unit."""

    kind: str
    unit: str = ""
    coded: str = ""


_PULSE = _Reading("heart_rate", "/min")
_MOMENTS: Mapping[str, Mapping[str, _Reading]] = {
    "BPDataList": {
        "HP": _Reading("sbp", coded="BPUnit"),
        "LP": _Reading("dbp", coded="BPUnit"),
        "HR": _PULSE,
    },
    "BODataList": {"BO": _Reading("spo2", "%"), "HR": _PULSE},
    "WeightDataList": {
        "WeightValue": _Reading("weight", coded="WeightUnit"),
        "BMI": _Reading("bmi", "kg/m2"),
        "FatValue": _Reading("body_fat", "%"),
    },
    "BGDataList": {"BG": _Reading("glucose", coded="BGUnit")},
}
# Not its calories, which count those burned at rest too.
_DAYS = {
    "Steps": _Reading("steps", "{steps}"),
    "DistanceTraveled": _Reading("distance", coded="DistanceUnit"),
}
_UNITS: Mapping[str, tuple[str, ...]] = {
    "BPUnit": ("mm[Hg]", "kPa"),
    "WeightUnit": ("kg", "lb", "st"),
    "BGUnit": ("mg/dL", "mmol/L"),
    "DistanceUnit": ("km", "mi"),
}


def sniff(head: bytes) -> bool:
    """Whether the first bytes are an answer with a list of measurements."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return start.startswith(b"{") and bool(_LIST.search(start))


def read(stream: BinaryIO, *, zone: tzinfo) -> Iterator[Item]:
    """The samples of one answer or several, each under the offset it states; in `zone` where it states none.

    Raises Refused when no answer can be read.
    """
    batches, tally = Batches(), Tally()
    for answer in entries(stream, tally, called="answer"):
        if isinstance(answer.value, dict):
            _Answer(answer.value, answer.place, zone, batches, tally).take()
        else:
            tally.add(ProblemCode.MALFORMED, "no answer of the Web API", answer.place)
        yield from batches.full()
    yield from batches.rest()
    yield from tally.problems()


class _Answer:
    """One answer: its lists, and the units that they share."""

    def __init__(
        self, members: dict[str, Any], place: str, zone: tzinfo, batches: Batches, tally: Tally
    ) -> None:
        self._members = members
        self._place = place
        self._zone = zone
        self._batches = batches
        self._tally = tally

    def take(self) -> None:
        for key, rows in self._members.items():
            if not isinstance(rows, list):
                continue
            for index, entry in enumerate(rows, start=1):
                place = f"{self._place}, {key} {index}"
                if not isinstance(entry, dict):
                    self._tally.add(ProblemCode.MALFORMED, "no measurement", place)
                elif key in _MOMENTS:
                    self._moment(entry, _MOMENTS[key], place)
                elif key == "ARDataList":
                    self._day(entry, place)
                elif key == "SRDataList":
                    self._sleep(entry, place)
                elif _OTHERS.fullmatch(key):
                    self._tally.add(ProblemCode.UNSUPPORTED_RESOURCE, key, place, sort=key)
        if self._members.get("NextPageUrl"):
            self._tally.add(
                ProblemCode.TRUNCATED, "the answer names a next page that is not in the file", self._place
            )

    def _moment(self, entry: dict[str, Any], readings: Mapping[str, _Reading], place: str) -> None:
        wall = _wall(entry.get("MDate"))
        if wall is None:
            self._tally.add(ProblemCode.BAD_TIME, entry.get("MDate"), place, sort="MDate")
            return
        at, offset = self._instant(wall, entry.get("TimeZone"))
        for key, reading in readings.items():
            if key in entry:
                self._take(reading, entry[key], at, 0, offset, entry, place)

    def _day(self, entry: dict[str, Any], place: str) -> None:
        """The totals of the day in which their MDate lies, which is when they were last added to."""
        wall = _wall(entry.get("MDate"))
        if wall is None:
            self._tally.add(ProblemCode.BAD_TIME, entry.get("MDate"), place, kind="steps")
        elif number(entry.get("Steps")) == 0:
            self._tally.add(ProblemCode.NOT_WORN, "no step that day", place, kind="steps")
        else:
            midnight = wall // _DAY * _DAY
            start, offset = self._instant(midnight, entry.get("TimeZone"))
            end, _ = self._instant(midnight + _DAY, entry.get("TimeZone"))
            for key, reading in _DAYS.items():
                if key in entry:
                    self._take(reading, entry[key], start, end - start, offset, entry, place)

    def _sleep(self, entry: dict[str, Any], place: str) -> None:
        """One sleep. HoursSlept counts minutes: it is the efficiency's share of those in bed."""
        start, end = _wall(entry.get("StartTime")), _wall(entry.get("EndTime"))
        if start is None or end is None or not 0 <= end - start <= 2 * _DAY:
            self._tally.add(ProblemCode.BAD_TIME, entry.get("StartTime"), place, kind="sleep_duration")
            return
        began, offset = self._instant(start, entry.get("TimeZone"))
        ended, _ = self._instant(end, entry.get("TimeZone"))
        asleep = _Reading("sleep_duration", "min")
        self._take(asleep, entry.get("HoursSlept"), began, ended - began, offset, entry, place)

    def _take(
        self,
        reading: _Reading,
        written: Any,
        start: int,
        duration: int,
        offset: int,
        entry: dict[str, Any],
        place: str,
    ) -> None:
        value = number(written)
        if value is None:
            self._tally.add(ProblemCode.NOT_A_NUMBER, written, place, kind=reading.kind)
        elif value in _ABSENT:
            self._tally.add(ProblemCode.NOT_MEASURED, f"{value:g}", place, kind=reading.kind)
        else:
            flags = Flag.MANUAL if entry.get("DataSource") == _TYPED_IN else 0
            self._batches.add(
                reading.kind, SOURCE, self._unit(reading), start, duration, value, offset=offset, flags=flags
            )

    def _unit(self, reading: _Reading) -> str:
        """The unit; where it is told by a number that is unknown, that number, which is none."""
        if not reading.coded:
            return reading.unit
        code, units = self._members.get(reading.coded), _UNITS[reading.coded]
        if isinstance(code, int) and 0 <= code < len(units):
            return units[code]
        return f"{reading.coded} {code}"

    def _instant(self, wall: int, offset: Any) -> tuple[int, int]:
        east = offset_of(offset)
        if east is not None:
            return wall - east * _MINUTE, east
        at, assumed = instants(np.array([wall], np.int64), self._zone)
        return int(at[0]), int(assumed[0])


def offset_of(written: Any) -> int | None:
    """Minutes east of UTC of "-0800", "+05:30", "-8" or the number -8; None when it is no offset."""
    if isinstance(written, bool) or not isinstance(written, str | int):
        return None
    match = _OFFSET.fullmatch(str(written).strip())
    if match is None:
        return None
    minutes = int(match[2]) * 60 + int(match[3] or 0)
    if minutes > MOST_OFFSET:
        return None
    return -minutes if match[1] == "-" else minutes


def _wall(seconds: Any) -> int | None:
    """Milliseconds since 1970 by the wall clock: iHealth counts its seconds as if the clock showed UTC."""
    stated = number(seconds)
    return round(stated * 1000) if stated is not None and 0 < stated < _LAST else None
