"""People, who may see whom, who looked, and the log of what changed."""

from datetime import UTC, datetime, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Lower, Now

from backend.constraints import both_or_neither
from backend.hours import ReadingHours
from backend.identifiers import new_id
from backend.rules import Topic
from backend.zones import zone_names

EMERGENCY_ACCESS_LASTS = timedelta(hours=1)
ALWAYS = datetime(1900, 1, 1, tzinfo=UTC)
"""Since when a patient's first stay is: before anything that was measured of somebody living."""


class TsTzRange(Func):
    """PostgreSQL's range of two instants, without the second."""

    function = "tstzrange"
    output_field = DateTimeRangeField()


class OneUuid(Func):
    """A range of ids, so that an exclusion needs no extension of PostgreSQL to compare ids."""

    function = "pollux_uuidrange"
    output_field = models.TextField()


def validate_time_zone(name: str) -> None:
    """Refuses a name that the time zone database does not know."""
    if name not in zone_names():
        raise ValidationError(f"{name} is not a time zone", code="time_zone")


class Users(BaseUserManager["User"]):
    """Makes users by e-mail address, in lower case."""

    def create_user(self, email: str, password: str | None = None, *, name: str = "") -> "User":
        user = self.model(email=self.normalize_email(email).lower(), name=name)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """Somebody who logs in: a patient, a caregiver, a clinician, or several of these."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=200, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects: ClassVar[Users] = Users()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["email"], name="user_email_is_unique"),
            models.CheckConstraint(condition=Q(email=Lower("email")), name="user_email_is_lower_case"),
        ]

    def __str__(self) -> str:
        return self.name or self.email


class Clinic(models.Model):
    """The boundary of settings, rota and retention.

    `emergency_text` is what its patients read beside something urgent. From `reads_from` to `reads_until` by
    its own clock somebody reads what comes in, at weekends too where it `reads_weekends`; both are null where
    nobody has promised it, and the same hour means day and night. One that `is_synthetic` holds the people of
    the alarms' self-test, and is in no list.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=200)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[validate_time_zone])
    emergency_text = models.TextField(blank=True)
    reads_from = models.TimeField(null=True)
    reads_until = models.TimeField(null=True)
    reads_weekends = models.BooleanField(default=False)
    is_synthetic = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name"], name="clinic_name_is_unique"),
            models.CheckConstraint(
                condition=both_or_neither("reads_from", "reads_until"),
                name="clinic_reads_from_until",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def reading_hours(self) -> ReadingHours | None:
        """When somebody reads what comes in, if the clinic has promised it."""
        if self.reads_from is None or self.reads_until is None:
            return None
        return ReadingHours(self.reads_from, self.reads_until, self.reads_weekends, self.time_zone)


class Profession(models.TextChoices):
    PHYSICIAN = "physician"
    NURSE = "nurse"
    PHARMACIST = "pharmacist"
    PSYCHOLOGIST = "psychologist"
    DIETITIAN = "dietitian"
    PHYSIOTHERAPIST = "physiotherapist"
    OTHER = "other"


class Clinician(models.Model):
    """A user's place in a clinic."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="clinician")
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="clinicians")
    profession = models.CharField(max_length=20, choices=Profession.choices)
    administers_clinic = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(profession__in=Profession.values), name="clinician_profession_is_known"
            ),
        ]

    def __str__(self) -> str:
        return str(self.user)


class CareTeam(models.Model):
    """Clinicians of one clinic to whom a patient can grant together."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="teams")
    name = models.CharField(max_length=200)
    members = models.ManyToManyField(Clinician, related_name="teams")
    lead = models.ForeignKey(Clinician, on_delete=models.SET_NULL, null=True, related_name="teams_led")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "name"], name="care_team_name_is_unique_in_clinic")
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.clinic}"


class DutyShift(models.Model):
    """From when until when a member of a team answers for it.

    One at a time, but for those that are declared to be `is_additional`. `taken_from` is whose it was before
    it was handed over.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    team = models.ForeignKey(CareTeam, on_delete=models.CASCADE, related_name="shifts")
    clinician = models.ForeignKey(Clinician, on_delete=models.CASCADE, related_name="shifts")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    is_additional = models.BooleanField(default=False)
    taken_from = models.ForeignKey(
        Clinician, on_delete=models.SET_NULL, null=True, related_name="shifts_handed_over"
    )
    entered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="shifts_entered")
    entered_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="duty_shift_ends_after_its_start"
            ),
            ExclusionConstraint(
                expressions=[
                    (OneUuid("team", "team", Value("[]")), RangeOperators.OVERLAPS),
                    (TsTzRange("starts_at", "ends_at"), RangeOperators.OVERLAPS),
                ],
                condition=Q(is_additional=False),
                name="duty_shift_is_one_at_a_time",
            ),
        ]
        indexes = [models.Index(fields=["team", "ends_at"], name="duty_shift_of_team")]

    def __str__(self) -> str:
        return f"{self.clinician_id} from {self.starts_at} until {self.ends_at}"


class Sex(models.TextChoices):
    """Administrative gender, as FHIR names it."""

    FEMALE = "female"
    MALE = "male"
    OTHER = "other"
    UNKNOWN = "unknown"


class Patient(models.Model):
    """The person whose twin this is."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="patient")
    clinic = models.ForeignKey(
        Clinic, on_delete=models.SET_NULL, null=True, blank=True, related_name="patients"
    )
    name = models.CharField(max_length=200)
    birth_date = models.DateField()
    sex = models.CharField(max_length=10, choices=Sex.choices)
    time_zone = models.CharField(max_length=64, validators=[validate_time_zone])
    locale = models.CharField(max_length=20, default="en")
    units = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(sex__in=Sex.values), name="patient_sex_is_known"),
            models.CheckConstraint(
                condition=Q(birth_date__gte="1880-01-01"), name="patient_birth_date_is_plausible"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def age_at(self, now: datetime) -> int:
        """Completed years of life, by the patient's own calendar."""
        today, born = now.astimezone(ZoneInfo(self.time_zone)).date(), self.birth_date
        return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


class Stay(models.Model):
    """From when on a patient lives by the clock of which zone; the first one holds for all time before it."""

    pk = models.CompositePrimaryKey("patient", "since")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="stays")
    since = models.DateTimeField()
    time_zone = models.CharField(max_length=64, validators=[validate_time_zone])

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(time_zone=""), name="stay_is_in_a_time_zone"),
            models.CheckConstraint(condition=Q(since__gte=ALWAYS), name="stay_begins_in_living_memory"),
        ]

    def __str__(self) -> str:
        return f"{self.time_zone} since {self.since:%Y-%m-%d}"


