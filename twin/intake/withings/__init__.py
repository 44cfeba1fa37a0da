"""Answers of the Withings Web API: measures, sleep, and activity by the day and within it. Pure."""

import re
from collections.abc import Iterator
from datetime import tzinfo
from typing import Any, BinaryIO

from twin.intake.gathering import Batches, Tally
from twin.intake.items import Item, ProblemCode
from twin.intake.json_entries import entries
from twin.intake.withings.activity import take_day, take_stretch
from twin.intake.withings.measures import take_group
from twin.intake.withings.sleep import take_night, take_segment

NAME = "withings"

_ANSWER = re.compile(rb'(\[\s*)?\{\s*("status"\s*:\s*\d+\s*,\s*)?"body"\s*:\s*\{')
_CONTENT = re.compile(
    rb'"measuregrps"\s*:\s*\[|"activities"\s*:\s*\[|"series"\s*:\s*(\[\s*\{|\{\s*"\d{9,11}")'
)


def sniff(head: bytes) -> bool:
    """Whether the first bytes are an answer whose body holds measures, sleep or activity."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return bool(_ANSWER.match(start) and _CONTENT.search(start))


def read(stream: BinaryIO, *, zone: tzinfo) -> Iterator[Item]:
    """The samples of one answer or several, under the zone that each names.

    Raises Refused when no answer can be read.
    """
    batches, tally = Batches(), Tally()
    for answer in entries(stream, tally, called="answer"):
        _take(answer.value, answer.place, zone, batches, tally)
        yield from batches.full()
    yield from batches.rest()
    yield from tally.problems()


def _take(answer: Any, place: str, zone: tzinfo, batches: Batches, tally: Tally) -> None:
    body = answer.get("body") if isinstance(answer, dict) else None
    if not isinstance(body, dict):
        tally.add(ProblemCode.MALFORMED, "no answer of the Web API", place)
        return
    for number, group in _entries(body.get("measuregrps")):
        take_group(group, body, f"{place}, measuregrps {number}", batches, tally)
    for number, day in _entries(body.get("activities")):
        take_day(day, f"{place}, activities {number}", zone, batches, tally)
    series = body.get("series")
    for number, entry in _entries(series):
        where = f"{place}, series {number}"
        if isinstance(entry, dict) and "state" in entry:
            take_segment(entry, body, where, batches, tally)
        elif isinstance(entry, dict) and "category" in entry:
            tally.add(ProblemCode.UNSUPPORTED_RESOURCE, "a workout", where, sort="workout")
        else:
            take_night(entry, where, batches, tally)
    for moment, stretch in series.items() if isinstance(series, dict) else ():
        take_stretch(moment, stretch, f"{place}, series {moment}", batches, tally)
    if body.get("more"):
        tally.add(ProblemCode.TRUNCATED, "the answer names more, which is not in the file", place)


def _entries(member: Any) -> Iterator[tuple[int, Any]]:
    return enumerate(member if isinstance(member, list) else (), start=1)
