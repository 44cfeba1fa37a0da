"""Wire shapes of limits that clinicians set."""

from typing import Any

from rest_framework import serializers

from twin.kinds import KINDS
from twin.models import Threshold


class ThresholdOut(serializers.ModelSerializer[Threshold]):
    """Limits in the kind's own unit."""

    title = serializers.SerializerMethodField()
    unit = serializers.SerializerMethodField()
    set_by = serializers.CharField()

    class Meta:
        model = Threshold
        fields = ["id", "kind", "title", "unit", "low", "high", "reason", "set_by", "set_at", "ended_at"]

    def get_title(self, threshold: Threshold) -> str:
        return KINDS[threshold.kind].title

    def get_unit(self, threshold: Threshold) -> str:
        return KINDS[threshold.kind].unit


class ThresholdIn(serializers.Serializer[Any]):
    """One limit or both; `unit` is any of the kind's, its own when left out."""

    kind = serializers.CharField(max_length=40)
    low = serializers.FloatField(default=None, allow_null=True)
    high = serializers.FloatField(default=None, allow_null=True)
    unit = serializers.CharField(max_length=40, default="", allow_blank=True)
    reason = serializers.CharField(max_length=2_000, default="", allow_blank=True)
