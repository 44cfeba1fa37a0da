"""Workers die at any instant, by kill -9; what they leave is finished as if nothing had happened."""

import io
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import make
import numpy as np
from alerts import NOON as ALERT_RAISED
from alerts import finding, found
from django.core import mail
from django.utils import timezone
from forecasts import NOW, make_days
from locks import is_waited_for
from served import served, socket_of

from backend.access import access_patient
from backend.actor import acting_for, acting_for_all, acting_on
from backend.changes import record_change
from backend.models import Change, Patient
from backend.rules import Need, Topic
from twin.intake.phone import read_batch
from twin.models import (
    AlertDelivery,
    DaySummary,
    Export,
    ExportStatus,
    FleetChunk,
    FleetRun,
    FleetTask,
    Forecast,
    Record,
    SeriesState,
    StaleDays,
    StaleForecast,
    Upload,
    UploadStatus,
)
from twin.series import store
from twin.services import fleet
from twin.services.alert_delivery import LEASE as DELIVERY_LEASE
from twin.services.alert_delivery import deliver
from twin.services.alert_delivery import due_patients as patients_to_tell_of
from twin.services.exports import build_export, due_exports, request_export
from twin.services.exports import file_of as export_file_of
from twin.services.fleet import LEASE as FLEET_LEASE
from twin.services.fleet import start_run
from twin.services.forecasts import LEASE as FORECAST_LEASE
from twin.services.forecasts import due_patients, refresh_forecasts
from twin.services.reading import due_uploads, read_upload
from twin.services.samples import receive_samples
from twin.services.stale_days import SETTLE, digest_stale, stale_patients
from twin.warnings.finding import Severity

WORKER = """
import sys
import time
from datetime import datetime
from uuid import UUID

import django

django.setup()
from backend.ports import ports
from twin.services.alert_delivery import deliver
from twin.services.exports import build_export
from twin.services.fleet import take_chunk
from twin.services.forecasts import refresh_forecasts
from twin.services.reading import read_upload
from twin.services.stale_days import digest_stale

what, row, now = sys.argv[1], UUID(sys.argv[2]), datetime.fromisoformat(sys.argv[3])
print("at work", flush=True)
if what == "read":
    read_upload(row, now=now, flush=2_000)
elif what == "export":
    build_export(row, now=now)
elif what == "deliver":
    class Stuck:  # never comes back from the mail server
        name = "email"

        def send(self, telling):
            print("sending", flush=True)
            time.sleep(600)

    ports.senders["email"] = Stuck()
    deliver(row, now=now)
elif what == "digest":
    digest_stale(row, now=now)
elif what == "fleet":
    while take_chunk(now=now):
        pass
else:
    refresh_forecasts(row, now=now)
"""
HOUR = timedelta(hours=1)


