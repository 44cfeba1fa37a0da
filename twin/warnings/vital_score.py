"""NEWS2 of a patient's newest readings, as rules on scores ask for it. Pure."""

from collections.abc import Mapping
from datetime import datetime

from twin.scores.asked import OfTheMoment
from twin.scores.news2 import Reading, news2
from twin.warnings.facts import Readings, Score
from twin.warnings.looks import instant, milliseconds
from twin.warnings.moments import MOVEMENT, at_rest, moments

STILL = 10 * 60_000
"""ms without movement after which a pulse counts as one at rest; a working choice."""
UNASKED = OfTheMoment()
KINDS_OF_SCORE = ("resp_rate", "spo2", "sbp", "heart_rate", "temperature")


def vital_scores(
    readings: Mapping[str, Readings], *, now: datetime, age: int, said: OfTheMoment = UNASKED
) -> dict[str, Score]:
    """`news2`, from what is certain to what is possible, and `news2_single`, the most points of one part.

    Empty where nothing is measured, or the person is not one whom the score is for.
    """
    taken = []
    for kind in KINDS_OF_SCORE:
        found = moments(readings, (kind,), milliseconds(now))
        if kind == "heart_rate":
            found = at_rest(found, {code: readings[code] for code in MOVEMENT if code in readings}, STILL)
        usable = found.at <= milliseconds(now)
        if usable.any():
            last = int(usable.nonzero()[0][-1])
            value, ended = float(found.values[kind][last]), instant(int(found.at[last]))
            taken.append(Reading(kind, value, ended, found.sources[found.source[last]]))
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
