"""Scores, now and over time."""

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api import PatientView
from backend.rest import page_schema
from backend.rules import Need
from twin.queries.scores import score_history_of, scores_of
from twin.scores.topics import topics_of
from twin.serializers.scores import ScoresOut, ScoreThenOut
from twin.services.scores import fresh_scores


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