@contextmanager
def worker(what: str, row: object, now: object) -> Iterator[subprocess.Popen[bytes]]:
    """A worker process of its own, at work on the row; killed at the end."""
    command = [sys.executable, "-c", WORKER, what, str(row), now.isoformat()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"at work\n"
            yield process
        finally:
            process.send_signal(signal.SIGKILL)


def wait_for(reached: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Goes on once it is reached, or the process has ended by itself."""
    deadline = time.monotonic() + 120
    while process.poll() is None and not reached():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def series(watches: int, minutes: int) -> bytes:
    """Many small batches: a plain table with a source for each of so many watches, and some bad rows.

    The phone names no zone.
    """
    lines = ["start,kind,value,unit,source"]
    for minute in range(minutes):
        at = (datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=minute)).isoformat()
        wall = at.removesuffix("+00:00")
        lines += [
            f"{at},heart_rate,{50 + (minute * watch) % 60},bpm,Watch {watch}" for watch in range(watches)
        ]
        lines.append(f"{wall},steps,{minute % 200 - 1},count,Phone")
    return "\n".join(lines).encode()


def upload_row(upload: Upload) -> Upload:
    with acting_for_all():
        return Upload.objects.get(id=upload.id)


def held(patient: Patient) -> dict[str, Any]:
    """Everything that the twin holds of a patient, without ids."""
    with acting_on(patient.id):
        columns = [
            store.read(patient.id, code, 0, store.LATEST_MS).columns for code in ("heart_rate", "steps")
        ]
        days = DaySummary.objects.order_by("kind", "day")
        return {
            "series": [np.stack([one.start, one.duration, one.value]).tolist() for one in columns],
            "days": list(days.values_list("kind", "day", "value", "minimum", "maximum", "count", "sources")),
            "records": list(
                Record.objects.order_by("type", "identity").values_list("type", "identity", "text")
            ),
        }


def test_upload_whose_workers_are_killed_is_stored_as_if_none_had_been(transactional_db):
    content = series(watches=12, minutes=5_000)
    patient, other = make.make_patient(), make.make_patient()
    undisturbed = make.make_upload(other, content)
    assert read_upload(undisturbed.id, now=timezone.now(), flush=2_000) == UploadStatus.PARTIAL

    upload = make.make_upload(patient, content)
    chance = random.Random(7)
    last = upload_row(undisturbed).items_done
    resumed_at = []
    for kill in range(4):
        later = timezone.now() + kill * HOUR
        assert due_uploads(now=later, limit=5) == [upload.id]
        resumed_at.append(upload_row(upload).items_done)
        stop = resumed_at[-1] + chance.randint(0, last // 4)
        with worker("read", upload.id, later) as process:
            wait_for(lambda stop=stop: upload_row(upload).items_done >= stop, process)
            time.sleep(chance.random() * 0.05)
    assert resumed_at == sorted(resumed_at)
    assert upload_row(upload).items_done > 0

    later = timezone.now() + 10 * HOUR
    if upload_row(upload).finished_at is None:
        assert due_uploads(now=later, limit=5) == [upload.id]
        assert read_upload(upload.id, now=later, flush=2_000) == UploadStatus.PARTIAL
    assert upload_row(upload).report == upload_row(undisturbed).report
    assert upload_row(upload).report["remarks"] == [{"code": "zone_assumed", "text": "Europe/Berlin"}]
    assert upload_row(upload).touched == {}
    assert held(patient) == held(other)
    assert due_uploads(now=later + HOUR, limit=5) == []


def hand_over(patient: Patient, first: datetime, days: int) -> None:
    """A heart rate each hour of so many days, as a phone hands it over."""
    start = [int((first + timedelta(hours=hour)).timestamp() * 1000) for hour in range(24 * days)]
    pulse = {"kind": "heart_rate", "unit": "/min", "source": "Watch", "start": start}
    body = {
        "batch_id": str(first),
        "series": [pulse | {"value": [60 + hour % 50 for hour in range(24 * days)]}],
    }
    with acting_for(patient.user_id):
        access = access_patient(patient.user, "me", Need.ACT, what="samples")
        receive_samples(access=access, batch=read_batch(body), now=timezone.now())


def stale(patient: Patient) -> list[tuple[int, int]]:
    with acting_on(patient.id):
        return list(StaleDays.objects.values_list("first_at", "last_at"))


def test_days_whose_workers_are_killed_are_summed_up_with_what_came_meanwhile(transactional_db):
    patient, other = make.make_patient(), make.make_patient()
    first, days = datetime(2024, 1, 1, tzinfo=UTC), 620
    for each in (patient, other):
        hand_over(each, first, days)
    hand_over(other, first - timedelta(days=40), 40)
    digest_stale(other.id, now=timezone.now())

    reached = []
    for kill in range(3):
        later = timezone.now() + kill * HOUR + SETTLE
        assert stale_patients(now=later, limit=5) == [patient.id]
        before = stale(patient)
        reached.append(before[0][0])
        with worker("digest", patient.id, later) as process:
            wait_for(lambda before=before: stale(patient) != before, process)
    assert reached == sorted(reached)
    assert stale(patient)[0][0] > reached[0]
    # Older than what the workers have done.
    hand_over(patient, first - timedelta(days=40), 40)

    later = timezone.now() + 10 * HOUR
    assert stale_patients(now=later, limit=5) == [patient.id]
    digest_stale(patient.id, now=later)
    assert held(patient) == held(other)
    assert len(held(patient)["days"]) > days
    assert stale_patients(now=later, limit=5) == []


def test_forecasts_whose_worker_is_killed_are_made_later(transactional_db):
    patient = make.make_patient()
    now = timezone.now()
    days = [(now - timedelta(days=ago)).isoformat() for ago in range(1, 61)]
    lines = ["start,kind,value,unit"]
    for kind, unit in (("sbp", "mm[Hg]"), ("weight", "kg")):
        lines += [f"{at},{kind},{100 + number % 9},{unit}" for number, at in enumerate(days)]
    upload = make.make_upload(patient, "\n".join(lines).encode())
    read_upload(upload.id, now=now)
    now += timedelta(minutes=1)
    assert due_patients(now=now, limit=5) == [patient.id]

    with acting_on(patient.id):
        # It claims and computes, and cannot settle.
        store.lock(patient.id)
        with worker("refresh", patient.id, now) as process:
            wait_for(is_waited_for, process)
    with acting_on(patient.id):
        assert set(StaleForecast.objects.values_list("due_at", flat=True)) == {now + FORECAST_LEASE}
        assert Forecast.objects.count() == 0
    assert due_patients(now=now, limit=5) == []
    now += FORECAST_LEASE
    assert due_patients(now=now, limit=5) == [patient.id]
    assert refresh_forecasts(patient.id, now=now) == 2
    with acting_on(patient.id):
        assert StaleForecast.objects.count() == 0
        assert sorted(Forecast.objects.values_list("kind", flat=True)) == ["sbp", "weight"]


def attempts() -> list[int]:
    """How many workers have begun each chunk."""
    with acting_for_all():
        return list(FleetChunk.objects.order_by("first").values_list("attempts", flat=True))


def test_pass_whose_worker_is_killed_is_finished_by_two_others(transactional_db, monkeypatch):
    monkeypatch.setattr(fleet, "CHUNK", 2)
    patients = [make.make_patient() for _ in range(10)]
    for patient in patients:
        for kind in ("sbp", "steps"):
            make_days(patient, kind, 30)
    assert start_run(FleetTask.NIGHTLY, now=NOW)

    def told() -> list[list[str]]:
        with acting_for_all():
            refs = list(Change.objects.order_by("seq").values_list("stream", "ref"))
            return [
                [ref for stream, ref in refs if stream == patient.id and ref != "record/1"]
                for patient in patients
            ]

    both = ["forecast/sbp", "forecast/steps"]
    with acting_for_all():
        # In its second chunk it has written forecasts and states, and waits for this number's counter.
        record_change(patients[3].id, topic=Topic.RECORDS, ref="record/1")
        with worker("fleet", patients[0].id, NOW) as process:
            wait_for(is_waited_for, process)
    assert told() == [both] * 2 + [[]] * 8
    assert attempts() == [1, 1, 0, 0, 0]
    with acting_for_all():
        assert (Forecast.objects.count(), SeriesState.objects.count()) == (4, 4)

    later = NOW + FLEET_LEASE
    with worker("fleet", patients[0].id, later) as one, worker("fleet", patients[0].id, later) as other:
        assert [one.wait(timeout=180), other.wait(timeout=180)] == [0, 0]
    assert told() == [both] * 10
    assert attempts() == [1, 2, 1, 1, 1]
    with acting_for_all():
        assert (Forecast.objects.count(), SeriesState.objects.count()) == (20, 20)
        assert FleetRun.objects.get().finished_at == later
        assert StaleForecast.objects.count() == 0


def requested_export(patient: Patient) -> Export:
    with acting_for(patient.user_id):
        access = access_patient(patient.user, "me", Need.EXPORT, what="export")
        return request_export(access=access, now=timezone.now())[0]


def test_export_whose_workers_are_killed_is_built_anew_as_if_none_had_been(transactional_db):
    patient = make.make_patient()
    upload = make.make_upload(patient, series(watches=12, minutes=10_000))
    read_upload(upload.id, now=timezone.now())
    undisturbed = requested_export(patient)
    assert build_export(undisturbed.id, now=timezone.now()) == ExportStatus.READY
    folder = export_file_of(undisturbed).parent
    whole = export_file_of(undisturbed).read_bytes()

    export = requested_export(patient)
    chance = random.Random(7)
    for kill in range(3):
        later = timezone.now() + kill * HOUR
        assert due_exports(now=later, limit=5) == [export.id]
        stop = chance.randint(1, len(whole) // 2)
        with worker("export", export.id, later) as process:
            wait_for(lambda stop=stop: part_sizes(folder) >= stop, process)
    assert part_sizes(folder) > 0
    assert export_file_of(undisturbed).exists()

    later = timezone.now() + 10 * HOUR
    assert due_exports(now=later, limit=5) == [export.id]
    assert build_export(export.id, now=later) == ExportStatus.READY
    assert [path.name for path in folder.iterdir()] == [export_file_of(export).name]
    with ZipFile(io.BytesIO(whole)) as first, ZipFile(export_file_of(export)) as second:
        assert first.namelist() == second.namelist()
        for name in set(first.namelist()) - {"index.json"}:
            assert first.read(name) == second.read(name)
    assert due_exports(now=later + HOUR, limit=5) == []


def part_sizes(folder: Path) -> int:
    """Bytes in the files that are being written, or were left by the dead."""
    sizes = 0
    for part in folder.glob("*.part"):
        with suppress(FileNotFoundError):
            sizes += part.stat().st_size
    return sizes


def test_alert_whose_worker_is_killed_between_raised_and_delivered_arrives_once(transactional_db):
    cast = make.make_cast()
    pia = cast.pia_patient
    found(pia, finding(severity=Severity.CRITICAL))
    now = ALERT_RAISED

    def told(channel: str) -> list[tuple[str, str, int]]:
        with acting_for_all():
            rows = AlertDelivery.objects.filter(channel=channel).order_by("recipient__name")
            return list(rows.values_list("recipient__name", "status", "attempts"))

    with served() as address, socket_of(address, cast.cleo) as opened:
        # Killed while it holds all that is to be told, after the sockets and in the midst of the first mail.
        with worker("deliver", pia.id, now) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"sending\n"
        assert told("live") == [(name, "sent", 1) for name in ("Cleo", "Dora", "Pia")]
        assert told("email") == [(name, "waiting", 1) for name in ("Cleo", "Dora", "Pia")]
        later = now + DELIVERY_LEASE
        assert patients_to_tell_of(now=later - timedelta(seconds=1), limit=5) == []
        assert patients_to_tell_of(now=later, limit=5) == [pia.id]
        assert deliver(pia.id, now=later) == 3
        assert patients_to_tell_of(now=later + HOUR, limit=5) == []
        assert told("email") == [(name, "sent", 2) for name in ("Cleo", "Dora", "Pia")]
        assert len(mail.outbox) == 3
        assert opened.hear()["severity"] == "critical"
        assert opened.ask(type="ping", id=1) == {"type": "reply", "id": 1, "ok": True}
