"""Garmin Connect's JSON: answers of its web services, and the files of an account's export. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, BinaryIO

from twin.intake import wall_time
from twin.intake.clock import DAY, parse_date
from twin.intake.garmin_connect import gmt
from twin.intake.garmin_connect.gmt import Span, east_of_utc, instant
from twin.intake.gathering import Batches, Tally
from twin.intake.items import Item, ProblemCode
from twin.intake.json_entries import entries, member, text
from twin.intake.json_values import number
from twin.series.columns import Flag

NAME = "garmin_connect"

SOURCE = "Garmin Connect"
DAYS = "Garmin Connect day totals"
NIGHTS = "Garmin Connect nights"
"""What sums up a day or a night is compared with what it sums up, and never added to it."""

_KEYS = re.compile(
    rb'"(heartRateValues|dailySleepDTO|hrvReadings|wellnessStartTimeGmt|sleepStartTimestampGMT'
    rb'|dateWeightList|dailyWeightSummaries)"\s*:'
)
_WEIGHT = re.compile(rb'"weight"\s*:\s*\{[^{}]*"timestampGMT"\s*:')

_LONGEST_NIGHT = 2 * DAY


@dataclass(frozen=True, slots=True)
class _Series:
    """Where the entries of one of a night's lists keep time and value."""

    kind: str
    unit: str
    time: str
    value: str


_SERIES: Mapping[str, _Series] = {
    "sleepHeartRate": _Series("heart_rate", "/min", "startGMT", "value"),
    "hrvData": _Series("hrv_rmssd", "ms", "startGMT", "value"),
    "hrvReadings": _Series("hrv_rmssd", "ms", "readingTimeGMT", "hrvValue"),
    "wellnessEpochSPO2DataDTOList": _Series("spo2", "%", "epochTimestamp", "spo2Reading"),
    "wellnessEpochRespirationDataDTOList": _Series("resp_rate", "/min", "startTimeGMT", "respirationValue"),
}
# Its levels say again what a night's seconds say.
_LISTS_OF_OTHERS = ("sleepMovement", "sleepStress", "sleepBodyBattery", "sleepRestlessMoments")
_STAGES = {
    "deepSleepSeconds": "sleep_stage_deep",
    "lightSleepSeconds": "sleep_stage_light",
    "remSleepSeconds": "sleep_stage_rem",
}
_TOTALS = {
    "totalSteps": ("steps", "{steps}"),
    "totalDistanceMeters": ("distance", "m"),
    "activeKilocalories": ("active_energy", "kcal"),
    "bmrKilocalories": ("basal_energy", "kcal"),
    "floorsAscended": ("floors", "{floors}"),
}
_WEIGHED = {"weight": ("weight", "g"), "bmi": ("bmi", "kg/m2"), "bodyFat": ("body_fat", "%")}
_WEIGHED_TOO = ("bodyWater", "boneMass", "muscleMass", "physiqueRating", "visceralFat", "metabolicAge")


def sniff(head: bytes) -> bool:
    """Whether the first bytes are JSON with the members of one of Garmin Connect's layouts."""
    begins = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    return begins in (b"[", b"{") and bool(_KEYS.search(head) or _WEIGHT.search(head))


def read(stream: BinaryIO, *, zone: tzinfo) -> Iterator[Item]:
    """The samples of one answer, of a list of them, or of a file of the export.

    GMT times are the instants, and the local ones beside them only tell the offset; `zone` is asked for days
    that have a date alone. Raises Refused when not one entry can be read.
    """
    reader = _Reader(zone)
    for entry in entries(stream, reader.tally):
        reader.take(entry.value, entry.place)
        yield from reader.batches.full()
    yield from reader.batches.rest()
    yield from reader.tally.problems()


