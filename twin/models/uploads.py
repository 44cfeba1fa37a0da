"""Files that were handed over, until every byte of them is accounted for."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from backend.identifiers import new_id
from backend.models import Patient, User
from backend.rules import Topic
from backend.scope import PatientScoped


class UploadStatus(models.TextChoices):
    RECEIVED = "received"
    READING = "reading"
    STORED = "stored"
    PARTIAL = "partial"
    REFUSED = "refused"


FINISHED = (UploadStatus.STORED, UploadStatus.PARTIAL, UploadStatus.REFUSED)


class Upload(PatientScoped):
    """One file's life, from its bytes on disk to the report that its owner reads.

    `items_done` items of the file are in the store and in `report`; a resumed worker skips as many.
    `touched` names the first and last instant of each kind that still has to be digested. `attempts`
    counts the workers that have taken it since it last got on, `lease_token` is the present one's. A
    report names kinds of every topic, so it belongs to the records.
    """

    TOPIC: ClassVar[Topic] = Topic.RECORDS

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="uploads")
    uploaded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="uploads")
    topic = models.CharField(max_length=20, default=Topic.RECORDS, editable=False)
    idempotency_key = models.CharField(max_length=200, null=True)
    name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    format = models.CharField(max_length=40, blank=True)
    status = models.CharField(max_length=10, choices=UploadStatus.choices, default=UploadStatus.RECEIVED)
    items_done = models.IntegerField(default=0)
    touched = models.JSONField(default=dict)
    report = models.JSONField(default=dict)
    attempts = models.SmallIntegerField(default=0)
    received_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["patient", "sha256"], name="upload_bytes_are_unique_for_patient"),
            models.UniqueConstraint(
                fields=["uploaded_by", "idempotency_key"],
                condition=Q(idempotency_key__isnull=False),
                name="upload_idempotency_key_is_used_once",
            ),
            models.CheckConstraint(
                condition=Q(status__in=UploadStatus.values), name="upload_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(status=UploadStatus.READING, lease_until__isnull=False, lease_token__isnull=False)
                | (~Q(status=UploadStatus.READING) & Q(lease_until__isnull=True, lease_token__isnull=True)),
                name="upload_being_read_has_lease",
            ),
            models.CheckConstraint(
                condition=Q(status__in=FINISHED, finished_at__isnull=False)
                | (~Q(status__in=FINISHED) & Q(finished_at__isnull=True)),
                name="upload_finished_has_finished_at",
            ),
            models.CheckConstraint(condition=Q(topic=Topic.RECORDS), name="upload_is_of_the_records"),
        ]
        indexes = [
            models.Index(
                fields=["lease_until", "received_at"],
                condition=Q(finished_at__isnull=True),
                name="upload_is_due",
            ),
            models.Index(fields=["patient", "-id"], name="upload_of_patient"),
        ]

    def __str__(self) -> str:
        return f"upload {self.id}"
