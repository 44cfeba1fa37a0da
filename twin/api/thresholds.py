"""Limits that clinicians set."""

from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api import PatientView
from backend.rest import page_schema
from backend.rules import Need
from twin.queries.thresholds import thresholds_of
from twin.serializers.thresholds import ThresholdIn, ThresholdOut
from twin.services.thresholds import end_threshold, set_threshold


class Thresholds(PatientView):
    """The limits in which clinicians want kinds to stay; new ones end the kind's last."""

    needs = {"get": Need.READ, "post": Need.ACT}
    what = "thresholds"

    @extend_schema(operation_id="thresholds_list", responses=page_schema(ThresholdOut))
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        return self.page_of(thresholds_of(self.access.patient, self.access.topics), ThresholdOut)

    @extend_schema(request=ThresholdIn, responses={201: ThresholdOut})
    def post(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        given = ThresholdIn(data=request.data)
        given.is_valid(raise_exception=True)
        wanted = given.validated_data
        threshold = set_threshold(
            access=self.access,
            kind_code=wanted["kind"],
            low=wanted["low"],
            high=wanted["high"],
            unit=wanted["unit"],
            reason=wanted["reason"],
            now=timezone.now(),
        )
        return Response(ThresholdOut(threshold).data, status=201)


class EndThreshold(PatientView):
    """Ends limits, which stay on record."""

    needs = {"post": Need.ACT}
    what = "thresholds"

    @extend_schema(request=None, responses=ThresholdOut)
    def post(self, request: Request, patient: str, threshold: UUID) -> Response:  # noqa: ARG002 - in the URL
        ended = end_threshold(access=self.access, threshold_id=threshold, now=timezone.now())
        return Response(ThresholdOut(ended).data)
