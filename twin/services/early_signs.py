"""Early signs of chronic disease without the diagnosis on file, of one patient."""

from datetime import datetime
from uuid import UUID

from twin.services.known import read_known
from twin.warnings.early_signs import EarlySign, early_signs, look_backs


def early_signs_of(patient_id: UUID, *, now: datetime) -> tuple[EarlySign, ...]:
    """The signs that hold now, out of all there is. Inside a transaction that acts on the patient."""
    known, today = read_known(patient_id, look_backs(), with_sensor=False, now=now)
    return early_signs(known, today=today)
