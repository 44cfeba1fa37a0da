"""Devices and apps, and which of them counts."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from backend.identifiers import new_id
from backend.models import Patient
from backend.scope import PatientScoped
from twin.models.topics import TOPICS


class Source(PatientScoped):
    """A device or app that measures one patient, under the name it gives itself.

    `last_sync_at` is when it was last heard of, `clock_skew_ms` how far its clock was ahead of ours then,
    `spoke_on` the days (UTC, the newest first) on which something new of it came, and `silent_since` when it
    had been quiet for longer than is its habit.
    """

    has_topic: ClassVar[bool] = False

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="sources")
    name = models.CharField(max_length=200)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    last_sync_at = models.DateTimeField(null=True)
    clock_skew_ms = models.BigIntegerField(null=True)
    spoke_on = ArrayField(models.DateField(), default=list)
    silent_since = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["patient", "name"], name="source_name_is_unique_for_patient"),
            models.CheckConstraint(
                condition=Q(silent_since__isnull=True) | Q(last_sync_at__isnull=False),
                name="source_is_silent_only_after_it_spoke",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SourcePriority(PatientScoped):
    """Which of a patient's sources counts for one kind: the first of these that has data on a day."""

    pk = models.CompositePrimaryKey("patient", "kind")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="source_priorities")
    kind = models.CharField(max_length=40)
    topic = models.CharField(max_length=20)
    sources = ArrayField(models.UUIDField())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(sources__len__gt=0), name="source_priority_names_a_source"),
            models.CheckConstraint(condition=Q(topic__in=TOPICS), name="source_priority_topic_is_known"),
        ]

    def __str__(self) -> str:
        return f"priority of {self.kind}"
