"""Questionnaires, and answering them."""

from functools import partial

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.access import Access
from backend.api import PatientView, PersonView
from backend.queries import zone_history_of
from backend.rest import page_schema
from backend.rules import Need, Topic
from twin.models import QuestionnaireResponse
from twin.queries.questionnaires import responses_of
from twin.scores.topics import QUESTIONNAIRES
from twin.serializers.questionnaires import QuestionnaireOut, QuestionnairesOut, ResponseIn, ResponseOut
from twin.services.questionnaires import answer_questionnaire, asked
from twin.services.score_inputs import response_score


class Questionnaires(PersonView):
    """The questionnaires that can be answered here, with their questions."""

    @extend_schema(operation_id="questionnaires_offered", responses=QuestionnairesOut)
    def get(self, request: Request) -> Response:  # noqa: ARG002 - DRF's signature
        return Response(QuestionnairesOut({"results": [asked(code) for code in QUESTIONNAIRES]}).data)


class QuestionnaireDetail(PersonView):
    """One questionnaire with its questions."""

    @extend_schema(responses=QuestionnaireOut)
    def get(self, request: Request, questionnaire: str) -> Response:  # noqa: ARG002 - DRF's signature
        return Response(QuestionnaireOut(asked(questionnaire)).data)


class Responses(PatientView):
    """A questionnaire as a patient has answered it, and answering it."""

    needs = {"get": Need.READ, "post": Need.ACT}
    what = "questionnaires"

    @extend_schema(operation_id="questionnaires_answered", responses=page_schema(ResponseOut))
    def get(self, request: Request, patient: str, questionnaire: str) -> Response:  # noqa: ARG002 - in the URL
        asked(questionnaire)
        self.access.topic(Topic.MENTAL_HEALTH)
        found = responses_of(self.access.patient, self.access.topics, questionnaire)
        return self.page_of(found, partial(ResponseOut, context=_scoring(self.access)))

    @extend_schema(request=ResponseIn, responses={201: ResponseOut, 200: ResponseOut})
    def post(self, request: Request, patient: str, questionnaire: str) -> Response:  # noqa: ARG002 - in the URL
        given = ResponseIn(data=request.data)
        given.is_valid(raise_exception=True)
        wanted = given.validated_data
        row, made = answer_questionnaire(
            access=self.access,
            code=questionnaire,
            answers=wanted["answers"],
            answered_at=wanted["answered_at"],
            response_id=wanted["id"],
            corrects=wanted["corrects"],
            now=timezone.now(),
        )
        return Response(ResponseOut(row, context=_scoring(self.access)).data, status=201 if made else 200)


def _scoring(access: Access) -> dict[str, object]:
    """How responses are scored: by the patient's own days."""
    zone = zone_history_of(access.patient.id)

    def score_of(row: QuestionnaireResponse) -> object:
        return response_score(row, zone)

    return {"score_of": score_of}
