"""The pass over every patient's forecasts, and how they do beside their challenger."""

from django.db import models
from django.db.models import F, Q

from backend.identifiers import new_id


class FleetTask(models.TextChoices):
    NIGHTLY = "nightly"
    WEEKLY = "weekly"


class FleetRun(models.Model):
    """One pass over every patient's forecasts: the new day of each series, or all of them estimated anew.

    `hour` is the full hour in which it was begun, so that one that is begun twice is one.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    task = models.CharField(max_length=10, choices=FleetTask.choices)
    hour = models.DateTimeField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(task__in=FleetTask.values), name="fleet_task_is_known"),
            models.UniqueConstraint(fields=["task", "hour"], name="fleet_run_is_one_an_hour"),
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True) | Q(finished_at__gte=F("started_at")),
                name="fleet_run_finishes_after_it_started",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task} of {self.hour}"


class FleetChunk(models.Model):
    """The patients from `first` to `last` of one run; a worker holds it by a lease until it is done."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    run = models.ForeignKey(FleetRun, on_delete=models.CASCADE, related_name="chunks")
    first = models.UUIDField()
    last = models.UUIDField()
    attempts = models.SmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    done_at = models.DateTimeField(null=True)
    series = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(first__lte=F("last")), name="fleet_chunk_is_in_order"),
            models.CheckConstraint(
                condition=Q(lease_until__isnull=True, lease_token__isnull=True)
                | Q(lease_until__isnull=False, lease_token__isnull=False, done_at__isnull=True),
                name="fleet_chunk_in_work_has_lease",
            ),
        ]
        indexes = [
            models.Index(
                fields=["run", "first"], condition=Q(done_at__isnull=True), name="fleet_chunk_is_open"
            )
        ]

    def __str__(self) -> str:
        return f"chunk {self.id}"


class ChallengerScore(models.Model):
    """How our daily forecasts and Prophet's fared on one night's sample of series of a kind.

    Means over the series of absolute errors in units of each series' own last-value error, so that kinds and
    people weigh alike, and the shares of days that the 80 % bands held. Names no patient.
    """

    pk = models.CompositePrimaryKey("day", "kind")
    day = models.DateField()
    kind = models.CharField(max_length=40)
    series = models.IntegerField()
    points = models.IntegerField()
    error = models.FloatField()
    error_of_prophet = models.FloatField()
    held80 = models.FloatField()
    held80_of_prophet = models.FloatField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(series__gte=1, points__gte=F("series")), name="challenger_score_stands_on_days"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} on {self.day}"
