"""Doses: when each is due, what became of it, and everything that was ever said of it."""

from django.db import models
from django.db.models import F, Q

from backend.identifiers import new_id
from backend.models import Patient, User
from backend.rules import Topic
from backend.scope import PatientScoped
from reminders.models.plans import IS_MEDICATION, MedicationPlan, PlanVersion
from reminders.models.reminders import Reminder


class DoseStatus(models.TextChoices):
    """`missed` is said by the clock alone; whatever a person says wins over it."""

    DUE = "due"
    TAKEN = "taken"
    SKIPPED = "skipped"
    MISSED = "missed"


ANSWERS = [DoseStatus.TAKEN, DoseStatus.SKIPPED]


class Dose(PatientScoped):
    """One dose of a plan. `slot` names it for good, so that planning again makes no second one.

    A dose taken as needed is not due before it is taken: its slot is the id that the device gave it.
    After `missed_after` one that is still due is missed.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="doses")
    topic = models.CharField(max_length=20, default=Topic.MEDICATION, editable=False)
    plan = models.ForeignKey(MedicationPlan, on_delete=models.CASCADE, related_name="doses")
    version = models.ForeignKey(PlanVersion, on_delete=models.CASCADE, related_name="doses")
    slot = models.CharField(max_length=40)
    due_at = models.DateTimeField()
    missed_after = models.DateTimeField()
    amount = models.DecimalField(max_digits=9, decimal_places=3, null=True)
    as_needed = models.BooleanField(default=False)
    status = models.CharField(max_length=8, choices=DoseStatus.choices, default=DoseStatus.DUE)
    taken_at = models.DateTimeField(null=True)
    taken_amount = models.DecimalField(max_digits=9, decimal_places=3, null=True)
    skipped_at = models.DateTimeField(null=True)
    missed_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200, blank=True)
    answered_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="doses_answered")
    answered_at = models.DateTimeField(null=True)
    reminder = models.ForeignKey(Reminder, on_delete=models.SET_NULL, null=True, related_name="doses")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=IS_MEDICATION, name="dose_is_of_medication"),
            models.UniqueConstraint(fields=["plan", "slot"], name="dose_is_one_for_each_slot_of_its_plan"),
            models.CheckConstraint(condition=Q(status__in=DoseStatus.values), name="dose_status_is_known"),
            models.CheckConstraint(
                condition=Q(status=DoseStatus.TAKEN, taken_at__isnull=False)
                | (~Q(status=DoseStatus.TAKEN) & Q(taken_at__isnull=True, taken_amount__isnull=True)),
                name="dose_taken_has_when",
            ),
            models.CheckConstraint(
                condition=Q(status=DoseStatus.SKIPPED, skipped_at__isnull=False)
                | (~Q(status=DoseStatus.SKIPPED) & Q(skipped_at__isnull=True, reason="")),
                name="dose_skipped_has_when",
            ),
            models.CheckConstraint(
                condition=Q(status=DoseStatus.MISSED, missed_at__isnull=False)
                | (~Q(status=DoseStatus.MISSED) & Q(missed_at__isnull=True)),
                name="dose_missed_has_when",
            ),
            models.CheckConstraint(
                condition=Q(status__in=ANSWERS, answered_by__isnull=False, answered_at__isnull=False)
                | (~Q(status__in=ANSWERS) & Q(answered_by__isnull=True, answered_at__isnull=True)),
                name="dose_answered_has_who_and_when",
            ),
            models.CheckConstraint(
                condition=Q(as_needed=False) | ~Q(status__in=[DoseStatus.DUE, DoseStatus.MISSED]),
                name="dose_as_needed_is_never_due",
            ),
            models.CheckConstraint(
                condition=Q(missed_after__gte=F("due_at")), name="dose_is_missed_after_it_was_due"
            ),
            models.CheckConstraint(
                condition=Q(taken_amount__isnull=True) | Q(taken_amount__gt=0),
                name="dose_taken_amount_is_positive",
            ),
        ]
        indexes = [
            models.Index(fields=["patient", "due_at"], name="dose_of_patient"),
            models.Index(
                fields=["missed_after"], condition=Q(status=DoseStatus.DUE), name="dose_to_be_missed"
            ),
            models.Index(fields=["reminder"], name="dose_of_reminder"),
        ]

    def __str__(self) -> str:
        return f"dose {self.slot}"


class DoseAnswer(PatientScoped):
    """What somebody said became of a dose, at `said_at` by her device's clock. All of it is kept.

    The dose shows what was said last. `key` is the device's own name of the answer: again is known.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="dose_answers")
    topic = models.CharField(max_length=20, default=Topic.MEDICATION, editable=False)
    dose = models.ForeignKey(Dose, on_delete=models.CASCADE, related_name="answers")
    key = models.UUIDField()
    status = models.CharField(max_length=8, choices=DoseStatus.choices)
    taken_at = models.DateTimeField(null=True)
    amount = models.DecimalField(max_digits=9, decimal_places=3, null=True)
    reason = models.CharField(max_length=200, blank=True)
    said_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="dose_answers")
    said_at = models.DateTimeField()
    received_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=IS_MEDICATION, name="dose_answer_is_of_medication"),
            models.UniqueConstraint(fields=["dose", "key"], name="dose_answer_is_kept_once"),
            models.CheckConstraint(
                condition=Q(status__in=[*ANSWERS, DoseStatus.DUE]), name="dose_answer_is_of_a_person"
            ),
            models.CheckConstraint(
                condition=Q(status=DoseStatus.TAKEN, taken_at__isnull=False)
                | (~Q(status=DoseStatus.TAKEN) & Q(taken_at__isnull=True, amount__isnull=True)),
                name="dose_answer_taken_has_when",
            ),
            models.CheckConstraint(
                condition=Q(reason="") | Q(status=DoseStatus.SKIPPED),
                name="dose_answer_reason_is_of_a_skipped_one",
            ),
        ]
        indexes = [models.Index(fields=["dose", "said_at"], name="answers_of_dose")]

    def __str__(self) -> str:
        return f"{self.status} said at {self.said_at}"
