"""Early signs of chronic disease without the diagnosis on file: of one patient, and on clinicians' lists."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import F

from backend.actor import acting_on
from twin.models import Concern
from twin.series import store
from twin.services.known import read_known
from twin.warnings.early_signs import EarlySign, early_signs, look_backs

RARE = 365
"""Days: kinds of which results of longer ago count are measured now and then, and looked at as they come."""


def early_signs_of(patient_id: UUID, *, now: datetime) -> tuple[EarlySign, ...]:
    """The signs that hold now, out of all there is. Inside a transaction that acts on the patient."""
    known, today = read_known(patient_id, look_backs(), with_sensor=False, now=now)
    return early_signs(known, today=today)


def is_news(arrived: Collection[str]) -> bool:
    """Whether signs are looked for at once where readings of these kinds came; without any, always.

    Of what is measured every day they are looked for when a new day begins.
    """
    return not arrived or any(look_backs().get(code, 0) > RARE for code in arrived)


def place_early_signs(patient_id: UUID, *, now: datetime) -> None:
    """The patient's Concerns name the signs of their topics; twice is the same as once.

    In a transaction of its own, under the patient's lock. A topic without a Concern has no signs either.
    """
    with acting_on(patient_id):
        store.lock(patient_id)
        found: defaultdict[str, list[str]] = defaultdict(list)
        for sign in early_signs_of(patient_id, now=now):
            found[sign.topic].append(sign.code)
        for row in Concern.objects.filter(patient=patient_id, part=F("topic")):
            if row.early_signs != found[row.topic]:
                Concern.objects.filter(patient=patient_id, part=row.part).update(early_signs=found[row.topic])
