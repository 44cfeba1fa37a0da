"""Medication plans: what is to be taken, since when, as versions; their pauses and their stock."""

from django.db import models
from django.db.models import F, Q

from backend.constraints import both_or_neither
from backend.identifiers import new_id
from backend.models import Patient, User
from backend.rules import Topic
from backend.scope import PatientScoped
from twin.models import Record

IS_MEDICATION = Q(topic=Topic.MEDICATION)


class Origin(models.TextChoices):
    """Whose plan it is: a clinician's, one's own for what needs no prescription, or read from a record."""

    CLINICIAN = "clinician"
    OWN = "own"
    RECORD = "record"


class PlanStatus(models.TextChoices):
    """`waiting` is for somebody to say when it is taken, or that it is right; only `active` has doses."""

    WAITING = "waiting"
    ACTIVE = "active"
    ENDED = "ended"


class MedicationPlan(PatientScoped):
    """One medicine that a patient is to take, whatever becomes of it; what it says stands in its versions.

    A fresh prescription whose words were understood is active without a word of anybody.
    `planned_until` is the instant up to which its doses stand in their table; none where it has no doses.
    A dose that is `critical` and missed is told to caregivers and to the rules of early warning.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="medication_plans")
    topic = models.CharField(max_length=20, default=Topic.MEDICATION, editable=False)
    origin = models.CharField(max_length=10, choices=Origin.choices)
    record = models.ForeignKey(Record, on_delete=models.SET_NULL, null=True, related_name="medication_plans")
    status = models.CharField(max_length=10, choices=PlanStatus.choices)
    is_critical = models.BooleanField(default=False)
    refill_below = models.DecimalField(max_digits=9, decimal_places=3, null=True)
    planned_until = models.DateTimeField(null=True)
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="plans_made")
    made_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="plans_confirmed"
    )
    confirmed_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="plans_ended")
    ended_at = models.DateTimeField(null=True)
    ending = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=IS_MEDICATION, name="plan_is_of_medication"),
            models.CheckConstraint(condition=Q(origin__in=Origin.values), name="plan_origin_is_known"),
            models.CheckConstraint(condition=Q(status__in=PlanStatus.values), name="plan_status_is_known"),
            models.CheckConstraint(
                condition=Q(made_by__isnull=False) | Q(origin=Origin.RECORD),
                name="plan_is_made_by_somebody_or_read_from_a_record",
            ),
            models.UniqueConstraint(
                fields=["record"],
                condition=~Q(status=PlanStatus.ENDED),
                name="plan_is_open_once_for_each_record",
            ),
            models.CheckConstraint(
                condition=both_or_neither("confirmed_by", "confirmed_at"),
                name="plan_confirmed_has_who_and_when",
            ),
            models.CheckConstraint(
                condition=Q(status=PlanStatus.WAITING, confirmed_at__isnull=True)
                | Q(status=PlanStatus.ACTIVE, confirmed_at__isnull=False)
                | Q(status=PlanStatus.ACTIVE, origin=Origin.RECORD)
                | Q(status=PlanStatus.ENDED),
                name="plan_of_a_person_is_active_once_it_is_confirmed",
            ),
            models.CheckConstraint(
                condition=Q(status=PlanStatus.ENDED, ended_at__isnull=False)
                | (~Q(status=PlanStatus.ENDED) & Q(ended_at__isnull=True, ended_by__isnull=True, ending="")),
                name="plan_ended_has_when",
            ),
            models.CheckConstraint(
                condition=Q(planned_until__isnull=True) | Q(status=PlanStatus.ACTIVE),
                name="plan_has_doses_only_while_it_is_active",
            ),
            models.CheckConstraint(
                condition=Q(refill_below__isnull=True) | Q(refill_below__gte=0),
                name="plan_refill_threshold_is_an_amount",
            ),
        ]
        indexes = [
            models.Index(fields=["patient", "status"], name="plan_of_patient"),
            models.Index(
                fields=["planned_until"],
                condition=Q(planned_until__isnull=False),
                name="plan_to_be_planned_on",
            ),
        ]

    def __str__(self) -> str:
        return f"plan {self.id}"


class PlanVersion(PatientScoped):
    """What a plan said from one instant to another. Never rewritten: a change is a new version.

    `timing` is as `reminders.timing.parse` reads it; it is missing where nobody has understood
    `dosage_text`, the words as they came. With `fixed_zone` doses follow the clock of that zone, else that
    of wherever the patient is. `window_minutes` after a dose is due it is missed; it is reminded of again
    every `repeat_minutes` until then.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="plan_versions")
    topic = models.CharField(max_length=20, default=Topic.MEDICATION, editable=False)
    plan = models.ForeignKey(MedicationPlan, on_delete=models.CASCADE, related_name="versions")
    number = models.SmallIntegerField()
    medicine = models.CharField(max_length=200)
    codes = models.JSONField(default=list)
    strength = models.CharField(max_length=80, blank=True)
    form = models.CharField(max_length=80, blank=True)
    route = models.CharField(max_length=80, blank=True)
    amount = models.DecimalField(max_digits=9, decimal_places=3, null=True)
    unit = models.CharField(max_length=40, blank=True)
    instructions = models.TextField(blank=True)
    reason = models.CharField(max_length=200, blank=True)
    prescriber = models.CharField(max_length=200, blank=True)
    timing = models.JSONField(null=True)
    dosage_text = models.TextField(blank=True)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)
    fixed_zone = models.CharField(max_length=64, blank=True)
    window_minutes = models.SmallIntegerField()
    repeat_minutes = models.SmallIntegerField()
    override = models.TextField(blank=True)
    findings = models.JSONField(default=list)
    written_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="plans_written")
    written_at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=IS_MEDICATION, name="plan_version_is_of_medication"),
            models.UniqueConstraint(fields=["plan", "number"], name="plan_version_number_is_unique"),
            models.UniqueConstraint(
                fields=["plan"],
                condition=Q(superseded_at__isnull=True),
                name="plan_has_one_current_version",
            ),
            models.CheckConstraint(condition=Q(number__gte=1), name="plan_version_number_counts_from_one"),
            models.CheckConstraint(
                condition=Q(superseded_at__isnull=True) | Q(superseded_at__gte=F("written_at")),
                name="plan_version_is_superseded_after_it_was_written",
            ),
            models.CheckConstraint(condition=~Q(medicine=""), name="plan_version_names_a_medicine"),
            models.CheckConstraint(
                condition=Q(timing__isnull=False) | ~Q(dosage_text=""),
                name="plan_version_has_timing_or_the_words_for_it",
            ),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="plan_version_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=Q(amount__isnull=True) | Q(amount__gt=0), name="plan_version_amount_is_positive"
            ),
            models.CheckConstraint(
                condition=Q(window_minutes__gte=1, repeat_minutes__gte=1),
                name="plan_version_window_and_rhythm_are_positive",
            ),
        ]

    def __str__(self) -> str:
        return f"version {self.number} of plan {self.plan_id}"


