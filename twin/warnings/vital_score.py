"""NEWS2 of a patient's newest readings, as rules on scores ask for it. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from twin.scores.asked import OfTheMoment
from twin.scores.news2 import Reading, at_rest, kinds, news2, oldest_of
from twin.warnings.facts import Readings, Score
from twin.warnings.looks import instant, milliseconds
from twin.warnings.moments import MOVEMENT, moments

UNASKED = OfTheMoment()


def vital_scores(
    readings: Mapping[str, Readings], *, now: datetime, age: int, said: OfTheMoment = UNASKED
) -> dict[str, Score]:
    """`news2`, from what is certain to what is possible, and `news2_single`, the most points of one part.

    Empty where nothing is measured, or the person is not one whom the score is for.
    """
    measured = (one for kind in kinds() for one in _measured(kind, readings, now))
    taken = at_rest(measured, _moves(readings, now))
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
    since = milliseconds(now - oldest_of(kind))
    found = found.take((found.at >= since) & (found.at <= milliseconds(now)))
    for at, value, source in zip(
        found.at.tolist(), found.values[kind].tolist(), found.source.tolist(), strict=True
    ):
        yield Reading(kind, value, instant(at), found.sources[source])


def _moves(readings: Mapping[str, Readings], now: datetime) -> Iterable[tuple[datetime, datetime]]:
    """When the person moved, as far back as anything counts."""
    since = milliseconds(now - max(map(oldest_of, kinds())))
    for kind in MOVEMENT:
        if kind in readings:
            moved = readings[kind].take((readings[kind].value > 0) & (readings[kind].at >= since))
            yield from zip(map(instant, moved.start.tolist()), map(instant, moved.at.tolist()), strict=True)
