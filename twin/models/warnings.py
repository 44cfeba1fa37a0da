"""When the rules of early warning have to be looked at again."""

from typing import ClassVar

from django.db import models

from backend.models import Patient
from backend.scope import PatientScoped


class StaleWarnings(PatientScoped):
    """That a patient's rules are to be looked at, from `due_at` on; at once where something `arrived`.

    `arrived` lists the samples that came since the last look: kind, first and last instant in ms. Without any
    it is time alone that will change something.
    """

    has_topic: ClassVar[bool] = False

    patient = models.OneToOneField(
        Patient, on_delete=models.CASCADE, primary_key=True, related_name="stale_warnings"
    )
    due_at = models.DateTimeField(db_index=True)
    arrived = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"warnings due at {self.due_at}"
