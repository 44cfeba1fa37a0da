"""Wire shapes of what happened in a patient's life."""

from typing import Any

from rest_framework import serializers

from twin.models import Event, EventType
from twin.services.events import Entered


class EventOut(serializers.ModelSerializer[Event]):
    """Something in a patient's life; only what is not `lifted` from a record can be edited."""

    lifted = serializers.SerializerMethodField()
    entered_by = serializers.CharField(allow_null=True)

    class Meta:
        model = Event
        fields = ["id", "type", "starts_on", "ends_on", "text", "lifted", "record", "entered_by"]

    def get_lifted(self, event: Event) -> bool:
        return event.record_id is not None


class EventIn(serializers.Serializer[Any]):
    """An event as a person tells it, by the patient's own days."""

    type = serializers.ChoiceField(choices=EventType.choices)
    starts_on = serializers.DateField()
    ends_on = serializers.DateField(default=None, allow_null=True)
    text = serializers.CharField(max_length=200, default="", allow_blank=True)

    @property
    def entered(self) -> Entered:
        """What was told; for valid data."""
        given = self.validated_data
        return Entered(EventType(given["type"]), given["starts_on"], given["ends_on"], given["text"])
