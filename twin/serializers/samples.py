"""Wire shapes of what phones hand over."""

from typing import Any

from rest_framework import serializers

from backend.serializers import PatientRef


class PhoneSeriesIn(serializers.Serializer[Any]):
    """What one source says of one kind, in columns of equal length; instants in ms since the epoch.

    `offset` is minutes east of UTC; where `deleted`, the source takes the sample back: its value may be null.
    """

    kind = serializers.CharField()
    unit = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment] # its name on the wire
    start = serializers.ListField(child=serializers.IntegerField())
    end = serializers.ListField(child=serializers.IntegerField(), required=False)
    value = serializers.ListField(child=serializers.FloatField(allow_null=True))
    offset = serializers.ListField(child=serializers.IntegerField(allow_null=True), required=False)
    flags = serializers.ListField(child=serializers.IntegerField(), required=False)
    deleted = serializers.ListField(child=serializers.BooleanField(), required=False)


class SamplesIn(serializers.Serializer[Any]):
    """What a phone hands over at once; `batch_id` is its own name for it, unless `Idempotency-Key` is."""

    batch_id = serializers.CharField(max_length=100, required=False)
    patient = PatientRef()
    sent_at = serializers.DateTimeField(required=False)
    time_zone = serializers.CharField(required=False)
    series = PhoneSeriesIn(many=True)


class LeftOutOut(serializers.Serializer[Any]):
    index = serializers.IntegerField()
    code = serializers.CharField()


class PhoneSeriesOut(serializers.Serializer[Any]):
    """What became of a series' samples: the six counts add up to their number."""

    kind = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment] # its name on the wire
    stored = serializers.IntegerField()
    known = serializers.IntegerField()
    replaced = serializers.IntegerField()
    suppressed = serializers.IntegerField()
    deleted = serializers.IntegerField()
    refused = serializers.IntegerField()
    refused_at = LeftOutOut(many=True)


class SamplesOut(serializers.Serializer[Any]):
    """What became of a batch, series by series; `repeated` where it was answered before."""

    repeated = serializers.BooleanField()
    series = PhoneSeriesOut(many=True)
