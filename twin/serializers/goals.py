"""Wire shapes of goals, and of how far they have come."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from twin.kinds import KINDS
from twin.models import Direction, Goal


class ProgressOut(serializers.Serializer[Any]):
    """How far a goal has come, by the week: what is null cannot be said, and `reason` says why."""

    value_now = serializers.FloatField(allow_null=True)
    pace_per_week = serializers.FloatField(allow_null=True)
    needed_per_week = serializers.FloatField(allow_null=True)
    probability = serializers.FloatField(allow_null=True)
    expected_on = serializers.DateField(allow_null=True)
    reached = serializers.BooleanField()
    reason = serializers.CharField()


class GoalOut(serializers.ModelSerializer[Goal]):
    """A goal in the kind's own unit; `progress` of one that has not ended, where the context has it."""

    title = serializers.SerializerMethodField()
    unit = serializers.SerializerMethodField()
    set_by = serializers.CharField()
    agreed_by = serializers.CharField(allow_null=True)
    progress = serializers.SerializerMethodField()

    class Meta:
        model = Goal
        fields = [
            "id",
            "kind",
            "title",
            "unit",
            "direction",
            "target",
            "starts_on",
            "start_value",
            "by_day",
            "set_by",
            "set_at",
            "agreed_by",
            "agreed_at",
            "ended_at",
            "progress",
        ]

    def get_title(self, goal: Goal) -> str:
        return KINDS[goal.kind].title

    def get_unit(self, goal: Goal) -> str:
        return KINDS[goal.kind].unit

    @extend_schema_field(ProgressOut(allow_null=True))
    def get_progress(self, goal: Goal) -> dict[str, Any] | None:
        found = self.context.get("progress", {}).get(goal.id)
        return None if found is None else dict(ProgressOut(found).data)


class GoalIn(serializers.Serializer[Any]):
    """`unit` is any of the kind's, its own when left out; without `by_day` the goal has no end."""

    kind = serializers.CharField(max_length=40)
    direction = serializers.ChoiceField(choices=Direction.values)
    target = serializers.FloatField()
    unit = serializers.CharField(max_length=40, default="", allow_blank=True)
    by_day = serializers.DateField(default=None, allow_null=True)
