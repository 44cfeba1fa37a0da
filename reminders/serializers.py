"""Wire shapes of plans, doses and reminders."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from backend.models import User
from reminders.models import (
    CHANNELS,
    Dose,
    DoseAnswer,
    DoseStatus,
    MedicationPlan,
    PlanPause,
    PlanVersion,
    Reminder,
    ReminderPreference,
    StockMove,
)
from reminders.queries import current_of, words_of
from reminders.services.plans import USUAL_REPEAT, USUAL_WINDOW

AMOUNT: dict[str, Any] = {"max_digits": 9, "decimal_places": 3, "coerce_to_string": False}


def _name(person: User | None) -> str | None:
    return None if person is None else str(person)


class CodeIO(serializers.Serializer[Any]):
    """A code of a medicine: of RxNorm, ATC or another system."""

    system = serializers.CharField(max_length=200)
    code = serializers.CharField(max_length=60)
    display = serializers.CharField(max_length=200, required=False, allow_blank=True)


class WrittenIn(serializers.Serializer[Any]):
    """What a plan says. `timing` is FHIR's Timing with fields of ours, see docs/reminders.md.

    Without it `dosage_text` says it in words, and the plan waits for somebody to confirm when it is taken.
    """

    medicine = serializers.CharField(max_length=200)
    codes = CodeIO(many=True, default=list)
    strength = serializers.CharField(max_length=80, default="", allow_blank=True)
    form = serializers.CharField(max_length=80, default="", allow_blank=True)
    route = serializers.CharField(max_length=80, default="", allow_blank=True)
    amount = serializers.DecimalField(**AMOUNT, default=None, allow_null=True)
    unit = serializers.CharField(max_length=40, default="", allow_blank=True)
    instructions = serializers.CharField(max_length=2000, default="", allow_blank=True)
    reason = serializers.CharField(max_length=200, default="", allow_blank=True)
    prescriber = serializers.CharField(max_length=200, default="", allow_blank=True)
    timing = serializers.DictField(default=None, allow_null=True)
    dosage_text = serializers.CharField(max_length=2000, default="", allow_blank=True)
    starts_on = serializers.DateField()
    ends_on = serializers.DateField(default=None, allow_null=True)
    fixed_zone = serializers.CharField(max_length=64, default="", allow_blank=True)
    window_minutes = serializers.IntegerField(default=USUAL_WINDOW)
    repeat_minutes = serializers.IntegerField(default=USUAL_REPEAT)
    is_critical = serializers.BooleanField(default=False)
    override = serializers.CharField(max_length=500, default="", allow_blank=True)


class ChangeIn(WrittenIn):
    """A new version; `number` is that of the version it was written over."""

    number = serializers.IntegerField(min_value=1)


class PreviewIn(WrittenIn):
    """A plan to look at, and for how many days."""

    days = serializers.IntegerField(default=7)


class CheckIn(serializers.Serializer[Any]):
    """A medicine to be held against what is known; `plan` is the plan that is about to be it."""

    medicine = serializers.CharField(max_length=200)
    codes = CodeIO(many=True, default=list)
    plan = serializers.UUIDField(default=None, allow_null=True)


class FindingOut(serializers.Serializer[Any]):
    """Something to think of before a medicine is taken."""

    check = serializers.CharField()
    severity = serializers.CharField()
    sentence = serializers.CharField()
    about = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment] # its name on the wire
    verification = serializers.CharField()
    override_needs_reason = serializers.BooleanField()


class NotCheckedOut(serializers.Serializer[Any]):
    """What could not be checked, and why."""

    check = serializers.CharField()
    why = serializers.CharField()


class CheckedOut(serializers.Serializer[Any]):
    """What was found, what was looked at, and what could not be."""

    findings = FindingOut(many=True)
    looked_at = serializers.ListField(child=serializers.CharField())
    not_checked = NotCheckedOut(many=True)


class ConfirmIn(serializers.Serializer[Any]):
    """Why the medicine is right whatever speaks against it, where something does."""

    override = serializers.CharField(max_length=500, default="", allow_blank=True)


class EndIn(serializers.Serializer[Any]):
    """Why a plan ends."""

    why = serializers.CharField(max_length=200, default="", allow_blank=True)


class PauseIn(serializers.Serializer[Any]):
    """Days without doses, both included; without `until` it lasts until further notice."""

    since = serializers.DateField()
    until = serializers.DateField(default=None, allow_null=True)
    reason = serializers.CharField(max_length=200, default="", allow_blank=True)


class StockIn(serializers.Serializer[Any]):
    """What was fetched, lost or counted; a fill may say for how many days it is and when it expires."""

    move = serializers.ChoiceField(choices=StockMove.values)
    amount = serializers.DecimalField(**AMOUNT)
    at = serializers.DateTimeField(required=False)
    days = serializers.IntegerField(default=None, allow_null=True)
    expires_on = serializers.DateField(default=None, allow_null=True)


class VersionOut(serializers.ModelSerializer[PlanVersion]):
    """What a plan says, or said until it was superseded."""

    codes = CodeIO(many=True)
    amount = serializers.DecimalField(**AMOUNT, allow_null=True)
    timing = serializers.DictField(allow_null=True)
    when = serializers.SerializerMethodField()
    findings = FindingOut(many=True)
    written_by = serializers.SerializerMethodField()

    class Meta:
        model = PlanVersion
        fields = [
            "number",
            "medicine",
            "codes",
            "strength",
            "form",
            "route",
            "amount",
            "unit",
            "instructions",
            "reason",
            "prescriber",
            "timing",
            "when",
            "dosage_text",
            "starts_on",
            "ends_on",
            "fixed_zone",
            "window_minutes",
            "repeat_minutes",
            "findings",
            "override",
            "written_by",
            "written_at",
            "superseded_at",
        ]

    def get_when(self, version: PlanVersion) -> str:
        return words_of(version)

    def get_written_by(self, version: PlanVersion) -> str | None:
        return _name(version.written_by)


class PauseOut(serializers.ModelSerializer[PlanPause]):
    """Days without doses, both included."""

    class Meta:
        model = PlanPause
        fields = ["since", "until", "reason"]


class RunOutOut(serializers.Serializer[Any]):
    """The first day whose need the stock does not cover; none where it lasts up to `until`."""

    on = serializers.DateField(allow_null=True)
    until = serializers.DateField()
    is_estimate = serializers.BooleanField()


class StockOut(serializers.Serializer[Any]):
    """What is at hand, and how long it lasts if all that is due is taken, or as it was taken lately."""

    usable = serializers.DecimalField(**AMOUNT)
    expired = serializers.DecimalField(**AMOUNT)
    unaccounted = serializers.DecimalField(**AMOUNT)
    is_low = serializers.BooleanField()
    expires_on = serializers.DateField(allow_null=True)
    by_plan = RunOutOut(allow_null=True)
    by_habit = RunOutOut(allow_null=True)


class PlanOut(serializers.ModelSerializer[MedicationPlan]):
    """A plan with what it says now; `stock` where one is kept."""

    now = serializers.SerializerMethodField()
    pauses = PauseOut(many=True)
    refill_below = serializers.DecimalField(**AMOUNT, allow_null=True)
    made_by = serializers.SerializerMethodField()
    confirmed_by = serializers.SerializerMethodField()
    ended_by = serializers.SerializerMethodField()
    stock = serializers.SerializerMethodField()

    class Meta:
        model = MedicationPlan
        fields = [
            "id",
            "origin",
            "status",
            "is_critical",
            "now",
            "pauses",
            "refill_below",
            "stock",
            "made_by",
            "made_at",
            "confirmed_by",
            "confirmed_at",
            "ended_by",
            "ended_at",
            "ending",
        ]

    @extend_schema_field(VersionOut)
    def get_now(self, plan: MedicationPlan) -> dict[str, Any]:
        return dict(VersionOut(current_of(plan)).data)

    @extend_schema_field(StockOut(allow_null=True))
    def get_stock(self, plan: MedicationPlan) -> dict[str, Any] | None:
        found = self.context.get("stocks", {}).get(plan.id)
        return None if found is None else dict(StockOut(found).data)

    def get_made_by(self, plan: MedicationPlan) -> str | None:
        return _name(plan.made_by)

    def get_confirmed_by(self, plan: MedicationPlan) -> str | None:
        return _name(plan.confirmed_by)

    def get_ended_by(self, plan: MedicationPlan) -> str | None:
        return _name(plan.ended_by)


class PlanDetailOut(PlanOut):
    """The same with everything that it has said, the newest first."""

    versions = VersionOut(many=True, source="said")

    class Meta(PlanOut.Meta):
        fields = [*PlanOut.Meta.fields, "versions"]


class DueOut(serializers.Serializer[Any]):
    """A dose that a plan would have: when, and at which time by the clock that it follows."""

    at = serializers.DateTimeField()
    local = serializers.SerializerMethodField()
    amount = serializers.DecimalField(**AMOUNT, allow_null=True)

    def get_local(self, due: Any) -> str:
        return f"{due.local:%Y-%m-%dT%H:%M}"


class AdviceOut(serializers.Serializer[Any]):
    """What is known about a dose whose time was not kept: with its caution, source and verification."""

    advice = serializers.CharField()
    text = serializers.CharField()
    rule = serializers.CharField(allow_null=True)
    caution = serializers.CharField()
    source = serializers.CharField(allow_null=True)  # type: ignore[assignment] # its name on the wire
    verification = serializers.CharField()


class DoseOut(serializers.ModelSerializer[Dose]):
    """A dose: when it is due, of what, and what became of it."""

    medicine = serializers.CharField(source="version.medicine")
    strength = serializers.CharField(source="version.strength")
    unit = serializers.CharField(source="version.unit")
    instructions = serializers.CharField(source="version.instructions")
    is_critical = serializers.BooleanField(source="plan.is_critical")
    amount = serializers.DecimalField(**AMOUNT, allow_null=True)
    taken_amount = serializers.DecimalField(**AMOUNT, allow_null=True)
    answered_by = serializers.SerializerMethodField()

    class Meta:
        model = Dose
        fields = [
            "id",
            "plan",
            "medicine",
            "strength",
            "amount",
            "unit",
            "instructions",
            "is_critical",
            "as_needed",
            "slot",
            "due_at",
            "missed_after",
            "status",
            "taken_at",
            "taken_amount",
            "skipped_at",
            "missed_at",
            "reason",
            "answered_by",
            "answered_at",
        ]

    def get_answered_by(self, dose: Dose) -> str | None:
        return _name(dose.answered_by)


class DoseAnswerOut(serializers.ModelSerializer[DoseAnswer]):
    """One word on a dose, by whom and when; all of them are kept."""

    said_by = serializers.CharField()
    amount = serializers.DecimalField(**AMOUNT, allow_null=True)

    class Meta:
        model = DoseAnswer
        fields = ["status", "taken_at", "amount", "reason", "said_by", "said_at", "received_at"]


class DoseDetailOut(DoseOut):
    """The same with all that was said of it, and with advice while it is late."""

    answers = DoseAnswerOut(many=True, source="said")
    advice = AdviceOut(allow_null=True)

    class Meta(DoseOut.Meta):
        fields = [*DoseOut.Meta.fields, "answers", "advice"]


class DosesIn(serializers.Serializer[Any]):
    """From one day of the patient's own to another, both included; today without them."""

    since = serializers.DateField(required=False)
    until = serializers.DateField(required=False)


