from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from backend.actor import acting_on
from twin.models import SeriesBlock

pytestmark = pytest.mark.django_db

SOUND = {
    "kind": "heart_rate",
    "span": 20_000,
    "topic": "vitals",
    "count": 1,
    "first_at": 5,
    "last_at": 5,
    "minimum": 70.0,
    "maximum": 70.0,
    "total": 70.0,
    "data": b"x",
}
EMPTY = dict.fromkeys(("first_at", "last_at", "minimum", "maximum", "total", "data")) | {"count": 0}


def create(**fields):
    patient = uuid4()
    with acting_on(patient), transaction.atomic():
        return SeriesBlock.objects.create(patient_id=patient, source_id=uuid4(), **{**SOUND, **fields})


@pytest.mark.parametrize("fields", [{}, {**EMPTY, "tombstones": b"x"}])
def test_block_that_makes_sense_is_kept(fields):
    create(**fields)


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({**EMPTY}, "block_holds_samples_or_tombstones"),
        ({"data": None}, "block_holds_samples_or_tombstones"),
        ({"count": -1}, "block_holds_samples_or_tombstones"),
        ({"first_at": 6}, "block_edges_are_in_order"),
        ({"minimum": 71.0}, "block_edges_are_in_order"),
        *(
            ({name: None}, "block_edges_are_in_order")
            for name in SOUND
            if name.endswith(("_at", "imum", "total"))
        ),
        ({"topic": "weather"}, "block_topic_is_known"),
    ],
)
def test_block_that_makes_no_sense_is_refused(fields, constraint):
    with pytest.raises(IntegrityError, match=constraint):
        create(**fields)
