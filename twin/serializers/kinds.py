"""Wire shapes of the catalogue of kinds."""

from typing import Any

from rest_framework import serializers


class KindOut(serializers.Serializer[Any]):
    """A kind of the catalogue, with the units in which it can be typed in."""

    code = serializers.CharField()
    title = serializers.CharField()
    unit = serializers.CharField()
    units = serializers.SerializerMethodField()
    topic = serializers.CharField()
    daily = serializers.CharField()
    overlap = serializers.CharField()
    decimals = serializers.IntegerField()
    forecast = serializers.BooleanField()
    hard = serializers.ListField(child=serializers.FloatField())
    soft = serializers.ListField(child=serializers.FloatField())
    loinc = serializers.CharField(allow_null=True)
    verification = serializers.CharField()

    def get_units(self, kind: Any) -> list[str]:
        return [kind.unit, *sorted(kind.conversions)]
