"""Glucose forecasts in the database and at the edge: made, shown, kept, and held to account."""

import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import make
import numpy as np
import pytest
from django.utils import timezone

from backend.actor import acting_for, acting_for_all, acting_on
from backend.models import AuditEvent, Patient
from twin.forecast.glucose import NoGlucoseForecast, Refusal
from twin.forecast.glucose_band import MINUTES, Bands
from twin.models import GlucoseForecast, SeriesState, Source, SourcePriority
from twin.queries.glucose import glucose_record
from twin.series import store
from twin.series.columns import Columns, Flag
from twin.services.forecasts import SETTLE, mark_stale, refresh_forecasts
from twin.services.glucose import BANDS, refresh_glucose, show_glucose

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
STEP = timedelta(minutes=5)
PATH = "/api/v1/patients/me/glucose-forecast"


def wear(
    patient: Patient, last: datetime, count: int = 30, *, level=120.0, name="Sensor", flag=0, step=STEP
) -> Source:
    """A sensor's readings up to `last`; the newest bears the flag."""
    at = [round((last - step * back).timestamp() * 1000) for back in reversed(range(count))]
    flags = np.zeros(count, np.uint8)
    flags[-1] = flag
    columns = Columns(
        np.array(at, np.int64),
        np.zeros(count, np.int64),
        level + np.round(10 * np.sin(np.array(at) / 3_600_000)),
        flags=flags if flag else None,
    )
    with acting_for_all():
        source, _ = Source.objects.get_or_create(patient=patient, name=name)
        store.merge(patient.id, [store.Batch("glucose_cgm", source.id, columns)])
    return source


def show(patient: Patient, now: datetime) -> GlucoseForecast | NoGlucoseForecast:
    with acting_on(patient.id):
        return show_glucose(patient, now=now)


def stored(patient: Patient) -> list[GlucoseForecast]:
    with acting_on(patient.id):
        return list(GlucoseForecast.objects.order_by("at"))


def bands_of(patient: Patient) -> bytes:
    with acting_on(patient.id):
        return bytes(SeriesState.objects.get(kind=BANDS).state)


def test_refresh_glucose_stands_on_the_newest_reading_unshown(cast):
    wear(cast.pia_patient, NOW)
    refresh_glucose(cast.pia_patient.id, now=NOW + STEP)
    (row,) = stored(cast.pia_patient)
    assert (row.at, row.made_at, row.shown_at, row.minutes) == (NOW, NOW + STEP, None, list(MINUTES))


def test_refresh_glucose_twice_writes_once(cast):
    wear(cast.pia_patient, NOW)
    refresh_glucose(cast.pia_patient.id, now=NOW)
    before = stored(cast.pia_patient)[0]
    refresh_glucose(cast.pia_patient.id, now=NOW + timedelta(minutes=1))
    (after,) = stored(cast.pia_patient)
    assert (after.id, after.made_at) == (before.id, NOW)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (None, Refusal.NOTHING),
        ({"last": NOW - timedelta(minutes=21)}, Refusal.SILENT),
        ({"last": NOW - timedelta(days=400)}, Refusal.SILENT),
        ({"last": NOW, "count": 3}, Refusal.TOO_FEW),
        ({"last": NOW, "flag": Flag.CENSORED_LOW}, Refusal.LOW),
        ({"last": NOW, "flag": Flag.CENSORED_HIGH}, Refusal.HIGH),
    ],
)
def test_nothing_is_made_where_nothing_can_be_said(cast, given, reason):
    if given:
        wear(cast.pia_patient, **given)
    refresh_glucose(cast.pia_patient.id, now=NOW)
    refused = show(cast.pia_patient, NOW)
    assert isinstance(refused, NoGlucoseForecast)
    assert refused.reason is reason
    assert refused.at == (given and round(given["last"].timestamp() * 1000))
    assert stored(cast.pia_patient) == []


