"""Wire shapes of devices and apps."""

from typing import Any

from rest_framework import serializers

from twin.kinds import KINDS
from twin.state.habit import Voice


class SourceOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()


class SourcesIn(serializers.Serializer[Any]):
    """Whose sources: one kind's; every device and app when left out."""

    kind = serializers.ChoiceField(choices=sorted(KINDS), default="")


class SourcePriorityIn(serializers.Serializer[Any]):
    """A kind's sources in the order in which they count; an empty list leaves it to what covers most."""

    kind = serializers.ChoiceField(choices=sorted(KINDS))
    sources = serializers.ListField(child=serializers.UUIDField(), max_length=100)


class ExtentOut(serializers.Serializer[Any]):
    """What a source has of one kind; `priority` is its place from 1, null where the patient named none."""

    count = serializers.IntegerField()
    first = serializers.IntegerField()
    last = serializers.IntegerField()
    priority = serializers.IntegerField(allow_null=True)


class RankedSourceOut(ExtentOut, SourceOut):
    """A source of one kind."""


class SourcesOut(serializers.Serializer[Any]):
    """Where a kind's samples come from; instants in ms since the epoch."""

    kind = serializers.CharField()
    sources = RankedSourceOut(many=True)


class MeasuredKindOut(ExtentOut):
    """A kind that a source measures; `place` is that of the source among all that measure it."""

    kind = serializers.CharField()
    place = serializers.IntegerField()


class HabitOut(serializers.Serializer[Any]):
    """How many days usually pass between two with news, and how many may."""

    usual = serializers.IntegerField()
    patience = serializers.IntegerField()


class DeviceOut(SourceOut):
    """A device or app; `spoke_on` is the last day, UTC, on which something new of it came."""

    last_sync_at = serializers.DateTimeField(allow_null=True)
    clock_skew_ms = serializers.IntegerField(allow_null=True)
    silent_since = serializers.DateTimeField(allow_null=True)
    voice = serializers.ChoiceField(choices=[voice.value for voice in Voice])
    spoke_on = serializers.DateField(allow_null=True)
    habit = HabitOut(allow_null=True)
    kinds = MeasuredKindOut(many=True)


class DevicesOut(serializers.Serializer[Any]):
    """Every device and app of a patient, the last heard of first."""

    results = DeviceOut(many=True)
