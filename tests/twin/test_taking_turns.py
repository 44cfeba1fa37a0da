"""Several processes write to one patient at once: nothing is lost, nobody waits for ever."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from threading import Thread

import make
from django.db import connection
from django.utils import timezone

from backend.access import access_patient
from backend.actor import acting_for, acting_on
from backend.models import Change, Patient
from backend.rules import Need
from twin.models import DaySummary, Upload
from twin.series import store
from twin.services.observations import Measurement, record_measurements
from twin.services.rebuild import rebuild

WORKER = """
import sys
from uuid import UUID

import django

django.setup()
from django.utils import timezone
from twin.services.reading import read_upload

for upload in sys.argv[1:]:
    read_upload(UUID(upload), now=timezone.now(), flush=300)
"""
FIRST = datetime(2026, 3, 1, tzinfo=UTC)
TYPED = 40


def table(first: int, last: int) -> bytes:
    """The minutes from `first` to `last`, by five devices whose names no earlier file has."""
    lines = ["start,kind,value,unit,source"]
    for minute in range(first, last):
        at = (FIRST + timedelta(minutes=minute)).isoformat()
        lines += [f"{at},heart_rate,{60 + minute % 50},bpm,Watch {watch}" for watch in range(5)]
        lines.append(f"{at},steps,{minute % 100},count,Phone")
    return "\n".join(lines).encode()


def type_in(patient: Patient) -> None:
    try:
        for number in range(TYPED):
            with acting_for(patient.user_id):
                access = access_patient(patient.user, "me", Need.ACT, what="measurement")
                at = timezone.now() - timedelta(hours=number + 1)
                values = [
                    Measurement("weight", 80 + number / 10, "kg", at),
                    Measurement("steps", 5, "count", at),
                ]
                record_measurements(access=access, measurements=values, now=timezone.now())
    finally:
        connection.close()


def test_overlapping_uploads_and_measurements_at_once_lose_nothing(transactional_db):
    patient = make.make_patient()
    uploads = [make.make_upload(patient, table(start, start + 1_000)) for start in (0, 300, 600, 900)]
    shares = (uploads[:2], uploads[2:])
    typist = Thread(target=type_in, args=(patient,))
    typist.start()
    workers = [
        subprocess.Popen([sys.executable, "-c", WORKER, *(str(one.id) for one in share)], env=os.environ)
        for share in shares
    ]
    assert [worker.wait(timeout=180) for worker in workers] == [0, 0]
    typist.join()

    with acting_on(patient.id):
        assert set(Upload.objects.values_list("status", flat=True)) == {"stored"}
        reports = list(Upload.objects.values_list("report", flat=True))
        counts: dict[str, int] = {}
        for extent in store.extents(patient.id):
            counts[extent.kind] = counts.get(extent.kind, 0) + extent.count
        seqs = list(Change.objects.order_by("seq").values_list("seq", flat=True))
        days = list(DaySummary.objects.order_by("kind", "day").values_list("kind", "day", "value", "count"))
    assert counts == {"heart_rate": 5 * 1_900, "steps": 1_900 + TYPED, "weight": TYPED}
    tallies = [tally for report in reports for tally in report["samples"].values()]
    assert sum(tally["stored"] for tally in tallies) == 6 * 1_900
    assert sum(tally["stored"] + tally["known"] for tally in tallies) == 4 * 6 * 1_000
    assert seqs == list(range(1, len(seqs) + 1))

    rebuild(patient.id, now=timezone.now())
    with acting_on(patient.id):
        again = list(DaySummary.objects.order_by("kind", "day").values_list("kind", "day", "value", "count"))
    assert again == days
