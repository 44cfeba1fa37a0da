"""NEWS2 of a patient's newest readings, as rules on scores ask for it. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from twin.scores.asked import OfTheMoment
from twin.scores.news2 import Reading, at_rest, kinds, news2
from twin.warnings.facts import Readings, Score
from twin.warnings.looks import instant, milliseconds
from twin.warnings.moments import MOVEMENT, moments

UNASKED = OfTheMoment()
OLDEST = timedelta(hours=12)
"""No measurement counts that is older, as data/news2.json has it."""


def vital_scores(
    readings: Mapping[str, Readings], *, now: datetime, age: int, said: OfTheMoment = UNASKED
) -> dict[str, Score]:
    """`news2`, from what is certain to what is possible, and `news2_single`, the most points of one part.

    Empty where nothing is measured, or the person is not one whom the score is for.
    """
    moves = [
        (instant(start), instant(end))
        for kind in MOVEMENT
        if kind in readings
        for start, end, value in zip(
            *(column.tolist() for column in (readings[kind].start, readings[kind].at, readings[kind].value)),
            strict=True,
        )
        if value > 0
    ]
    taken = at_rest((one for kind in kinds() for one in _measured(kind, readings, now)), moves)
    if not taken:
        return {}
    result = news2(
        taken,
        now=now,
        age=age,
        pregnant=said.pregnant,
        on_oxygen=said.on_oxygen,
        scale=said.scale,
        consciousness=said.consciousness,
    )
    known = [part for part in result.parts if part.points is not None and part.reading is not None]
    if not known:
        return {}
    at = max(milliseconds(part.reading.at) for part in known if part.reading is not None)
    low, high = (sum(edge) for edge in zip(*((part.low, part.high) for part in result.parts), strict=True))
    single = max(part.low for part in known)
    return {"news2": Score(low, high, at), "news2_single": Score(single, single, at)}


def _measured(kind: str, readings: Mapping[str, Readings], now: datetime) -> Iterable[Reading]:
    """The readings that can count at all: news2() takes the newest of them."""
    found = moments(readings, (kind,), milliseconds(now))
    since = milliseconds(now - OLDEST)
    found = found.take((found.at > since) & (found.at <= milliseconds(now)))
    for at, value, source in zip(
        found.at.tolist(), found.values[kind].tolist(), found.source.tolist(), strict=True
    ):
        yield Reading(kind, value, instant(at), found.sources[source])
