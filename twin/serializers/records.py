"""Wire shapes of clinical records, of their versions and of edits."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from rest_framework import serializers

from backend.rules import Topic
from twin.edits import Outcome
from twin.intake.items import RecordType
from twin.models import Record, RecordVersion
from twin.models.records import RECORD_TYPES
from twin.services.records import Written

EARLIEST, LATEST = datetime(1880, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Between these lies the date of any record of a living person."""


class RecordsIn(serializers.Serializer[Any]):
    """Which type of records is wanted; every type when left out."""

    type = serializers.ChoiceField(choices=RECORD_TYPES, default="")
    conflicts = serializers.BooleanField(default=False, help_text="Only those that wait to be settled.")


class RecordOut(serializers.ModelSerializer[Record]):
    """`conflicts` counts versions that lost and are not settled; only what is `typed_in` can be edited."""

    start = serializers.DateTimeField(source="starts_at")
    end = serializers.DateTimeField(source="ends_at")
    note = serializers.SerializerMethodField()
    typed_in = serializers.SerializerMethodField()
    edited_by = serializers.CharField(allow_null=True)
    edited_at = serializers.SerializerMethodField()
    conflicts = serializers.IntegerField()

    class Meta:
        model = Record
        fields = [
            "id",
            "type",
            "text",
            "code",
            "system",
            "status",
            "start",
            "end",
            "note",
            "source",
            "topic",
            "typed_in",
            "version",
            "edited_by",
            "edited_at",
            "conflicts",
        ]

    def get_note(self, record: Record) -> str:
        return str(record.body.get("note", "")) if self.get_typed_in(record) else ""

    def get_edited_at(self, record: Record) -> datetime:
        return min(record.edited_at or record.updated_at, record.updated_at)

    def get_typed_in(self, record: Record) -> bool:
        return record.edited_by_id is not None


class RecordVersionOut(serializers.ModelSerializer[RecordVersion]):
    """What a record said before, or, where `lost_at` is set, what somebody would have made of it."""

    text = serializers.CharField(source="said.text")
    status = serializers.CharField(source="said.status")
    system = serializers.CharField(source="said.system")
    code = serializers.CharField(source="said.code")
    start = serializers.DateTimeField(source="said.start")
    end = serializers.DateTimeField(source="said.end")
    note = serializers.SerializerMethodField()
    edited_by = serializers.CharField(allow_null=True)

    class Meta:
        model = RecordVersion
        fields = [
            "id",
            "number",
            "text",
            "code",
            "system",
            "status",
            "start",
            "end",
            "note",
            "edited_by",
            "edited_at",
            "received_at",
            "lost_at",
            "settled_at",
        ]

    def get_note(self, version: RecordVersion) -> str:
        return str(version.said["body"].get("note", "")) if version.edited_by_id else ""


class RecordIn(serializers.Serializer[Any]):
    """A record as a person writes it; `topic` is the type's own when it is left out."""

    type = serializers.ChoiceField(choices=RECORD_TYPES)
    text = serializers.CharField(max_length=2_000)
    status = serializers.CharField(max_length=40, default="", allow_blank=True)
    system = serializers.CharField(max_length=200, default="", allow_blank=True)
    code = serializers.CharField(max_length=100, default="", allow_blank=True)
    start = serializers.DateTimeField(default=None, allow_null=True)
    end = serializers.DateTimeField(default=None, allow_null=True)
    note = serializers.CharField(max_length=10_000, default="", allow_blank=True)
    topic = serializers.ChoiceField(choices=[topic.value for topic in Topic], default=None, allow_null=True)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        for edge in ("start", "end"):
            if given[edge] and not EARLIEST <= given[edge] <= LATEST:
                raise serializers.ValidationError({edge: "This is too far back or in the future."})
        if given["start"] and given["end"] and given["end"] < given["start"]:
            raise serializers.ValidationError({"end": "The end does not come after the start."})
        return given

    @property
    def written(self) -> Written:
        """What was written; for valid data."""
        given = self.validated_data
        return Written(
            type=RecordType(given["type"]),
            text=given["text"],
            status=given["status"],
            system=given["system"],
            code=given["code"],
            start=given["start"],
            end=given["end"],
            note=given["note"],
            topic=given["topic"] and Topic(given["topic"]),
        )


class NewRecordIn(RecordIn):
    """`id` is the writer's own, so that sending it again is safe; `edited_at` is when it was written."""

    id = serializers.UUIDField(default=None, allow_null=True)
    edited_at = serializers.DateTimeField(required=False)

    def validate_id(self, given: UUID | None) -> UUID | None:
        if given is not None and given.version != 7:
            raise serializers.ValidationError("This is not a UUID of version 7.")
        return given


class RecordEditIn(RecordIn):
    """`version` is the one that the edit was made on, `edited_at` when, by the editor's own clock."""

    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)
    edited_at = serializers.DateTimeField()
    settles = serializers.ListField(child=serializers.UUIDField(), max_length=100, default=list)


class RecordRef(serializers.Serializer[Any]):
    """The version of a record that is to be deleted."""

    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


class RecordEditOut(serializers.Serializer[Any]):
    """`outcome`: what became of the edit. `clock_ahead`: by how many seconds the editor's clock was ahead."""

    outcome = serializers.ChoiceField(choices=[outcome.value for outcome in Outcome])
    clock_ahead = serializers.IntegerField()
    record = RecordOut()
