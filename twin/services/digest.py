"""From series to what is derived of them: day summaries and snapshot. In the caller's transaction."""

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from backend.models import Patient
from backend.rules import Topic
from twin.kinds import KINDS, Kind, kind
from twin.models import DaySummary, Snapshot, Source, SourcePriority
from twin.queries import newest_columns, recent_days
from twin.series import store
from twin.services.intake import Touched
from twin.state import Reading, newest, reach, snapshot, summarise

BLOCKS_AT_ONCE = 31
"""Spans of a series that are read together: a month of a heart rate by the second takes 100 MB."""


def digest(patient_id: UUID, touched: Touched, *, now: datetime) -> None:
    """Brings day summaries and snapshot up to what the series say; twice is the same as once.

    Takes the patient's lock before it reads: of two digests the later one knows what the earlier one knew,
    and goes by the zone that holds now.
    """
    store.lock(patient_id)
    zone = ZoneInfo(Patient.objects.values_list("time_zone", flat=True).get(id=patient_id))
    names = dict(Source.objects.filter(patient_id=patient_id).values_list("id", "name"))
    orders = dict(SourcePriority.objects.filter(patient_id=patient_id).values_list("kind", "sources"))
    for code, (first, last) in touched.items():
        priority = [names[source] for source in orders.get(code, [])]
        # A night counts in the day that one wakes, and an offset may lie a day off the zone.
        day, until = _day(first, zone) - timedelta(days=1), _day(last, zone) + timedelta(days=1)
        step = timedelta(days=BLOCKS_AT_ONCE * kind(code).span_days)
        while day <= until:
            _summarise_days(patient_id, kind(code), names, priority, zone, day, min(day + step, until))
            day += step + timedelta(days=1)
    for topic in sorted({kind(code).topic for code in touched}):
        _build_snapshot(patient_id, Topic(topic), names, zone, now)


def _build_snapshot(
    patient: UUID, topic: Topic, names: dict[UUID, str], zone: ZoneInfo, now: datetime
) -> None:
    codes = [code for code, one in KINDS.items() if one.topic == topic]
    readings = _newest_readings(patient, codes, names)
    days = recent_days(patient, list(readings), now.astimezone(zone).date())
    built = snapshot(readings, days, zone=zone, now=now)
    Snapshot.objects.update_or_create(
        patient_id=patient,
        topic=topic,
        defaults={
            "tiles": built["tiles"],
            "built_at": now,
            "last_data_at": max((reading.at for reading in readings.values()), default=None),
        },
    )


def _summarise_days(
    patient: UUID,
    one: Kind,
    names: dict[UUID, str],
    priority: list[str],
    zone: ZoneInfo,
    first: date,
    last: date,
) -> None:
    since, until = reach(zone, first, last)
    found = store.read(patient, one.code, _milliseconds(since), _milliseconds(until))
    by_name = {
        names[source]: found.columns.take(found.source == place) for place, source in enumerate(found.sources)
    }
    ids = {name: source for source, name in names.items()}
    rows = [
        DaySummary(
            patient_id=patient,
            kind=one.code,
            day=day.day,
            topic=one.topic,
            value=day.value,
            minimum=day.low,
            maximum=day.high,
            count=day.count,
            source_id=ids[day.source],
            sources=day.sources,
        )
        for day in summarise(one, by_name, zone, first=first, last=last, priority=priority)
    ]
    DaySummary.objects.filter(patient_id=patient, kind=one.code, day__range=(first, last)).delete()
    DaySummary.objects.bulk_create(rows, batch_size=2000)


def _newest_readings(patient: UUID, codes: Collection[str], names: dict[UUID, str]) -> dict[str, Reading]:
    readings = {}
    for code, by_source in newest_columns(patient, codes).items():
        reading = newest({names[source]: columns for source, columns in by_source.items()})
        if reading is not None:
            readings[code] = reading
    return readings


def _day(milliseconds: int, zone: ZoneInfo) -> date:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)).astimezone(zone).date()


def _milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)
