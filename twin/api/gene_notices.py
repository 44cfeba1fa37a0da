"""What a patient's genes say of her medicines."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api import PatientView
from backend.rules import Need, Role, Topic
from twin.queries.gene_notices import gene_notices_of
from twin.scores.gene_notices import Finding
from twin.serializers.gene_notices import GeneNoticesOut, notice_out


class GeneNotices(PatientView):
    """What a patient's genes say of the medicines on her list: the whole for clinicians."""

    needs = {"get": Need.READ}
    what = "gene notices"

    @extend_schema(responses=GeneNoticesOut)
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        for topic in (Topic.GENES, Topic.MEDICATION):
            self.access.topic(topic)
        whole = self.access.standing.role in (Role.CLINICIAN, Role.EMERGENCY)
        found = [
            notice_out(notice, whole=whole)
            for notice in gene_notices_of(self.access.patient, timezone.now())
            if whole or notice.finding is Finding.PROMPT
        ]
        return Response(GeneNoticesOut({"results": found}).data)
