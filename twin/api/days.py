"""A kind's days."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api import PatientView
from backend.rules import Need
from twin.kinds import kind
from twin.models import Source
from twin.queries.days import days_of
from twin.serializers.days import SummaryIn, SummaryOut, day_row


class Summary(PatientView):
    """A kind's days, in the patient's own days."""

    needs = {"get": Need.READ}
    what = "day summaries"

    @extend_schema(parameters=[SummaryIn], responses=SummaryOut)
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        wanted = SummaryIn(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        one = kind(wanted.validated_data["kind"])
        self.access.topic(one.topic)
        names = dict(Source.objects.filter(patient=self.access.patient).values_list("id", "name"))
        days = days_of(
            self.access.patient, one.code, wanted.validated_data.get("from"), wanted.validated_data.get("to")
        )
        rows = [day_row(day, names) for day in days]
        return Response({"kind": one.code, "unit": one.unit, "days": rows})
