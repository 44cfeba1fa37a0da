"""An upload is read: to a report that adds up, once, by whoever holds the lease."""

import logging
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from threading import Event, Thread
from typing import BinaryIO
from uuid import uuid4
from zoneinfo import ZoneInfo

import make
import numpy as np
import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from backend.actor import acting_for_all, acting_on
from backend.models import Change, Patient
from twin.intake import formats
from twin.intake.items import Item, Problem, ProblemCode, Record, RecordType, Samples
from twin.models import DaySummary, Snapshot, StaleForecast, Upload, UploadStatus
from twin.models import Record as RecordRow
from twin.report import Report
from twin.series import store
from twin.series.columns import Columns
from twin.services.intake import MOST_SOURCES
from twin.services.reading import ATTEMPTS, LEASE, claim_upload, due_uploads, read_upload
from twin.services.uploads import file_of

MANY = b"""start,kind,value,unit,source
2026-03-01T08:00:00Z,heart_rate,61,count/min,Watch
2026-03-01T08:00:00Z,heart_rate,61,count/min,Watch
2026-03-01T08:01:00Z,heart_rate,62,count/min,Watch
2026-03-01T08:01:00Z,heart_rate,63,count/min,Watch
2026-03-01T08:02:00Z,heart_rate,1000,count/min,Watch
2026-03-01T08:03:00Z,heart_rate,64,furlong,Watch
2026-03-01T08:04:00Z,heart_rate,much,count/min,Watch
1066-03-01T08:05:00Z,heart_rate,65,count/min,Watch
2026-03-01T08:06:00Z,luck,7,count,Watch
2026-03-01T08:07:00Z,weight,178.5,lb,Scale
"""
ROWS = 10


def row_of(upload: Upload) -> Upload:
    with acting_for_all():
        return Upload.objects.get(id=upload.id)


def heart_rate_of(patient: Patient) -> list[float]:
    with acting_on(patient.id):
        return store.read(patient.id, "heart_rate", store.EARLIEST_MS, store.LATEST_MS).columns.value.tolist()


def accounted_for(report: dict) -> int:
    """Everything that the report says of a file, each sample once."""
    tallies = [*report["samples"].values(), *report["records"].values()]
    kept = sum(tally[name] for tally in tallies for name in ("stored", "known", "replaced"))
    gone = sum(tally["suppressed"] for tally in report["samples"].values())
    return kept + gone + sum(problem["count"] for problem in report["problems"])


class Format:
    """A format of the tests' own: each item is as the test wants it, when it wants it."""

    NAME = "of the tests"
    MAGIC = b"tests' own format"

    def __init__(self, items: Iterator[Item]) -> None:
        self._items = items

    def sniff(self, head: bytes) -> bool:
        return head.startswith(self.MAGIC)

    def read(self, stream: BinaryIO, *, zone: ZoneInfo) -> Iterator[Item]:  # noqa: ARG002 - the protocol's
        yield from self._items


@pytest.fixture
def read_as(monkeypatch):
    """A function that makes files of the tests' own format read as these items."""

    def install(items: Iterator[Item]) -> None:
        monkeypatch.setattr(formats, "FORMATS", (Format(items),))

    return install


def beats(*values: float, minute: int = 0) -> Samples:
    start = np.arange(minute, minute + len(values)) * 60_000 + 1_772_352_000_000
    columns = Columns(start, np.zeros(len(values), np.int64), np.array(values))
    return Samples("heart_rate", "Watch", "count/min", columns)


def test_read_upload_makes_a_report_that_adds_up(cast):
    upload = make.make_upload(cast.pia_patient, MANY)
    assert read_upload(upload.id, now=timezone.now()) == UploadStatus.PARTIAL
    report = row_of(upload).report
    assert accounted_for(report) == ROWS
    assert report["samples"]["heart_rate"] == {
        "stored": 2,
        "known": 1,
        "replaced": 1,
        "suppressed": 0,
        "refused": 3,
        "first": "2026-03-01T08:00:00Z",
        "last": "2026-03-01T08:01:00Z",
        "unit": "/min",
    }
    assert report["samples"]["weight"]["unit"] == "kg"
    assert {(one["code"], one["count"]) for one in report["problems"]} == {
        ("implausible_time", 1),
        ("not_a_number", 1),
        ("out_of_range", 1),
        ("unknown_kind", 1),
        ("unknown_unit", 1),
    }
    assert all(one["example"] and one["place"] for one in report["problems"])
    assert heart_rate_of(cast.pia_patient) == [61.0, 63.0]


