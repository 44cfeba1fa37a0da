"""Wire shapes of laboratory tests that look as if they had been done twice."""

from datetime import timedelta
from typing import Any

from rest_framework import serializers

from twin.state.repeats import Repeat


class ReferenceOut(serializers.Serializer[Any]):
    title = serializers.CharField()
    url = serializers.CharField()
    said = serializers.CharField()


class RepeatOut(serializers.Serializer[Any]):
    """Two results closer together than their interval, or `same_result`: one that two sources told of."""

    group = serializers.CharField(source="interval.group")
    title = serializers.CharField(source="interval.title")
    tests = serializers.ListField(child=serializers.CharField())
    first = serializers.DateTimeField()
    second = serializers.DateTimeField()
    same_result = serializers.BooleanField()
    sources = serializers.ListField(child=serializers.CharField())
    interval_hours = serializers.SerializerMethodField()
    references = ReferenceOut(source="interval.references", many=True)

    def get_interval_hours(self, repeat: Repeat) -> int:
        return repeat.interval.length // timedelta(hours=1)


class RepeatsOut(serializers.Serializer[Any]):
    results = RepeatOut(many=True)
