"""Rules of early warning: from the data that comes to the alerts that stand, whatever a worker meets."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import make
import pytest
from django.utils import timezone

from backend.access import access_patient
from backend.actor import acting_for, acting_for_all, acting_on
from backend.models import Clinic, Patient
from backend.rules import Need
from twin import tasks
from twin.intake.phone import read_batch
from twin.models import Alert, StaleWarnings, Threshold
from twin.services.observations import Measurement, delete_measurement, record_measurements
from twin.services.reading import read_upload
from twin.services.samples import store_batch
from twin.services.stale_days import digest_stale
from twin.services.stale_warnings import GRACE, due_checks, mark_everybody, mark_warnings_stale
from twin.services.thresholds import set_threshold
from twin.services.warnings import RETRY, check_patient
from twin.warnings.finding import Clearing

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def type_in(patient: Patient, kind: str, value: float, unit: str, at=NOW, now=NOW) -> None:
    with acting_for(patient.user_id):
        access = access_patient(patient.user, "me", Need.ACT, what="measurement")
        record_measurements(access=access, measurements=[Measurement(kind, value, unit, at)], now=now)


def take_back(patient: Patient, kind: str, at=NOW) -> None:
    with acting_for(patient.user_id):
        access = access_patient(patient.user, "me", Need.ACT, what="measurement")
        delete_measurement(access=access, kind_code=kind, at=at, now=NOW)


def alerts(patient: Patient):
    with acting_on(patient.id):
        rows = Alert.objects.order_by("id")
        return [(row.rule, row.key, row.severity, row.is_late, row.ending) for row in rows]


def marks(patient: Patient):
    with acting_on(patient.id):
        return list(StaleWarnings.objects.values_list("due_at", "arrived"))


def test_measurement_that_is_low_becomes_an_alert_and_is_looked_at_once(cast):
    patient = cast.pia_patient
    type_in(patient, "glucose", 50, "mg/dL")
    assert check_patient(patient.id, now=NOW)
    assert alerts(patient) == [("glucose_low", "glucose", "urgent", False, "")]
    with acting_on(patient.id):
        alert = Alert.objects.get()
        assert (alert.topic, alert.data_at, alert.action) == ("glucose", NOW, "low_glucose")
    assert not check_patient(patient.id, now=NOW)
    # Until then nothing but time could change it.
    assert marks(patient) == [(NOW + 24 * HOUR + timedelta(milliseconds=1), [])]


def test_newer_reading_recovers_and_a_correction_says_so(cast):
    patient = cast.pia_patient
    type_in(patient, "glucose", 50, "mg/dL")
    check_patient(patient.id, now=NOW)
    type_in(patient, "glucose", 110, "mg/dL", at=NOW + HOUR, now=NOW + HOUR)
    check_patient(patient.id, now=NOW + HOUR)
    assert alerts(patient) == [("glucose_low", "glucose", "urgent", False, Clearing.RECOVERED)]
    assert marks(patient) == []


def test_reading_that_is_taken_back_corrects(cast):
    patient = cast.pia_patient
    type_in(patient, "potassium", 6.4, "mmol/L")
    check_patient(patient.id, now=NOW)
    take_back(patient, "potassium")
    check_patient(patient.id, now=NOW)
    assert alerts(patient) == [("potassium_high", "potassium", "urgent", False, Clearing.CORRECTED)]


def test_value_that_is_corrected_says_so(cast):
    patient = cast.pia_patient
    type_in(patient, "glucose", 50, "mg/dL")
    check_patient(patient.id, now=NOW)
    type_in(patient, "glucose", 150, "mg/dL")
    check_patient(patient.id, now=NOW)
    assert alerts(patient) == [("glucose_low", "glucose", "urgent", False, Clearing.CORRECTED)]


def test_reading_that_comes_late_is_marked_so_and_is_told_of_once(cast):
    patient = cast.pia_patient
    type_in(patient, "glucose", 50, "mg/dL", at=NOW - 5 * HOUR)
    check_patient(patient.id, now=NOW)
    assert alerts(patient) == [("glucose_low", "glucose", "urgent", True, "")]
    with acting_for_all():
        mark_warnings_stale([patient.id], due_at=NOW)
    assert check_patient(patient.id, now=NOW)
    assert len(alerts(patient)) == 1


def test_alert_of_which_nothing_newer_comes_is_outdated_by_the_sweep(cast):
    patient = cast.pia_patient
    type_in(patient, "glucose", 50, "mg/dL")
    check_patient(patient.id, now=NOW)
    ((due_at, _),) = marks(patient)
    assert due_checks(now=due_at - timedelta(seconds=1), limit=9) == []
    assert due_checks(now=due_at, limit=9) == [patient.id]
    check_patient(patient.id, now=due_at)
    assert alerts(patient) == [("glucose_low", "glucose", "urgent", False, Clearing.OUTDATED)]
    assert marks(patient) == []


def test_clinicians_limit_is_held_against_what_is_there(cast):
    patient = cast.pia_patient
    type_in(patient, "weight", 92, "kg")
    check_patient(patient.id, now=NOW)
    assert alerts(patient) == []
    with acting_for(cast.cleo.id):
        access = access_patient(cast.cleo, patient.id, Need.ACT, what="threshold")
        set_threshold(access=access, kind_code="weight", low=None, high=90, unit="kg", reason="", now=NOW)
    assert check_patient(patient.id, now=NOW)
    assert alerts(patient) == [("clinician_limit", "weight/high", "caution", False, "")]
    with acting_for_all():
        Threshold.objects.update(ended_at=NOW, ended_by=cast.cleo)
        mark_warnings_stale([patient.id], due_at=NOW)
    check_patient(patient.id, now=NOW)
    assert alerts(patient) == [("clinician_limit", "weight/high", "caution", False, Clearing.RETIRED)]


def test_upload_is_looked_at_by_the_worker_that_read_it(cast):
    at = timezone.now().isoformat()
    content = f"start,kind,value,unit,source\n{at},glucose,2.4,mmol/L,Meter\n".encode()
    upload = make.make_upload(cast.pia_patient, content)
    read_upload(upload.id, now=timezone.now())
    assert alerts(cast.pia_patient) == [("glucose_low", "glucose", "urgent", False, "")]


def test_rules_that_fail_stop_nobody_and_are_looked_at_again(cast, caplog):
    patient = cast.pia_patient
    with acting_for_all():
        StaleWarnings.objects.create(patient=patient, due_at=NOW, arrived=["no such thing"])
    assert not check_patient(patient.id, now=NOW)
    assert marks(patient) == [(NOW + RETRY, ["no such thing"])]
    (line,) = caplog.messages
    assert line.startswith(f"action=check_failed patient={patient.id} error=ValueError at=")


WORKER = """
import sys, time
from datetime import datetime
from uuid import UUID