def test_what_nobody_saw_gives_way_and_what_was_shown_is_kept(cast):
    wear(cast.pia_patient, NOW)
    refresh_glucose(cast.pia_patient.id, now=NOW)
    wear(cast.pia_patient, NOW + STEP, 1)
    shown = show(cast.pia_patient, NOW + STEP)
    wear(cast.pia_patient, NOW + 2 * STEP, 1)
    refresh_glucose(cast.pia_patient.id, now=NOW + 2 * STEP)
    wear(cast.pia_patient, NOW + 3 * STEP, 1)
    refresh_glucose(cast.pia_patient.id, now=NOW + 3 * STEP)
    seen, newest = stored(cast.pia_patient)
    assert (seen.id, seen.shown_at) == (shown.id, NOW + STEP)
    assert (newest.at, newest.shown_at) == (NOW + 3 * STEP, None)


def test_a_forecast_that_was_shown_says_the_same_after_older_readings_came(cast):
    wear(cast.pia_patient, NOW, 10)
    first = show(cast.pia_patient, NOW)
    wear(cast.pia_patient, NOW - 10 * STEP, 20, level=260)
    second = show(cast.pia_patient, NOW)
    assert (second.id, second.mean) == (first.id, first.mean)


def test_a_forecast_that_nobody_saw_is_made_anew_when_older_readings_come(cast):
    wear(cast.pia_patient, NOW, 10)
    refresh_glucose(cast.pia_patient.id, now=NOW)
    (before,) = stored(cast.pia_patient)
    wear(cast.pia_patient, NOW - 10 * STEP, 20, level=260)
    refresh_glucose(cast.pia_patient.id, now=NOW + STEP)
    (after,) = stored(cast.pia_patient)
    assert after.mean != before.mean
    assert (after.id, after.made_at) == (before.id, NOW + STEP)


def test_of_two_sensors_one_counts_at_a_time(cast):
    wear(cast.pia_patient, NOW, 30, level=120)
    alone = show(cast.paul_patient, NOW)
    assert isinstance(alone, NoGlucoseForecast)
    wear(cast.paul_patient, NOW, 30, level=120)
    other = wear(cast.pia_patient, NOW - timedelta(minutes=2), 30, level=250, name="Other")
    with acting_for_all():
        first = Source.objects.get(patient=cast.pia_patient, name="Sensor")
        SourcePriority.objects.create(
            patient=cast.pia_patient, kind="glucose_cgm", topic="glucose", sources=[first.id, other.id]
        )
    assert show(cast.pia_patient, NOW).mean == show(cast.paul_patient, NOW).mean


def test_the_record_holds_what_was_shown_against_what_came(cast):
    wear(cast.pia_patient, NOW, 288)
    show(cast.pia_patient, NOW)
    wear(cast.pia_patient, NOW + 30 * STEP, 30)
    refresh_glucose(cast.pia_patient.id, now=NOW + 30 * STEP)
    with acting_on(cast.pia_patient.id):
        later = NOW + 30 * STEP
        horizons, past = glucose_record(cast.pia_patient, later - timedelta(days=14), later)
    assert [row.at for row in past] == [NOW]
    assert [(one.minutes, one.points) for one in horizons] == [(30, 1), (60, 1), (120, 1)]
    half = horizons[0]
    came = 120.0 + round(10 * np.sin((NOW.timestamp() + 1800) / 3600))
    assert half.mae == pytest.approx(abs(past[0].mean[0] - came))
    assert half.mae_last_value == pytest.approx(abs(past[0].last_value - came))


def test_new_readings_lead_to_a_forecast_by_the_road_of_all_others(cast):
    wear(cast.pia_patient, NOW)
    with acting_on(cast.pia_patient.id):
        mark_stale(cast.pia_patient.id, ["glucose_cgm"], now=NOW)
    assert refresh_forecasts(cast.pia_patient.id, now=NOW + SETTLE) == 1
    assert [row.at for row in stored(cast.pia_patient)] == [NOW]