class DosesOut(serializers.Serializer[Any]):
    """The doses of the asked days; `time_zone` is where the patient is now."""

    since = serializers.DateField()
    until = serializers.DateField()
    time_zone = serializers.CharField()
    doses = DoseOut(many=True)


class SaidIn(serializers.Serializer[Any]):
    """What became of a dose, by the device's clock. `key` is the device's own name for the answer."""

    key = serializers.UUIDField()
    dose = serializers.UUIDField(default=None, allow_null=True)
    plan = serializers.UUIDField(default=None, allow_null=True)
    status = serializers.ChoiceField(choices=[DoseStatus.TAKEN, DoseStatus.SKIPPED, DoseStatus.DUE])
    taken_at = serializers.DateTimeField(default=None, allow_null=True)
    amount = serializers.DecimalField(**AMOUNT, default=None, allow_null=True)
    reason = serializers.CharField(max_length=200, default="", allow_blank=True)
    said_at = serializers.DateTimeField()


class DoseAnswersIn(serializers.Serializer[Any]):
    """Answers together, as they were given without a network: all are kept or none."""

    answers = SaidIn(many=True, allow_empty=False)


class CautionOut(serializers.Serializer[Any]):
    """Why a dose came too soon, and from when on it would not have."""

    reason = serializers.CharField()
    until = serializers.DateTimeField()


