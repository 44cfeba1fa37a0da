"""Reads of the twin: queryset in, queryset out, or a value made of a bounded number of queries."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from operator import attrgetter, or_
from typing import Any, cast
from uuid import UUID

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Window
from django.db.models.functions import Coalesce, RowNumber

from backend.models import Patient, User
from backend.queries import zone_history_of
from backend.rules import Need, Topic
from backend.scope import visible_patients
from twin import state
from twin.intake.fhir.codes import LOINC
from twin.intake.items import RecordType
from twin.intake.json_values import number
from twin.kinds import KINDS
from twin.models import (
    DaySummary,
    Export,
    Forecast,
    Record,
    RecordVersion,
    SeriesBlock,
    Snapshot,
    Source,
    SourcePriority,
    Upload,
)
from twin.series import store
from twin.series.codec import decode
from twin.series.columns import Columns
from twin.state.repeats import Repeat, Result, codes_with_interval, kinds_with_interval, repeats

SNAPSHOT_DAYS = 30
REPEATS_LOOK_BACK = timedelta(days=730)
"""Who asks whether a test was done already asks about these years."""
_MOST_RESULTS = 2_000  # of one test from one source in a year; a laboratory gives one a day at most
_ORDER = {code: place for place, code in enumerate(KINDS)}


def recent_days(patient: UUID, codes: Collection[str], today: date) -> dict[str, Sequence[state.DaySummary]]:
    """For each kind the summaries of the last month, and its newest day in any case, in order."""
    names = dict(Source.objects.filter(patient_id=patient).values_list("id", "name"))
    newest_first = Window(RowNumber(), partition_by=[F("kind")], order_by=F("day").desc())
    rows = (
        DaySummary.objects.filter(patient_id=patient, kind__in=codes)
        .annotate(place=newest_first)
        .filter(Q(day__gt=today - timedelta(days=SNAPSHOT_DAYS)) | Q(place=1))
        .order_by("kind", "day")
    )
    days: defaultdict[str, list[state.DaySummary]] = defaultdict(list)
    for row in rows:
        days[row.kind].append(
            state.DaySummary(
                day=row.day,
                value=row.value,
                low=row.minimum,
                high=row.maximum,
                count=row.count,
                source=names[row.source_id],
                sources=row.sources,
            )
        )
    return dict(days)


def newest_columns(patient: UUID, codes: Collection[str]) -> dict[str, dict[UUID, Columns]]:
    """For each kind and each of its sources the block that ends last."""
    # Only keys are sorted; the bytes of the many blocks that are not the newest are never touched.
    newest = (
        SeriesBlock.objects.filter(patient_id=patient, kind__in=codes, count__gt=0)
        .order_by("kind", "source_id", "-last_at")
        .distinct("kind", "source_id")
        .values("pk")
    )
    blocks = SeriesBlock.objects.filter(pk__in=newest).order_by("kind", "source_id")
    found: defaultdict[str, dict[UUID, Columns]] = defaultdict(dict)
    for code, source, data in blocks.values_list("kind", "source_id", "data"):
        found[code][source] = decode(bytes(cast("bytes", data)))  # a block that counts samples has data
    return dict(found)


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


Span = tuple[str, date, date]
"""A kind, and the first and last of its days that are meant."""


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


def snapshot_tiles(patient: Patient, topics: Collection[Topic]) -> tuple[list[dict[str, Any]], Any]:
    """The tiles of these topics in the catalogue's order, and when the oldest of them was built."""
    rows = list(Snapshot.objects.filter(patient=patient, topic__in=topics).order_by("topic"))
    tiles = [tile for row in rows for tile in row.tiles]
    tiles.sort(key=lambda tile: _ORDER[tile["kind"]])
    return tiles, min((row.built_at for row in rows), default=None)


def newest_forecasts(patient: Patient, topics: Collection[Topic], kind: str = "") -> QuerySet[Forecast]:
    """For each kind the forecast after the newest day of data."""
    found = (
        Forecast.objects.filter(patient=patient, topic__in=topics)
        .order_by("kind", "-through")
        .distinct("kind")
    )
    return found.filter(kind=kind) if kind else found


def records_of(
    patient: Patient, topics: Collection[Topic], type_: str = "", *, conflicts: bool = False
) -> QuerySet[Record]:
    """The patient's records in these topics, the last written first, with their number of `conflicts`.

    Of one type, or only those that have a conflict, where that is asked for.
    """
    lost = unsettled(OuterRef("id")).values("record").annotate(number=Count("id")).values("number")
    found = (
        Record.objects.filter(patient=patient, topic__in=topics)
        .annotate(conflicts=Coalesce(Subquery(lost), 0))
        .select_related("edited_by")
        .order_by("-id")
    )
    if type_:
        found = found.filter(type=type_)
    return found.filter(conflicts__gt=0) if conflicts else found


