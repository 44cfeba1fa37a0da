"""A patient's days follow where she was: journeys in files, typed-in values, and corrections afterwards."""

import json
from datetime import UTC, datetime, timedelta

import make
import pytest
from django.utils import timezone

from backend.access import access_patient
from backend.actor import acting_for, acting_on
from backend.models import Change, Patient
from backend.rules import Need
from backend.services import move, replace_zones, save_own_patient
from twin.models import DaySummary, Snapshot, StaleDays
from twin.services.observations import Measurement, record_measurements
from twin.services.reading import read_upload
from twin.services.rebuild import rebuild
from twin.services.stale_days import digest_stale

HEADER = "start,kind,value,unit,end,source\n"
LANDED = datetime(2026, 6, 10, 20, tzinfo=UTC)
"""From Berlin in New York, at four in the afternoon."""
RETURNED = datetime(2026, 6, 20, 7, tzinfo=UTC)
"""In the morning, after a night over the Atlantic."""


def upload(patient: Patient, *lines: str) -> dict:
    row = make.make_upload(patient, (HEADER + "\n".join(lines) + "\n").encode())
    assert read_upload(row.id, now=timezone.now()) is not None
    with acting_on(patient.id):
        row.refresh_from_db()
    return row.report


def days(patient: Patient, **wanted: str) -> dict[str, float]:
    with acting_on(patient.id):
        found = DaySummary.objects.filter(**wanted).order_by("day")
        return {day.day.isoformat(): day.value for day in found}


def live_by(patient: Patient, service, **given) -> None:
    with acting_for(patient.user_id):
        access = access_patient(patient.user, "me", Need.PROFILE, what="time zones")
        service(access=access, now=timezone.now(), **given)
    digest_stale(patient.id, now=timezone.now())


def journey(patient: Patient) -> None:
    live_by(patient, move, time_zone="America/New_York", since=LANDED)
    live_by(patient, move, time_zone="Europe/Berlin", since=RETURNED)


@pytest.fixture
def traveller(db) -> Patient:
    patient = make.make_patient(time_zone="Europe/Berlin")
    journey(patient)
    return patient


def test_samples_with_offsets_count_in_the_day_of_their_offset(traveller):
    upload(
        traveller,
        "2026-06-09T23:30:00+02:00,weight,80,kg,,Scale",
        "2026-06-15T23:30:00-04:00,weight,81,kg,,Scale",
        "2026-06-21T00:30:00+02:00,weight,82,kg,,Scale",
    )
    assert days(traveller) == {"2026-06-09": 80, "2026-06-15": 81, "2026-06-21": 82}


def test_offsets_place_samples_whether_the_journey_is_known_or_not(cast):
    upload(cast.pia_patient, "2026-06-15T23:30:00-04:00,weight,81,kg,,Scale")
    assert days(cast.pia_patient) == {"2026-06-15": 81}


def test_instants_count_in_the_day_of_where_she_was(traveller):
    upload(
        traveller,
        "2026-06-09T22:30:00Z,weight,80,kg,,Scale",
        "2026-06-16T03:30:00Z,weight,81,kg,,Scale",
        "2026-06-20T22:30:00Z,weight,82,kg,,Scale",
    )
    assert days(traveller) == {"2026-06-10": 80, "2026-06-15": 81, "2026-06-21": 82}


def test_times_without_a_zone_are_read_by_the_clock_there_and_the_report_says_so(traveller):
    report = upload(
        traveller,
        "2026-06-09T23:30:00,weight,80,kg,,Scale",
        "2026-06-15T23:30:00,weight,81,kg,,Scale",
    )
    assert report["remarks"] == [{"code": "zone_assumed", "text": "Europe/Berlin, then America/New_York"}]
    assert days(traveller) == {"2026-06-09": 80, "2026-06-15": 81}
    assert report["samples"]["weight"]["last"] == "2026-06-16T03:30:00Z"


