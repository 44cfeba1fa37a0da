"""Clinical records: reading, writing by hand, and what they said before."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.access import Access
from backend.api import PatientView
from backend.rest import page_schema
from backend.rules import Need
from twin.models import Record
from twin.queries.records import records_of, versions_of
from twin.serializers.records import (
    NewRecordIn,
    RecordEditIn,
    RecordEditOut,
    RecordOut,
    RecordRef,
    RecordsIn,
    RecordVersionOut,
)
from twin.services.records import add_record, delete_record, edit_record


class Records(PatientView):
    """Clinical facts, and writing one by hand."""

    needs = {"get": Need.READ, "post": Need.ACT}
    what = "records"

    @extend_schema(parameters=[RecordsIn], operation_id="records_list", responses=page_schema(RecordOut))
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        wanted = RecordsIn(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        given = wanted.validated_data
        found = records_of(
            self.access.patient, self.access.topics, given["type"], conflicts=given["conflicts"]
        )
        return self.page_of(found, RecordOut)

    @extend_schema(request=NewRecordIn, responses={201: RecordOut, 200: RecordOut})
    def post(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        given = NewRecordIn(data=request.data)
        given.is_valid(raise_exception=True)
        now = timezone.now()
        record, made = add_record(
            access=self.access,
            record_id=given.validated_data["id"],
            written=given.written,
            edited_at=given.validated_data.get("edited_at", now),
            now=now,
        )
        return Response(_record_out(self.access, record), status=201 if made else 200)


class RecordDetail(PatientView):
    """One record; editing and deleting what a person wrote, also offline."""

    needs = {"get": Need.READ, "put": Need.ACT, "delete": Need.ACT}
    what = "record"

    @extend_schema(responses=RecordOut)
    def get(self, request: Request, patient: str, record: UUID) -> Response:  # noqa: ARG002 - in the URL
        return Response(_record_out(self.access, record))

    @extend_schema(request=RecordEditIn, responses=RecordEditOut)
    def put(self, request: Request, patient: str, record: UUID) -> Response:  # noqa: ARG002 - in the URL
        given = RecordEditIn(data=request.data)
        given.is_valid(raise_exception=True)
        wanted, now = given.validated_data, timezone.now()
        outcome = edit_record(
            access=self.access,
            record_id=record,
            base=wanted["version"],
            written=given.written,
            edited_at=wanted["edited_at"],
            settles=wanted["settles"],
            now=now,
        )
        ahead = max(wanted["edited_at"] - now, timedelta())
        return Response(
            {
                "outcome": outcome.value,
                "clock_ahead": int(ahead.total_seconds()),
                "record": _record_out(self.access, record),
            }
        )

    @extend_schema(parameters=[RecordRef], responses={204: None})
    def delete(self, request: Request, patient: str, record: UUID) -> Response:  # noqa: ARG002 - in the URL
        given = RecordRef(data=request.query_params)
        given.is_valid(raise_exception=True)
        delete_record(
            access=self.access,
            record_id=record,
            version=given.validated_data["version"],
            now=timezone.now(),
        )
        return Response(status=204)


class RecordVersions(PatientView):
    """What a record said before, and what lost against what it says."""

    needs = {"get": Need.READ}
    what = "record"

    @extend_schema(operation_id="record_versions_list", responses=page_schema(RecordVersionOut))
    def get(self, request: Request, patient: str, record: UUID) -> Response:  # noqa: ARG002 - in the URL
        return self.page_of(versions_of(_record(self.access, record)), RecordVersionOut)


def _record(access: Access, record: UUID) -> Record:
    return get_object_or_404(records_of(access.patient, access.topics), id=record)


def _record_out(access: Access, record: UUID) -> dict[str, Any]:
    return dict(RecordOut(_record(access, record)).data)
