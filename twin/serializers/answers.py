"""Wire shapes of what scores ask, and of its answers."""

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from twin.models import Answer
from twin.scores.asked import Asked, questions
from twin.serializers.scores import NamedOut


class AskedOut(serializers.Serializer[Asked]):
    """A question with the answer that stands, if there is one. `counts`: whether it is not too old."""

    code = serializers.CharField()
    title = serializers.CharField(source="name")
    type = serializers.ChoiceField(choices=["yes_no", "choice"])
    choices = NamedOut(many=True)
    topic = serializers.CharField()
    clinicians_only = serializers.BooleanField()
    value = serializers.JSONField(allow_null=True)
    word = serializers.CharField(allow_null=True)
    answered_by = serializers.CharField(allow_null=True)
    answered_at = serializers.DateTimeField(allow_null=True)
    counts = serializers.BooleanField()

    def to_representation(self, one: Asked) -> dict[str, Any]:
        row: Answer | None = self.context["answers"].get(one.code)
        return {
            "code": one.code,
            "title": one.name,
            "type": one.type,
            "choices": [{"code": choice.code, "title": choice.title} for choice in one.choices],
            "topic": one.topic.value,
            "clinicians_only": one.clinicians_only,
            **answer_out(row),
        }


class AnswersOut(serializers.Serializer[Any]):
    results = AskedOut(many=True)


class AnswersIn(serializers.Serializer[Any]):
    """By the code of a question true or false, or one of its choices; null takes an answer back."""

    answers = serializers.DictField(child=serializers.JSONField(allow_null=True), allow_empty=False)


def answer_out(row: Answer | None) -> dict[str, Any]:
    """What stands of a question, and nothing where nothing does."""
    if row is None:
        return {"value": None, "word": None, "answered_by": None, "answered_at": None, "counts": False}
    one = questions()[row.code]
    return {
        "value": row.value,
        "word": row.word,
        "answered_by": str(row.answered_by),
        "answered_at": serializers.DateTimeField().to_representation(row.answered_at),
        "counts": one.counts(row.value, row.answered_at, timezone.now()),
    }
