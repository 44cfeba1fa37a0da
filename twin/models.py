"""Rows of the twin: uploads, series in blocks, records, and what is derived from them."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from backend.identifiers import new_id
from backend.models import Patient, User
from backend.rules import Topic
from backend.scope import PatientScoped
from twin.intake.items import RecordType

TOPICS = [topic.value for topic in Topic]


class Source(PatientScoped):
    """A device or app that measures one patient, under the name it gives itself.

    `last_sync_at` is when it was last heard of, `clock_skew_ms` how far its clock was ahead of ours then,
    `spoke_on` the days (UTC, the newest first) on which something new of it came, and `silent_since` when it
    had been quiet for longer than is its habit.
    """

    has_topic: ClassVar[bool] = False

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="sources")
    name = models.CharField(max_length=200)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    last_sync_at = models.DateTimeField(null=True)
    clock_skew_ms = models.BigIntegerField(null=True)
    spoke_on = ArrayField(models.DateField(), default=list)
    silent_since = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["patient", "name"], name="source_name_is_unique_for_patient"),
            models.CheckConstraint(
                condition=Q(silent_since__isnull=True) | Q(last_sync_at__isnull=False),
                name="source_is_silent_only_after_it_spoke",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SourcePriority(PatientScoped):
    """Which of a patient's sources counts for one kind: the first of these that has data on a day."""

    pk = models.CompositePrimaryKey("patient", "kind")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="source_priorities")
    kind = models.CharField(max_length=40)
    topic = models.CharField(max_length=20)
    sources = ArrayField(models.UUIDField())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(sources__len__gt=0), name="source_priority_names_a_source"),
            models.CheckConstraint(condition=Q(topic__in=TOPICS), name="source_priority_topic_is_known"),
        ]

    def __str__(self) -> str:
        return f"priority of {self.kind}"


class SeriesBlock(PatientScoped):
    """The samples of one (patient, kind, source, span) as one compressed value.

    No foreign keys: this table can be distributed by patient. `span` counts spans of the kind's length since
    the epoch; `first_at` is the earliest start, `last_at` the latest end, in milliseconds. `tombstones` holds
    the identities that were deleted, encoded as samples of value 0. Only twin.series.store writes here.
    """

    pk = models.CompositePrimaryKey("patient_id", "kind", "source_id", "span")
    patient_id = models.UUIDField()
    kind = models.CharField(max_length=40)
    source_id = models.UUIDField()
    span = models.IntegerField()
    topic = models.CharField(max_length=20)
    count = models.IntegerField()
    first_at = models.BigIntegerField(null=True)
    last_at = models.BigIntegerField(null=True)
    minimum = models.FloatField(null=True)
    maximum = models.FloatField(null=True)
    total = models.FloatField(null=True)
    data = models.BinaryField(null=True)
    tombstones = models.BinaryField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(count__gt=0, data__isnull=False)
                | Q(count=0, data__isnull=True, tombstones__isnull=False),
                name="block_holds_samples_or_tombstones",
            ),
            models.CheckConstraint(
                # A comparison with NULL refuses nothing, so that each is there is said by itself.
                condition=Q(count=0)
                | Q(
                    first_at__isnull=False,
                    first_at__lte=F("last_at"),
                    minimum__isnull=False,
                    minimum__lte=F("maximum"),
                    last_at__isnull=False,
                    maximum__isnull=False,
                    total__isnull=False,
                ),
                name="block_edges_are_in_order",
            ),
            models.CheckConstraint(condition=Q(topic__in=TOPICS), name="block_topic_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.span}"


class UploadStatus(models.TextChoices):
    RECEIVED = "received"
    READING = "reading"
    STORED = "stored"
    PARTIAL = "partial"
    REFUSED = "refused"


FINISHED = (UploadStatus.STORED, UploadStatus.PARTIAL, UploadStatus.REFUSED)


class Upload(PatientScoped):
    """One file's life, from its bytes on disk to the report that its owner reads.

    `items_done` items of the file are in the store and in `report`; a resumed worker skips as many.
    `touched` names the first and last instant of each kind that still has to be digested. `attempts`
    counts the workers that have taken it since it last got on, `lease_token` is the present one's. A
    report names kinds of every topic, so it belongs to the records.
    """

    TOPIC: ClassVar[Topic] = Topic.RECORDS

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="uploads")
    uploaded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="uploads")
    topic = models.CharField(max_length=20, default=Topic.RECORDS, editable=False)
    idempotency_key = models.CharField(max_length=200, null=True)
    name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    format = models.CharField(max_length=40, blank=True)
    status = models.CharField(max_length=10, choices=UploadStatus.choices, default=UploadStatus.RECEIVED)
    items_done = models.IntegerField(default=0)
    touched = models.JSONField(default=dict)
    report = models.JSONField(default=dict)
    attempts = models.SmallIntegerField(default=0)
    received_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["patient", "sha256"], name="upload_bytes_are_unique_for_patient"),
            models.UniqueConstraint(
                fields=["uploaded_by", "idempotency_key"],
                condition=Q(idempotency_key__isnull=False),
                name="upload_idempotency_key_is_used_once",
            ),
            models.CheckConstraint(
                condition=Q(status__in=UploadStatus.values), name="upload_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(status=UploadStatus.READING, lease_until__isnull=False, lease_token__isnull=False)
                | (~Q(status=UploadStatus.READING) & Q(lease_until__isnull=True, lease_token__isnull=True)),
                name="upload_being_read_has_lease",
            ),
            models.CheckConstraint(
                condition=Q(status__in=FINISHED, finished_at__isnull=False)
                | (~Q(status__in=FINISHED) & Q(finished_at__isnull=True)),
                name="upload_finished_has_finished_at",
            ),
            models.CheckConstraint(condition=Q(topic=Topic.RECORDS), name="upload_is_of_the_records"),
        ]
        indexes = [
            models.Index(
                fields=["lease_until", "received_at"],
                condition=Q(finished_at__isnull=True),
                name="upload_is_due",
            ),
            models.Index(fields=["patient", "-id"], name="upload_of_patient"),
        ]

    def __str__(self) -> str:
        return f"upload {self.id}"