class PlanPause(PatientScoped):
    """Days, by the patient's own clock, on which a plan has no doses; `until` is the last of them."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="plan_pauses")
    topic = models.CharField(max_length=20, default=Topic.MEDICATION, editable=False)
    plan = models.ForeignKey(MedicationPlan, on_delete=models.CASCADE, related_name="pauses")
    since = models.DateField()
    until = models.DateField(null=True)
    reason = models.CharField(max_length=200, blank=True)
    set_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="plan_pauses")
    set_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=IS_MEDICATION, name="plan_pause_is_of_medication"),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=F("since")),
                name="plan_pause_ends_after_it_starts",
            ),
            models.UniqueConstraint(
                fields=["plan"], condition=Q(until__isnull=True), name="plan_has_one_open_pause"
            ),
        ]

    def __str__(self) -> str:
        return f"pause from {self.since}"


class StockMove(models.TextChoices):
    """`fill` adds, `loss` takes away, `count` says how much there is."""

    FILL = "fill"
    LOSS = "loss"
    COUNT = "count"


class StockEntry(PatientScoped):
    """What came into, got lost from, or was counted of a plan's stock; what is taken stands with the doses.

    `days` is how long a fill was meant to last, where that was said.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="stock_entries")
    topic = models.CharField(max_length=20, default=Topic.MEDICATION, editable=False)
    plan = models.ForeignKey(MedicationPlan, on_delete=models.CASCADE, related_name="stock")
    move = models.CharField(max_length=5, choices=StockMove.choices)
    amount = models.DecimalField(max_digits=9, decimal_places=3)
    days = models.SmallIntegerField(null=True)
    expires_on = models.DateField(null=True)
    at = models.DateTimeField()
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="stock_entries")
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=IS_MEDICATION, name="stock_entry_is_of_medication"),
            models.CheckConstraint(condition=Q(move__in=StockMove.values), name="stock_move_is_known"),
            models.CheckConstraint(
                condition=Q(amount__gt=0) | Q(move=StockMove.COUNT, amount=0),
                name="stock_entry_has_an_amount",
            ),
            models.CheckConstraint(
                condition=(Q(days__isnull=True) | Q(days__gte=1, move=StockMove.FILL)),
                name="stock_entry_days_are_those_of_a_fill",
            ),
        ]
        indexes = [models.Index(fields=["plan", "at"], name="stock_of_plan")]

    def __str__(self) -> str:
        return f"{self.move} of {self.amount}"
