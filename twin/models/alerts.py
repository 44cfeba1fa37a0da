"""Alerts: what rules found, who was told of it and when, and what was done about it."""

from django.db import models
from django.db.models import F, Q

from backend.constraints import both_or_neither
from backend.identifiers import new_id
from backend.models import Patient, User
from backend.scope import PatientScoped
from twin.models.topics import TOPICS
from twin.warnings.finding import Clearing, Severity
from twin.warnings.life import ENDED, OPEN, WAITING, Status, Step

DIRECTIONS = ["high", "low", "other"]
STATUSES = [one.value for one in Status]
HANDLED = "handled"
UNATTENDED = "unattended"
ENDINGS = [HANDLED, UNATTENDED, *(one.value for one in Clearing)]
"""Why an alert is over: somebody did something, nobody did for too long, or why its cause is gone."""

_SEVERITIES = [one.value for one in Severity]
_OPEN, _WAITING, _ENDED = ([one.value for one in several] for several in (OPEN, WAITING, ENDED))


class Alert(PatientScoped):
    """What a rule found in a patient's data, from when it was raised until it is over.

    One is open for each rule and key at most: what gets worse raises it again. `data_at` is the newest
    instant of the data behind it; `is_late` says that this was too long ago, when the data came, to speak of
    now. `round` counts how often people were to be told, `escalations` how often others were asked since it
    was last raised. `escalate_at` is when the next ones are, if nobody answers.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="alerts")
    topic = models.CharField(max_length=20)
    rule = models.CharField(max_length=60)
    key = models.CharField(max_length=100, blank=True)
    severity = models.CharField(max_length=12, choices=[(one, one) for one in _SEVERITIES])
    direction = models.CharField(max_length=5, choices=[(one, one) for one in DIRECTIONS])
    title = models.CharField(max_length=200)
    text = models.TextField()
    evidence = models.JSONField(default=list)
    action = models.CharField(max_length=60, blank=True)
    source = models.TextField(blank=True)
    verification = models.TextField(blank=True)
    is_late = models.BooleanField(default=False)
    data_at = models.DateTimeField()
    raised_at = models.DateTimeField()
    status = models.CharField(
        max_length=12, choices=[(one, one) for one in STATUSES], default=Status.RAISED.value
    )
    round = models.SmallIntegerField(default=0)
    escalations = models.SmallIntegerField(default=0)
    escalate_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()
    acknowledged_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="alerts_acknowledged"
    )
    acknowledged_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="alerts_ended")
    ended_at = models.DateTimeField(null=True)
    ending = models.CharField(max_length=12, blank=True, choices=[(one, one) for one in ENDINGS])
    done = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "rule", "key"],
                condition=Q(status__in=_OPEN),
                name="alert_is_open_once_for_each_rule_and_key",
            ),
            models.CheckConstraint(condition=Q(topic__in=TOPICS), name="alert_topic_is_known"),
            models.CheckConstraint(condition=Q(severity__in=_SEVERITIES), name="alert_severity_is_known"),
            models.CheckConstraint(condition=Q(direction__in=DIRECTIONS), name="alert_direction_is_known"),
            models.CheckConstraint(condition=Q(status__in=STATUSES), name="alert_status_is_known"),
            models.CheckConstraint(
                condition=both_or_neither("acknowledged_by", "acknowledged_at"),
                name="alert_acknowledged_has_who_and_when",
            ),
            models.CheckConstraint(
                condition=Q(status__in=_WAITING, acknowledged_at__isnull=True)
                | Q(status=Status.ACKNOWLEDGED.value, acknowledged_at__isnull=False)
                | Q(status__in=_ENDED),
                name="alert_waits_until_it_is_acknowledged",
            ),
            models.CheckConstraint(
                condition=Q(status__in=_OPEN, ended_at__isnull=True, ending="")
                | Q(status__in=_ENDED, ended_at__isnull=False, ending__in=ENDINGS),
                name="alert_that_is_over_says_when_and_why",
            ),
            models.CheckConstraint(
                condition=(Q(ending=HANDLED, ended_by__isnull=False) & ~Q(done=""))
                | (~Q(ending=HANDLED) & Q(ended_by__isnull=True, done="")),
                name="alert_handled_has_who_and_what_was_done",
            ),
            models.CheckConstraint(
                condition=Q(escalate_at__isnull=True) | Q(status__in=_WAITING),
                name="alert_escalates_only_while_it_waits",
            ),
            models.CheckConstraint(
                condition=Q(round__gte=0, escalations__gte=0, escalations__lte=F("round")),
                name="alert_escalations_are_rounds",
            ),
        ]
        indexes = [
            models.Index(
                fields=["escalate_at"],
                condition=Q(escalate_at__isnull=False),
                name="alert_to_escalate",
            ),
            models.Index(fields=["expires_at"], condition=Q(status__in=_OPEN), name="alert_to_expire"),
            models.Index(fields=["patient", "rule", "key", "-ended_at"], name="alert_of_rule"),
            models.Index(fields=["patient", "-id"], name="alert_of_patient"),
        ]

    def __str__(self) -> str:
        return f"{self.severity} {self.rule}"

    @property
    def is_open(self) -> bool:
        """Whether it is not over yet."""
        return self.status in _OPEN


class AlertStep(PatientScoped):
    """One thing that happened to an alert, when, and by whom; none where a rule or the clock did it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="steps")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="alert_steps")
    topic = models.CharField(max_length=20)
    step = models.CharField(max_length=12, choices=[(one.value, one.value) for one in Step])
    severity = models.CharField(max_length=12, choices=[(one, one) for one in _SEVERITIES])
    at = models.DateTimeField()
    actor = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="alert_steps")
    note = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(step__in=[one.value for one in Step]), name="alert_step_is_known"
            ),
            models.CheckConstraint(
                condition=Q(severity__in=_SEVERITIES), name="alert_step_severity_is_known"
            ),
            models.CheckConstraint(
                condition=Q(actor__isnull=False)
                | ~Q(
                    step__in=[
                        Step.DISPLAYED.value,
                        Step.NOTED.value,
                        Step.ACKNOWLEDGED.value,
                        Step.SNOOZED.value,
                    ]
                ),
                name="alert_step_of_a_person_has_actor",
            ),
            models.CheckConstraint(condition=Q(topic__in=TOPICS), name="alert_step_topic_is_known"),
        ]
        indexes = [models.Index(fields=["alert", "id"], name="alert_step_of_alert")]

    def __str__(self) -> str:
        return f"{self.step} at {self.at}"


