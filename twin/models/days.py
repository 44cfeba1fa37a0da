"""What is derived of the series: day summaries, and the twin at a glance."""

from django.db import models
from django.db.models import Q

from backend.models import Patient
from backend.scope import PatientScoped
from twin.models.topics import TOPICS


class DaySummary(PatientScoped):
    """One kind's day in the patient's own days; `source_id` gave the value, `flags` is of its readings."""

    pk = models.CompositePrimaryKey("patient", "kind", "day")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="day_summaries")
    kind = models.CharField(max_length=40)
    day = models.DateField()
    topic = models.CharField(max_length=20)
    value = models.FloatField()
    minimum = models.FloatField()
    maximum = models.FloatField()
    count = models.IntegerField()
    source_id = models.UUIDField()
    sources = models.SmallIntegerField()
    flags = models.SmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(count__gte=1, sources__gte=1), name="day_summary_stands_on_samples"
            ),
            models.CheckConstraint(condition=Q(topic__in=TOPICS), name="day_summary_topic_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.day}"


class Snapshot(PatientScoped):
    """The twin at a glance, a row a topic: what lists and triage read. Rebuilt from series and records."""

    pk = models.CompositePrimaryKey("patient", "topic")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="snapshots")
    topic = models.CharField(max_length=20)
    tiles = models.JSONField()
    last_data_at = models.DateTimeField(null=True)
    built_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(topic__in=TOPICS), name="snapshot_topic_is_known")]

    def __str__(self) -> str:
        return f"snapshot of {self.topic}"
