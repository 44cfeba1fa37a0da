"""Measurements typed in."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ListSerializer

from backend.api import PatientView
from backend.rest import one_of
from backend.rules import Need
from twin.serializers.observations import MeasurementIn, MeasurementRef, ReportOut
from twin.services.observations import delete_measurement, record_measurements

MEASUREMENTS = one_of("Measurements", MeasurementIn, MeasurementIn(many=True))


class Observations(PatientView):
    """Measurements typed in: one, or a list of which all are kept or none; and taking one back."""

    needs = {"post": Need.ACT, "delete": Need.ACT}
    what = "measurement typed in"

    @extend_schema(request=MEASUREMENTS, responses={201: ReportOut})
    def post(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        data: Any = request.data if isinstance(request.data, list) else [request.data]
        given: ListSerializer[Any] = ListSerializer(
            child=MeasurementIn(), data=data, allow_empty=False, max_length=50
        )
        given.is_valid(raise_exception=True)
        report = record_measurements(
            access=self.access, measurements=given.validated_data, now=timezone.now()
        )
        return Response(report.to_json(), status=201)

    @extend_schema(parameters=[MeasurementRef], responses={204: None})
    def delete(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        given = MeasurementRef(data=request.query_params)
        given.is_valid(raise_exception=True)
        wanted = given.validated_data
        delete_measurement(
            access=self.access, kind_code=wanted["kind"], at=wanted["start"], now=timezone.now()
        )
        return Response(status=204)
