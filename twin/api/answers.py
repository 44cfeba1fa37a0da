"""What scores ask, and answering it."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api import PatientView
from backend.rules import Need
from twin.queries.answers import answers_of
from twin.scores.asked import questions
from twin.serializers.answers import AnswersIn, AnswersOut
from twin.services.answers import give_answers


class Answers(PatientView):
    """What scores have to ask, in the topics that one may read, and answering it."""

    needs = {"get": Need.READ, "put": Need.ACT}
    what = "answers"

    @extend_schema(responses=AnswersOut)
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        return self._answer()

    @extend_schema(request=AnswersIn, responses=AnswersOut)
    def put(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        given = AnswersIn(data=request.data)
        given.is_valid(raise_exception=True)
        give_answers(access=self.access, answers=given.validated_data["answers"], now=timezone.now())
        return self._answer()

    def _answer(self) -> Response:
        topics = self.access.topics
        standing = {row.code: row for row in answers_of(self.access.patient, topics)}
        listed = [one for one in questions().values() if one.topic in topics]
        return Response(AnswersOut({"results": listed}, context={"answers": standing}).data)
