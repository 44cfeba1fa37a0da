"""What phones hand over."""

from typing import cast

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.access import ME, access_patient
from backend.api import PersonView
from backend.rest import BulkBody, BulkJSONParser
from backend.rules import Need
from backend.services import NotPossible
from twin.intake.phone import KEY, Malformed, batch_name, read_batch
from twin.kinds import EDITION
from twin.serializers.samples import SamplesIn, SamplesOut
from twin.services.samples import receive_same_body, receive_samples, whose_body


class Samples(PersonView):
    """Takes what a phone hands over: many series in one batch, which is safe to send again."""

    parser_classes = [BulkJSONParser]

    @extend_schema(
        request=SamplesIn,
        parameters=[OpenApiParameter(KEY, str, OpenApiParameter.HEADER)],
        responses=SamplesOut,
    )
    def post(self, request: Request) -> Response:
        body = cast("BulkBody", request.data)
        key, digest, access = request.headers.get(KEY), None, None
        try:
            if key is not None:
                key, digest = batch_name(key, KEY), body.digest(self.person.id.bytes, EDITION)
                # What one person's same bytes say they say of the same patient.
                if (patient := whose_body(digest)) is not None:
                    access = access_patient(self.person, patient, Need.ACT, what="samples")
                    answer = receive_same_body(
                        access=access, batch_id=key, body_digest=digest, now=timezone.now()
                    )
                    if answer is not None:
                        return Response(answer)
            batch = read_batch(body.read(), key, digest)
        except Malformed as malformed:
            raise NotPossible(malformed.place, malformed.message) from None
        access = access or access_patient(self.person, batch.patient or ME, Need.ACT, what="samples")
        return Response(receive_samples(access=access, batch=batch, now=timezone.now()))
