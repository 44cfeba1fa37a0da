"""Everything of one patient in one file, to take along."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from backend.identifiers import new_id
from backend.models import Patient, User
from backend.scope import PatientScoped


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
