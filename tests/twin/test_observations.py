"""Measurements that are typed in: all or none, in any unit of their kind, or a reason why not."""

from datetime import UTC, datetime, timedelta

import pytest
from django.http import Http404

from backend.access import access_patient
from backend.actor import acting_for, acting_on
from backend.models import Patient, User
from backend.rules import Need
from backend.services import NotPossible
from twin.models import DaySummary, StaleForecast
from twin.series import store
from twin.series.columns import Flag
from twin.services.observations import TYPED_IN, Measurement, record_measurements

NOW = datetime(2026, 3, 1, 12, 0, 0, 400_000, tzinfo=UTC)


def type_in(user: User, patient: Patient, *measurements: Measurement) -> None:
    with acting_for(user.id):
        access = access_patient(user, patient.id, Need.ACT, what="measurement")
        record_measurements(access=access, measurements=measurements, now=NOW)


def held(patient: Patient) -> dict[str, list[float]]:
    with acting_on(patient.id):
        kinds = [extent.kind for extent in store.extents(patient.id)]
        return {
            kind: store.read(patient.id, kind, 0, store.LATEST_MS).columns.value.tolist() for kind in kinds
        }


def test_record_measurements_keeps_them_and_brings_the_twin_up_to_date(cast):
    pressure = [Measurement("sbp", 141, "mm[Hg]", NOW), Measurement("dbp", 11.4, "kPa", NOW)]
    type_in(cast.pia, cast.pia_patient, *pressure)
    assert held(cast.pia_patient) == {"dbp": [pytest.approx(85.5, abs=0.1)], "sbp": [141.0]}
    with acting_on(cast.pia_patient.id):
        columns = store.read(cast.pia_patient.id, "sbp", 0, store.LATEST_MS).columns
        assert [source.name for source in cast.pia_patient.sources.all()] == [TYPED_IN]
        assert set(DaySummary.objects.values_list("kind", "count")) == {("sbp", 1), ("dbp", 1)}
        assert StaleForecast.objects.count() == 2
    assert columns.start.tolist() == [1_772_366_400_000]
    assert columns.flags is not None
    assert columns.flags[0] & Flag.MANUAL


def test_record_measurements_twice_is_one_and_another_value_takes_its_place(cast):
    for value in (80, 80, 81):
        type_in(cast.pia, cast.pia_patient, Measurement("weight", value, "kg", NOW))
    assert held(cast.pia_patient) == {"weight": [81.0]}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (Measurement("luck", 7, "count", NOW), "1.kind"),
        (Measurement("weight", 80, "furlong", NOW), "1.unit"),
        (Measurement("weight", 8_000, "kg", NOW), "1.value"),
        (Measurement("weight", float("nan"), "kg", NOW), "1.value"),
        (Measurement("weight", 80, "kg", NOW + timedelta(days=3)), "1.start"),
        (Measurement("weight", 80, "kg", datetime(1066, 10, 14, tzinfo=UTC)), "1.start"),
    ],
)
def test_record_measurements_with_one_that_cannot_be_keeps_none(cast, wrong, field):
    with pytest.raises(NotPossible) as refused:
        type_in(cast.pia, cast.pia_patient, Measurement("weight", 80, "kg", NOW), wrong)
    assert refused.value.field == field
    assert held(cast.pia_patient) == {}


def test_record_measurements_in_a_topic_that_is_only_read_is_absent(cast):
    type_in(cast.dora, cast.pia_patient, Measurement("weight", 80, "kg", NOW))
    with pytest.raises(Http404):
        type_in(cast.dora, cast.pia_patient, Measurement("glucose", 100, "mg/dL", NOW))
    assert list(held(cast.pia_patient)) == ["weight"]