def test_read_upload_brings_the_twin_up_to_date(cast):
    upload = make.make_upload(cast.pia_patient, MANY)
    read_upload(upload.id, now=timezone.now())
    row = row_of(upload)
    assert row.finished_at is not None
    assert (row.lease_until, row.lease_token, row.touched) == (None, None, {})
    with acting_on(cast.pia_patient.id):
        assert sorted(DaySummary.objects.values_list("kind", flat=True)) == ["heart_rate", "weight"]
        assert [tile["kind"] for tile in Snapshot.objects.get().tiles] == ["heart_rate", "weight"]
        assert sorted(StaleForecast.objects.values_list("kind", flat=True)) == ["heart_rate", "weight"]
        refs = list(Change.objects.order_by("seq").values_list("ref", flat=True))
    assert [ref for ref in refs if not ref.startswith("days/")] == [
        f"upload/{upload.id}",
        "series/heart_rate",
        "series/weight",
        f"upload/{upload.id}",
    ]


def test_read_upload_of_overlapping_files_counts_what_is_known(cast):
    first, second = make.minutes_csv(100), make.minutes_csv(150)
    read_upload(make.make_upload(cast.pia_patient, first).id, now=timezone.now())
    upload = make.make_upload(cast.pia_patient, second)
    assert read_upload(upload.id, now=timezone.now()) == UploadStatus.STORED
    tally = row_of(upload).report["samples"]["heart_rate"]
    assert (tally["stored"], tally["known"]) == (50, 100)


def test_read_upload_does_not_bring_deleted_samples_back(cast):
    patient = cast.pia_patient.id
    read_upload(make.make_upload(cast.pia_patient, make.minutes_csv(3)).id, now=timezone.now())
    with acting_on(patient):
        (extent,) = store.extents(patient)
        store.delete(patient, "heart_rate", extent.source_id, extent.first_at, 0)
    upload = make.make_upload(cast.pia_patient, make.minutes_csv(4))
    assert read_upload(upload.id, now=timezone.now()) == UploadStatus.STORED
    tally = row_of(upload).report["samples"]["heart_rate"]
    assert (tally["stored"], tally["known"], tally["suppressed"]) == (1, 2, 1)


def test_read_upload_of_nothing_usable_is_refused_and_says_so(cast):
    upload = make.make_upload(cast.pia_patient, b"start,kind,value,unit\n2026-03-01T08:00:00Z,luck,7,count\n")
    assert read_upload(upload.id, now=timezone.now()) == UploadStatus.REFUSED
    report = row_of(upload).report
    assert report["refusal"]["code"] == "nothing_usable"
    assert accounted_for(report) == 1


def test_read_upload_of_a_finished_one_does_nothing(cast):
    upload = make.make_upload(cast.pia_patient, MANY)
    read_upload(upload.id, now=timezone.now())
    before = row_of(upload).report
    assert read_upload(upload.id, now=timezone.now() + timedelta(days=1)) is None
    assert row_of(upload).report == before


def test_read_upload_of_an_unknown_id_does_nothing(db):
    assert read_upload(uuid4(), now=timezone.now()) is None


def test_read_upload_in_small_flushes_is_the_same_as_in_one(cast, read_as):
    def items() -> Iterator[Item]:
        for minute in range(20):
            yield beats(60.0 + minute, minute=minute)
            yield beats(60.0 + minute, minute=minute)
        yield Problem(ProblemCode.NOT_WORN, "0", "line 1", 7, "steps")

    reports = []
    for patient, flush in ((cast.pia_patient, 1), (cast.paul_patient, 1_000)):
        read_as(items())
        upload = make.make_upload(patient, Format.MAGIC)
        read_upload(upload.id, now=timezone.now(), flush=flush)
        reports.append(row_of(upload).report)
    assert reports[0] == reports[1]
    assert heart_rate_of(cast.pia_patient) == heart_rate_of(cast.paul_patient)


def condition(identity: str, text: str) -> Record:
    body = {"id": identity, "text": text}
    told = (identity, "", "", text, "active", None, None, body, "records", "Clinic")
    return Record(RecordType.CONDITION, *told)


@pytest.mark.parametrize("flush", [1, 100_000])
def test_read_upload_of_records_keeps_the_last_word_on_each(cast, read_as, flush):
    told = [("1", "cough"), ("2", "cold"), ("1", "asthma"), ("2", "cold")]
    read_as(iter([condition(identity, text) for identity, text in told]))
    upload = make.make_upload(cast.pia_patient, Format.MAGIC)
    assert read_upload(upload.id, now=timezone.now(), flush=flush) == UploadStatus.STORED
    report = row_of(upload).report
    assert (accounted_for(report), report["records"]["condition"]["stored"]) == (4, 2)
    with acting_on(cast.pia_patient.id):
        assert sorted(RecordRow.objects.values_list("text", flat=True)) == ["asthma", "cold"]


