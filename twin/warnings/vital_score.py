"""NEWS2 of a patient's newest readings: what of them counts, and its points as rules ask for them. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from twin.instants import instant, milliseconds
from twin.scores.asked import OfTheMoment
from twin.scores.news2 import News2, Reading, at_rest, kinds, news2
from twin.warnings.facts import Readings, Score
from twin.warnings.moments import MOVEMENT

A_MOMENT = timedelta(hours=1)
"""What lasts longer is the mean of a night or a day, and says nothing of a moment; a working choice."""
VITALS_SINCE = timedelta(hours=14)
"""No measurement of NEWS2 counts for longer than 12 hours, and a rest comes before it."""
UNASKED = OfTheMoment()

Span = tuple[datetime, datetime]


def vital_score(
    readings: Mapping[str, Readings],
    activities: Iterable[Span],
    *,
    now: datetime,
    age: int,
    said: OfTheMoment = UNASKED,
) -> News2:
    """The score of what was measured in a moment, and at rest as far as steps and activities on record tell.

    Days of inputs are those of the zone of `now`.
    """
    return news2(
        at_rest(_signs(readings, now), [*activities, *_moves(readings, now)]),
        now=now,
        age=age,
        pregnant=said.pregnant,
        on_oxygen=said.on_oxygen,
        scale=said.scale,
        consciousness=said.consciousness,
    )


def vital_scores(found: News2) -> dict[str, Score]:
    """`news2`, from what is certain to what is possible, and `news2_single`, the most points of one part.

    Empty where nothing is measured, or the person is not one whom the score is for.
    """
    known = [part for part in found.parts if part.points is not None and part.reading is not None]
    if not known:
        return {}
    at = max(milliseconds(part.reading.at) for part in known if part.reading is not None)
    low, high = (sum(edge) for edge in zip(*((part.low, part.high) for part in found.parts), strict=True))
    single = max(part.low for part in known)
    return {"news2": Score(low, high, at), "news2_single": Score(single, single, at)}


def _signs(readings: Mapping[str, Readings], now: datetime) -> Iterator[Reading]:
    for kind in kinds():
        if kind in readings:
            found = _of_a_moment(readings[kind].told_once(), now)
            for at, value, source in zip(
                found.at.tolist(), found.value.tolist(), found.source.tolist(), strict=True
            ):
                yield Reading(kind, value, instant(at), found.sources[source])


def _moves(readings: Mapping[str, Readings], now: datetime) -> Iterator[Span]:
    for kind in MOVEMENT:
        if kind in readings:
            counted = readings[kind]
            moved = _of_a_moment(counted.take(counted.value > 0), now)
            yield from zip(map(instant, moved.start.tolist()), map(instant, moved.at.tolist()), strict=True)


def _of_a_moment(readings: Readings, now: datetime) -> Readings:
    since, until = milliseconds(now - VITALS_SINCE), milliseconds(now)
    lasts = readings.at - readings.start
    within = (readings.at >= since) & (readings.at <= until)
    return readings.take(within & (lasts <= A_MOMENT // timedelta(milliseconds=1)))
