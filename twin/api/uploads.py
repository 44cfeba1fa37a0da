"""Files that were handed over, and their reports."""

from uuid import UUID

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from backend.access import access_patient, access_row
from backend.api import PersonView
from backend.rest import page_schema
from backend.rules import Need
from backend.services import NotPossible
from twin.models import Upload
from twin.queries.uploads import uploads_of
from twin.serializers.uploads import UploadIn, UploadOut, UploadsIn
from twin.services.uploads import receive_upload


class Uploads(PersonView):
    """Files that were handed over, and their reports."""

    parser_classes = [MultiPartParser]

    @extend_schema(parameters=[UploadsIn], operation_id="uploads_list", responses=page_schema(UploadOut))
    def get(self, request: Request) -> Response:
        wanted = UploadsIn(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        access = access_patient(self.person, wanted.validated_data["patient"], Need.READ, what="uploads")
        access.topic(Upload.TOPIC)
        return self.page_of(uploads_of(self.person, access.patient), UploadOut)

    @extend_schema(
        request={"multipart/form-data": UploadIn},
        parameters=[OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)],
        responses={202: UploadOut, 200: UploadOut},
    )
    def post(self, request: Request) -> Response:
        given = UploadIn(data=request.data)
        given.is_valid(raise_exception=True)
        file = given.validated_data["file"]
        access = access_patient(self.person, given.validated_data["patient"], Need.ACT, what="upload")
        access.topic(Upload.TOPIC)
        if file.size > settings.UPLOAD_MAX_BYTES:
            raise NotPossible("file", "This file is larger than what can be taken here.")
        upload, made = receive_upload(
            access=access,
            stream=file,
            name=file.name,
            now=timezone.now(),
            idempotency_key=request.headers.get("Idempotency-Key"),
        )
        return Response(UploadOut(upload).data, status=202 if made else 200)


class UploadDetail(PersonView):
    """One upload and its report, as far as it has got."""

    @extend_schema(responses=UploadOut)
    def get(self, request: Request, upload: UUID) -> Response:  # noqa: ARG002 - in the URL
        row = access_row(Upload.objects.all(), self.person, Need.READ, id=upload)
        access_patient(self.person, row.patient_id, Need.READ, what="upload")
        return Response(UploadOut(row).data)