def test_read_upload_of_records_with_long_identities_keeps_each(cast, read_as):
    read_as(iter([condition("x" * 300 + end, end) for end in "ab"]))
    upload = make.make_upload(cast.pia_patient, Format.MAGIC)
    read_upload(upload.id, now=timezone.now())
    assert row_of(upload).report["records"]["condition"]["stored"] == 2


def test_read_upload_takes_sources_of_any_name(cast, read_as):
    names = ["", "\0", " Watch ", "Watch", "s" * 300, "Pia\N{RIGHT SINGLE QUOTATION MARK}s \udc80 Watch"]
    read_as(replace(beats(60.0, minute=minute), source=name) for minute, name in enumerate(names))
    upload = make.make_upload(cast.pia_patient, Format.MAGIC)
    assert read_upload(upload.id, now=timezone.now()) == UploadStatus.STORED
    with acting_on(cast.pia_patient.id):
        assert len(store.extents(cast.pia_patient.id)) == 4


def test_read_upload_with_endless_sources_refuses_the_last_of_them(cast):
    rows = (f"2026-03-01T08:00:00Z,weight,80,kg,Scale {number:04}" for number in range(MOST_SOURCES + 5))
    upload = make.make_upload(cast.pia_patient, "\n".join(["start,kind,value,unit,source", *rows]).encode())
    assert read_upload(upload.id, now=timezone.now()) == UploadStatus.PARTIAL
    report = row_of(upload).report
    assert (report["samples"]["weight"]["stored"], report["samples"]["weight"]["refused"]) == (
        MOST_SOURCES,
        5,
    )
    assert [(one["code"], one["count"]) for one in report["problems"]] == [("too_many_sources", 5)]
    again = make.make_upload(cast.pia_patient, make.minutes_csv(3))
    assert read_upload(again.id, now=timezone.now()) == UploadStatus.REFUSED


def test_read_upload_without_its_bytes_is_tried_again_and_then_given_up(cast, caplog):
    upload = make.make_upload(cast.pia_patient, MANY)
    file_of(upload.patient_id, upload.sha256).unlink()
    now = timezone.now()
    for attempt in range(ATTEMPTS):
        assert read_upload(upload.id, now=now + attempt * timedelta(minutes=10)) is None
    assert (row_of(upload).status, row_of(upload).attempts) == (UploadStatus.READING, ATTEMPTS)
    assert read_upload(upload.id, now=now + timedelta(hours=2)) == UploadStatus.REFUSED
    assert row_of(upload).report["refusal"]["code"] == "reading_failed"
    assert [record.message.split()[0] for record in caplog.records].count("action=upload_failed") == ATTEMPTS


def test_read_upload_with_a_fault_in_the_reader_logs_no_content(cast, read_as, caplog):
    caplog.set_level(logging.DEBUG)

    def items() -> Iterator[Item]:
        yield beats(61.0, 62.0)
        raise ValueError("canary 61.0 of Pia")

    read_as(items())
    upload = make.make_upload(cast.pia_patient, Format.MAGIC, "canary.csv")
    assert read_upload(upload.id, now=timezone.now(), flush=1) is None
    assert f"action=upload_failed upload={upload.id} error=ValueError" in caplog.text
    assert "canary" not in caplog.text
    assert "Pia" not in caplog.text


def test_read_upload_given_up_halfway_tells_and_shows_what_is_stored(cast, read_as):
    def items() -> Iterator[Item]:
        yield beats(61.0, 62.0)
        raise ValueError

    upload = make.make_upload(cast.pia_patient, Format.MAGIC)
    now = timezone.now()
    for attempt in range(ATTEMPTS + 1):
        read_as(items())
        assert read_upload(upload.id, now=now + attempt * timedelta(minutes=10), flush=1) is None
    assert read_upload(upload.id, now=now + timedelta(hours=2), flush=1) == UploadStatus.PARTIAL
    report = row_of(upload).report
    assert (report["refusal"]["code"], report["samples"]["heart_rate"]["stored"]) == ("reading_failed", 2)
    with acting_on(cast.pia_patient.id):
        assert DaySummary.objects.get().count == 2