def test_report_of_a_file_with_offsets_has_no_remark(traveller):
    assert upload(traveller, "2026-06-09T23:30:00Z,weight,80,kg,,Scale")["remarks"] == []


@pytest.mark.parametrize("zoned", [True, False], ids=["with offsets", "as instants"])
def test_night_over_the_atlantic_counts_where_she_wakes(traveller, zoned):
    nights = [
        ("2026-06-19T22:00:00-04:00", "2026-06-20T00:30:00-04:00"),
        ("2026-06-20T01:00:00-04:00", "2026-06-20T02:30:00-04:00"),
        ("2026-06-20T23:00:00+02:00", "2026-06-21T06:00:00+02:00"),
    ]
    rows = []
    for start, end in nights:
        begin, until = datetime.fromisoformat(start), datetime.fromisoformat(end)
        hours = (until - begin) / timedelta(hours=1)
        at = begin.isoformat() if zoned else begin.astimezone(UTC).isoformat().replace("+00:00", "Z")
        rows.append(f"{at},sleep_duration,{hours},h,{until.isoformat()},Ring")
    upload(traveller, *rows)
    assert days(traveller) == {"2026-06-20": 4, "2026-06-21": 7}


def test_steps_of_the_long_day_are_one_day(traveller):
    hours = (datetime(2026, 6, 9, 22, tzinfo=UTC) + timedelta(hours=hour) for hour in range(31))
    rows = [
        f"{at:%Y-%m-%dT%H:%M:%SZ},steps,100,count,{at + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ},Phone"
        for at in hours
    ]
    upload(traveller, *rows)
    assert days(traveller) == {"2026-06-10": 3000, "2026-06-11": 100}


def test_typed_in_values_count_where_she_was_even_when_that_is_told_later(cast):
    patient = cast.pia_patient
    with acting_for(cast.pia.id):
        access = access_patient(cast.pia, "me", Need.ACT, what="measurement")
        typed = Measurement("weight", 81, "kg", datetime(2026, 6, 16, 3, 30, tzinfo=UTC))
        record_measurements(access=access, measurements=[typed], now=timezone.now())
    assert days(patient) == {"2026-06-16": 81}
    journey(patient)
    assert days(patient) == {"2026-06-15": 81}


def test_fhir_days_and_offsets_follow_the_journey(traveller):
    def weight(id_: str, at: str, value: float) -> dict:
        return {
            "resourceType": "Observation",
            "id": id_,
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]},
            "effectiveDateTime": at,
            "valueQuantity": {
                "value": value,
                "unit": "kg",
                "system": "http://unitsofmeasure.org",
                "code": "kg",
            },
        }

    lines = [
        weight("1", "2026-06-15T23:30:00-04:00", 81),
        weight("2", "2026-06-17", 82),
        weight("3", "2026-06-20T22:30:00Z", 83),
    ]
    row = make.make_upload(traveller, "\n".join(map(json.dumps, lines)).encode(), "weights.ndjson")
    read_upload(row.id, now=timezone.now())
    with acting_on(traveller.id):
        row.refresh_from_db()
    assert row.report["remarks"] == [{"code": "zone_assumed", "text": "America/New_York"}]
    assert days(traveller) == {"2026-06-15": 81, "2026-06-17": 82, "2026-06-21": 83}


def test_phone_samples_count_by_their_offset_or_where_she_was(cast, client_of):
    journey(cast.pia_patient)
    at = datetime(2026, 6, 16, 3, 30, tzinfo=UTC)
    starts = [round((at + timedelta(days=day)).timestamp() * 1000) for day in range(3)]
    scale = {"kind": "weight", "unit": "kg", "source": "Scale", "start": starts, "value": [80, 81, 82]}
    batch = {"batch_id": "1", "series": [scale | {"offset": [-240, None, 120]}]}
    assert client_of("pia").post("/api/v1/samples", batch, content_type="application/json").status_code == 200
    digest_stale(cast.pia_patient.id, now=timezone.now())
    assert days(cast.pia_patient) == {"2026-06-15": 80, "2026-06-16": 81, "2026-06-18": 82}


