"""Limits that forecasts may pass: what is to be watched, in two reads a batch, and how the rows are kept."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import numpy as np

from backend import arrays
from backend.changes import Entry
from backend.rules import Topic
from twin.forecast.band import Values
from twin.forecast.crossing import PAST
from twin.forecast.crossing import Crossing as Found
from twin.forecast.history import Series, history
from twin.forecast.limits import Limit, Range, guideline_limits, limits_of
from twin.forecast.progress import Aim
from twin.kinds import kind
from twin.models import Crossing, Direction, Goal, Threshold
from twin.services.stale_warnings import mark_warnings_stale

APPEARS = 0.05
"""As likely must a limit be to be passed before it is told of; then it is until hardly a chance is left."""
LIKELY, UNLIKELY = 0.5, 0.4
"""The log is told when a chance rises to the one, and when it falls below the other."""

Key = tuple[UUID, str]
"""Which series: a patient and a kind."""

_PAST = """
    SELECT key.patient_id, key.kind, array_agg(day - date '1970-01-01'), array_agg(value)
    FROM unnest(%s::uuid[], %s::text[], %s::date[], %s::date[]) AS key (patient_id, kind, first, today)
    JOIN twin_daysummary AS summary ON summary.patient_id = key.patient_id AND summary.kind = key.kind
        AND summary.day BETWEEN key.first AND key.today
    GROUP BY key.patient_id, key.kind
"""


@dataclass(frozen=True, slots=True)
class Watched:
    """What a series is not to pass, and its last days."""

    limits: Sequence[Limit]
    series: Series

    def past(self, code: str, through: date) -> Values:
        """The PAST days up to `through`, nan where one has no value."""
        first = np.datetime64(through, "D") - np.timedelta64(PAST - 1, "D")
        return history(kind(code), self.series).row(first, PAST)


def watched(keys: Iterable[Key], todays: Mapping[UUID, date]) -> dict[Key, Watched]:
    """What is to be watched of these series, as of each patient's own today; not all have a limit."""
    ranges = {
        (row.patient_id, row.kind): Range(row.id, row.low, row.high)
        for row in Threshold.objects.filter(patient__in=todays, ended_at=None)
    }
    goals = {
        (row.patient_id, row.kind): (row.id, aim_of(row))
        for row in Goal.objects.filter(patient__in=todays, ended_at=None)
    }
    limits = {
        key: limits_of(kind(key[1]), ranges.get(key), goals.get(key))
        for key in keys
        if key in ranges or key in goals or key[1] in guideline_limits()
    }
    if not limits:
        return {}
    columns: list[list[Any]] = [[key[0] for key in limits], [key[1] for key in limits]]
    found: dict[Key, Watched] = {}
    with arrays.cursor() as cursor:
        last = [todays[key[0]] for key in limits]
        # Reckoned here: under row-level security an index is not searched by what is.
        given = [*columns, [today - timedelta(days=PAST) for today in last], last]
        for patient, code, days, values in cursor.execute(_PAST, given, binary=True):
            series = Series(days.astype("datetime64[D]"), values, (), todays[patient])
            found[patient, code] = Watched(limits[patient, code], series)
    return found


def aim_of(goal: Goal) -> Aim:
    """A goal as what is computed of it takes it."""
    direction: Literal["at_least", "at_most"] = (
        "at_least" if goal.direction == Direction.AT_LEAST else "at_most"
    )
    return Aim(direction, goal.target, goal.starts_on, goal.start_value, goal.by_day)


def keep_crossings(
    found: Mapping[Key, tuple[date | None, Sequence[Found]]], *, now: datetime
) -> dict[UUID, list[Entry]]:
    """These series' rows are as found, beside their forecasts' `through`; answers what the log has to say.

    The caller's transaction holds the patients' locks. The log is told where a limit begins or ceases to be
    one that may be passed, and where its chance becomes LIKELY or UNLIKELY; there the rules of early warning
    are to be looked at.
    """
    keys = list(found)
    before: defaultdict[Key, dict[tuple[str, str], Crossing]] = defaultdict(dict)
    rows = Crossing.objects.filter(
        patient__in={patient for patient, _ in keys}, kind__in={code for _, code in keys}
    )
    for row in rows:
        before[row.patient_id, row.kind][row.rule, row.side] = row
    gone: list[UUID] = []
    kept: list[Crossing] = []
    told: defaultdict[UUID, list[Entry]] = defaultdict(list)
    for key, (through, several) in found.items():
        old = before.pop(key, {})
        matters = False
        for one in several:
            known = old.pop((one.limit.rule, one.limit.side), None)
            if known is None and one.probability < APPEARS:
                continue
            matters |= known is None or _tells(known, one)
            if through is not None and not (known and _says_the_same(known, one, through)):
                kept.append(_row(key, one, through, now))
        if old or matters:
            gone += [row.id for row in old.values()]
            told[key[0]].append(Entry(Topic(kind(key[1]).topic), f"crossing/{key[1]}"))
    if gone:
        Crossing.objects.filter(id__in=gone).delete()
    if kept:
        Crossing.objects.bulk_create(
            kept,
            update_conflicts=True,
            unique_fields=["patient", "kind", "rule", "side"],
            update_fields=["limit", "probability", "expected_on", "through", "made_at"],
        )
    mark_warnings_stale(sorted(told), due_at=now)
    return dict(told)


def _tells(known: Crossing, found: Found) -> bool:
    before, after = known.probability, found.probability
    return (
        known.limit != found.limit.value
        or known.is_passed != found.is_passed
        or before < LIKELY <= after
        or after < UNLIKELY <= before
    )


def _says_the_same(known: Crossing, found: Found, through: date) -> bool:
    new = (found.limit.value, found.probability, found.expected_on, through)
    return new == (known.limit, known.probability, known.expected_on, known.through)


def _row(key: Key, one: Found, through: date, now: datetime) -> Crossing:
    return Crossing(
        patient_id=key[0],
        kind=key[1],
        topic=kind(key[1]).topic,
        basis=one.limit.basis,
        rule=one.limit.rule,
        side=one.limit.side,
        limit=one.limit.value,
        probability=one.probability,
        expected_on=one.expected_on,
        through=through,
        made_at=now,
    )
