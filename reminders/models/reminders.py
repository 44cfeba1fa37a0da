"""What people are to be reminded of, and every telling of it: to whom, by which channel, what came of it."""

from django.db import models
from django.db.models import F, Q

from backend.constraints import both_or_neither
from backend.identifiers import new_id
from backend.models import Patient, User
from backend.scope import PatientScoped
from twin.models import TOPICS


class ReminderKind(models.TextChoices):
    """What a reminder is about. `doses` is all that is due to one patient at one moment."""

    DOSES = "doses"
    MISSED_CRITICAL = "missed_critical"
    LOW_STOCK = "low_stock"
    SCREENING = "screening"
    MEASUREMENT = "measurement"
    VISIT = "visit"
    REVIEW = "review"


class ReminderStatus(models.TextChoices):
    """`unanswered` has been told in vain, `too_late` could not be told in time: somebody has to look at both.

    `withdrawn` has nothing to say any more.
    """

    WAITING = "waiting"
    ANSWERED = "answered"
    UNANSWERED = "unanswered"
    TOO_LATE = "too_late"
    WITHDRAWN = "withdrawn"


class Reminder(PatientScoped):
    """One thing of which a patient is reminded until it is answered or too late.

    `at` is the moment that it is about, `key` which one of its kind. `due_at` is when something is next to be
    done about it, or, in the hands of a dispatcher with a `lease_token`, when another may take it over.
    `round` counts how often it was told, the last time from `round_at` on; the next one comes
    `repeat_minutes` later, if at all.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="reminders")
    topic = models.CharField(max_length=20)
    kind = models.CharField(max_length=16, choices=ReminderKind.choices)
    key = models.CharField(max_length=80)
    at = models.DateTimeField()
    status = models.CharField(max_length=10, choices=ReminderStatus.choices, default=ReminderStatus.WAITING)
    due_at = models.DateTimeField(null=True)
    too_late_at = models.DateTimeField()
    repeat_minutes = models.SmallIntegerField(null=True)
    is_critical = models.BooleanField(default=False)
    round = models.SmallIntegerField(default=0)
    round_at = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    ended_at = models.DateTimeField(null=True)
    taken_care_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="reminders_taken_care_of"
    )
    taken_care_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["patient", "kind", "key"], name="reminder_is_one_for_each_thing"),
            models.CheckConstraint(condition=Q(topic__in=TOPICS), name="reminder_topic_is_known"),
            models.CheckConstraint(condition=Q(kind__in=ReminderKind.values), name="reminder_kind_is_known"),
            models.CheckConstraint(
                condition=Q(status__in=ReminderStatus.values), name="reminder_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(status=ReminderStatus.WAITING, due_at__isnull=False, ended_at__isnull=True)
                | (
                    ~Q(status=ReminderStatus.WAITING)
                    & Q(due_at__isnull=True, lease_token__isnull=True, ended_at__isnull=False)
                ),
                name="reminder_is_due_until_it_has_ended",
            ),
            models.CheckConstraint(
                condition=Q(too_late_at__gte=F("at")), name="reminder_is_too_late_after_its_moment"
            ),
            models.CheckConstraint(
                condition=Q(repeat_minutes__isnull=True) | Q(repeat_minutes__gte=1),
                name="reminder_rhythm_is_positive",
            ),
            models.CheckConstraint(condition=Q(round__gte=0), name="reminder_rounds_count_from_zero"),
            models.CheckConstraint(
                condition=Q(round_at__isnull=True) | Q(round__gte=1), name="reminder_round_has_begun"
            ),
            models.CheckConstraint(
                condition=both_or_neither("taken_care_by", "taken_care_at"),
                name="reminder_taken_care_of_has_who_and_when",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(status=ReminderStatus.WAITING), name="reminder_due"),
            models.Index(fields=["patient", "-at"], name="reminder_of_patient"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} reminder {self.id}"


class DeliveryStatus(models.TextChoices):
    """`sent` was handed over to who carries it; `withheld` was not to be told any more."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    WITHHELD = "withheld"


class Delivery(PatientScoped):
    """One telling of one reminder to one person by one channel, of the round that was due at `due`.

    Handed over (`sent_at`), arrived on a device (`delivered_at`), shown there (`displayed_at`) and answered
    (`answered_at`) are four facts, each known for itself. `try_at` is when a telling that waits may be tried.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="reminder_deliveries")
    topic = models.CharField(max_length=20)
    reminder = models.ForeignKey(Reminder, on_delete=models.CASCADE, related_name="deliveries")
    recipient = models.ForeignKey(User, on_delete=models.CASCADE, related_name="reminder_deliveries")
    channel = models.CharField(max_length=20)
    due = models.DateTimeField()
    status = models.CharField(max_length=8, choices=DeliveryStatus.choices, default=DeliveryStatus.WAITING)
    try_at = models.DateTimeField(null=True)
    attempts = models.SmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)
    because = models.CharField(max_length=40, blank=True)
    delivered_at = models.DateTimeField(null=True)
    displayed_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["reminder", "due", "channel", "recipient"],
                name="delivery_is_one_for_each_round_channel_and_person",
            ),
            models.CheckConstraint(condition=Q(topic__in=TOPICS), name="delivery_topic_is_known"),
            models.CheckConstraint(
                condition=Q(status__in=DeliveryStatus.values), name="delivery_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(status=DeliveryStatus.WAITING, try_at__isnull=False)
                | (~Q(status=DeliveryStatus.WAITING) & Q(try_at__isnull=True)),
                name="delivery_is_tried_while_it_waits",
            ),
            models.CheckConstraint(
                condition=Q(status=DeliveryStatus.SENT, sent_at__isnull=False)
                | (~Q(status=DeliveryStatus.SENT) & Q(sent_at__isnull=True)),
                name="delivery_sent_has_sent_at",
            ),
            models.CheckConstraint(
                condition=(
                    Q(
                        status__in=[DeliveryStatus.FAILED, DeliveryStatus.WITHHELD],
                        given_up_at__isnull=False,
                    )
                    & ~Q(because="")
                )
                | Q(
                    status__in=[DeliveryStatus.WAITING, DeliveryStatus.SENT],
                    given_up_at__isnull=True,
                    because="",
                ),
                name="delivery_given_up_says_when_and_why",
            ),
        ]
        indexes = [models.Index(fields=["recipient", "-id"], name="delivery_of_recipient")]

    def __str__(self) -> str:
        return f"{self.channel} delivery {self.id}"
