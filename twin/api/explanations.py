"""What a kind has done of late, as Prophet reads it."""

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api import PatientView
from backend.queries import zone_history_of
from backend.rest import one_of
from backend.rules import Need
from twin.forecast.outcome import NotEnoughData
from twin.kinds import KINDS
from twin.queries.forecasts import explanation_of
from twin.serializers.explanations import ExplanationIn, ExplanationOut, NotEnoughDataOut

EXPLANATION = one_of("ForecastExplanation", ExplanationOut, NotEnoughDataOut)


class ForecastExplanation(PatientView):
    """What a kind has done of late, as Prophet reads it: trend, week and events, and how it would go on."""

    needs = {"get": Need.READ}
    what = "explanation of a forecast"

    @extend_schema(parameters=[ExplanationIn], responses=EXPLANATION)
    def get(self, request: Request, patient: str, kind: str) -> Response:  # noqa: ARG002 - in the URL
        one = KINDS.get(kind)
        if one is None or not one.forecast:
            raise Http404
        self.access.topic(one.topic)
        wanted = ExplanationIn(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        explained = explanation_of(
            self.access.patient,
            one,
            self.access.topics,
            today=timezone.now().astimezone(zone_history_of(self.access.patient.id)).date(),
            days_back=wanted.validated_data["days"],
        )
        if isinstance(explained, NotEnoughData):
            return Response(NotEnoughDataOut(explained).data)
        return Response(ExplanationOut(explained, context={"kind": one}).data)