import django

django.setup()
from twin.services import stale_days

def die(patient, *, now):
    print("digested", flush=True)
    time.sleep(60)

stale_days.check_patient = die
stale_days.digest_stale(UUID(sys.argv[1]), now=datetime.fromisoformat(sys.argv[2]))
"""


def test_worker_that_is_killed_between_digest_and_rules_is_made_up_for(transactional_db):
    patient, now = make.make_patient(), timezone.now()
    series = {
        "kind": "glucose", "source": "Meter", "unit": "mg/dL",
        "start": [int(now.timestamp() * 1000)], "value": [48],
    }  # fmt: skip
    with acting_on(patient.id):
        store_batch(patient.id, read_batch({"batch_id": "1", "series": [series]}), now=now)
    command = [sys.executable, "-c", WORKER, str(patient.id), now.isoformat()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"digested\n"
        worker.send_signal(signal.SIGKILL)
    assert alerts(patient) == []
    assert due_checks(now=now, limit=9) == []
    assert due_checks(now=now + GRACE, limit=9) == [patient.id]
    check_patient(patient.id, now=now + GRACE)
    assert alerts(patient) == [("glucose_low", "glucose", "urgent", False, "")]


def test_nobody_looks_at_the_made_up_person_of_the_self_test_unless_she_measures(cast):
    Clinic.objects.update(is_synthetic=True)
    with acting_for_all():
        Patient.objects.filter(id=cast.paul_patient.id).update(clinic=None)
        Patient.objects.filter(id=cast.pia_patient.id).update(clinic=cast.clinic)
    assert mark_everybody(now=NOW) == 1
    assert due_checks(now=NOW, limit=9) == [cast.paul_patient.id]


def test_sweep_and_task_look_at_whoever_is_due(cast):
    now = timezone.now()
    type_in(cast.pia_patient, "glucose", 50, "mg/dL", at=now, now=now - GRACE)
    type_in(cast.paul_patient, "glucose", 50, "mg/dL", at=now, now=now)
    tasks.check_due_warnings()
    assert (len(alerts(cast.pia_patient)), len(alerts(cast.paul_patient))) == (1, 0)
    tasks.check_warnings(str(cast.paul_patient.id))
    assert len(alerts(cast.paul_patient)) == 1
    tasks.check_everybody()
    assert len(due_checks(now=timezone.now(), limit=9)) == 2


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_batches_out_of_order_end_in_the_same_alerts(cast, order):
    patient = cast.pia_patient
    rows = [(50.0, NOW - timedelta(minutes=50)), (65.0, NOW - timedelta(minutes=20)), (72.0, NOW)]
    for place in order:
        value, at = rows[place]
        type_in(patient, "glucose", value, "mg/dL", at=at)
        check_patient(patient.id, now=NOW)
    assert alerts(patient) == [("glucose_low", "glucose", "caution", False, "")]


def test_stale_days_are_summed_up_and_then_looked_at(cast):
    now = timezone.now()
    type_in(cast.pia_patient, "glucose", 50, "mg/dL", at=now, now=now)
    digest_stale(cast.pia_patient.id, now=now)
    assert len(alerts(cast.pia_patient)) == 1
