"""Wire shapes of a kind's days."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from rest_framework import serializers

from twin.kinds import KINDS
from twin.models import DaySummary
from twin.serializers.series import RangeIn


class SummaryIn(RangeIn):
    """Which days of a kind are wanted."""

    edge = serializers.DateField


class DayOut(serializers.Serializer[Any]):
    """`flags` as in a series: 4 or 8 where `min` or `max` is a device's limit, 2 or 16 where all of it is."""

    day = serializers.DateField()
    value = serializers.FloatField()
    min = serializers.FloatField()
    max = serializers.FloatField()
    count = serializers.IntegerField()
    source = serializers.CharField()  # type: ignore[assignment] # its name on the wire
    sources = serializers.IntegerField()
    flags = serializers.IntegerField()


def day_row(day: DaySummary, names: Mapping[UUID, str]) -> dict[str, Any]:
    """A day as DayOut describes it; by hand, for there are thousands of them in an answer."""
    return {
        "day": day.day,
        "value": day.value,
        "min": day.minimum,
        "max": day.maximum,
        "count": day.count,
        "source": names[day.source_id],
        "sources": day.sources,
        "flags": day.flags,
    }


class SummaryOut(serializers.Serializer[Any]):
    kind = serializers.CharField()
    unit = serializers.CharField()
    days = DayOut(many=True)


class DaysOut(SummaryOut):
    """All days of a kind from the first to the last: one that is missing among them is no more."""

    first = serializers.DateField()
    last = serializers.DateField()


def days_out(
    span: tuple[str, date, date], days: Iterable[DaySummary], names: Mapping[UUID, str]
) -> dict[str, Any]:
    """The days of a span as DaysOut has them."""
    kind, first, last = span
    rows = [day_row(day, names) for day in days]
    return {"kind": kind, "unit": KINDS[kind].unit, "first": first, "last": last, "days": rows}