def test_read_upload_given_up_is_read_again_when_it_comes_again(cast, read_as, monkeypatch):
    upload = make.make_upload(cast.pia_patient, MANY)
    file_of(upload.patient_id, upload.sha256).unlink()
    now = timezone.now()
    for attempt in range(ATTEMPTS + 1):
        read_upload(upload.id, now=now + attempt * timedelta(minutes=10))
    assert row_of(upload).status == UploadStatus.REFUSED
    assert make.make_upload(cast.pia_patient, MANY).id == upload.id
    assert read_upload(upload.id, now=timezone.now()) == UploadStatus.PARTIAL
    assert row_of(upload).report["refusal"] is None


def test_claim_upload_is_won_by_one_and_open_again_after_the_lease(cast):
    upload = make.make_upload(cast.pia_patient, MANY)
    now = timezone.now()
    assert due_uploads(now=now, limit=10) == [upload.id]
    assert claim_upload(upload.id, now=now) is not None
    assert claim_upload(upload.id, now=now) is None
    assert due_uploads(now=now, limit=10) == []
    later = now + LEASE + timedelta(seconds=1)
    assert due_uploads(now=later, limit=10) == [upload.id]
    assert claim_upload(upload.id, now=later) is not None


def test_claim_upload_by_two_at_once_has_one_winner(transactional_db):
    upload = make.make_upload(make.make_patient(), MANY)
    won: list[object] = []

    def claim() -> None:
        try:
            won.append(claim_upload(upload.id, now=timezone.now()))
        finally:
            connection.close()

    threads = [Thread(target=claim) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [claim is None for claim in won].count(False) == 1


def test_read_upload_that_was_taken_over_stores_nothing_more(cast, read_as):
    upload = make.make_upload(cast.pia_patient, Format.MAGIC)

    def items() -> Iterator[Item]:
        yield beats(61.0)
        assert claim_upload(upload.id, now=timezone.now() + timedelta(hours=1)) is not None
        yield beats(62.0, minute=1)

    read_as(items())
    assert read_upload(upload.id, now=timezone.now(), flush=1) is None
    row = row_of(upload)
    assert (row.status, row.items_done) == (UploadStatus.READING, 1)
    assert row.report["samples"]["heart_rate"]["stored"] == 1
    assert heart_rate_of(cast.pia_patient) == [61.0]

    read_as(iter([beats(61.0), beats(62.0, minute=1)]))
    assert read_upload(upload.id, now=timezone.now() + timedelta(hours=2)) == UploadStatus.STORED
    assert row_of(upload).report["samples"]["heart_rate"]["stored"] == 2


def test_read_upload_keeps_its_lease_while_a_reader_yields_nothing(transactional_db, read_as):
    upload = make.make_upload(make.make_patient(), Format.MAGIC)
    lease = timedelta(seconds=2)
    go_on, reading = Event(), Event()
    outcome: list[object] = []

    def items() -> Iterator[Item]:
        reading.set()
        assert go_on.wait(120)
        yield beats(61.0)

    def work() -> None:
        try:
            outcome.append(read_upload(upload.id, now=timezone.now(), lease=lease))
        finally:
            connection.close()

    read_as(items())
    worker = Thread(target=work)
    worker.start()
    assert reading.wait(120)
    time.sleep(2 * lease.total_seconds())
    assert due_uploads(now=timezone.now(), limit=10) == []
    go_on.set()
    worker.join()
    assert outcome == [UploadStatus.STORED]


def test_report_survives_as_json(cast):
    upload = make.make_upload(cast.pia_patient, MANY)
    read_upload(upload.id, now=timezone.now())
    body = row_of(upload).report
    assert Report.from_json(body).to_json() == body


def test_report_of_endless_sorts_of_problems_stays_small():
    report = Report()
    for number in range(10_000):
        report.add_problem(Problem(ProblemCode.MALFORMED, f"sort {number}", "here"))
    body = report.to_json()
    assert (len(body["problems"]), accounted_for(body)) == (201, 10_000)
    assert Report.from_json(body).to_json() == body


IMPOSSIBLE_UPLOADS = {
    "upload_status_is_known": {"status": "lost"},
    "upload_being_read_has_lease": {"status": "reading"},
    "upload_finished_has_finished_at": {"status": "stored"},
    "upload_is_of_the_records": {"topic": "vitals"},
}


@pytest.mark.parametrize("constraint", IMPOSSIBLE_UPLOADS)
def test_upload_cannot_be_impossible(cast, constraint):
    possible = {
        "patient": cast.pia_patient,
        "uploaded_by": cast.pia,
        "name": "a",
        "sha256": "0",
        "size": 1,
        "received_at": timezone.now(),
    }
    with acting_for_all(), pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Upload.objects.create(**possible | IMPOSSIBLE_UPLOADS[constraint])