class AnsweredOut(serializers.Serializer[Any]):
    """The dose as it stands now."""

    dose = DoseOut()
    caution = CautionOut(allow_null=True)


class AdherenceIn(serializers.Serializer[Any]):
    """Over how many weeks, this one included."""

    weeks = serializers.IntegerField(default=12, min_value=1, max_value=104)


class AdherenceOut(serializers.Serializer[Any]):
    """Doses counted; a share is null where there is nothing to say."""

    due = serializers.IntegerField()
    taken = serializers.IntegerField()
    skipped = serializers.IntegerField()
    missed = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True)
    on_time_share = serializers.FloatField(allow_null=True)


class WeekOut(serializers.Serializer[Any]):
    """A week of the patient's own days."""

    first = serializers.DateField()
    last = serializers.DateField()
    adherence = AdherenceOut()


class PlanAdherenceOut(serializers.Serializer[Any]):
    """The same of one plan; `pdc` and `mpr` are of what was fetched, where fills were entered with days."""

    plan = serializers.UUIDField()
    medicine = serializers.CharField()
    adherence = AdherenceOut()
    pdc = serializers.FloatField(allow_null=True)
    mpr = serializers.FloatField(allow_null=True)


class AdherenceReportOut(serializers.Serializer[Any]):
    """How what was due was taken: over all, by week and by plan."""

    first = serializers.DateField()
    last = serializers.DateField()
    overall = AdherenceOut()
    weeks = WeekOut(many=True)
    plans = PlanAdherenceOut(many=True)


