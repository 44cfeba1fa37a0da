"""What is usual for one person, kept a row a kind; made anew when days changed, not on every sync."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from uuid import UUID

import numpy as np

from backend import arrays
from twin.kinds import kind
from twin.models import Baseline
from twin.state.baseline import WINDOW, baselines, row_before

_DAYS = """
    SELECT kind, array_agg(day - date '1970-01-01'), array_agg(value) FROM twin_daysummary
    WHERE patient_id = %s AND kind = ANY(%s) AND day BETWEEN %s AND %s
    GROUP BY kind
"""


def refresh_baselines(
    patient: UUID, changed: Mapping[str, Sequence[date]], *, zone: tzinfo, now: datetime
) -> None:
    """Baselines of these kinds are as their days are, of which those named came out otherwise than before.

    Today stays out, so that while it grows nothing is to be done: a baseline is made anew once a day, and
    when one of its own days changed. In the caller's transaction, which holds the patient's lock.
    """
    today = now.astimezone(zone).date()
    first = today - timedelta(days=WINDOW)
    made = dict(Baseline.objects.filter(patient_id=patient, kind__in=changed).values_list("kind", "made_at"))
    outdated = [
        code
        for code, days in changed.items()
        if code not in made
        or made[code].astimezone(zone).date() != today
        or any(first <= day < today for day in days)
    ]
    if outdated:
        _make(patient, outdated, made.keys(), today, now)


def _make(patient: UUID, codes: Sequence[str], known: Collection[str], today: date, now: datetime) -> None:
    rows = np.full((len(codes), WINDOW), np.nan)
    with arrays.cursor() as cursor:
        given = [patient, list(codes), today - timedelta(days=WINDOW), today - timedelta(days=1)]
        for code, days, values in cursor.execute(_DAYS, given, binary=True):
            rows[codes.index(code)] = row_before(today, days.astype("datetime64[D]"), values)
    found = baselines([kind(code) for code in codes], rows, today=today)
    kept = [
        Baseline(
            patient_id=patient,
            kind=one.kind,
            topic=kind(one.kind).topic,
            centre=one.centre,
            spread=one.spread,
            by_weekday=None if one.by_weekday is None else list(one.by_weekday),
            days=one.days,
            first_on=one.first,
            last_on=one.last,
            made_at=now,
        )
        for one in found
        if one is not None
    ]
    if kept:
        Baseline.objects.bulk_create(
            kept,
            update_conflicts=True,
            unique_fields=["patient", "kind"],
            update_fields=["centre", "spread", "by_weekday", "days", "first_on", "last_on", "made_at"],
        )
    gone = [code for code, one in zip(codes, found, strict=True) if one is None and code in known]
    if gone:
        Baseline.objects.filter(patient_id=patient, kind__in=gone).delete()