class DeliveryStatus(models.TextChoices):
    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    WITHHELD = "withheld"


class AlertDelivery(PatientScoped):
    """One telling of one alert to one person by one channel in one round.

    `due_at` is when it is to be sent, or, in the hands of a worker with a `lease_token`, when another worker
    may take it over. `displayed_at` is when a device said that it had shown it.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="deliveries")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="alert_deliveries")
    topic = models.CharField(max_length=20)
    recipient = models.ForeignKey(User, on_delete=models.CASCADE, related_name="alert_deliveries")
    channel = models.CharField(max_length=20)
    round = models.SmallIntegerField()
    status = models.CharField(max_length=10, choices=DeliveryStatus.choices, default=DeliveryStatus.WAITING)
    due_at = models.DateTimeField()
    attempts = models.SmallIntegerField(default=0)
    lease_token = models.UUIDField(null=True)
    sent_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=40, blank=True)
    displayed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["alert", "recipient", "channel", "round"],
                name="alert_delivery_is_one_for_each_person_channel_and_round",
            ),
            models.CheckConstraint(
                condition=Q(status__in=DeliveryStatus.values), name="alert_delivery_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(status=DeliveryStatus.SENT, sent_at__isnull=False)
                | (~Q(status=DeliveryStatus.SENT) & Q(sent_at__isnull=True)),
                name="alert_delivery_sent_has_sent_at",
            ),
            models.CheckConstraint(
                condition=(
                    Q(
                        status__in=[DeliveryStatus.FAILED, DeliveryStatus.WITHHELD],
                        given_up_at__isnull=False,
                    )
                    & ~Q(reason="")
                )
                | Q(
                    status__in=[DeliveryStatus.WAITING, DeliveryStatus.SENT],
                    given_up_at__isnull=True,
                    reason="",
                ),
                name="alert_delivery_given_up_says_when_and_why",
            ),
            models.CheckConstraint(
                condition=Q(lease_token__isnull=True) | Q(status=DeliveryStatus.WAITING),
                name="alert_delivery_in_hand_is_waiting",
            ),
            models.CheckConstraint(condition=Q(topic__in=TOPICS), name="alert_delivery_topic_is_known"),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], condition=Q(status=DeliveryStatus.WAITING), name="alert_delivery_due"
            ),
            models.Index(fields=["recipient", "alert"], name="alert_delivery_of_recipient"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} delivery {self.id}"


class Snooze(PatientScoped):
    """What one person does not want to be told of for a while: a rule, on one side, up to a severity."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="snoozes")
    topic = models.CharField(max_length=20)
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="snoozes")
    rule = models.CharField(max_length=60)
    direction = models.CharField(max_length=5, choices=[(one, one) for one in DIRECTIONS])
    severity = models.CharField(max_length=12, choices=[(one, one) for one in _SEVERITIES])
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="snooze_ends_after_its_start"
            ),
            models.CheckConstraint(condition=Q(direction__in=DIRECTIONS), name="snooze_direction_is_known"),
            models.CheckConstraint(condition=Q(severity__in=_SEVERITIES), name="snooze_severity_is_known"),
            models.CheckConstraint(condition=Q(topic__in=TOPICS), name="snooze_topic_is_known"),
        ]
        indexes = [models.Index(fields=["patient", "rule", "ends_at"], name="snooze_of_rule")]

    def __str__(self) -> str:
        return f"{self.rule} until {self.ends_at}"


class AlarmTest(models.Model):
    """One run of the alarms' self-test. Names no patient. Seconds since the reading; none where none came."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    raised_after = models.FloatField(null=True)
    noticed_after = models.FloatField(null=True)
    mailed_after = models.FloatField(null=True)
    displayed_after = models.FloatField(null=True)
    fault = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True)
                | Q(
                    raised_after__isnull=False,
                    noticed_after__isnull=False,
                    mailed_after__isnull=False,
                    displayed_after__isnull=False,
                )
                | ~Q(fault=""),
                name="alarm_test_without_fault_has_every_leg",
            ),
        ]

    def __str__(self) -> str:
        return f"self-test of {self.started_at}"
