"""Devices and apps, and which of them counts first."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api import PatientView
from backend.rest import one_of
from backend.rules import Need
from twin.kinds import kind
from twin.queries.sources import ranked_sources, sources_of
from twin.serializers.sources import DevicesOut, SourcePriorityIn, SourcesIn, SourcesOut
from twin.services.priorities import set_source_priority

SOURCES = one_of("SourcesOrDevices", DevicesOut, SourcesOut)


class Sources(PatientView):
    """The devices and apps: every one, or those that measure a kind; and which of them counts first."""

    needs = {"get": Need.READ, "put": Need.ACT}
    what = "sources"

    @extend_schema(parameters=[SourcesIn], responses=SOURCES)
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        wanted = SourcesIn(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        if wanted.validated_data["kind"]:
            return self._answer(wanted.validated_data["kind"])
        today = timezone.now().date()
        devices = sources_of(self.access.patient, self.access.topics, today)
        return Response(DevicesOut({"results": devices}).data)

    @extend_schema(request=SourcePriorityIn, responses=SourcesOut)
    def put(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        given = SourcePriorityIn(data=request.data)
        given.is_valid(raise_exception=True)
        wanted = given.validated_data
        set_source_priority(
            access=self.access, kind_code=wanted["kind"], sources=wanted["sources"], now=timezone.now()
        )
        return self._answer(wanted["kind"])

    def _answer(self, code: str) -> Response:
        self.access.topic(kind(code).topic)
        sources = ranked_sources(self.access.patient, code)
        return Response(SourcesOut({"kind": code, "sources": sources}).data)
