"""The JSON edges of scores, what they ask, questionnaires, gene notices and glucose profiles."""

from datetime import UTC, datetime, timedelta
from functools import partial

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.access import Access
from backend.api import PatientView, PersonView
from backend.queries import zone_history_of
from backend.rest import page_schema
from backend.rules import Need, Role, Topic
from twin.models import QuestionnaireResponse
from twin.queries import (
    answers_of,
    gene_notices_of,
    glucose_readings,
    listed_medicines,
    responses_of,
    score_history_of,
    scores_of,
)
from twin.score_serializers import (
    AnswersIn,
    AnswersOut,
    GeneNoticesOut,
    GlucoseProfileIn,
    GlucoseProfileOut,
    QuestionnaireOut,
    QuestionnairesOut,
    ResponseIn,
    ResponseOut,
    ScoresOut,
    ScoreThenOut,
    SickDaysOut,
    notice_out,
    profile_out,
)
from twin.scores import cgm
from twin.scores.asked import questions
from twin.scores.gene_notices import Finding
from twin.scores.glucose_profile import daily_profile
from twin.scores.topics import QUESTIONNAIRES, topics_of
from twin.services.answers import give_answers
from twin.services.questionnaires import answer_questionnaire, asked
from twin.services.score_inputs import response_score
from twin.services.scores import fresh_scores
from twin.state.clock import LocalClock
from twin.warnings.sick_days import sick_days

_MG_DL = "mg/dL"


class Scores(PatientView):
    """Every score that stands on topics that one may read, those that lack something too."""

    needs = {"get": Need.READ}
    what = "scores"

    @extend_schema(responses=ScoresOut)
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        fresh_scores(self.access.patient, now=timezone.now())
        order = {code: place for place, code in enumerate(topics_of())}
        found = sorted(
            scores_of(self.access.patient, self.access.topics),
            key=lambda row: order.get(row.code, len(order)),
        )
        return Response(ScoresOut({"results": found}).data)


class ScoreHistory(PatientView):
    """What one score said over time, the newest first."""

    needs = {"get": Need.READ}
    what = "history of a score"

    @extend_schema(operation_id="score_history_list", responses=page_schema(ScoreThenOut))
    def get(self, request: Request, patient: str, code: str) -> Response:  # noqa: ARG002 - in the URL
        topics = topics_of().get(code)
        if topics is None or not topics <= self.access.topics:
            raise Http404
        return self.page_of(score_history_of(self.access.patient, self.access.topics, code), ScoreThenOut)


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


class SickDays(PatientView):
    """What to ask about the medicines on a patient's list on a day of vomiting, diarrhoea or fever."""

    needs = {"get": Need.READ}
    what = "sick days"

    @extend_schema(responses=SickDaysOut)
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        self.access.topic(Topic.MEDICATION)
        found = sick_days(listed_medicines(self.access.patient, timezone.now()))
        return Response(SickDaysOut(found or {"when": "", "rules": [], "again": ""}).data)


class GlucoseProfile(PatientView):
    """What a glucose sensor's last weeks come to, and its typical day."""

    needs = {"get": Need.READ}
    what = "glucose profile"

    @extend_schema(parameters=[GlucoseProfileIn], responses=GlucoseProfileOut)
    def get(self, request: Request, patient: str) -> Response:  # noqa: ARG002 - in the URL
        self.access.topic(Topic.GLUCOSE)
        wanted = GlucoseProfileIn(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        given, now = wanted.validated_data, timezone.now()
        since = now - timedelta(days=given["days"])
        start, end = (_milliseconds(at) for at in (since, now))
        readings = glucose_readings(self.access.patient, start, end)
        body = {"start": since, "end": now, "unit": _MG_DL, "metrics": None, "targets": [], "profile": None}
        try:
            metrics = cgm.metrics(readings, start=start, end=end)
        except cgm.NoReadings:
            return Response(GlucoseProfileOut(body).data)
        clock = LocalClock.over(zone_history_of(self.access.patient.id), start, end)
        profile = daily_profile(readings, clock=clock, start=start, end=end, width=given["width"])
        body |= {
            "metrics": metrics,
            "targets": cgm.targets(metrics, cgm.Group(given["group"])),
            "profile": profile_out(profile),
        }
        return Response(GlucoseProfileOut(body).data)


def _scoring(access: Access) -> dict[str, object]:
    """How responses are scored: by the patient's own days."""
    zone = zone_history_of(access.patient.id)

    def score_of(row: QuestionnaireResponse) -> object:
        return response_score(row, zone)

    return {"score_of": score_of}


def _milliseconds(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
