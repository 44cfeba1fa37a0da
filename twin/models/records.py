"""Sparse clinical facts, and what they said before."""

from django.db import models
from django.db.models import Q

from backend.constraints import both_or_neither
from backend.identifiers import new_id
from backend.models import Patient, User
from backend.scope import PatientScoped
from twin.intake.items import RecordType
from twin.models.topics import TOPICS
from twin.models.uploads import Upload

RECORD_TYPES = [type_.value for type_ in RecordType]


class Record(PatientScoped):
    """A sparse clinical fact; `body` is the source's own JSON, the columns are what is asked about.

    `version` counts what it has said; `edited_at` is when a person last wrote it, by that person's own clock.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="records")
    topic = models.CharField(max_length=20)
    type = models.CharField(max_length=20, choices=[(type_, type_) for type_ in RECORD_TYPES])
    source = models.CharField(max_length=200, blank=True)
    identity = models.CharField(max_length=200)
    system = models.CharField(max_length=200, blank=True)
    code = models.CharField(max_length=100, blank=True)
    text = models.TextField(blank=True)
    status = models.CharField(max_length=40, blank=True)
    starts_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    body = models.JSONField()
    upload = models.ForeignKey(Upload, on_delete=models.SET_NULL, null=True, related_name="records")
    updated_at = models.DateTimeField()
    version = models.IntegerField(default=1)
    edited_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="edited_records")
    edited_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "type", "source", "identity"], name="record_identity_is_unique_for_patient"
            ),
            models.CheckConstraint(condition=Q(type__in=RECORD_TYPES), name="record_type_is_known"),
            models.CheckConstraint(condition=Q(topic__in=TOPICS), name="record_topic_is_known"),
            models.CheckConstraint(condition=Q(version__gte=1), name="record_versions_count_up"),
            models.CheckConstraint(
                condition=both_or_neither("edited_by", "edited_at"),
                name="record_edited_has_editor",
            ),
        ]
        indexes = [models.Index(fields=["patient", "type", "-starts_at"], name="record_of_patient")]

    def __str__(self) -> str:
        return f"{self.type} {self.id}"


class RecordVersion(PatientScoped):
    """What a record said before, or what an edit that lost to another would have made of it.

    `number` is the version of the record that these words were, or were meant to follow. `lost_at` is set
    where the words never stood: two people edited the same version, and the other edit was the later one.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="record_versions")
    topic = models.CharField(max_length=20)
    record = models.ForeignKey(Record, on_delete=models.CASCADE, related_name="versions")
    number = models.IntegerField()
    said = models.JSONField()
    edited_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="record_versions")
    edited_at = models.DateTimeField()
    received_at = models.DateTimeField()
    lost_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(number__gte=1), name="record_versions_count_from_one"),
            models.CheckConstraint(condition=Q(topic__in=TOPICS), name="record_version_topic_is_known"),
            models.CheckConstraint(
                condition=Q(settled_at__isnull=True) | Q(lost_at__isnull=False),
                name="record_version_is_settled_only_when_it_lost",
            ),
        ]
        indexes = [models.Index(fields=["record", "-number"], name="version_of_record")]

    def __str__(self) -> str:
        return f"version {self.number}"
