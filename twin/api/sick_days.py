"""What to ask about medicines on a sick day."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api import PatientView
from backend.rules import Need, Topic
from twin.queries.medicines import listed_medicines
from twin.serializers.sick_days import SickDaysOut
from twin.warnings.sick_days import sick_days


class SickDays(PatientView):
    """What to ask about the medicines on a patient's list on a day of vomiting, diarrhoea or fever."""

    needs = {"get": Need.READ}
    what = "sick days"

    @extend_schema(responses=SickDaysOut)
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        self.access.topic(Topic.MEDICATION)
        found = sick_days(listed_medicines(self.access.patient, timezone.now()))
        return Response(SickDaysOut(found or {"when": "", "rules": [], "again": ""}).data)
