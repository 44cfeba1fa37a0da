"""Series in blocks, the batches that phones send of them, and the days that wait to be summed up."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from backend.models import Patient
from backend.scope import PatientScoped
from twin.models.topics import TOPICS


class SeriesBlock(PatientScoped):
    """The samples of one (patient, kind, source, span) as one compressed value.

    No foreign keys: this table can be distributed by patient. `span` counts spans of the kind's length since
    the epoch; `first_at` is the earliest start, `last_at` the latest end, in milliseconds. `tombstones` holds
    the identities that were deleted, encoded as samples of value 0. Only twin.series.store writes here.
    """

    pk = models.CompositePrimaryKey("patient_id", "kind", "source_id", "span")
    patient_id = models.UUIDField()
    kind = models.CharField(max_length=40)
    source_id = models.UUIDField()
    span = models.IntegerField()
    topic = models.CharField(max_length=20)
    count = models.IntegerField()
    first_at = models.BigIntegerField(null=True)
    last_at = models.BigIntegerField(null=True)
    minimum = models.FloatField(null=True)
    maximum = models.FloatField(null=True)
    total = models.FloatField(null=True)
    data = models.BinaryField(null=True)
    tombstones = models.BinaryField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(count__gt=0, data__isnull=False)
                | Q(count=0, data__isnull=True, tombstones__isnull=False),
                name="block_holds_samples_or_tombstones",
            ),
            models.CheckConstraint(
                # A comparison with NULL refuses nothing, so that each is there is said by itself.
                condition=Q(count=0)
                | Q(
                    first_at__isnull=False,
                    first_at__lte=F("last_at"),
                    minimum__isnull=False,
                    minimum__lte=F("maximum"),
                    last_at__isnull=False,
                    maximum__isnull=False,
                    total__isnull=False,
                ),
                name="block_edges_are_in_order",
            ),
            models.CheckConstraint(condition=Q(topic__in=TOPICS), name="block_topic_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.span}"


class SampleBatch(PatientScoped):
    """One batch that a phone sent, under the phone's own name for it, and how it was answered.

    A batch sent again is answered again, and changes nothing. `content` is the SHA-256 of what it said.
    While `body_digest` is there, every sample that its body spells is in the store just so; their starts lie
    between `first_at` and `last_at` (ms). twin.series.store takes it away from whatever is no longer so.
    """

    has_topic: ClassVar[bool] = False

    pk = models.CompositePrimaryKey("patient", "batch_id")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="sample_batches")
    batch_id = models.CharField(max_length=100)
    content = models.CharField(max_length=64)
    answer = models.JSONField()
    received_at = models.DateTimeField(db_index=True)
    body_digest = models.CharField(max_length=64, null=True)
    first_at = models.BigIntegerField(null=True)
    last_at = models.BigIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["body_digest"], condition=Q(body_digest__isnull=False), name="batch_by_its_body"
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(body_digest__isnull=True, first_at__isnull=True, last_at__isnull=True)
                | Q(
                    body_digest__isnull=False,
                    first_at__isnull=False,
                    last_at__isnull=False,
                    first_at__lte=F("last_at"),
                ),
                name="batch_known_by_its_body_has_its_edges",
            ),
        ]

    def __str__(self) -> str:
        return f"batch {self.batch_id}"


class StaleDays(PatientScoped):
    """The time of one kind whose days have to be summed up anew: from `first_at` to `last_at`, in ms."""

    pk = models.CompositePrimaryKey("patient", "kind")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="stale_days")
    kind = models.CharField(max_length=40)
    topic = models.CharField(max_length=20)
    first_at = models.BigIntegerField()
    last_at = models.BigIntegerField()
    stale_since = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(first_at__lte=F("last_at")), name="stale_days_are_in_order"),
            models.CheckConstraint(condition=Q(topic__in=TOPICS), name="stale_days_topic_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to be summed up"