# What a change of the history touches


def test_move_marks_only_the_days_from_then_on(cast):
    upload(
        cast.pia_patient,
        "2026-06-01T22:30:00Z,weight,80,kg,,Scale",
        "2026-06-15T22:30:00Z,weight,81,kg,,Scale",
        "2026-06-01T22:30:00Z,sbp,120,mmHg,,Cuff",
    )
    with acting_for(cast.pia.id):
        access = access_patient(cast.pia, "me", Need.PROFILE, what="time zones")
        move(access=access, time_zone="America/New_York", since=LANDED, now=timezone.now())
        (mark,) = StaleDays.objects.all()
        assert mark.kind == "weight"
        assert mark.first_at == round((LANDED - timedelta(days=1)).timestamp() * 1000)
        DaySummary.objects.filter(day="2026-06-02", kind="weight").update(value=1)
    digest_stale(cast.pia_patient.id, now=timezone.now())
    assert days(cast.pia_patient, kind="weight") == {"2026-06-02": 1, "2026-06-15": 81}


def test_history_of_another_lifetime_moves_every_day(cast):
    upload(
        cast.pia_patient,
        "2019-12-31T23:30:00Z,weight,80,kg,,Scale",
        "2026-06-15T23:30:00Z,weight,81,kg,,Scale",
    )
    assert days(cast.pia_patient) == {"2020-01-01": 80, "2026-06-16": 81}
    live_by(cast.pia_patient, replace_zones, stays=[(LANDED, "America/New_York")])
    assert days(cast.pia_patient) == {"2019-12-31": 80, "2026-06-15": 81}


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Honolulu", "Asia/Tokyo"])
def test_days_after_any_correction_are_as_a_rebuild_makes_them(cast, zone):
    patient = cast.pia_patient
    first = datetime(2026, 6, 1, 1, 30, tzinfo=UTC)
    hours = [first + timedelta(hours=5 * count) for count in range(60)]
    upload(
        patient,
        *(f"{at.isoformat()},heart_rate,{60 + at.hour},bpm,,Watch" for at in hours),
        *(f"{at:%Y-%m-%dT%H:%M:%SZ},steps,{at.hour},count,{at + timedelta(hours=3)},Phone" for at in hours),
    )
    for stays in ([(first, "Pacific/Kiritimati")], [(first, "Pacific/Honolulu")], [(first, zone)]):
        live_by(patient, replace_zones, stays=stays)
        live_by(patient, move, time_zone=zone, since=LANDED - timedelta(days=4))
        live_by(patient, move, time_zone="Europe/Berlin", since=LANDED)
        by_and_by = days(patient, kind="steps"), days(patient, kind="heart_rate")
        rebuild(patient.id, now=timezone.now())
        assert (days(patient, kind="steps"), days(patient, kind="heart_rate")) == by_and_by


def test_change_of_zone_brings_the_snapshot_to_the_new_today(cast):
    now = timezone.now()
    upload(cast.pia_patient, f"{now - timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ},weight,81,kg,,Scale")
    west, east = "Pacific/Pago_Pago", "Pacific/Kiritimati"  # 25 hours apart: never on the same day
    seen = set()
    for zone in (west, east):
        with acting_for(cast.pia.id):
            save_own_patient(actor=cast.pia, particulars={"time_zone": zone}, now=now - timedelta(hours=1))
        digest_stale(cast.pia_patient.id, now=timezone.now())
        with acting_on(cast.pia_patient.id):
            seen.add(Snapshot.objects.get().tiles[0]["day"])
            assert Change.objects.filter(ref="series/weight").exists()
    assert len(seen) == 2
