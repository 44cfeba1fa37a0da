"""Wire shapes of the twin at a glance: tiles, body systems, now or as they were known before."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from twin.kinds import BodySystem
from twin.state.systems import State

SYSTEMS = [one.value for one in BodySystem]
STATES = [one.value for one in State]


class SnapshotIn(serializers.Serializer[Any]):
    """As it was known at which instant; as it is now when left out."""

    at = serializers.DateTimeField(default=None)


class UsualOut(serializers.Serializer[Any]):
    """What is usual for this person on the weekday of `day`, by `days` days, and how that day came out.

    `deviation` is in robust standard deviations of the person's own days.
    """

    low = serializers.FloatField()
    high = serializers.FloatField()
    days = serializers.IntegerField()
    day = serializers.DateField()
    value = serializers.FloatField(allow_null=True)
    deviation = serializers.FloatField(allow_null=True)


class TileOut(serializers.Serializer[Any]):
    """One kind: its newest value, what is usual for this person, and the last days as a line."""

    kind = serializers.CharField()
    title = serializers.CharField()
    system = serializers.ChoiceField(choices=SYSTEMS)
    topic = serializers.CharField()
    unit = serializers.CharField()
    decimals = serializers.IntegerField()
    value = serializers.FloatField()
    at = serializers.DateTimeField()
    source = serializers.CharField()  # type: ignore[assignment] # its name on the wire
    flag = serializers.ChoiceField(choices=["low", "high"], allow_null=True)
    bound = serializers.ChoiceField(choices=["below", "above"], allow_null=True)
    manual = serializers.BooleanField()
    day = serializers.DateField()
    growing = serializers.BooleanField()
    mean_28 = serializers.FloatField(allow_null=True)
    usual = UsualOut(allow_null=True)
    sparkline = serializers.ListField(
        child=serializers.ListField(), help_text="Pairs of a day and its value, the oldest first."
    )


@extend_schema_field(TileOut(many=True))
class TilesField(serializers.ListField):
    """Tiles as they are stored, which is as they are shown."""

    child = serializers.DictField()


class ReasonOut(serializers.Serializer[Any]):
    """One reason in plain words, and the state that it would make by itself; `kind` where it is of one."""

    state = serializers.ChoiceField(choices=STATES)
    text = serializers.CharField()
    kind = serializers.CharField(allow_null=True)


class SystemKindOut(serializers.Serializer[Any]):
    """A kind with a tile, its newest `day`, and whether that is `recent` enough to count."""

    kind = serializers.CharField()
    day = serializers.DateField()
    recent = serializers.BooleanField()


class SystemScoreOut(serializers.Serializer[Any]):
    """A score's band, and whether it is one to watch."""

    code = serializers.CharField()
    title = serializers.CharField()
    band = serializers.CharField()
    to_watch = serializers.BooleanField()
    on = serializers.DateField()


class TrendOut(serializers.Serializer[Any]):
    """Where a kind's forecast goes: from the mean of its first week to that of its last.

    It `matters` when that is further than its 80 % band leaves open.
    """

    kind = serializers.CharField()
    direction = serializers.ChoiceField(choices=["rising", "falling", "level"])
    matters = serializers.BooleanField()
    first_week = serializers.FloatField()
    last_week = serializers.FloatField()


class SystemOut(serializers.Serializer[Any]):
    """A body system, made of the topics that are shared; `reasons` have the worst first."""

    system = serializers.ChoiceField(choices=SYSTEMS)
    title = serializers.CharField()
    state = serializers.ChoiceField(choices=STATES)
    reasons = ReasonOut(many=True)
    kinds = SystemKindOut(many=True)
    scores = SystemScoreOut(many=True)
    trends = TrendOut(many=True)


class SnapshotOut(serializers.Serializer[Any]):
    """The twin at a glance. `built_at`: when the oldest of its tiles were made.

    With `at` what was known then, `built_at` being since when, and no `seq`.
    """

    patient = serializers.DictField()
    at = serializers.DateTimeField(allow_null=True)
    built_at = serializers.DateTimeField(allow_null=True)
    seq = serializers.IntegerField(allow_null=True)
    tiles = TilesField()
    systems = SystemOut(many=True)
