"""How people want to be reminded: their clocks, channels and devices, and who else is told of a patient."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from backend.constraints import both_or_neither
from backend.identifiers import new_id
from backend.models import Patient, User, validate_time_zone
from backend.rules import Topic
from backend.scope import PatientScoped

CHANNELS = ["live", "web_push", "push_gateway", "email"]


def usual_channels() -> list[str]:
    """The order in which a person who has said nothing is reached."""
    return list(CHANNELS)


class RoutineTimes(PatientScoped):
    """When a patient gets up, eats and goes to bed, as 'HH:MM' by the names of the file of event codes."""

    patient = models.OneToOneField(
        Patient, on_delete=models.CASCADE, primary_key=True, related_name="routine_times"
    )
    topic = models.CharField(max_length=20, default=Topic.MEDICATION, editable=False)
    times = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(topic=Topic.MEDICATION), name="routine_is_of_medication"),
        ]

    def __str__(self) -> str:
        return f"routine of {self.patient_id}"


class ReminderPreference(models.Model):
    """How one person wants to be reminded, of whomever.

    The channels are tried in this order: without an answer or a word that it was displayed the next one
    follows after `fallback_minutes`. Between the quiet hours, by the clock of `time_zone` or else the
    patient's, only what is critical is told. `shows_names` lets medicines be named on a locked screen.
    """

    person = models.OneToOneField(
        User, on_delete=models.CASCADE, primary_key=True, related_name="reminder_preference"
    )
    channels = ArrayField(models.CharField(max_length=20), default=usual_channels)
    fallback_minutes = models.SmallIntegerField(default=10)
    notice_minutes = models.SmallIntegerField(default=0)
    quiet_from = models.TimeField(null=True)
    quiet_until = models.TimeField(null=True)
    time_zone = models.CharField(max_length=64, blank=True, validators=[validate_time_zone])
    shows_names = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(channels__contained_by=CHANNELS) & Q(channels__len__gte=1),
                name="reminder_channels_are_known",
            ),
            models.CheckConstraint(
                condition=Q(fallback_minutes__gte=1, fallback_minutes__lte=1440),
                name="reminder_fallback_is_within_a_day",
            ),
            models.CheckConstraint(
                condition=Q(notice_minutes__gte=0, notice_minutes__lte=1440),
                name="reminder_notice_is_within_a_day",
            ),
            models.CheckConstraint(
                condition=both_or_neither("quiet_from", "quiet_until"),
                name="quiet_hours_have_both_ends",
            ),
        ]

    def __str__(self) -> str:
        return f"reminders of {self.person_id}"


class PushService(models.TextChoices):
    WEB = "web"
    GATEWAY = "gateway"


class PushSubscription(models.Model):
    """A browser or a phone that notices may be pushed to, until its service says that it is gone."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="push_subscriptions")
    service = models.CharField(max_length=7, choices=PushService.choices)
    address = models.TextField()
    keys = models.JSONField(default=dict)
    name = models.CharField(max_length=80, blank=True)
    made_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)
    because = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["address"],
                condition=Q(retired_at__isnull=True),
                name="push_address_is_of_one_person",
            ),
            models.CheckConstraint(condition=Q(service__in=PushService.values), name="push_service_is_known"),
            models.CheckConstraint(
                condition=Q(retired_at__isnull=True, because="")
                | (Q(retired_at__isnull=False) & ~Q(because="")),
                name="push_retired_says_when_and_why",
            ),
        ]
        indexes = [
            models.Index(fields=["person"], condition=Q(retired_at__isnull=True), name="push_of_person")
        ]

    def __str__(self) -> str:
        return f"{self.service} subscription {self.id}"


class CaregiverAgreement(PatientScoped):
    """The patient agrees that somebody with a grant is told of missed critical doses and of low stock."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="caregiver_agreements")
    topic = models.CharField(max_length=20, default=Topic.MEDICATION, editable=False)
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="caregiver_agreements")
    agreed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(topic=Topic.MEDICATION), name="caregiver_agreement_is_of_medication"
            ),
            models.UniqueConstraint(
                fields=["patient", "person"],
                condition=Q(ended_at__isnull=True),
                name="caregiver_agreement_stands_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} is told of {self.patient_id}"
