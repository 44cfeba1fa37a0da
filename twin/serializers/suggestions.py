"""Wire shapes of suggestions, and of sending one away."""

from typing import Any

from rest_framework import serializers

from twin.models import SuggestionDismissal
from twin.warnings.suggestions import Suggestion


class SuggestionEffectOut(serializers.Serializer[Any]):
    """What came on average in trials, with the 95 % interval where the source has one; in `unit`."""

    text = serializers.CharField()
    mean = serializers.FloatField()
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    unit = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment] # its name on the wire
    verification = serializers.CharField()


class SuggestionEvidenceOut(serializers.Serializer[Any]):
    """A value that a suggestion is made of; true where it is a record that says so."""

    name = serializers.CharField()
    value = serializers.JSONField()
    unit = serializers.CharField()
    on = serializers.DateField(allow_null=True)
    source = serializers.CharField()  # type: ignore[assignment] # its name on the wire


class SuggestionOut(serializers.Serializer[Any]):
    """`because` is what in the person's own data it is made of, `text` what to do.

    `topics` are those of all that was looked at: who may act in each of them may send it away.
    """

    rule = serializers.CharField()
    title = serializers.CharField()
    because = serializers.CharField()
    text = serializers.CharField()
    effect = SuggestionEffectOut(allow_null=True)
    topic = serializers.CharField()
    topics = serializers.SerializerMethodField()
    evidence = SuggestionEvidenceOut(many=True)
    source = serializers.CharField()  # type: ignore[assignment] # its name on the wire
    verification = serializers.CharField()

    def get_topics(self, suggestion: Suggestion) -> list[str]:
        return sorted(suggestion.topics)


class SuggestionsOut(serializers.Serializer[Any]):
    """Three at most, the first before the others; `caution` is to be shown with them."""

    results = SuggestionOut(many=True)
    caution = serializers.CharField()


class DismissalIn(serializers.Serializer[Any]):
    """For how many days; null is for ever."""

    days = serializers.IntegerField(min_value=1, max_value=366, default=30, allow_null=True)


class DismissalOut(serializers.ModelSerializer[SuggestionDismissal]):
    """Until when a rule suggests nothing; null is for ever."""

    class Meta:
        model = SuggestionDismissal
        fields = ["rule", "until", "dismissed_at"]
