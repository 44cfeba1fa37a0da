"""Two devices that count the same steps: one of them counts, and the patient says which."""

from datetime import UTC, datetime

import numpy as np
import pytest
from django.http import Http404
from django.utils import timezone

from backend.access import access_patient
from backend.actor import acting_for, acting_on
from backend.models import Change, Patient, User
from backend.rules import Need
from backend.services import NotPossible
from twin.intake.items import Samples
from twin.models import DaySummary, Source
from twin.report import Report
from twin.series.columns import Columns
from twin.services.digest import digest
from twin.services.intake import take_in
from twin.services.priorities import set_source_priority
from twin.services.rebuild import rebuild
from twin.services.stale_days import SETTLE, digest_stale, stale_patients

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = 3_600_000


def count_steps(patient: Patient, **steps: tuple[int, int]) -> None:
    """For each device its hours of walking from noon on, and the steps of each hour."""
    touched: dict[str, list[int]] = {}
    items = []
    for name, (hours, each) in steps.items():
        start = int(NOON.timestamp() * 1000) + HOUR * np.arange(hours, dtype=np.int64)
        columns = Columns(start, np.full(hours, HOUR, np.int64), np.full(hours, float(each)))
        items.append(Samples("steps", name, "{steps}", columns))
    with acting_on(patient.id):
        take_in(patient.id, items, report=Report(), touched=touched, now=NOON)
        digest(patient.id, touched, now=NOON)


def days(patient: Patient) -> list[tuple[float, int]]:
    with acting_on(patient.id):
        return list(DaySummary.objects.filter(patient=patient).values_list("value", "sources"))


def rank(user: User, patient: Patient, *names: str, kind: str = "steps") -> None:
    with acting_for(user.id):
        access = access_patient(user, patient.id, Need.ACT, what="sources")
        ids = dict(Source.objects.values_list("name", "id"))
        set_source_priority(access=access, kind_code=kind, sources=[ids[name] for name in names], now=NOON)
    digest_stale(patient.id, now=NOON)


def test_priority_decides_which_device_counts_and_nothing_is_added_up(cast):
    count_steps(cast.pia_patient, watch=(3, 1000), phone=(2, 700))
    assert days(cast.pia_patient) == [(3000.0, 2)]
    rank(cast.pia, cast.pia_patient, "phone", "watch")
    assert days(cast.pia_patient) == [(1400.0, 2)]
    with acting_on(cast.pia_patient.id):
        assert Change.objects.order_by("-seq").values_list("ref", flat=True).first() == "series/steps"


def test_priority_leaves_the_days_to_a_worker(cast, client_of):
    count_steps(cast.pia_patient, watch=(3, 1000), phone=(2, 700))
    with acting_on(cast.pia_patient.id):
        phone = str(Source.objects.get(name="phone").id)
    client_of("pia").put(
        "/api/v1/patients/me/sources",
        {"kind": "steps", "sources": [phone]},
        content_type="application/json",
    )
    assert days(cast.pia_patient) == [(3000.0, 2)]
    assert stale_patients(now=timezone.now() + SETTLE, limit=5) == [cast.pia_patient.id]


def test_priority_holds_for_what_comes_later_and_in_a_rebuild(cast):
    count_steps(cast.pia_patient, watch=(3, 1000), phone=(2, 700))
    rank(cast.pia, cast.pia_patient, "phone")
    count_steps(cast.pia_patient, watch=(4, 1000), phone=(3, 700))
    assert days(cast.pia_patient) == [(2100.0, 2)]
    rebuild(cast.pia_patient.id, now=NOON)
    assert days(cast.pia_patient) == [(2100.0, 2)]


def test_priority_of_no_source_leaves_it_to_what_covers_most(cast):
    count_steps(cast.pia_patient, watch=(3, 1000), phone=(2, 700))
    rank(cast.pia, cast.pia_patient, "phone")
    rank(cast.pia, cast.pia_patient)
    assert days(cast.pia_patient) == [(3000.0, 2)]


def test_priority_names_each_of_the_patients_own_sources_once(cast):
    count_steps(cast.pia_patient, watch=(3, 1000))
    count_steps(cast.paul_patient, band=(3, 1000))
    with acting_on(cast.paul_patient.id):
        foreign = Source.objects.get().id
    with acting_for(cast.pia.id):
        access = access_patient(cast.pia, "me", Need.ACT, what="sources")
        own = Source.objects.get().id
        for wrong in ([foreign], [own, own]):
            with pytest.raises(NotPossible):
                set_source_priority(access=access, kind_code="steps", sources=wrong, now=NOON)
    assert days(cast.pia_patient) == [(3000.0, 1)]


def test_priority_is_not_set_where_one_may_only_read(cast):
    with pytest.raises(Http404):
        rank(cast.dora, cast.pia_patient, kind="glucose")


def test_sources_of_a_kind_stand_in_their_order(cast, client_of):
    count_steps(cast.pia_patient, watch=(3, 1000), phone=(2, 700))
    rank(cast.pia, cast.pia_patient, "phone")
    answer = client_of("pia").get("/api/v1/patients/me/sources?kind=steps").json()
    assert [(row["name"], row["count"], row["priority"]) for row in answer["sources"]] == [
        ("phone", 2, 1),
        ("watch", 3, None),
    ]
