"""Wire shapes of alerts, of what happened to them, and of what people do about them."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from backend.serializers import ClinicOut
from twin.models import Alert, AlertDelivery, AlertStep, Snooze
from twin.warnings.actions import Action, actions
from twin.warnings.finding import Severity


class WhatToDoOut(serializers.Serializer[Action]):
    """Words for the patient; `emergency` where they name the emergency number."""

    text = serializers.CharField()
    emergency = serializers.BooleanField()
    source = serializers.CharField()  # type: ignore[assignment] # its name on the wire
    verification = serializers.CharField()


class AlertOut(serializers.ModelSerializer[Alert]):
    """An alert as it stands; `ending` says why it is over, `done` what somebody did about it.

    `what_to_do` are the words of its `action`, if it has one.
    """

    what_to_do = serializers.SerializerMethodField()
    patient_name = serializers.CharField(source="patient.name")
    open = serializers.BooleanField(source="is_open")
    acknowledged_by = serializers.CharField(allow_null=True)
    ended_by = serializers.CharField(allow_null=True)
    source = serializers.CharField()  # type: ignore[assignment] # its name on the wire

    class Meta:
        model = Alert
        fields = [
            "id",
            "patient",
            "patient_name",
            "topic",
            "rule",
            "key",
            "severity",
            "direction",
            "title",
            "text",
            "evidence",
            "action",
            "what_to_do",
            "source",
            "verification",
            "is_late",
            "data_at",
            "raised_at",
            "status",
            "open",
            "escalations",
            "escalate_at",
            "expires_at",
            "acknowledged_by",
            "acknowledged_at",
            "ended_by",
            "ended_at",
            "ending",
            "done",
        ]

    @extend_schema_field(WhatToDoOut(allow_null=True))
    def get_what_to_do(self, alert: Alert) -> Mapping[str, Any] | None:
        action = actions().get(alert.action)
        return None if action is None else WhatToDoOut(action).data


class AlertStepOut(serializers.ModelSerializer[AlertStep]):
    actor = serializers.CharField(allow_null=True)

    class Meta:
        model = AlertStep
        fields = ["id", "step", "severity", "at", "actor", "note"]


class AlertDeliveryOut(serializers.ModelSerializer[AlertDelivery]):
    """`due_at` is when a waiting one is to be sent, or, while a worker has it, taken over."""

    recipient = serializers.CharField()

    class Meta:
        model = AlertDelivery
        fields = [
            "id",
            "recipient",
            "channel",
            "round",
            "status",
            "due_at",
            "attempts",
            "sent_at",
            "given_up_at",
            "reason",
            "displayed_at",
        ]


class AlertsIn(serializers.Serializer[Any]):
    """Which alerts are wanted: all, or those of some severity at least, or that nobody has answered."""

    severity = serializers.ChoiceField(choices=[one.value for one in Severity], default="information")
    waiting = serializers.BooleanField(default=False)


class MyAlertsIn(AlertsIn):
    """Or only those of which her sockets were told since then, and which no device has shown her."""

    told_since = serializers.DateTimeField(default=None, allow_null=True)


class PatientAlertsIn(AlertsIn):
    """Of one patient also those that are over, unless only `open` ones are wanted."""

    open = serializers.BooleanField(default=False)


class AlertDetailOut(AlertOut):
    """An alert, what happened to it, who was told, and what the patient's clinic says of emergencies."""

    steps = AlertStepOut(many=True)
    deliveries = AlertDeliveryOut(many=True)
    clinic = ClinicOut(source="patient.clinic", allow_null=True)

    class Meta(AlertOut.Meta):
        fields = [*AlertOut.Meta.fields, "steps", "deliveries", "clinic"]


class AcknowledgeIn(serializers.Serializer[Any]):
    note = serializers.CharField(max_length=2_000, default="", allow_blank=True)


class ResolveIn(serializers.Serializer[Any]):
    """What was done."""

    done = serializers.CharField(max_length=2_000)


class SnoozeIn(serializers.Serializer[Any]):
    until = serializers.DateTimeField()


class SnoozeOut(serializers.ModelSerializer[Snooze]):
    """`ends_at` is as early as the severity demands, whatever was asked for."""

    class Meta:
        model = Snooze
        fields = ["id", "patient", "rule", "direction", "severity", "starts_at", "ends_at"]
