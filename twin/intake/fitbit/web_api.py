"""Answers of the Fitbit Web API: one JSON object whose keys name the resource. Pure."""

import re
from collections.abc import Iterator
from datetime import tzinfo
from typing import Any, BinaryIO

from twin.intake.clock import DAY, HOUR, MINUTE, midnight_wall, parse_clock, parse_date
from twin.intake.fitbit import sources
from twin.intake.fitbit.logs import take_sleep, take_weight
from twin.intake.gathering import Tally
from twin.intake.items import Item, ProblemCode
from twin.intake.json_entries import entries
from twin.intake.json_values import number
from twin.intake.wall_samples import WHOLE_DAY, WallSamples

_ACTIVITIES = re.compile(rb'^\{\s*"activities-[a-zA-Z-]+"\s*:')
_LOGS = re.compile(rb'^\{\s*"(sleep|weight|fat)"\s*:\s*\[\s*\{')
_LOG_ID = re.compile(rb'"(logId|dateOfSleep)"\s*:')
_NIGHTLY = re.compile(rb'^\{\s*"(hrv|br|tempSkin)"\s*:\s*\[\s*\{')
_NIGHTLY_VALUE = re.compile(rb'"(dailyRmssd|breathingRate|nightlyRelative)"\s*:')

_INTRADAY = "-intraday"
_STEPS = {"second": 1000, "minute": MINUTE, "hour": HOUR}
# Kind, unit, and whether a value covers its interval (a count) or stands for its first instant (a rate).
_SERIES = {
    "activities-heart": ("heart_rate", "/min", False),
    "activities-steps": ("steps", "{steps}", True),
    "activities-floors": ("floors", "{floors}", True),
}
# Key of the value inside a day's object, kind and unit.
_NIGHTS = {
    "hrv": ("dailyRmssd", "hrv_rmssd", "ms"),
    "br": ("breathingRate", "resp_rate", "/min"),
    "tempSkin": ("nightlyRelative", "skin_temp_delta", "K"),
}


def is_web_api(head: bytes) -> bool:
    """Whether the first bytes are an answer that `read` knows."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return bool(
        _ACTIVITIES.match(start)
        or (_LOGS.match(start) and _LOG_ID.search(start))
        or (_NIGHTLY.match(start) and _NIGHTLY_VALUE.search(start))
    )


def read(stream: BinaryIO, *, zone: tzinfo) -> Iterator[Item]:
    """The samples of one answer or several, in local time. Raises Refused when none can be read."""
    samples, tally = WallSamples(zone), Tally()
    for answer in entries(stream, tally, called="answer"):
        if isinstance(answer.value, dict):
            _Answer(answer.value, samples, tally).take()
        else:
            tally.add(ProblemCode.MALFORMED, "no answer of the Web API", answer.place)
        yield from samples.full()
    yield from samples.rest()
    yield from tally.problems()


class _Answer:
    """One answer; its keys are read in the file's order."""

    def __init__(self, members: dict[str, Any], samples: WallSamples, tally: Tally) -> None:
        self._members = members
        self._samples = samples
        self._tally = tally

    def take(self) -> None:
        for key, member in self._members.items():
            if key.removesuffix(_INTRADAY) in _SERIES and isinstance(member, dict):
                self._intraday(key, member)
            elif key == "summary":
                # Totals of the sleeps or activities beside it.
                continue
            elif isinstance(member, list):
                for index, entry in enumerate(member, start=1):
                    self._entry(key, entry, f"{key} {index}")
            else:
                self._tally.add(ProblemCode.UNKNOWN_KIND, key, key, sort=key)

    def _entry(self, key: str, entry: Any, place: str) -> None:
        if not isinstance(entry, dict):
            self._tally.add(ProblemCode.MALFORMED, "no entry", place)
        elif key == "sleep":
            take_sleep(entry, place, self._samples, self._tally)
        elif key in ("weight", "fat"):
            take_weight(entry, place, self._samples, self._tally)
        elif key == "activities-heart":
            self._heart(entry, place)
        elif key in _SERIES:
            kind, unit, _ = _SERIES[key]
            self._day(kind, unit, sources.DAYS, entry.get("dateTime"), entry.get("value"), place)
        elif key in _NIGHTS:
            inner, kind, unit = _NIGHTS[key]
            value = entry.get("value")
            written = value.get(inner) if isinstance(value, dict) else None
            self._day(kind, unit, sources.DEVICE, entry.get("dateTime"), written, place)
        else:
            self._tally.add(ProblemCode.UNKNOWN_KIND, key, place, sort=key)

    def _heart(self, entry: dict[str, Any], place: str) -> None:
        value = entry.get("value")
        if isinstance(value, dict) and "restingHeartRate" in value:
            self._day(
                "resting_heart_rate",
                "/min",
                sources.DEVICE,
                entry.get("dateTime"),
                value["restingHeartRate"],
                place,
            )
        else:
            self._tally.add(
                ProblemCode.UNKNOWN_KIND, "a day's heart rate without a resting one", place, sort="heart"
            )

    def _day(self, kind: str, unit: str, source: str, date: Any, written: Any, place: str) -> None:
        on, value = parse_date(str(date)), number(written)
        if on is None:
            self._tally.add(ProblemCode.BAD_TIME, date, place, kind=kind)
        elif value is None:
            self._tally.add(ProblemCode.NOT_A_NUMBER, written, place, kind=kind)
        elif kind == "steps" and value == 0:
            self._tally.add(ProblemCode.NOT_WORN, date, place, kind=kind)
        else:
            self._samples.add(kind, source, unit, midnight_wall(on), WHOLE_DAY, value)

    def _intraday(self, key: str, member: dict[str, Any]) -> None:
        """The day's dataset: its times name no date, which stands in the day's entry beside it."""
        kind, unit, covers = _SERIES[key.removesuffix(_INTRADAY)]
        days = self._members.get(key.removesuffix(_INTRADAY))
        first = days[0] if isinstance(days, list) and len(days) == 1 and isinstance(days[0], dict) else {}
        on = parse_date(str(first.get("dateTime")))
        interval = number(member.get("datasetInterval"))
        duration = (
            round((interval or 1) * _STEPS.get(str(member.get("datasetType")), MINUTE)) if covers else 0
        )
        dataset = member.get("dataset")
        for index, entry in enumerate(dataset if isinstance(dataset, list) else (), start=1):
            place = f"{key} {index}"
            time, written = (
                (entry.get("time"), entry.get("value")) if isinstance(entry, dict) else (None, None)
            )
            at, value = parse_clock(str(time)), number(written)
            if on is None or at is None or not 0 <= duration <= DAY:
                self._tally.add(ProblemCode.BAD_TIME, f"{first.get('dateTime')} {time}", place, kind=kind)
            elif value is None:
                self._tally.add(ProblemCode.NOT_A_NUMBER, written, place, kind=kind)
            else:
                self._samples.add(kind, sources.DEVICE, unit, midnight_wall(on) + at, duration, value)
