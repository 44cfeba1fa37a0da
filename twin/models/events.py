"""What forecasts lean on: a patient's goals, a clinician's thresholds, events of a life."""

from django.db import models
from django.db.models import F, Q

from backend.constraints import both_or_neither
from backend.identifiers import new_id
from backend.models import Patient, User
from backend.scope import PatientScoped
from twin.models.records import Record
from twin.models.topics import TOPICS


class Direction(models.TextChoices):
    AT_LEAST = "at_least"
    AT_MOST = "at_most"


class Goal(PatientScoped):
    """A value that a patient wants a kind's days to come to; agreed when a clinician has said so.

    `start_value` is where the kind stood when it was set, if that was known. One that has ended is kept.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="goals")
    kind = models.CharField(max_length=40)
    topic = models.CharField(max_length=20)
    direction = models.CharField(max_length=10, choices=Direction.choices)
    target = models.FloatField()
    starts_on = models.DateField()
    start_value = models.FloatField(null=True)
    by_day = models.DateField(null=True)
    set_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="goals_set")
    set_at = models.DateTimeField()
    agreed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="goals_agreed")
    agreed_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="goals_ended")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "kind"],
                condition=Q(ended_at__isnull=True),
                name="goal_is_open_once_a_kind",
            ),
            models.CheckConstraint(
                condition=Q(direction__in=Direction.values), name="goal_direction_is_known"
            ),
            models.CheckConstraint(
                condition=Q(by_day__isnull=True) | Q(by_day__gt=F("starts_on")),
                name="goal_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=both_or_neither("agreed_by", "agreed_at"),
                name="goal_agreed_has_who_agreed",
            ),
            models.CheckConstraint(
                condition=both_or_neither("ended_by", "ended_at"),
                name="goal_ended_has_who_ended",
            ),
            models.CheckConstraint(condition=Q(topic__in=TOPICS), name="goal_topic_is_known"),
        ]
        indexes = [models.Index(fields=["patient", "kind"], name="goal_of_patient")]

    def __str__(self) -> str:
        return f"{self.kind} {self.direction} {self.target}"


class Threshold(PatientScoped):
    """The range in which a clinician wants a kind of one patient to stay. One that has ended is kept."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="thresholds")
    kind = models.CharField(max_length=40)
    topic = models.CharField(max_length=20)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    reason = models.TextField(blank=True)
    set_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="thresholds_set")
    set_at = models.DateTimeField()
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="thresholds_ended")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "kind"],
                condition=Q(ended_at__isnull=True),
                name="threshold_is_open_once_a_kind",
            ),
            models.CheckConstraint(
                # A comparison with NULL refuses nothing, so that one of them is there is said by itself.
                condition=Q(low__isnull=False, high__isnull=True)
                | Q(low__isnull=True, high__isnull=False)
                | Q(low__isnull=False, high__isnull=False, low__lt=F("high")),
                name="threshold_has_its_limits_in_order",
            ),
            models.CheckConstraint(
                condition=both_or_neither("ended_by", "ended_at"),
                name="threshold_ended_has_who_ended",
            ),
            models.CheckConstraint(condition=Q(topic__in=TOPICS), name="threshold_topic_is_known"),
        ]
        indexes = [models.Index(fields=["patient", "kind"], name="threshold_of_patient")]

    def __str__(self) -> str:
        return f"{self.kind} between {self.low} and {self.high}"


class EventType(models.TextChoices):
    MEDICINE_STARTED = "medicine_started"
    MEDICINE_CHANGED = "medicine_changed"
    MEDICINE_STOPPED = "medicine_stopped"
    ILLNESS = "illness"
    SURGERY = "surgery"
    TRAVEL = "travel"
    OTHER = "other"


class Event(PatientScoped):
    """Something in a patient's life after which measurements may come out otherwise; a mark on the time axis.

    Lifted from the medication record `record`, with which it comes and goes, or entered by a person.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="events")
    topic = models.CharField(max_length=20)
    type = models.CharField(max_length=20, choices=EventType.choices)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)
    text = models.CharField(max_length=200, blank=True)
    record = models.ForeignKey(Record, on_delete=models.CASCADE, null=True, related_name="events")
    entered_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="events_entered")
    entered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(type__in=EventType.values), name="event_type_is_known"),
            models.CheckConstraint(
                condition=Q(record__isnull=False, entered_by__isnull=True, entered_at__isnull=True)
                | Q(record__isnull=True, entered_by__isnull=False, entered_at__isnull=False),
                name="event_is_lifted_or_entered",
            ),
            models.UniqueConstraint(
                fields=["record", "type", "starts_on"], name="event_is_lifted_once_from_its_record"
            ),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="event_ends_after_it_starts",
            ),
            models.CheckConstraint(condition=Q(topic__in=TOPICS), name="event_topic_is_known"),
        ]
        indexes = [models.Index(fields=["patient", "starts_on"], name="event_of_patient")]

    def __str__(self) -> str:
        return f"{self.type} on {self.starts_on}"
