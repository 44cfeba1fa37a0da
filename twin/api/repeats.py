"""Laboratory tests that look as if they had been done twice."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api import PatientView
from backend.rules import Need
from twin.queries.repeats import repeats_of
from twin.serializers.repeats import RepeatsOut


class Repeats(PatientView):
    """Laboratory tests that look as if they had been done twice; a hint, and nothing is held back for it."""

    needs = {"get": Need.READ}
    what = "repeated tests"

    @extend_schema(responses=RepeatsOut)
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        found = repeats_of(self.access.patient, self.access.topics, timezone.now())
        return Response(RepeatsOut({"results": found}).data)