def unsettled(record: UUID | OuterRef) -> QuerySet[RecordVersion]:
    """The versions of a record that lost to another and that nobody has looked at since."""
    return RecordVersion.objects.filter(record=record, lost_at__isnull=False, settled_at__isnull=True)


def versions_of(record: Record) -> QuerySet[RecordVersion]:
    """What a record said before and what lost, the last received first."""
    return RecordVersion.objects.filter(record=record).select_related("edited_by").order_by("-id")


def uploads_of(user: User, patient: Patient | None = None) -> QuerySet[Upload]:
    """The uploads that the person may see, newest first."""
    found = Upload.objects.visible_to(user, Need.READ).order_by("-id")
    return found.filter(patient=patient) if patient else found


def exports_of(patient: Patient, now: datetime) -> QuerySet[Export]:
    """The exports whose time is not up, the one that was asked for last before the others."""
    return Export.objects.filter(patient=patient).exclude(expires_at__lte=now).order_by("-id")


def ranked_sources(patient: Patient, kind: str) -> list[dict[str, Any]]:
    """What a kind's samples come from: by priority, then those without one by their number of samples."""
    row = SourcePriority.objects.filter(patient=patient, kind=kind).first()
    places = {source: place for place, source in enumerate(row.sources if row else [], 1)}
    names = dict(Source.objects.filter(patient=patient).values_list("id", "name"))
    found = [
        {
            "id": extent.source_id,
            "name": names[extent.source_id],
            "count": extent.count,
            "first": extent.first_at,
            "last": extent.last_at,
            "priority": places.get(extent.source_id),
        }
        for extent in store.extents(patient.id, kind)
    ]
    return sorted(found, key=lambda one: (one["priority"] or len(places) + 1, -one["count"], one["name"]))


def kinds_with_data(patient: Patient, topics: Collection[Topic]) -> list[str]:
    """The kinds of which there is at least one day."""
    found = DaySummary.objects.filter(patient=patient, topic__in=topics).values_list("kind", flat=True)
    return list(found.distinct().order_by("kind"))


def listed_patients(user: User, search: str = "") -> QuerySet[Patient]:
    """The patients for a console's list, by name."""
    found = visible_patients(user, Need.SEE).order_by("name", "id")
    return found.filter(name__icontains=search) if search else found


def snapshots_of(patients: Collection[UUID]) -> dict[UUID, list[Snapshot]]:
    """The snapshots of many patients in one query."""
    found: defaultdict[UUID, list[Snapshot]] = defaultdict(list)
    for row in Snapshot.objects.filter(patient__in=patients):
        found[row.patient_id].append(row)
    return found


def repeats_of(patient: Patient, topics: Collection[Topic], now: datetime) -> list[Repeat]:
    """The laboratory tests of these topics that were repeated within their interval, the newest first."""
    since = now - REPEATS_LOOK_BACK
    results = [*_sampled_results(patient, topics, since), *_recorded_results(patient, topics, since)]
    return repeats(results, zone_history_of(patient.id))


def _sampled_results(patient: Patient, topics: Collection[Topic], since: datetime) -> Iterable[Result]:
    names = dict(Source.objects.filter(patient=patient).values_list("id", "name"))
    first = int(since.timestamp() * 1000)
    blocks = SeriesBlock.objects.filter(
        patient_id=patient.id,
        kind__in=kinds_with_interval(),
        topic__in=topics,
        count__gt=0,
        last_at__gte=first,
    )
    for code, source, data in blocks.values_list("kind", "source_id", "data"):
        columns = decode(bytes(cast("bytes", data))).take(slice(-_MOST_RESULTS, None))
        for start, value in zip(columns.start.tolist(), columns.value.tolist(), strict=True):
            if start >= first:
                yield Result(code, datetime.fromtimestamp(start / 1000, UTC), names[source], value)


def _recorded_results(patient: Patient, topics: Collection[Topic], since: datetime) -> Iterable[Result]:
    codes = codes_with_interval()
    found = Record.objects.filter(
        patient=patient,
        topic__in=topics,
        type__in=[RecordType.OBSERVATION, RecordType.REPORT],
        system=LOINC,
        code__in=codes,
        starts_at__gte=since,
    )
    for row in found.order_by("-starts_at")[:_MOST_RESULTS]:
        # Filtered by it above, so that it is there.
        at = cast("datetime", row.starts_at)
        quantity = row.body.get("valueQuantity")
        value = number(quantity.get("value")) if isinstance(quantity, dict) else None
        yield Result(codes[row.code], at, row.source, value)