class RoutineIO(serializers.Serializer[Any]):
    """The patient's own day by the clock."""

    wake = serializers.TimeField(format="%H:%M")
    breakfast = serializers.TimeField(format="%H:%M")
    lunch = serializers.TimeField(format="%H:%M")
    dinner = serializers.TimeField(format="%H:%M")
    bed = serializers.TimeField(format="%H:%M")


class LaterIn(serializers.Serializer[Any]):
    """When to be reminded again."""

    until = serializers.DateTimeField()


class CaregiverOut(serializers.Serializer[Any]):
    """Somebody with whom medication is shared; `agreed_at` since when she is told of it, if she is."""

    person = serializers.UUIDField(source="person.id")
    name = serializers.CharField(source="person.name")
    agreed_at = serializers.DateTimeField(allow_null=True)


class ReminderOut(serializers.ModelSerializer[Reminder]):
    """What somebody is reminded of, how that went, and who takes care of it."""

    taken_care_by = serializers.SerializerMethodField()

    class Meta:
        model = Reminder
        fields = [
            "id",
            "kind",
            "at",
            "status",
            "due_at",
            "too_late_at",
            "round",
            "is_critical",
            "ended_at",
            "taken_care_by",
            "taken_care_at",
        ]

    def get_taken_care_by(self, reminder: Reminder) -> str | None:
        return _name(reminder.taken_care_by)


class PreferencesIO(serializers.ModelSerializer[ReminderPreference]):
    """How a person wants to be reminded."""

    channels = serializers.ListField(
        child=serializers.ChoiceField(choices=CHANNELS), allow_empty=False, max_length=len(CHANNELS)
    )
    fallback_minutes = serializers.IntegerField(min_value=1, max_value=1440)
    notice_minutes = serializers.IntegerField(min_value=0, max_value=1440)
    quiet_from = serializers.TimeField(allow_null=True, format="%H:%M")
    quiet_until = serializers.TimeField(allow_null=True, format="%H:%M")

    class Meta:
        model = ReminderPreference
        fields = [
            "channels",
            "fallback_minutes",
            "notice_minutes",
            "quiet_from",
            "quiet_until",
            "time_zone",
            "shows_names",
        ]
