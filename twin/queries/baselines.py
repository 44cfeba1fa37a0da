"""Reads of what is usual for a person."""

from collections.abc import Collection
from uuid import UUID

from backend.rules import Topic
from twin import state
from twin.models import Baseline


def baselines_of(patient: UUID, topics: Collection[Topic]) -> dict[str, state.Baseline]:
    """What is usual of each kind of these topics of which enough is known; one query."""
    rows = Baseline.objects.filter(patient=patient, topic__in=topics).values_list(
        "kind", "centre", "spread", "by_weekday", "days", "first_on", "last_on"
    )
    return {
        code: state.Baseline(code, centre, spread, tuple(week) if week else None, days, first, last)
        for code, centre, spread, week, days, first, last in rows
    }
