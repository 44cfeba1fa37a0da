"""Wire shapes of measurements typed in."""

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from twin.kinds import KINDS
from twin.services.observations import Measurement


class MeasurementIn(serializers.Serializer[Any]):
    """`start` is an instant; now, when it is left out."""

    kind = serializers.CharField(max_length=40)
    value = serializers.FloatField()
    unit = serializers.CharField(max_length=40)
    start = serializers.DateTimeField(required=False)

    def to_internal_value(self, data: Any) -> Measurement:
        given = super().to_internal_value(data)
        return Measurement(given["kind"], given["value"], given["unit"], given.get("start") or timezone.now())


class MeasurementRef(serializers.Serializer[Any]):
    """Which typed-in measurement is meant."""

    kind = serializers.ChoiceField(choices=sorted(KINDS))
    start = serializers.DateTimeField()


class ReportOut(serializers.Serializer[Any]):
    samples = serializers.DictField()
    records = serializers.DictField()
    problems = serializers.ListField()
    remarks = serializers.ListField()