class Record(PatientScoped):
    """A sparse clinical fact; `body` is the source's own JSON, the columns are what is asked about.

    `version` counts what it has said; `edited_at` is when a person last wrote it, by that person's own clock.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="records")
    topic = models.CharField(max_length=20)
    type = models.CharField(max_length=20, choices=[(kind.value, kind.value) for kind in RecordType])
    source = models.CharField(max_length=200, blank=True)
    identity = models.CharField(max_length=200)
    system = models.CharField(max_length=200, blank=True)
    code = models.CharField(max_length=100, blank=True)
    text = models.TextField(blank=True)
    status = models.CharField(max_length=40, blank=True)
    starts_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    body = models.JSONField()
    upload = models.ForeignKey(Upload, on_delete=models.SET_NULL, null=True, related_name="records")
    updated_at = models.DateTimeField()
    version = models.IntegerField(default=1)
    edited_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="edited_records")
    edited_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "type", "source", "identity"], name="record_identity_is_unique_for_patient"
            ),
            models.CheckConstraint(
                condition=Q(type__in=[kind.value for kind in RecordType]), name="record_type_is_known"
            ),
            models.CheckConstraint(condition=Q(topic__in=TOPICS), name="record_topic_is_known"),
            models.CheckConstraint(condition=Q(version__gte=1), name="record_versions_count_up"),
            models.CheckConstraint(
                condition=Q(edited_by__isnull=True, edited_at__isnull=True)
                | Q(edited_by__isnull=False, edited_at__isnull=False),
                name="record_edited_has_editor",
            ),
        ]
        indexes = [models.Index(fields=["patient", "type", "-starts_at"], name="record_of_patient")]

    def __str__(self) -> str:
        return f"{self.type} {self.id}"


class SampleBatch(PatientScoped):
    """One batch that a phone sent, under the phone's own name for it, and how it was answered.

    A batch sent again is answered again, and changes nothing. `content` is the SHA-256 of what it said.
    """

    has_topic: ClassVar[bool] = False

    pk = models.CompositePrimaryKey("patient", "batch_id")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="sample_batches")
    batch_id = models.CharField(max_length=100)
    content = models.CharField(max_length=64)
    answer = models.JSONField()
    received_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"batch {self.batch_id}"


class StaleDays(PatientScoped):
    """The time of one kind whose days have to be summed up anew: from `first_at` to `last_at`, in ms."""

    pk = models.CompositePrimaryKey("patient", "kind")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="stale_days")
    kind = models.CharField(max_length=40)
    topic = models.CharField(max_length=20)
    first_at = models.BigIntegerField()
    last_at = models.BigIntegerField()
    stale_since = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(first_at__lte=F("last_at")), name="stale_days_are_in_order"),
            models.CheckConstraint(condition=Q(topic__in=TOPICS), name="stale_days_topic_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to be summed up"


class RecordVersion(PatientScoped):
    """What a record said before, or what an edit that lost to another would have made of it.

    `number` is the version of the record that these words were, or were meant to follow. `lost_at` is set
    where the words never stood: two people edited the same version, and the other edit was the later one.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="record_versions")
    topic = models.CharField(max_length=20)
    record = models.ForeignKey(Record, on_delete=models.CASCADE, related_name="versions")
    number = models.IntegerField()
    said = models.JSONField()
    edited_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="record_versions")
    edited_at = models.DateTimeField()
    received_at = models.DateTimeField()
    lost_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(number__gte=1), name="record_versions_count_from_one"),
            models.CheckConstraint(condition=Q(topic__in=TOPICS), name="record_version_topic_is_known"),
            models.CheckConstraint(
                condition=Q(settled_at__isnull=True) | Q(lost_at__isnull=False),
                name="record_version_is_settled_only_when_it_lost",
            ),
        ]
        indexes = [models.Index(fields=["record", "-number"], name="version_of_record")]

    def __str__(self) -> str:
        return f"version {self.number}"


