"""Wire shapes of questionnaires and their responses."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from twin.models import QuestionnaireResponse
from twin.risk.questionnaires import CRISIS, Questionnaire
from twin.serializers.scores import ScoreFields
from twin.warnings.actions import actions


class QuestionOut(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    loinc = serializers.CharField()
    text = serializers.CharField()


class PossibleAnswerOut(serializers.Serializer[Any]):
    points = serializers.IntegerField()
    text = serializers.CharField()
    loinc = serializers.CharField()


class QuestionnaireOut(serializers.Serializer[Questionnaire]):
    """A questionnaire as it is put before a patient."""

    code = serializers.CharField()
    title = serializers.CharField()
    loinc = serializers.CharField()
    asked = serializers.CharField()
    questions = QuestionOut(many=True)
    answers = PossibleAnswerOut(many=True)
    copyright = serializers.CharField()


class QuestionnairesOut(serializers.Serializer[Any]):
    results = QuestionnaireOut(many=True)


class ResponseIn(serializers.Serializer[Any]):
    """Points by question, null for one without an answer. `corrects` names a response that counts no more."""

    answers = serializers.ListField(
        child=serializers.IntegerField(allow_null=True, min_value=0, max_value=100), max_length=50
    )
    answered_at = serializers.DateTimeField(default=None, allow_null=True)
    id = serializers.UUIDField(default=None, allow_null=True)
    corrects = serializers.UUIDField(default=None, allow_null=True)


class ResponseOut(serializers.ModelSerializer[QuestionnaireResponse]):
    """A questionnaire as it was answered, with its total, where the context has its zone's score.

    `help` are the words to show at once where there are thoughts of death or self-harm.
    """

    answered_by = serializers.CharField()
    corrected_by = serializers.SerializerMethodField()
    score = serializers.SerializerMethodField()
    help = serializers.SerializerMethodField()

    class Meta:
        model = QuestionnaireResponse
        fields = [
            "id",
            "code",
            "answers",
            "word",
            "answered_by",
            "answered_at",
            "received_at",
            "corrects",
            "corrected_by",
            "score",
            "help",
        ]

    @extend_schema_field(serializers.UUIDField(allow_null=True))
    def get_corrected_by(self, row: QuestionnaireResponse) -> str | None:
        return str(row.corrected_by.id) if hasattr(row, "corrected_by") else None

    @extend_schema_field(ScoreFields())
    def get_score(self, row: QuestionnaireResponse) -> dict[str, Any]:
        score: dict[str, Any] = self.context["score_of"](row).as_json()
        return score

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_help(self, row: QuestionnaireResponse) -> str | None:
        return actions()["crisis"].text if CRISIS in self.context["score_of"](row).flags else None
