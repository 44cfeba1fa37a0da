"""From series to what is derived of them: days, baselines, snapshot. In the caller's transaction."""

from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta, tzinfo
from operator import attrgetter
from uuid import UUID

from backend.changes import Entry, record_changes
from backend.queries import zone_history_of
from backend.rules import Topic
from twin.instants import instant, milliseconds
from twin.kinds import KINDS, Kind, kind
from twin.models import DaySummary, Source, SourcePriority
from twin.queries.baselines import baselines_of
from twin.queries.days import recent_days
from twin.queries.series import newest_columns
from twin.series import store
from twin.services.baselines import refresh_baselines
from twin.services.forecasts import outdate_states
from twin.services.intake import Touched
from twin.services.population import place_topics
from twin.services.snapshots import keep_tiles
from twin.services.stale_scores import mark_scores_of
from twin.services.stale_warnings import GRACE, mark_warnings_stale
from twin.state import Reading, newest, reach, snapshot, summarise

BLOCKS_AT_ONCE = 31
"""Spans of a series that are read together: a month of a heart rate by the second takes 100 MB."""
LONGEST_RANGE = timedelta(days=92)
"""Days that one change names at most: a hundred of them, with their bodies, are a page of a phone's sync."""
WIDEST_GAP = timedelta(days=31)
"""Days that did not change, and are told of all the same rather than in one change more."""

_said = attrgetter("topic", "value", "minimum", "maximum", "count", "source_id", "sources", "flags")


def digest(patient_id: UUID, touched: Touched, *, now: datetime) -> None:
    """Brings days, baselines and snapshot up to what the series say; twice is the same as once.

    The log names the days that came out otherwise than before; models that have passed one of them forget,
    and the rules of early warning are marked to be looked at.
    Takes the patient's lock before it reads: of two digests the later one knows what the earlier one knew,
    and goes by where the patient has lived.
    """
    store.lock(patient_id)
    zone = zone_history_of(patient_id)
    names = dict(Source.objects.filter(patient_id=patient_id).values_list("id", "name"))
    orders = dict(SourcePriority.objects.filter(patient_id=patient_id).values_list("kind", "sources"))
    changed: list[Entry] = []
    changed_days: dict[str, list[date]] = {}
    for code, (first, last) in touched.items():
        days: list[date] = []
        priority = [names[source] for source in orders.get(code, [])]
        # A night counts in the day that one wakes, and an offset may lie a day off the zone.
        day, until = _day(first, zone) - timedelta(days=1), _day(last, zone) + timedelta(days=1)
        step = timedelta(days=BLOCKS_AT_ONCE * kind(code).span_days)
        while day <= until:
            days += _summarise_days(
                patient_id, kind(code), names, priority, zone, day, min(day + step, until)
            )
            day += step + timedelta(days=1)
        changed_days[code] = days
        changed += [
            Entry(Topic(kind(code).topic), f"days/{code}/{begin}/{end}") for begin, end in ranges(days)
        ]
    refresh_baselines(patient_id, changed_days, zone=zone, now=now)
    topics = {Topic(kind(code).topic) for code in touched}
    for topic in sorted(topics):
        _build_snapshot(patient_id, topic, names, zone, now)
    place_topics(patient_id, topics, now=now)
    outdate_states(patient_id, {code: days[0] for code, days in changed_days.items() if days})
    mark_warnings_stale([patient_id], due_at=now + GRACE, arrived=touched)
    mark_scores_of(patient_id, touched, now=now)
    record_changes(patient_id, changed)


def ranges(days: Iterable[date]) -> list[tuple[date, date]]:
    """First and last days of the few ranges that hold the given days, which come in order; limits above."""
    found: list[tuple[date, date]] = []
    for day in days:
        first, last = found[-1] if found else (day, day)
        if found and day - last <= WIDEST_GAP and day - first < LONGEST_RANGE:
            found[-1] = first, day
        else:
            found.append((day, day))
    return found


def _build_snapshot(patient: UUID, topic: Topic, names: dict[UUID, str], zone: tzinfo, now: datetime) -> None:
    codes = [code for code, one in KINDS.items() if one.topic == topic]
    readings = _newest_readings(patient, codes, names)
    days = recent_days(patient, list(readings), now.astimezone(zone).date())
    built = snapshot(readings, days, baselines_of(patient, [topic]), zone=zone, now=now)
    last_data_at = max((reading.at for reading in readings.values()), default=None)
    keep_tiles(patient, topic, built["tiles"], last_data_at, now=now)


def _summarise_days(
    patient: UUID,
    one: Kind,
    names: dict[UUID, str],
    priority: list[str],
    zone: tzinfo,
    first: date,
    last: date,
) -> list[date]:
    """Sums up the days from first to last anew; answers those that came out otherwise, in order."""
    since, until = reach(zone, first, last)
    found = store.read(patient, one.code, milliseconds(since), milliseconds(until))
    by_name = {
        names[source]: found.columns.take(found.source == place) for place, source in enumerate(found.sources)
    }
    ids = {name: source for source, name in names.items()}
    made = {
        day.day: DaySummary(
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
            flags=day.flags,
        )
        for day in summarise(one, by_name, zone, first=first, last=last, priority=priority)
    }
    stored = DaySummary.objects.filter(patient_id=patient, kind=one.code, day__range=(first, last))
    before = {row.day: row for row in stored}
    same = {day for day in made.keys() & before.keys() if _said(made[day]) == _said(before[day])}
    changed = sorted((made.keys() | before.keys()) - same)
    stored.filter(day__in=before.keys() - same).delete()
    DaySummary.objects.bulk_create((made[day] for day in changed if day in made), batch_size=2000)
    return changed


def _newest_readings(patient: UUID, codes: Collection[str], names: dict[UUID, str]) -> dict[str, Reading]:
    readings = {}
    for code, by_source in newest_columns(patient, codes).items():
        reading = newest({names[source]: columns for source, columns in by_source.items()})
        if reading is not None:
            readings[code] = reading
    return readings


def _day(at: int, zone: tzinfo) -> date:
    return instant(at).astimezone(zone).date()
