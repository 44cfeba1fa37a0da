"""Reads of the list of medicines."""

from datetime import datetime

from django.db.models import Q

from backend.models import Patient
from twin.intake.items import RecordType
from twin.models import Record
from twin.scores.medicine_names import Medicine
from twin.state.medicines import ENDED, NEVER_TAKEN


def listed_medicines(patient: Patient, now: datetime) -> list[Medicine]:
    """The medicines on the patient's list that have not ended and were not only planned or refused."""
    listed = Record.objects.filter(
        Q(ends_at=None) | Q(ends_at__gt=now), patient=patient, type=RecordType.MEDICATION
    )
    taken = listed.exclude(status__in=ENDED | NEVER_TAKEN).order_by("id")
    return [Medicine(*said) for said in taken.values_list("text", "system", "code")]
