"""Wire shapes of scores, now and over time."""

from typing import Any

from rest_framework import serializers

from backend.rules import Topic
from twin.models import ScoreResult


class NamedOut(serializers.Serializer[Any]):
    """A code and its words."""

    code = serializers.CharField()
    title = serializers.CharField()


class ScoreInputOut(serializers.Serializer[Any]):
    """What went into a score; `on` is the day on which it was measured or said, where that is known."""

    name = serializers.CharField()
    value = serializers.JSONField()
    unit = serializers.CharField()
    on = serializers.DateField(allow_null=True)
    source = serializers.CharField()  # type: ignore[assignment] # its name on the wire


class ScoreRefusalOut(serializers.Serializer[Any]):
    """What was there and could not be used."""

    name = serializers.CharField()
    value = serializers.JSONField()
    why = serializers.CharField()


class ScoreLeverOut(serializers.Serializer[Any]):
    """What the value would be with one input elsewhere; `from` is where it is."""

    name = serializers.CharField()
    to = serializers.JSONField()
    value_then = serializers.FloatField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {**super().get_fields(), "from": serializers.JSONField()}


class ScoreFields(serializers.Serializer[Any]):
    """A score: its value or a range, what went in, what is missing or refused, and what stands behind it."""

    code = serializers.CharField()
    title = serializers.CharField()
    version = serializers.CharField()
    value = serializers.FloatField(allow_null=True)
    unit = serializers.CharField()
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    band = NamedOut(allow_null=True)
    inputs = ScoreInputOut(many=True)
    missing = serializers.ListField(child=serializers.CharField())
    refused = ScoreRefusalOut(many=True)
    levers = ScoreLeverOut(many=True)
    flags = NamedOut(many=True)
    source = serializers.CharField()  # type: ignore[assignment] # its name on the wire
    verification = serializers.CharField()
    notes = serializers.ListField(child=serializers.CharField())


class ScoreOut(ScoreFields):
    """A score as it stands: the topics that it stands on, since when it says so, of which day its data is.

    `details`: of `news2` its parts and the calmest and worst level, of `egfr_slope` the stage and when the
    next one is expected, of a questionnaire the response.
    """

    topics = serializers.ListField(child=serializers.ChoiceField(choices=[topic.value for topic in Topic]))
    data_on = serializers.DateField(allow_null=True)
    data_at = serializers.DateTimeField(allow_null=True)
    made_at = serializers.DateTimeField()
    details = serializers.JSONField(allow_null=True)

    def to_representation(self, row: ScoreResult) -> dict[str, Any]:
        beside = ("topics", "data_on", "data_at", "made_at", "details")
        said = {name: getattr(row, name) for name in beside}
        shown = {
            name: None if value is None else self.fields[name].to_representation(value)
            for name, value in said.items()
        }
        return {**row.result, **shown}


class ScoresOut(serializers.Serializer[Any]):
    results = ScoreOut(many=True)


class ScoreThenOut(serializers.ModelSerializer[ScoreResult]):
    """What a score said from `made_at` until `superseded_at`, which is null for the current one."""

    class Meta:
        model = ScoreResult
        fields = ["value", "low", "high", "band", "data_on", "made_at", "superseded_at"]
