"""Day summaries and snapshots follow the series, whatever came in what order."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import make
import pytest
from django.db import IntegrityError, transaction
from django.http import Http404
from django.utils import timezone

from backend.access import access_patient
from backend.actor import acting_for, acting_for_all, acting_on
from backend.models import Change, Patient
from backend.rules import Need
from backend.services import NotPossible
from twin.models import (
    Baseline,
    Crossing,
    DaySummary,
    Event,
    Forecast,
    Goal,
    Record,
    SeriesBlock,
    SeriesState,
    Snapshot,
    SnapshotVersion,
    SourcePriority,
    StaleForecast,
    Threshold,
)
from twin.services.forecasts import SETTLE, refresh_forecasts
from twin.services.observations import Measurement, delete_measurement, record_measurements
from twin.services.reading import read_upload
from twin.services.rebuild import rebuild

HEADER = "start,kind,value,unit,end,source\n"


def upload(patient: Patient, *lines: str) -> None:
    row = make.make_upload(patient, (HEADER + "\n".join(lines) + "\n").encode())
    assert read_upload(row.id, now=timezone.now()) is not None


def days(patient: Patient, **wanted: Any) -> list[tuple[str, float]]:
    with acting_on(patient.id):
        found = DaySummary.objects.filter(**wanted).order_by("kind", "day")
        return [(day.day.isoformat(), day.value) for day in found]


def derived(patient: Patient) -> tuple[list[Any], list[Any]]:
    with acting_on(patient.id):
        rows = DaySummary.objects.order_by("kind", "day").values_list(
            "kind", "day", "topic", "value", "minimum", "maximum", "count", "source_id", "sources"
        )
        tiles = Snapshot.objects.order_by("topic").values_list("topic", "tiles", "last_data_at")
        return list(rows), list(tiles)


def random_line(chance: random.Random, now: datetime) -> str:
    start = now - timedelta(minutes=chance.randint(0, 60 * 24 * 40))
    kind, unit, low, high, longest = chance.choice(
        [
            ("steps", "count", 0, 900, 180),
            ("sleep_duration", "h", 1, 8, 480),
            ("heart_rate", "bpm", 50, 120, 0),
            ("weight", "kg", 70, 90, 0),
            ("glucose", "mg/dL", 70, 200, 0),
        ]
    )
    end = start + timedelta(minutes=chance.randint(0, longest))
    value = chance.randint(low, high)
    return f"{start.isoformat()},{kind},{value},{unit},{end.isoformat()},{chance.choice(['Phone', 'Watch'])}"


@pytest.mark.parametrize("seed", range(4))
def test_digest_upload_by_upload_is_the_same_as_a_rebuild(cast, seed):
    chance, now = random.Random(seed), timezone.now()
    for _ in range(5):
        upload(cast.pia_patient, *(random_line(chance, now) for _ in range(chance.randint(1, 60))))
    by_and_by = derived(cast.pia_patient)
    assert len(by_and_by[0]) > 20
    rebuild(cast.pia_patient.id, now=timezone.now())
    assert derived(cast.pia_patient) == by_and_by


def test_digest_does_not_add_up_two_devices_that_count_the_same_steps(cast):
    upload(
        cast.pia_patient,
        "2026-03-01T08:00:00Z,steps,400,count,2026-03-01T08:30:00Z,Phone",
        "2026-03-01T08:00:00Z,steps,410,count,2026-03-01T08:30:00Z,Watch",
        "2026-03-01T09:00:00Z,steps,90,count,2026-03-01T09:30:00Z,Watch",
    )
    assert days(cast.pia_patient) == [("2026-03-01", 500.0)]
    with acting_on(cast.pia_patient.id):
        day = DaySummary.objects.get()
        assert (day.sources, day.patient.sources.get(id=day.source_id).name) == (2, "Watch")


@pytest.mark.parametrize(
    ("zone", "day"),
    [("Europe/Berlin", "2026-03-02"), ("America/New_York", "2026-03-01"), ("Pacific/Auckland", "2026-03-02")],
)
def test_digest_counts_in_the_patients_own_days(db, zone, day):
    patient = make.make_patient(time_zone=zone)
    upload(patient, "2026-03-01T23:30:00Z,weight,81.35,kg,,Scale")
    assert days(patient) == [(day, 81.35)]


def test_digest_of_new_samples_leaves_other_days_alone(cast):
    upload(cast.pia_patient, "2026-03-01T08:00:00Z,weight,80,kg,,Scale")
    with acting_on(cast.pia_patient.id):
        DaySummary.objects.update(value=1)
    upload(cast.pia_patient, "2026-03-09T08:00:00Z,weight,82,kg,,Scale")
    assert days(cast.pia_patient) == [("2026-03-01", 1.0), ("2026-03-09", 82.0)]
    upload(cast.pia_patient, "2026-03-09T08:00:00Z,weight,83,kg,,Scale")
    assert days(cast.pia_patient) == [("2026-03-01", 1.0), ("2026-03-09", 83.0)]


def test_digest_of_samples_decades_apart_keeps_both(cast):
    upload(
        cast.pia_patient,
        "1950-03-01T08:00:00Z,heart_rate,70,bpm,,Clinic",
        "2026-03-01T08:00:00Z,heart_rate,80,bpm,,Watch",
    )
    assert days(cast.pia_patient) == [("1950-03-01", 70.0), ("2026-03-01", 80.0)]


def test_digest_writes_a_snapshot_for_each_topic(cast):
    upload(
        cast.pia_patient,
        "2026-03-01T08:00:00Z,weight,80,kg,,Scale",
        "2026-03-01T08:00:00Z,glucose,5.5,mmol/L,,Meter",
    )
    with acting_on(cast.pia_patient.id):
        shown = {row.topic: [tile["kind"] for tile in row.tiles] for row in Snapshot.objects.all()}
    assert shown == {"vitals": ["weight"], "glucose": ["glucose"]}


def typed_in(patient: Patient, value: float, at: datetime) -> None:
    with acting_for(patient.user_id):
        access = access_patient(patient.user, "me", Need.ACT, what="measurement")
        record_measurements(
            access=access, measurements=[Measurement("weight", value, "kg", at)], now=timezone.now()
        )


def take_back(patient: Patient, at: datetime, kind: str = "weight") -> None:
    with acting_for(patient.user_id):
        access = access_patient(patient.user, "me", Need.ACT, what="measurement")
        delete_measurement(access=access, kind_code=kind, at=at, now=timezone.now())


def test_measurement_taken_back_is_gone_from_days_and_snapshot(cast):
    now = timezone.now()
    typed_in(cast.pia_patient, 80, now - timedelta(days=3))
    typed_in(cast.pia_patient, 180, now)
    take_back(cast.pia_patient, now)
    assert [value for _, value in days(cast.pia_patient)] == [80.0]
    with acting_on(cast.pia_patient.id):
        assert [tile["value"] for tile in Snapshot.objects.get().tiles] == [80.0]
        newest = Change.objects.order_by("-seq").first()
        assert (newest.ref, newest.topic) == ("series/weight", "vitals")
    take_back(cast.pia_patient, now - timedelta(days=3))
    assert days(cast.pia_patient) == []
    with acting_on(cast.pia_patient.id):
        assert Snapshot.objects.get().tiles == []


def test_measurement_taken_back_can_be_typed_in_at_another_time(cast):
    now = timezone.now()
    typed_in(cast.pia_patient, 180, now - timedelta(minutes=5))
    take_back(cast.pia_patient, now - timedelta(minutes=5))
    typed_in(cast.pia_patient, 80, now)
    assert [value for _, value in days(cast.pia_patient)] == [80.0]


def test_measurement_taken_back_can_be_typed_in_for_the_same_moment(cast):
    now = timezone.now()
    for _ in range(2):
        typed_in(cast.pia_patient, 180, now)
        take_back(cast.pia_patient, now)
        assert days(cast.pia_patient) == []
    typed_in(cast.pia_patient, 80, now)
    assert [value for _, value in days(cast.pia_patient)] == [80.0]


def test_measurement_of_a_device_cannot_be_taken_back(cast):
    upload(cast.pia_patient, "2026-03-01T08:00:00Z,weight,80,kg,,Scale")
    with pytest.raises(NotPossible):
        take_back(cast.pia_patient, datetime(2026, 3, 1, 8, tzinfo=UTC))
    with pytest.raises(NotPossible):
        take_back(cast.pia_patient, datetime(2026, 3, 1, 8, tzinfo=UTC), "luck")
    assert days(cast.pia_patient) == [("2026-03-01", 80.0)]


def test_measurement_is_not_taken_back_by_who_may_only_read(cast):
    now = timezone.now()
    with acting_for(cast.dora.id):
        access = access_patient(cast.dora, cast.pia_patient.id, Need.ACT, what="measurement")
        with pytest.raises(Http404):
            delete_measurement(access=access, kind_code="glucose", at=now, now=now)


def state_through(patient: Patient) -> list[date]:
    with acting_on(patient.id):
        return list(SeriesState.objects.values_list("through", flat=True))


@pytest.mark.parametrize(("days_ago", "forgotten"), [(0, False), (1, True), (9, True)])
def test_digest_of_a_day_that_a_model_has_passed_takes_its_state(cast, days_ago, forgotten):
    now = timezone.now()
    at = [now - timedelta(days=ago) for ago in range(1, 21)]
    upload(cast.pia_patient, *(f"{one.isoformat()},weight,{80 + one.day % 3},kg,,Scale" for one in at))
    assert refresh_forecasts(cast.pia_patient.id, now=timezone.now() + SETTLE) == 1
    (through,) = state_through(cast.pia_patient)
    # The same once more comes out as before.
    upload(cast.pia_patient, f"{at[2].isoformat()},weight,{80 + at[2].day % 3},kg,,Scale")
    assert state_through(cast.pia_patient) == [through]
    later = now - timedelta(days=days_ago) + timedelta(seconds=1)
    upload(cast.pia_patient, f"{later.isoformat()},weight,90,kg,,Scale")
    assert state_through(cast.pia_patient) == ([] if forgotten else [through])


def test_rebuild_estimates_every_model_anew(cast):
    at = [timezone.now() - timedelta(days=ago) for ago in range(1, 21)]
    upload(cast.pia_patient, *(f"{one.isoformat()},weight,{80 + one.day % 3},kg,,Scale" for one in at))
    refresh_forecasts(cast.pia_patient.id, now=timezone.now() + SETTLE)
    with acting_on(cast.pia_patient.id):
        before = bytes(SeriesState.objects.get().state)
        SeriesState.objects.update(state=b"worn")
        made = Forecast.objects.get()
    rebuild(cast.pia_patient.id, now=timezone.now())
    with acting_on(cast.pia_patient.id):
        assert bytes(SeriesState.objects.get().state) == before
        assert Forecast.objects.get().mean == made.mean


NOW = datetime(2026, 3, 1, tzinfo=UTC)
IMPOSSIBLE = {
    "day_summary_stands_on_samples": (DaySummary, {"count": 0}),
    "day_summary_topic_is_known": (DaySummary, {"topic": "gossip"}),
    "snapshot_topic_is_known": (Snapshot, {"topic": "gossip"}),
    "snapshot_version_topic_is_known": (SnapshotVersion, {"topic": "gossip"}),
    "baseline_has_a_spread": (Baseline, {"spread": 0.0}),
    "baseline_has_seven_weekdays_or_none": (Baseline, {"by_weekday": [0.0] * 6}),
    "baseline_stands_on_days": (Baseline, {"last_on": date(2026, 2, 28)}),
    "baseline_topic_is_known": (Baseline, {"topic": "gossip"}),
    "forecast_arrays_are_of_one_length": (Forecast, {"low80": [1.0]}),
    "forecast_errors_have_points": (Forecast, {"backtest_points": 3}),
    "forecast_is_kept_only_when_it_was_shown": (Forecast, {"superseded_at": NOW}),
    "forecast_topic_is_known": (Forecast, {"topic": "gossip"}),
    "stale_forecast_is_due_later": (StaleForecast, {"due_at": NOW - timedelta(seconds=1)}),
    "stale_forecast_topic_is_known": (StaleForecast, {"topic": "gossip"}),
    "series_state_is_estimated_before_its_end": (SeriesState, {"estimated_on": date(2026, 3, 2)}),
    "series_state_topic_is_known": (SeriesState, {"topic": "gossip"}),
    "goal_direction_is_known": (Goal, {"direction": "about"}),
    "goal_ends_after_it_starts": (Goal, {"by_day": date(2026, 3, 1)}),
    "goal_agreed_has_who_agreed": (Goal, {"agreed_at": NOW}),
    "goal_ended_has_who_ended": (Goal, {"ended_at": NOW}),
    "goal_topic_is_known": (Goal, {"topic": "gossip"}),
    "threshold_has_its_limits_in_order": (Threshold, {"low": 9.0}),
    "threshold_ended_has_who_ended": (Threshold, {"ended_at": NOW}),
    "threshold_topic_is_known": (Threshold, {"topic": "gossip"}),
    "event_type_is_known": (Event, {"type": "wedding"}),
    "event_is_lifted_or_entered": (Event, {"entered_at": None}),
    "event_ends_after_it_starts": (Event, {"ends_on": date(2026, 2, 28)}),
    "event_topic_is_known": (Event, {"topic": "gossip"}),
    "crossing_basis_is_known": (Crossing, {"basis": "hunch"}),
    "crossing_side_is_known": (Crossing, {"side": "near"}),
    "crossing_probability_is_one": (Crossing, {"probability": 1.1}),
    "crossing_is_expected_after_the_data": (Crossing, {"expected_on": date(2026, 3, 1)}),
    "crossing_topic_is_known": (Crossing, {"topic": "gossip"}),
    "record_type_is_known": (Record, {"type": "rumour"}),
    "record_topic_is_known": (Record, {"topic": "gossip"}),
    "source_priority_names_a_source": (SourcePriority, {"sources": []}),
    "source_priority_topic_is_known": (SourcePriority, {"topic": "gossip"}),
    "block_holds_samples_or_tombstones": (SeriesBlock, {"data": None}),
    "block_edges_are_in_order": (SeriesBlock, {"first_at": 2, "last_at": 1}),
    "block_topic_is_known": (SeriesBlock, {"topic": "gossip"}),
}


def possible(model: type, patient: Patient) -> dict[str, Any]:
    """The columns of a row that every constraint lets through."""
    band = {name: [1.0, 2.0] for name in ("mean", "low80", "high80", "low95", "high95")}
    summary = {"day": date(2026, 3, 1), "value": 1, "minimum": 1, "maximum": 1, "count": 1, "sources": 1}
    block = {"span": 1, "count": 1, "first_at": 1, "last_at": 1, "minimum": 1, "maximum": 1, "total": 1}
    columns: dict[type, dict[str, Any]] = {
        DaySummary: {"kind": "weight", "source_id": patient.id, **summary},
        Snapshot: {"tiles": [], "known_at": NOW, "built_at": NOW},
        SnapshotVersion: {"known_at": NOW, "said": b"x"},
        Baseline: {
            "kind": "weight",
            "centre": 80.0,
            "spread": 1.0,
            "days": 9,
            "first_on": date(2026, 3, 1),
            "last_on": date(2026, 3, 1),
            "made_at": NOW,
        },
        Forecast: {
            "kind": "weight",
            "through": date(2026, 3, 1),
            "made_at": NOW,
            "model": "m",
            "version": "1",
            "last_value": 1.0,
            **band,
        },
        StaleForecast: {"kind": "weight", "stale_since": NOW, "due_at": NOW},
        SeriesState: {
            "kind": "weight",
            "version": "1",
            "through": date(2026, 3, 1),
            "estimated_on": date(2026, 3, 1),
            "state": b"x",
        },
        Goal: {
            "kind": "weight",
            "direction": "at_most",
            "target": 9.0,
            "starts_on": date(2026, 3, 1),
            "set_by_id": patient.user_id,
            "set_at": NOW,
        },
        Threshold: {"kind": "weight", "high": 9.0, "set_by_id": patient.user_id, "set_at": NOW},
        Event: {
            "type": "travel",
            "starts_on": date(2026, 3, 1),
            "entered_by_id": patient.user_id,
            "entered_at": NOW,
        },
        Crossing: {
            "kind": "weight",
            "basis": "guideline",
            "rule": "r",
            "side": "above",
            "limit": 9.0,
            "probability": 0.5,
            "through": date(2026, 3, 1),
            "made_at": NOW,
        },
        Record: {"type": "condition", "identity": "1", "body": {}, "updated_at": NOW},
        SourcePriority: {"kind": "weight", "sources": [patient.id]},
        SeriesBlock: {"kind": "weight", "source_id": patient.id, "data": b"x", **block},
    }
    return {"patient_id": patient.id, "topic": "vitals", **columns[model]}


@pytest.mark.parametrize("constraint", IMPOSSIBLE)
def test_row_cannot_be_impossible(cast, constraint):
    model, wrong = IMPOSSIBLE[constraint]
    with acting_for_all():
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            model.objects.create(**possible(model, cast.pia_patient) | wrong)
        model.objects.create(**possible(model, cast.pia_patient))
