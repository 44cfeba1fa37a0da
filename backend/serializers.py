"""Wire shapes of people and access; no queries beyond what a row carries, no writes."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from backend.access import ME
from backend.hours import reading_line
from backend.models import (
    ALWAYS,
    AuditEvent,
    CareGrant,
    CareTeam,
    Clinic,
    Clinician,
    DutyShift,
    Patient,
    User,
    validate_time_zone,
)
from backend.rules import Level, Standing, Topic
from backend.zones import ZoneHistory

MOST_STAYS = 1_000
"""In one patient's history: somebody who flies twice a week for ten years."""


def topic_levels(standing: Standing) -> dict[str, str]:
    """{topic: read | act} of a standing, as the wire says it."""
    return {
        topic.value: (Level.ACT if topic in standing.act else Level.READ).value
        for topic in sorted(standing.read)
    }


class TopicLevels(serializers.DictField):
    """{topic: read | act}."""

    child = serializers.ChoiceField(choices=[level.value for level in Level])

    def to_internal_value(self, data: Any) -> dict[Topic, Level]:
        given = super().to_internal_value(data)
        unknown = sorted(set(given) - {topic.value for topic in Topic})
        if unknown:
            raise serializers.ValidationError(f"Unknown topics: {', '.join(unknown)}.")
        if not given:
            raise serializers.ValidationError("Choose at least one topic.")
        return {Topic(topic): Level(level) for topic, level in given.items()}


