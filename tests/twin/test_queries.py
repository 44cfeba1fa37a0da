"""Reads of the twin: what they hold, and that their queries do not grow with the data."""

from datetime import date, timedelta

import make
import numpy as np
import pytest
from django.utils import timezone

from backend.actor import acting_for, acting_on
from backend.models import Patient
from backend.rules import Topic
from twin.models import Forecast
from twin.population import looked_after
from twin.queries.days import days_of, kinds_with_data, recent_days
from twin.queries.forecasts import newest_forecasts
from twin.queries.records import records_of
from twin.queries.series import newest_columns
from twin.queries.snapshots import snapshot_tiles, snapshots_of
from twin.queries.uploads import uploads_of
from twin.services.reading import read_upload

ALL = frozenset(Topic)


@pytest.fixture
def pia(cast) -> Patient:
    """Two kinds of two topics, one of them from two sources, over four months."""
    lines = ["start,kind,value,unit,source"]
    for day in range(120):
        at = (date(2026, 3, 1) + timedelta(days=day)).isoformat() + "T08:00:00Z"
        lines += [f"{at},weight,{80 + day % 3},kg,Scale", f"{at},glucose,{90 + day % 9},mg/dL,Meter"]
    lines.append("2026-03-01T09:00:00Z,weight,79,kg,Clinic")
    read_upload(make.make_upload(cast.pia_patient, "\n".join(lines).encode()).id, now=timezone.now())
    return cast.pia_patient


def test_recent_days_are_the_last_month_and_the_newest_in_any_case(pia):
    with acting_on(pia.id):
        found = recent_days(pia.id, ["weight", "glucose", "steps"], date(2026, 6, 28))
        old = recent_days(pia.id, ["weight"], date(2027, 1, 1))
    assert {kind: len(days) for kind, days in found.items()} == {"weight": 30, "glucose": 30}
    assert [day.day for day in old["weight"]] == [date(2026, 6, 28)]


def test_newest_columns_are_one_block_of_each_source(pia):
    with acting_on(pia.id):
        found = newest_columns(pia.id, ["weight", "glucose"])
    assert {kind: len(sources) for kind, sources in found.items()} == {"weight": 2, "glucose": 1}
    assert max(int(columns.start.max()) for columns in found["weight"].values()) == 1_782_633_600_000
    assert all(isinstance(columns.value, np.ndarray) for columns in found["weight"].values())


@pytest.mark.parametrize(
    ("first", "last", "count"),
    [
        (None, None, 120),
        (date(2026, 6, 1), None, 28),
        (None, date(2026, 3, 1), 1),
        (date(2026, 3, 2), date(2026, 3, 3), 2),
    ],
)
def test_days_of_a_kind_hold_both_edges(pia, first, last, count):
    with acting_on(pia.id):
        assert len(days_of(pia, "weight", first, last)) == count


def test_reads_by_topic_show_only_what_is_shared(pia):
    with acting_on(pia.id):
        assert [tile["kind"] for tile in snapshot_tiles(pia, {Topic.GLUCOSE})[0]] == ["glucose"]
        assert [tile["kind"] for tile in snapshot_tiles(pia, ALL)[0]] == ["glucose", "weight"]
        assert snapshot_tiles(pia, set()) == ([], None)
        assert kinds_with_data(pia, {Topic.VITALS}) == ["weight"]
        assert list(records_of(pia, ALL)) == []
        assert len(snapshots_of([pia.id])[pia.id]) == 2


def test_newest_forecasts_are_one_for_each_kind(pia):
    band = {name: [1.0] for name in ("mean", "low80", "high80", "low95", "high95")}
    with acting_on(pia.id):
        for kind, day, until in (("weight", 1, timezone.now()), ("weight", 2, None), ("sbp", 1, None)):
            told = {"topic": "vitals", "made_at": timezone.now(), "model": "mean", "last_value": 1.0}
            told |= {"through": date(2026, 6, day), "shown_at": until, "superseded_at": until}
            Forecast.objects.create(patient=pia, kind=kind, **told, **band)
        found = [(one.kind, one.through.day) for one in newest_forecasts(pia, ALL)]
        assert found == [("sbp", 1), ("weight", 2)]
        assert [one.kind for one in newest_forecasts(pia, ALL, "sbp")] == ["sbp"]
        assert list(newest_forecasts(pia, {Topic.GLUCOSE})) == []


def test_lists_hold_only_what_the_person_may_see(cast, pia):
    for user, count in ((cast.pia, 1), (cast.cleo, 1), (cast.carl, 0), (cast.rita, 0), (cast.paul, 0)):
        with acting_for(user.id):
            assert len(uploads_of(user, pia)) == count
    with acting_for(cast.cleo.id):
        assert [patient.name for patient in looked_after(cast.cleo)] == ["Pia"]


def test_reads_take_as_many_queries_for_much_data_as_for_little(pia, django_assert_num_queries):
    with acting_on(pia.id):
        with django_assert_num_queries(2):
            recent_days(pia.id, ["weight", "glucose"], date(2026, 6, 28))
        with django_assert_num_queries(1):
            newest_columns(pia.id, ["weight", "glucose"])
        with django_assert_num_queries(1):
            snapshot_tiles(pia, ALL)
