"""Everything of a patient in one file: asking for it, and fetching it."""

from django.http import Http404, StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api import PatientView
from backend.rest import file_response
from backend.rules import Need
from twin.models import ExportStatus
from twin.queries.exports import exports_of
from twin.serializers.exports import NO_EXPORT, ExportOut
from twin.services.exports import file_of, request_export


class Export(PatientView):
    """Everything of a patient in one file: asking for it, and what has become of it."""

    needs = {"get": Need.EXPORT, "post": Need.EXPORT}
    what = "export"

    @extend_schema(responses=ExportOut)
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        found = exports_of(self.access.patient, timezone.now()).first()
        return Response(ExportOut(found).data if found else NO_EXPORT)

    @extend_schema(request=None, responses={202: ExportOut, 200: ExportOut})
    def post(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        export, made = request_export(access=self.access, now=timezone.now())
        return Response(ExportOut(export).data, status=202 if made else 200)


class ExportFile(PatientView):
    """The file itself, while it is there."""

    needs = {"get": Need.EXPORT}
    what = "export"

    @extend_schema(responses={(200, "application/zip"): OpenApiTypes.BINARY})
    def get(self, request: Request, patient: str) -> StreamingHttpResponse:  # noqa: ARG002 - in the URL
        ready = exports_of(self.access.patient, timezone.now()).filter(status=ExportStatus.READY)
        found = ready.first()
        if found is None:
            raise Http404
        name = f"pollux-{found.requested_at:%Y-%m-%d}.zip"
        return file_response(file_of(found), name=name, content_type="application/zip")
