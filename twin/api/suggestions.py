"""Suggestions, and sending one away."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api import PatientView
from backend.rules import Need
from twin.serializers.suggestions import DismissalIn, DismissalOut, SuggestionsOut
from twin.services.suggestions import dismiss, suggestions_of
from twin.warnings.suggestions import suggestions_file


class Suggestions(PatientView):
    """What the patient's own data suggests today, three things at most."""

    needs = {"get": Need.READ}
    what = "suggestions"

    @extend_schema(operation_id="suggestions", responses=SuggestionsOut)
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        found = suggestions_of(access=self.access, now=timezone.now())
        return Response(SuggestionsOut({"results": found, "caution": suggestions_file()["caution"]}).data)


class DismissSuggestion(PatientView):
    """A rule is to suggest nothing for so many days, or never again."""

    needs = {"post": Need.ACT}
    what = "suggestions"

    @extend_schema(request=DismissalIn, responses=DismissalOut)
    def post(self, request: Request, patient: str, rule: str) -> Response:  # noqa: ARG002 - in the URL
        given = DismissalIn(data=request.data)
        given.is_valid(raise_exception=True)
        row = dismiss(access=self.access, rule=rule, days=given.validated_data["days"], now=timezone.now())
        return Response(DismissalOut(row).data)