class UserOut(serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields = ["id", "email", "name"]


class PatientIn(serializers.Serializer[Any]):
    """A new patient lives somewhere; one who is known and names no time zone has not moved."""

    name = serializers.CharField(max_length=200)
    birth_date = serializers.DateField()
    sex = serializers.ChoiceField(choices=["female", "male", "other", "unknown"])
    time_zone = serializers.CharField(max_length=64, validators=[validate_time_zone])
    locale = serializers.RegexField(r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=20, default="en")
    units = serializers.DictField(child=serializers.CharField(max_length=30), default=dict)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["time_zone"].required = self.instance is None

    def validate_birth_date(self, day: Any) -> Any:
        if not (day.year >= 1880 and day <= timezone.now().date()):
            raise serializers.ValidationError("This is not a birth date of a living person.")
        return day

    def validate_units(self, units: dict[str, str]) -> dict[str, str]:
        if len(units) > 100 or not all(re.fullmatch(r"[a-z0-9_]{1,40}", kind) for kind in units):
            raise serializers.ValidationError("Name the unit of each kind by the kind's code.")
        return units


class PatientOut(serializers.ModelSerializer[Patient]):
    class Meta:
        model = Patient
        fields = ["id", "name", "birth_date", "sex", "time_zone", "locale", "units"]


class WallTimeField(serializers.DateTimeField):
    """A time as it was given: with its offset, or without one."""

    def enforce_timezone(self, value: datetime) -> datetime:
        return value


class StayIn(serializers.Serializer[Any]):
    """From when on by the clock of which zone; null is always.

    A time without an offset is by the clock of the new zone: what one's watch is set to on arrival.
    """

    since = WallTimeField(allow_null=True, default=None)
    time_zone = serializers.CharField(max_length=64, validators=[validate_time_zone])

    def validate(self, stay: dict[str, Any]) -> dict[str, Any]:
        since = stay["since"] or ALWAYS
        if not ALWAYS.year <= since.year <= 9998:  # so that it is an instant in every zone
            raise serializers.ValidationError({"since": "This is no time in anybody's life."})
        if since.tzinfo is None:
            since = since.replace(tzinfo=ZoneInfo(stay["time_zone"]))
        return {**stay, "since": since.astimezone(UTC)}


class ZonesIn(serializers.Serializer[Any]):
    """A whole history, in any order."""

    stays: Any = serializers.ListSerializer(child=StayIn(), allow_empty=False, max_length=MOST_STAYS)


class StayOut(serializers.Serializer[Any]):
    since = serializers.DateTimeField(allow_null=True)
    time_zone = serializers.CharField()


class ZonesOut(serializers.Serializer[ZoneHistory]):
    """The earliest first; the first one holds since always."""

    stays = serializers.SerializerMethodField()

    @extend_schema_field(StayOut(many=True))
    def get_stays(self, history: ZoneHistory) -> Any:
        stays = [(None, history.first), *history.moves]
        return StayOut([{"since": since, "time_zone": zone} for since, zone in stays], many=True).data


class ReachablePatientOut(serializers.Serializer[Any]):
    """A (patient, standing) pair: somebody whom the reader may see, and what the reader is to them."""

    id = serializers.UUIDField(source="patient.id")
    name = serializers.CharField(source="patient.name")
    birth_date = serializers.DateField(source="patient.birth_date")
    sex = serializers.CharField(source="patient.sex")
    role = serializers.CharField(source="standing.role")
    topics = serializers.SerializerMethodField()

    def to_representation(self, pair: tuple[Patient, Standing]) -> dict[str, Any]:
        patient, standing = pair
        return super().to_representation({"patient": patient, "standing": standing})

    def get_topics(self, pair: dict[str, Any]) -> dict[str, str]:
        return topic_levels(pair["standing"])


class ClinicianOut(serializers.ModelSerializer[Clinician]):
    name = serializers.CharField(source="user.name")
    clinic = serializers.SerializerMethodField()

    class Meta:
        model = Clinician
        fields = ["id", "name", "profession", "clinic"]

    def get_clinic(self, clinician: Clinician) -> dict[str, str]:
        return {"id": str(clinician.clinic_id), "name": clinician.clinic.name}


class MeOut(serializers.Serializer[Any]):
    user = UserOut()
    patient = PatientOut(source="user.patient", allow_null=True, default=None)
    clinician = ClinicianOut(source="user.clinician", allow_null=True, default=None)
    looks_after = ReachablePatientOut(many=True)


class TeamOut(serializers.ModelSerializer[CareTeam]):
    clinic = serializers.CharField(source="clinic.name")

    class Meta:
        model = CareTeam
        fields = ["id", "name", "clinic"]


class GrantIn(serializers.Serializer[Any]):
    """To a person by e-mail address, or to a team by id."""

    to_email = serializers.EmailField(required=False)
    team = serializers.UUIDField(required=False)
    topics = TopicLevels()
    until = serializers.DateTimeField(required=False, allow_null=True)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if ("to_email" in given) == ("team" in given):
            raise serializers.ValidationError({"to_email": "Name one person or one team."})
        return given


class GrantOut(serializers.ModelSerializer[CareGrant]):
    to = serializers.SerializerMethodField()
    topics = serializers.SerializerMethodField()
    until = serializers.DateTimeField(source="ends_at")
    emergency = serializers.SerializerMethodField()
    reason = serializers.CharField(source="emergency_reason")
    granted_by = serializers.CharField()

    class Meta:
        model = CareGrant
        fields = [
            "id",
            "patient",
            "to",
            "topics",
            "starts_at",
            "until",
            "revoked_at",
            "granted_by",
            "emergency",
            "reason",
        ]

    def get_to(self, grant: CareGrant) -> dict[str, str]:
        if grant.team is not None:
            return {"kind": "team", "id": str(grant.team_id), "name": str(grant.team)}
        return {"kind": "person", "id": str(grant.person_id), "name": str(grant.person)}

    def get_topics(self, grant: CareGrant) -> dict[str, str]:
        return {topic: "act" if topic in grant.act else "read" for topic in grant.read}

    def get_emergency(self, grant: CareGrant) -> bool:
        return bool(grant.emergency_reason)


class AuditEventOut(serializers.ModelSerializer[AuditEvent]):
    who = serializers.CharField(source="actor")
    emergency = serializers.SerializerMethodField()

    class Meta:
        model = AuditEvent
        fields = ["id", "at", "who", "role", "action", "what", "topics", "reason", "emergency"]

    def get_emergency(self, event: AuditEvent) -> bool:
        return event.role == "emergency"


class BreakGlassIn(serializers.Serializer[Any]):
    patient_email = serializers.EmailField()
    reason = serializers.CharField(max_length=2000)


@extend_schema_field({"type": "string", "description": "A patient's id, or `me`."})
class PatientRef(serializers.Field[UUID | str, str, str, Any]):
    """A patient's id, or `me`, which it is when left out."""

    def __init__(self) -> None:
        super().__init__(default=ME)

    def to_internal_value(self, data: str) -> UUID | str:
        try:
            return ME if data == ME else UUID(data)
        except (ValueError, AttributeError, TypeError):
            raise serializers.ValidationError("This is not an id.") from None

    def to_representation(self, value: UUID | str) -> str:
        return str(value)


class SyncIn(serializers.Serializer[Any]):
    """Whose changes, and since when."""

    cursor = serializers.CharField(default="", allow_blank=True)
    patient = PatientRef()


class ChangeOut(serializers.Serializer[Any]):
    """`type` is the ref's first part; `body` is what the ref names as it is now, null where it is gone."""

    seq = serializers.IntegerField()
    topic = serializers.CharField()
    ref = serializers.CharField()
    op = serializers.CharField()
    type = serializers.CharField()
    body = serializers.JSONField(allow_null=True)


class SyncOut(serializers.Serializer[Any]):
    """`reset`: forget everything of this patient and begin anew with the empty cursor."""

    cursor = serializers.CharField()
    more = serializers.BooleanField()
    reset = serializers.BooleanField()
    changes = ChangeOut(many=True)


class TicketOut(serializers.Serializer[Any]):
    ticket = serializers.CharField()
    expires_in = serializers.IntegerField()


class MemberOut(serializers.ModelSerializer[Clinician]):
    name = serializers.CharField(source="user")

    class Meta:
        model = Clinician
        fields = ["id", "name", "profession"]


class ShiftOut(serializers.ModelSerializer[DutyShift]):
    """`taken_from` is whose shift it was before it was handed over."""

    clinician = MemberOut()
    taken_from = MemberOut(allow_null=True)

    class Meta:
        model = DutyShift
        fields = ["id", "team", "clinician", "starts_at", "ends_at", "is_additional", "taken_from"]


class DutyIn(serializers.Serializer[Any]):
    """Which part of the rota is wanted: from now, for two weeks, when nothing is said; at most a year."""

    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        since = given.get("since", timezone.now())
        until = given.get("until", since + timedelta(days=14))
        if not timedelta() < until - since <= timedelta(days=366):
            raise serializers.ValidationError({"until": "This is before the beginning, or a year later."})
        return {"since": since, "until": until}


class DutyOut(serializers.Serializer[Any]):
    """A team's rota: its members and lead, who is on duty now, and the shifts of the time asked for."""

    team = serializers.UUIDField()
    members = MemberOut(many=True)
    lead = MemberOut(allow_null=True)
    on_duty = ShiftOut(many=True)
    shifts = ShiftOut(many=True)


class ShiftIn(serializers.Serializer[Any]):
    """A shift to be taken: now when no beginning is given, for oneself when no `clinician` is."""

    clinician = serializers.UUIDField(default=None, allow_null=True)
    starts_at = serializers.DateTimeField(required=False)
    ends_at = serializers.DateTimeField()
    is_additional = serializers.BooleanField(default=False)


class HandOverIn(serializers.Serializer[Any]):
    """To whom a shift goes; to oneself when nobody is named."""

    to = serializers.UUIDField(default=None, allow_null=True)


class LeadOut(serializers.ModelSerializer[CareTeam]):
    lead = MemberOut(allow_null=True)

    class Meta:
        model = CareTeam
        fields = ["id", "name", "lead"]


class LeadIn(serializers.Serializer[Any]):
    clinician = serializers.UUIDField(allow_null=True)


class ClinicOut(serializers.ModelSerializer[Clinic]):
    """`reading_line` is the sentence that patients read."""

    reading_line = serializers.SerializerMethodField()

    class Meta:
        model = Clinic
        fields = [
            "id",
            "name",
            "time_zone",
            "emergency_text",
            "reads_from",
            "reads_until",
            "reads_weekends",
            "reading_line",
        ]

    def get_reading_line(self, clinic: Clinic) -> str:
        return reading_line(clinic.name, clinic.reading_hours)


class ClinicIn(serializers.Serializer[Any]):
    """What a clinic tells its patients; both hours or none."""

    emergency_text = serializers.CharField(max_length=2_000, allow_blank=True)
    reads_from = serializers.TimeField(allow_null=True)
    reads_until = serializers.TimeField(allow_null=True)
    reads_weekends = serializers.BooleanField(default=False)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if (given["reads_from"] is None) != (given["reads_until"] is None):
            raise serializers.ValidationError({"reads_until": "Give both hours or none."})
        return given