class _Reader:
    """One way through one file."""

    def __init__(self, zone: tzinfo) -> None:
        self.batches = Batches()
        self.tally = Tally()
        self._zone = zone

    def take(self, entry: Any, place: str) -> None:
        """Gathers the samples of one answer or entry; what it is shows in its members."""
        match entry:
            case {"heartRateValues": values}:
                self._heart_rates(entry, values, place)
            case {"dailySleepDTO": dict(night)}:
                self._night(night, place)
                self._lists(entry, night, place)
            case {"hrvReadings": _}:
                self._lists(entry, entry, place)
            case {"sleepStartTimestampGMT": _}:
                self._night(entry, place)
            case {"dateWeightList": _} | {"dailyWeightSummaries": _} | {"weight": {"timestampGMT": _}}:
                self._weighings(_weighings(entry), place)
            case {"wellnessStartTimeGmt": _} | {"totalSteps": _, "calendarDate": _}:
                self._day(entry, place)
            case {}:
                self.tally.add(ProblemCode.UNSUPPORTED_RESOURCE, "an entry of another sort", place)
            case _:
                self.tally.add(ProblemCode.MALFORMED, entry, place)

    def _heart_rates(self, answer: dict[str, Any], values: Any, place: str) -> None:
        start, end = instant(answer.get("startTimestampGMT")), instant(answer.get("endTimestampGMT"))
        offset = east_of_utc(answer, "startTimestampGMT", "startTimestampLocal")
        if offset != east_of_utc(answer, "endTimestampGMT", "endTimestampLocal"):
            # The clock changed on this day, and nothing says when.
            offset = None
        for index, pair in enumerate(_list(values), start=1):
            where = f"{place}, heart rate {index}"
            if isinstance(pair, list) and len(pair) >= 2:
                self._add("heart_rate", "/min", Span(instant(pair[0]), 0, offset), pair[1], where)
            else:
                self.tally.add(ProblemCode.MALFORMED, "no time and value", where, kind="heart_rate")
        if (resting := answer.get("restingHeartRate")) is not None:
            self._add("resting_heart_rate", "/min", gmt.day(start, end, offset), resting, place)

    def _night(self, night: dict[str, Any], place: str) -> None:
        stages = {kind: number(night.get(key)) for key, kind in _STAGES.items()}
        measured = [seconds for seconds in stages.values() if seconds is not None]
        asleep = number(night.get("sleepTimeSeconds"))
        if asleep is None and measured:
            asleep = sum(measured)
        start = instant(night.get("sleepStartTimestampGMT"))
        end = instant(night.get("sleepEndTimestampGMT"))
        if asleep is None:
            self.tally.add(ProblemCode.NOT_MEASURED, "a night without sleep", place, kind="sleep_duration")
            return
        if start is None or end is None or not 0 < end - start <= _LONGEST_NIGHT:
            stated = night.get("sleepStartTimestampGMT")
            self.tally.add(ProblemCode.BAD_TIME, stated, place, kind="sleep_duration")
            return
        span = Span(start, end - start, _offset_of_night(night))
        for kind, seconds in {"sleep_duration": asleep, **stages}.items():
            if seconds is not None:
                self._add(kind, "s", span, seconds, place, may_be_zero=True)
        spo2 = night.get("averageSpO2Value", member(night, "spo2SleepSummary").get("averageSPO2"))
        breaths = night.get("averageRespirationValue", night.get("averageRespiration"))
        for kind, unit, average in (("spo2", "%", spo2), ("resp_rate", "/min", breaths)):
            if average is not None:
                self._add(kind, unit, span, average, place, source=NIGHTS)

    def _lists(self, answer: dict[str, Any], night: dict[str, Any], place: str) -> None:
        offset = _offset_of_night(night)
        for key, series in _SERIES.items():
            for index, one in enumerate(_list(answer.get(key)), start=1):
                where = f"{place}, {key} {index}"
                if isinstance(one, dict):
                    span = Span(instant(one.get(series.time)), 0, offset)
                    self._add(series.kind, series.unit, span, one.get(series.value), where)
                else:
                    self.tally.add(ProblemCode.MALFORMED, "no time and value", where, kind=series.kind)
        for key in _LISTS_OF_OTHERS:
            if others := _list(answer.get(key)):
                self.tally.add(ProblemCode.UNKNOWN_KIND, key, place, sort=key, count=len(others))

    def _day(self, day: dict[str, Any], place: str) -> None:
        start, end = instant(day.get("wellnessStartTimeGmt")), instant(day.get("wellnessEndTimeGmt"))
        offset = east_of_utc(day, "wellnessStartTimeGmt", "wellnessStartTimeLocal")
        date = text(day, "calendarDate")[:10]
        span = self._dated(date) if start is None else gmt.day(start, end, offset)
        idle = number(day.get("totalSteps")) == 0
        for key, (kind, unit) in _TOTALS.items():
            total = day.get(key)
            if idle and number(total) == 0:
                self.tally.add(ProblemCode.NOT_WORN, date, place, kind=kind)
            elif total is not None:
                self._add(kind, unit, span, total, place, source=DAYS, may_be_zero=True)
        # In the export the other one is a week's average.
        resting = day.get("currentDayRestingHeartRate", day.get("restingHeartRate"))
        if resting is not None:
            self._add("resting_heart_rate", "/min", span, resting, place)

    def _dated(self, written: str) -> Span:
        """A day of the patient's by its date alone."""
        on = parse_date(written)
        try:
            return Span(*wall_time.day(on, self._zone), None) if on else Span(None, DAY, None)
        except OverflowError:
            return Span(None, DAY, None)

    def _weighings(self, weighings: list[Any], place: str) -> None:
        for index, one in enumerate(weighings, start=1):
            where = f"{place}, weighing {index}"
            if not isinstance(one, dict):
                self.tally.add(ProblemCode.MALFORMED, "no weighing", where, kind="weight")
                continue
            span = Span(instant(one.get("timestampGMT")), 0, east_of_utc(one, "timestampGMT", "date"))
            flags = Flag.MANUAL if one.get("sourceType") == "MANUAL" else 0
            for key, (kind, unit) in _WEIGHED.items():
                if one.get(key) is not None:
                    self._add(kind, unit, span, one[key], where, flags=flags)
            for key in _WEIGHED_TOO:
                if one.get(key) is not None:
                    self.tally.add(ProblemCode.UNKNOWN_KIND, key, where, sort=key)

    def _add(
        self,
        kind: str,
        unit: str,
        span: Span,
        written: Any,
        place: str,
        *,
        source: str = SOURCE,
        flags: int = 0,
        may_be_zero: bool = False,
    ) -> None:
        value = number(written)
        if written is None or (value is not None and value <= 0 and not may_be_zero):
            self.tally.add(ProblemCode.NOT_MEASURED, written, place, kind=kind)
        elif span.start is None:
            self.tally.add(ProblemCode.BAD_TIME, "no time", place, kind=kind)
        elif value is None:
            self.tally.add(ProblemCode.NOT_A_NUMBER, written, place, kind=kind)
        else:
            self.batches.add(
                kind, source, unit, span.start, span.duration, value, offset=span.offset, flags=flags
            )


def _offset_of_night(night: dict[str, Any]) -> int | None:
    return east_of_utc(night, "sleepStartTimestampGMT", "sleepStartTimestampLocal")


def _weighings(entry: dict[str, Any]) -> list[Any]:
    """The weighings of an answer of one of two sorts, or the one of an entry of the export."""
    if "weight" in entry:
        return [entry["weight"]]
    days = entry.get("dailyWeightSummaries", [{"allWeightMetrics": entry.get("dateWeightList")}])
    listed = [day.get("allWeightMetrics") if isinstance(day, dict) else [day] for day in _list(days)]
    return [weighing for of_day in listed for weighing in _list(of_day)]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
