"""What is derived of the series: day summaries, what is usual, and the twin at a glance, now and before."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

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


class Baseline(PatientScoped):
    """What is usual of one kind for this person (twin.state.baseline), in the kind's unit.

    `by_weekday` are seven offsets from the centre, Monday first. It stands on `days` days with a value.
    """

    pk = models.CompositePrimaryKey("patient", "kind")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="baselines")
    kind = models.CharField(max_length=40)
    topic = models.CharField(max_length=20)
    centre = models.FloatField()
    spread = models.FloatField()
    by_weekday = ArrayField(models.FloatField(), null=True)
    days = models.SmallIntegerField()
    first_on = models.DateField()
    last_on = models.DateField()
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(spread__gt=0), name="baseline_has_a_spread"),
            models.CheckConstraint(
                condition=Q(by_weekday__isnull=True) | Q(by_weekday__len=7),
                name="baseline_has_seven_weekdays_or_none",
            ),
            models.CheckConstraint(
                condition=Q(days__gte=1, first_on__lte=F("last_on")), name="baseline_stands_on_days"
            ),
            models.CheckConstraint(condition=Q(topic__in=TOPICS), name="baseline_topic_is_known"),
        ]

    def __str__(self) -> str:
        return f"baseline of {self.kind}"


class Snapshot(PatientScoped):
    """The twin at a glance, a row a topic: what lists and triage read. Rebuilt from series and records.

    `facts` is what body systems are judged by beside the tiles (twin.state.facts). All of this has been known
    since `known_at`; that the tiles are so was last seen at `built_at`.
    """

    pk = models.CompositePrimaryKey("patient", "topic")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="snapshots")
    topic = models.CharField(max_length=20)
    tiles = models.JSONField()
    facts = models.JSONField(default=dict)
    last_data_at = models.DateTimeField(null=True)
    known_at = models.DateTimeField()
    built_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(topic__in=TOPICS), name="snapshot_topic_is_known")]

    def __str__(self) -> str:
        return f"snapshot of {self.topic}"


class SnapshotVersion(PatientScoped):
    """What a snapshot said from `known_at` on, until the next version of its topic; packed.

    Not derived of what is known now, and never made anew.
    """

    pk = models.CompositePrimaryKey("patient", "topic", "known_at")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="snapshot_versions")
    topic = models.CharField(max_length=20)
    known_at = models.DateTimeField()
    said = models.BinaryField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(topic__in=TOPICS), name="snapshot_version_topic_is_known")
        ]
        indexes = [models.Index(fields=["known_at"], name="snapshot_version_by_age")]

    def __str__(self) -> str:
        return f"snapshot of {self.topic} at {self.known_at}"