def test_bands_learn_from_the_readings_and_go_on_from_where_they_stood(cast):
    wear(cast.pia_patient, NOW, 3 * 288)
    refresh_glucose(cast.pia_patient.id, now=NOW)
    before = bands_of(cast.pia_patient)
    refresh_glucose(cast.pia_patient.id, now=NOW + timedelta(minutes=1))
    assert bands_of(cast.pia_patient) == before
    wear(cast.pia_patient, NOW + 6 * STEP, 6)
    refresh_glucose(cast.pia_patient.id, now=NOW + 6 * STEP)
    after = bands_of(cast.pia_patient)
    assert Bands.unpack(before).through < Bands.unpack(after).through
    assert (Bands.unpack(after).stretch != 0).all()


def test_bands_of_another_version_or_unreadable_begin_anew(cast):
    wear(cast.pia_patient, NOW, 288)
    refresh_glucose(cast.pia_patient.id, now=NOW)
    fresh = bands_of(cast.pia_patient)
    for damage in ({"state": b"?"}, {"version": "glucose-0"}):
        with acting_on(cast.pia_patient.id):
            SeriesState.objects.update(**damage)
        refresh_glucose(cast.pia_patient.id, now=NOW)
        assert bands_of(cast.pia_patient) == fresh


# The edge


def test_glucose_forecast_at_the_edge_is_fresh_and_marked_as_shown(cast, client_of):
    now = timezone.now().replace(microsecond=0)
    wear(cast.pia_patient, now)
    said = client_of("pia").get(PATH).json()
    assert said["reason"] is None
    assert (said["unit"], said["minutes"]) == ("mg/dL", [30, 60, 120])
    assert datetime.fromisoformat(said["at"]) == now
    assert {len(said[name]) for name in ("mean", "low80", "high80", "low95", "high95")} == {3}
    wear(cast.pia_patient, now + timedelta(seconds=1), 1)
    assert stored(cast.pia_patient)[0].shown_at is not None


def test_glucose_forecast_without_readings_says_why(cast, client_of):
    assert client_of("pia").get(PATH).json() == {"reason": Refusal.NOTHING.value, "at": None}


def test_a_caregiver_who_may_only_read_gets_a_fresh_forecast_and_is_audited(cast, client_of):
    wear(cast.pia_patient, timezone.now())
    path = f"/api/v1/patients/{cast.pia_patient.id}/glucose-forecast"
    assert client_of("dora").get(path).json()["reason"] is None
    with acting_for(cast.pia.id):
        assert AuditEvent.objects.filter(actor=cast.dora, what="glucose forecast").count() == 1


def test_glucose_record_at_the_edge(cast, client_of):
    now = timezone.now()
    wear(cast.pia_patient, now - timedelta(hours=3), 40)
    show(cast.pia_patient, now - timedelta(hours=3))
    wear(cast.pia_patient, now, 35)
    said = client_of("pia").get(PATH + "/record").json()
    assert said["minutes"] == [30, 60, 120]
    assert [one["points"] for one in said["horizons"]] == [1, 1, 1]
    assert all(one["mae_ar2"] is not None for one in said["horizons"])
    assert [set(row) for row in said["past"]] == [{"at", "mean", "low80", "high80"}]


@pytest.mark.parametrize("days", ["0", "91", "many"])
def test_glucose_record_of_impossible_days_is_refused(cast, client_of, days):
    assert client_of("pia").get(f"{PATH}/record", {"days": days}).status_code == 400


WORKER = """
import sys
from datetime import datetime
from uuid import UUID

import django

django.setup()
from twin.services.glucose import refresh_glucose

print("at work", flush=True)
while True:
    refresh_glucose(UUID(sys.argv[1]), now=datetime.fromisoformat(sys.argv[2]))
"""


def test_a_worker_that_is_killed_leaves_a_whole_forecast_or_none(transactional_db):
    patient = make.make_patient()
    for round_ in range(3):
        now = NOW + round_ * STEP
        wear(patient, now, 30)
        command = [sys.executable, "-c", WORKER, str(patient.id), now.isoformat()]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"at work\n"
            time.sleep(0.05 * round_)
            process.kill()
        assert len(stored(patient)) <= 1
        refresh_glucose(patient.id, now=now)
        assert [row.at for row in stored(patient)] == [now]