class CareGrant(models.Model):
    """A patient's leave for one person, or one team, to read or act in some topics for some time.

    Emergency access is a grant too: by a clinician to herself, with a reason, for one hour, read-only.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="grants")
    person = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="grants_received")
    team = models.ForeignKey(CareTeam, on_delete=models.CASCADE, null=True, related_name="grants_received")
    read = ArrayField(models.CharField(max_length=20))
    act = ArrayField(models.CharField(max_length=20), default=list)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    granted_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="grants_given")
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="grants_revoked")
    emergency_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(person__isnull=False, team__isnull=True)
                | Q(person__isnull=True, team__isnull=False),
                name="grant_goes_to_a_person_or_a_team",
            ),
            models.CheckConstraint(
                condition=Q(read__contained_by=[topic.value for topic in Topic]) & Q(read__len__gt=0),
                name="grant_reads_known_topics",
            ),
            models.CheckConstraint(
                condition=Q(act__contained_by=F("read")), name="grant_acts_only_where_it_reads"
            ),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
                name="grant_ends_after_its_start",
            ),
            models.CheckConstraint(
                condition=both_or_neither("revoked_at", "revoked_by"),
                name="grant_revoked_has_revoker",
            ),
            models.CheckConstraint(
                condition=Q(emergency_reason="")
                | Q(
                    person__isnull=False,
                    granted_by=F("person"),
                    act__len=0,
                    ends_at__isnull=False,
                    ends_at__lte=F("starts_at") + EMERGENCY_ACCESS_LASTS,
                ),
                name="grant_in_an_emergency_is_one_persons_read_only_hour",
            ),
        ]
        indexes = [
            models.Index(
                fields=["person", "patient"], condition=Q(revoked_at__isnull=True), name="grant_of_person"
            ),
            models.Index(
                fields=["team", "patient"], condition=Q(revoked_at__isnull=True), name="grant_of_team"
            ),
        ]

    def __str__(self) -> str:
        return f"grant {self.id}"


class AuditAction(models.TextChoices):
    READ = "read"
    ACT = "act"
    GRANT = "grant"
    REVOKE = "revoke"
    EMERGENCY = "emergency"


class AuditEvent(models.Model):
    """One thing that somebody did with a patient's data; the patient can read it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="audit_events")
    actor = models.ForeignKey(User, on_delete=models.PROTECT, related_name="audit_events")
    role = models.CharField(max_length=20)
    action = models.CharField(max_length=20, choices=AuditAction.choices)
    what = models.CharField(max_length=100)
    topics = ArrayField(models.CharField(max_length=20), default=list)
    reason = models.TextField(blank=True)
    at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(action__in=AuditAction.values), name="audit_action_is_known"),
            models.CheckConstraint(
                condition=~Q(action=AuditAction.EMERGENCY) | ~Q(reason=""), name="audit_emergency_has_reason"
            ),
        ]
        indexes = [models.Index(fields=["patient", "-id"], name="audit_of_patient")]

    def __str__(self) -> str:
        return f"{self.action} {self.what}"


class ClockBeat(models.Model):
    """When scheduler and workers last went round together; the one row is written every minute."""

    name = models.CharField(primary_key=True, max_length=20)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.at}"


class ChangeStream(models.Model):
    """The counter that numbers one stream's changes without gaps."""

    stream = models.UUIDField(primary_key=True)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="streams")
    last_seq = models.BigIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(last_seq__gte=1), name="stream_counts_from_one")]

    def __str__(self) -> str:
        return f"{self.stream} at {self.last_seq}"


class ChangeOp(models.TextChoices):
    SET = "set"
    DELETE = "delete"


class Change(models.Model):
    """One entry of the log: what changed, never to what."""

    pk = models.CompositePrimaryKey("stream", "seq")
    stream = models.UUIDField()
    seq = models.BigIntegerField()
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="changes")
    topic = models.CharField(max_length=20)
    ref = models.CharField(max_length=100)
    op = models.CharField(max_length=10, choices=ChangeOp.choices)
    at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(topic__in=[topic.value for topic in Topic]), name="change_topic_is_known"
            ),
            models.CheckConstraint(condition=Q(op__in=ChangeOp.values), name="change_op_is_known"),
        ]
        indexes = [models.Index(fields=["stream", "ref", "seq"], name="change_of_ref")]

    def __str__(self) -> str:
        return f"{self.op} {self.ref}"
