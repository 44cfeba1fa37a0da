"""Reads of days: by kind, by span, for a forecast or a snapshot."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date, timedelta
from functools import reduce
from operator import attrgetter, or_
from uuid import UUID

import numpy as np
from django.db.models import F, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from backend.models import Patient
from backend.rules import Topic
from twin import state
from twin.forecast import Series
from twin.forecast.progress import LOOK_BACK
from twin.models import DaySummary, Source

SNAPSHOT_DAYS = 30
Span = tuple[str, date, date]
"""A kind, and the first and last of its days that are meant."""


def recent_days(patient: UUID, codes: Collection[str], today: date) -> dict[str, list[state.DaySummary]]:
    """For each kind the summaries of the last month, and its newest day in any case, in order."""
    rows = DaySummary.objects.filter(patient_id=patient, kind__in=codes)
    return _since(patient, rows, dict.fromkeys(codes, SNAPSHOT_DAYS), today)


def known_days(
    patient: UUID, look_backs: Mapping[str, int], today: date
) -> dict[str, list[state.DaySummary]]:
    """For each kind the summaries of its last so many days up to today, and its newest in any case."""
    rows = DaySummary.objects.filter(patient_id=patient, kind__in=look_backs, day__lte=today)
    return _since(patient, rows, look_backs, today)


def _since(
    patient: UUID, found: QuerySet[DaySummary], look_backs: Mapping[str, int], today: date
) -> dict[str, list[state.DaySummary]]:
    names = dict(Source.objects.filter(patient_id=patient).values_list("id", "name"))
    newest_first = Window(RowNumber(), partition_by=[F("kind")], order_by=F("day").desc())
    wanted = Q(place=1)
    for length in sorted(set(look_backs.values())):
        kinds = [code for code, days_back in look_backs.items() if days_back == length]
        wanted |= Q(kind__in=kinds, day__gt=today - timedelta(days=length))
    days: defaultdict[str, list[state.DaySummary]] = defaultdict(list)
    for row in found.annotate(place=newest_first).filter(wanted).order_by("kind", "day"):
        days[row.kind].append(
            state.DaySummary(
                day=row.day,
                value=row.value,
                low=row.minimum,
                high=row.maximum,
                count=row.count,
                source=names[row.source_id],
                sources=row.sources,
                flags=row.flags,
            )
        )
    return dict(days)


def days_of(
    patient: Patient, kind: str, first: date | None = None, last: date | None = None
) -> QuerySet[DaySummary]:
    """A kind's days in order, within the given edges."""
    days = DaySummary.objects.filter(patient=patient, kind=kind).order_by("day")
    if first is not None:
        days = days.filter(day__gte=first)
    if last is not None:
        days = days.filter(day__lte=last)
    return days


def days_in(
    patient: Patient, spans: Collection[Span], topics: Collection[Topic]
) -> dict[Span, list[DaySummary]]:
    """For each span its days in order; one query for all of them."""
    if not spans:
        return {}
    wanted = [Q(kind=kind, day__range=(first, last)) for kind, first, last in spans]
    by_kind: defaultdict[str, list[DaySummary]] = defaultdict(list)
    for row in DaySummary.objects.filter(reduce(or_, wanted), patient=patient, topic__in=topics).order_by(
        "day"
    ):
        by_kind[row.kind].append(row)
    day = attrgetter("day")
    return {
        span: by_kind[span[0]][
            bisect_left(by_kind[span[0]], span[1], key=day) : bisect_right(by_kind[span[0]], span[2], key=day)
        ]
        for span in spans
    }


def recent_series(patient: UUID, codes: Collection[str], today: date) -> dict[str, Series]:
    """For each kind the days by which its present and its trend are judged; one query."""
    first = today - timedelta(days=LOOK_BACK)
    rows = DaySummary.objects.filter(patient_id=patient, kind__in=codes, day__range=(first, today))
    days: defaultdict[str, list[tuple[date, float]]] = defaultdict(list)
    for code, day, value in rows.order_by("kind", "day").values_list("kind", "day", "value"):
        days[code].append((day, value))
    return {
        code: Series(
            np.array([day for day, _ in days[code]], "datetime64[D]"),
            np.array([value for _, value in days[code]], np.float64),
            (),
            today,
        )
        for code in codes
    }


def kinds_with_data(patient: Patient, topics: Collection[Topic]) -> list[str]:
    """The kinds of which there is at least one day."""
    found = DaySummary.objects.filter(patient=patient, topic__in=topics).values_list("kind", flat=True)
    return list(found.distinct().order_by("kind"))
