"""Wire shapes of what a kind has done of late, as Prophet reads it."""

from typing import Any

from rest_framework import serializers

from twin.forecast.explanation import PROPHET, SHOWN_AT_LEAST, SHOWN_AT_MOST, Explanation
from twin.forecast.sentences import sentences
from twin.kinds import Kind


class DaysField(serializers.ListField):
    """An array of days."""

    child = serializers.DateField()

    def to_representation(self, days: Any) -> list[str]:
        return [str(day) for day in days]


class ExplanationIn(serializers.Serializer[Any]):
    """How many days back are shown."""

    days = serializers.IntegerField(min_value=SHOWN_AT_LEAST, max_value=SHOWN_AT_MOST, default=SHOWN_AT_MOST)


class SlopeOut(serializers.Serializer[Any]):
    """The trend's rise a week since that day, with a 95 % range."""

    since = serializers.DateField()
    value = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()


class TurnOut(serializers.Serializer[Any]):
    day = serializers.DateField()
    slope_before = serializers.FloatField()
    slope_after = serializers.FloatField()


class EffectOut(serializers.Serializer[Any]):
    """How much higher the values were in the event's days, with a 95 % range, or in `reason` why not."""

    id = serializers.UUIDField(source="event.id")
    day = serializers.DateField(source="event.starts_on")
    ends = serializers.DateField(source="event.ends_on", allow_null=True)
    type = serializers.CharField(source="event.type")
    text = serializers.CharField(source="event.text")
    effect = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    reason = serializers.CharField()


class AheadOut(serializers.Serializer[Any]):
    """Prophet's own view of the days ahead, with its own band."""

    days = DaysField(source="ahead")
    mean = serializers.ListField(child=serializers.FloatField())
    low80 = serializers.ListField(child=serializers.FloatField())
    high80 = serializers.ListField(child=serializers.FloatField())


class ExplanationOut(serializers.Serializer[Any]):
    """`weekly` has seven differences from the trend, Monday's first; null where chance would show as much."""

    kind = serializers.SerializerMethodField()
    title = serializers.SerializerMethodField()
    unit = serializers.SerializerMethodField()
    model = serializers.CharField(default=PROPHET, read_only=True)
    days = DaysField()
    trend = serializers.ListField(child=serializers.FloatField())
    fitted = serializers.ListField(child=serializers.FloatField())
    slope = SlopeOut(allow_null=True)
    weekly = serializers.ListField(child=serializers.FloatField(), allow_null=True)
    changes = TurnOut(many=True)
    events = EffectOut(many=True)
    ahead = AheadOut(source="*")
    sentences = serializers.SerializerMethodField()
    reason = serializers.CharField()

    def get_kind(self, _explanation: Explanation) -> str:
        return self._kind.code

    def get_title(self, _explanation: Explanation) -> str:
        return self._kind.title

    def get_unit(self, _explanation: Explanation) -> str:
        return self._kind.unit

    def get_sentences(self, explanation: Explanation) -> list[str]:
        return sentences(self._kind, explanation)

    @property
    def _kind(self) -> Kind:
        kind: Kind = self.context["kind"]
        return kind


class NotEnoughDataOut(serializers.Serializer[Any]):
    """How many more days with a value it takes."""

    more_days = serializers.IntegerField()
    reason = serializers.CharField()
