"""Reads of forecasts by the day, of what they mean, and of how they went."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
from django.db.models import Count, F, FloatField, QuerySet, Sum, Window
from django.db.models.functions import RowNumber

from backend.models import Patient
from backend.rules import Topic
from twin.forecast import WINDOW, NotEnoughData, forecast_daily
from twin.forecast.band import Band
from twin.forecast.daily import LEAST_DAYS
from twin.forecast.effects import KnownEvent
from twin.forecast.explanation import Explanation, explain
from twin.forecast.limits import guideline_limit
from twin.forecast.record import Said, TrackRecord, track_record, weekly
from twin.kinds import KINDS, Kind
from twin.models import Basis, ChallengerScore, Crossing, DaySummary, Forecast
from twin.queries.days import days_of
from twin.queries.events import events_of

CHALLENGE_LOOK_BACK = timedelta(days=28)


def newest_forecasts(patient: Patient, topics: Collection[Topic], kind: str = "") -> QuerySet[Forecast]:
    """For each kind the current forecast."""
    found = Forecast.objects.filter(patient=patient, topic__in=topics, superseded_at=None).order_by("kind")
    return found.filter(kind=kind) if kind else found


def kinds_waiting(
    patient: Patient, topics: Collection[Topic], today: date, forecast: Collection[str], kind: str = ""
) -> list[dict[str, Any]]:
    """The kinds with days in the last year beside those that are `forecast`, and what each waits for.

    One query. `today` is the patient's own.
    """
    codes = [kind] if kind else list(KINDS)
    newest_first = Window(RowNumber(), partition_by=[F("kind")], order_by=F("day").desc())
    rows = (
        DaySummary.objects.filter(
            patient=patient,
            topic__in=topics,
            kind__in=[code for code in codes if KINDS[code].forecast and code not in forecast],
            day__range=(today - timedelta(days=WINDOW), today),
        )
        .annotate(place=newest_first)
        .filter(place__lte=LEAST_DAYS + 1)  # today's may not count yet
        .order_by("day")
    )
    days: defaultdict[str, list[tuple[date, float]]] = defaultdict(list)
    for code, day, value in rows.values_list("kind", "day", "value"):
        days[code].append((day, value))
    waits = [(KINDS[code], _waits_for(KINDS[code], days[code], today)) for code in sorted(days)]
    return [
        {"kind": one.code, "title": one.title, "more_days": need.more_days, "reason": need.reason}
        for one, need in waits
    ]


def _waits_for(kind: Kind, newest: Sequence[tuple[date, float]], today: date) -> NotEnoughData:
    days, values = zip(*newest, strict=True)
    outcome = forecast_daily(kind, np.array(days, "datetime64[D]"), np.array(values), today=today)
    # There is enough, and a worker is about to make it.
    return outcome if isinstance(outcome, NotEnoughData) else NotEnoughData(0, "It is being made.")


def explanation_of(
    patient: Patient, kind: Kind, topics: Collection[Topic], *, today: date, days_back: int
) -> Explanation | NotEnoughData:
    """What Prophet makes of a kind's last year, beside the events of these topics."""
    since = today - timedelta(days=WINDOW)
    rows = list(days_of(patient, kind.code, since, today).values_list("day", "value"))
    events = [
        KnownEvent(row.id, row.type, row.starts_on, row.ends_on, row.text)
        for row in events_of(patient, topics, since)
    ]
    return explain(
        kind,
        np.array([day for day, _ in rows], "datetime64[D]"),
        np.array([value for _, value in rows], np.float64),
        today=today,
        days_back=days_back,
        events=events,
    )


def shown_forecasts(patient: Patient, kind: Kind, since: date) -> list[Said]:
    """The forecasts from days `since` on that somebody saw, in order; of one last day the newest alone."""
    rows = (
        Forecast.objects.filter(
            patient=patient, topic=kind.topic, kind=kind.code, through__gte=since, shown_at__isnull=False
        )
        .order_by("through", "-made_at")
        .distinct("through")
    )
    lines = ("mean", "low80", "high80", "low95", "high95")
    return [
        Said(
            row.made_at,
            row.through,
            row.last_value,
            Band(*(np.array(getattr(row, line), np.float64) for line in lines)),
        )
        for row in rows
    ]


def forecast_record(
    patient: Patient, kind: Kind, *, today: date, days_back: int
) -> tuple[TrackRecord, list[Said]]:
    """How the kind's forecasts of the last days went that were shown, and a few to draw; two queries.

    `today` is the patient's own.
    """
    since = today - timedelta(days=days_back)
    rows = list(days_of(patient, kind.code, since, today).values_list("day", "value"))
    shown = shown_forecasts(patient, kind, since)
    record = track_record(
        kind,
        shown,
        np.array([day for day, _ in rows], "datetime64[D]"),
        np.array([value for _, value in rows], np.float64),
        today=today,
    )
    return record, weekly(shown, today)


def crossings_of(
    patient: Patient, topics: Collection[Topic], kinds: Collection[str]
) -> dict[str, list[Crossing]]:
    """The limits that these kinds may pass or have passed, the likeliest first; one query."""
    rows = Crossing.objects.filter(patient=patient, topic__in=topics, kind__in=kinds)
    found: defaultdict[str, list[Crossing]] = defaultdict(list)
    for row in rows.order_by("-probability", "expected_on", "rule", "side"):
        if row.basis != Basis.GUIDELINE or guideline_limit(row.rule):
            found[row.kind].append(row)
    return dict(found)


def challenger_scores(today: date) -> list[dict[str, Any]]:
    """For each kind how we and Prophet did in the last 28 nights, a series counting once a night."""
    nights = ChallengerScore.objects.filter(day__gt=today - CHALLENGE_LOOK_BACK, day__lte=today)
    means = {
        f"mean_{name}": Sum(F(name) * F("series")) / Sum("series", output_field=FloatField())
        for name in ("error", "error_of_prophet", "held80", "held80_of_prophet")
    }
    sums = nights.values("kind").annotate(nights=Count("day"), matches=Sum("series"), **means)
    order = list(KINDS)
    return sorted(map(dict, sums), key=lambda score: order.index(score["kind"]))
