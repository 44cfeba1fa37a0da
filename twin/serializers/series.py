"""Wire shapes of a kind's samples over time."""

from typing import Any, ClassVar

from rest_framework import serializers

from twin.kinds import KINDS
from twin.serializers.sources import SourceOut


class RangeIn(serializers.Serializer[Any]):
    """A kind from one edge to another; subclasses say what an edge is."""

    edge: ClassVar[type[serializers.Field[Any, Any, Any, Any]]]

    kind = serializers.ChoiceField(choices=sorted(KINDS))

    def get_fields(self) -> dict[str, Any]:
        # `from` is a word of the language and cannot be an attribute.
        edges = {name: self.edge(required=False) for name in ("from", "to")}
        return super().get_fields() | edges

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if "from" in given and "to" in given and given["from"] > given["to"]:
            raise serializers.ValidationError({"to": "The end does not come after the start."})
        return given


class SeriesIn(RangeIn):
    """What part of a series is wanted, and in how many points at most."""

    edge = serializers.DateTimeField

    points = serializers.IntegerField(min_value=4, max_value=20_000, default=2_000)


class SeriesOut(serializers.Serializer[Any]):
    """Parallel columns; instants in ms since the epoch, `source` an index into `sources`.

    `flags` are bits: 1 outside the usual range, 2 typed in, 4 and 8 a device's lower and upper limit, 16
    interpolated. `counts` is false where another source counts in the day instead.
    """

    kind = serializers.CharField()
    unit = serializers.CharField()
    total = serializers.IntegerField()
    shown = serializers.IntegerField()
    thinned = serializers.BooleanField()
    start = serializers.ListField(child=serializers.IntegerField())
    end = serializers.ListField(child=serializers.IntegerField())
    value = serializers.ListField(child=serializers.FloatField())
    flags = serializers.ListField(child=serializers.IntegerField())
    counts = serializers.ListField(child=serializers.BooleanField())
    source = serializers.ListField(child=serializers.IntegerField())  # type: ignore[assignment] # its name on the wire
    sources = SourceOut(many=True)
