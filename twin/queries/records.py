"""Reads of clinical records, their versions and conflicts."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from backend.models import Patient
from backend.rules import Topic
from twin.models import Record, RecordVersion


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
