"""Reads of laboratory tests that look as if they had been done twice."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import cast

from backend.models import Patient
from backend.queries import zone_history_of
from backend.rules import Topic
from twin.instants import instant
from twin.intake.fhir.codes import LOINC
from twin.intake.items import RecordType
from twin.intake.json_values import number
from twin.models import Record, SeriesBlock, Source
from twin.series.codec import decode
from twin.state.repeats import Repeat, Result, codes_with_interval, kinds_with_interval, repeats

REPEATS_LOOK_BACK = timedelta(days=730)
"""Who asks whether a test was done already asks about these years."""
_MOST_RESULTS = 2_000  # of one test from one source in a year; a laboratory gives one a day at most


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
                yield Result(code, instant(start), names[source], value)


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
