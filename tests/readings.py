"""What tests of scores share: readings as they stand after a digest."""

from datetime import UTC, datetime

import numpy as np

from backend.actor import acting_on
from twin.models import Source
from twin.series import store
from twin.series.columns import Columns
from twin.services.digest import digest

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def milliseconds(at) -> int:
    return round(at.timestamp() * 1000)


def hand_over(patient, code, values, *, now=NOON, lasts=0, source="Watch"):
    """Values by instant, as a digest leaves them."""
    starts = sorted(values)
    columns = Columns(
        np.array([milliseconds(at) for at in starts], np.int64),
        np.full(len(starts), round(lasts * 1000), np.int64),
        np.array([values[at] for at in starts], np.float64),
    )
    with acting_on(patient.id):
        found, _ = Source.objects.get_or_create(patient=patient, name=source)
        store.merge(patient.id, [store.Batch(code, found.id, columns)])
        digest(patient.id, {code: [int(columns.start[0]), int(columns.start[-1])]}, now=now)