class ExportStatus(models.TextChoices):
    REQUESTED = "requested"
    BUILDING = "building"
    READY = "ready"
    FAILED = "failed"


class Export(PatientScoped):
    """Everything of one patient, to be built into one file by a worker, and gone after a while."""

    has_topic: ClassVar[bool] = False

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="exports")
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="exports")
    requested_at = models.DateTimeField()
    status = models.CharField(max_length=10, choices=ExportStatus.choices, default=ExportStatus.REQUESTED)
    attempts = models.SmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    size = models.BigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["patient"],
                condition=Q(status__in=[ExportStatus.REQUESTED, ExportStatus.BUILDING]),
                name="export_is_built_one_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(status__in=ExportStatus.values), name="export_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(
                    status=ExportStatus.BUILDING, lease_until__isnull=False, lease_token__isnull=False
                )
                | (~Q(status=ExportStatus.BUILDING) & Q(lease_until__isnull=True, lease_token__isnull=True)),
                name="export_being_built_has_lease",
            ),
            models.CheckConstraint(
                condition=Q(
                    status=ExportStatus.READY,
                    finished_at__isnull=False,
                    expires_at__isnull=False,
                    size__isnull=False,
                )
                | Q(
                    status=ExportStatus.FAILED,
                    finished_at__isnull=False,
                    expires_at__isnull=True,
                    size__isnull=True,
                )
                | Q(
                    status__in=[ExportStatus.REQUESTED, ExportStatus.BUILDING],
                    finished_at__isnull=True,
                    expires_at__isnull=True,
                    size__isnull=True,
                ),
                name="export_ready_has_its_file",
            ),
        ]

    def __str__(self) -> str:
        return f"export {self.id}"


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


class Snapshot(PatientScoped):
    """The twin at a glance, a row a topic: what lists and triage read. Rebuilt from series and records."""

    pk = models.CompositePrimaryKey("patient", "topic")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="snapshots")
    topic = models.CharField(max_length=20)
    tiles = models.JSONField()
    last_data_at = models.DateTimeField(null=True)
    built_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(topic__in=TOPICS), name="snapshot_topic_is_known")]

    def __str__(self) -> str:
        return f"snapshot of {self.topic}"


class Forecast(PatientScoped):
    """What was forecast for a kind after the data's last day `through`; kept, to be held to account.

    The arrays have one entry a day, from the day after `through`.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="forecasts")
    kind = models.CharField(max_length=40)
    topic = models.CharField(max_length=20)
    through = models.DateField()
    made_at = models.DateTimeField()
    model = models.CharField(max_length=40)
    reason = models.TextField(blank=True)
    seed = models.IntegerField()
    mean = ArrayField(models.FloatField())
    low80 = ArrayField(models.FloatField())
    high80 = ArrayField(models.FloatField())
    low95 = ArrayField(models.FloatField())
    high95 = ArrayField(models.FloatField())
    backtest_origins = models.SmallIntegerField(default=0)
    backtest_error = models.FloatField(null=True)
    backtest_error_of_last_value = models.FloatField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "kind", "through"], name="forecast_is_one_for_each_last_day"
            ),
            models.CheckConstraint(
                condition=Q(
                    mean__len__gt=0,
                    low80__len=F("mean__len"),
                    high80__len=F("mean__len"),
                    low95__len=F("mean__len"),
                    high95__len=F("mean__len"),
                ),
                name="forecast_arrays_are_of_one_length",
            ),
            models.CheckConstraint(
                condition=Q(
                    backtest_origins=0, backtest_error__isnull=True, backtest_error_of_last_value__isnull=True
                )
                | Q(
                    backtest_origins__gt=0,
                    backtest_error__isnull=False,
                    backtest_error_of_last_value__isnull=False,
                ),
                name="forecast_errors_have_origins",
            ),
            models.CheckConstraint(condition=Q(topic__in=TOPICS), name="forecast_topic_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} after {self.through}"


class StaleForecast(PatientScoped):
    """A kind whose data has moved since its forecast; `due_at` is put off while data keeps coming."""

    pk = models.CompositePrimaryKey("patient", "kind")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="stale_forecasts")
    kind = models.CharField(max_length=40)
    topic = models.CharField(max_length=20)
    stale_since = models.DateTimeField()
    due_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(due_at__gte=F("stale_since")), name="stale_forecast_is_due_later"
            ),
            models.CheckConstraint(condition=Q(topic__in=TOPICS), name="stale_forecast_topic_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} stale"
