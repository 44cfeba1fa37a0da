"""Everything of a patient goes out in one file, and comes back as it was."""

import hashlib
import io
import json
import zipfile
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import make
import numpy as np
import pytest
from asgiref.sync import async_to_sync
from django.core import mail
from django.utils import timezone

from backend.access import access_patient
from backend.actor import acting_for, acting_for_all, acting_on
from backend.models import Change, Patient
from backend.ports import ports
from backend.queries import zone_history_of
from backend.rules import Need
from twin.intake.items import RecordType, Refused
from twin.intake.opening import open_upload
from twin.kinds import KINDS, kind
from twin.models import Direction, Export, ExportStatus, Record, SeriesBlock, Source, Upload
from twin.report import Report
from twin.series import store
from twin.series.columns import UNKNOWN_OFFSET, Columns, Flag
from twin.series.overlay import BuriedBy
from twin.services.exports import build_export, due_exports, expire_exports, file_of, request_export
from twin.services.goals import set_goal
from twin.services.intake import Touched, take_in
from twin.services.lease import ATTEMPTS
from twin.services.questionnaires import answer_questionnaire
from twin.services.reading import read_upload
from twin.services.records import Written, add_record
from twin.services.scores import refresh_scores
from twin.services.suggestions import dismiss

SAMPLES = Path(__file__).parents[1] / "samples"
# Every file that ships with the tests: the records, sources, offsets and flags of all importers.
BROUGHT = sorted(path for path in SAMPLES.glob("*/*") if path.name != "README.md")
HOUR = 3_600_000
# The clocks of Berlin went back here.
AUTUMN = int(datetime(2025, 10, 26, 0, 30, tzinfo=UTC).timestamp() * 1000)


def bring(patient: Patient, content: bytes, name: str) -> Upload:
    upload = make.make_upload(patient, content, name)
    read_upload(upload.id, now=timezone.now())
    with acting_on(patient.id):
        return Upload.objects.get(id=upload.id)


def export(patient: Patient) -> Export:
    with acting_for(patient.user_id):
        access = access_patient(patient.user, patient.id, Need.EXPORT, what="export")
        asked, _ = request_export(access=access, now=timezone.now())
    build_export(asked.id, now=timezone.now())
    with acting_on(patient.id):
        return Export.objects.get(id=asked.id)


def members(made: Export) -> dict[str, bytes]:
    with zipfile.ZipFile(file_of(made)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def of_each_kind(patient: Patient) -> None:
    """Samples of every kind from two sources of odd names, with all that a sample can carry."""
    chance = np.random.default_rng(7)
    with acting_on(patient.id):
        sources = [
            Source.objects.create(patient=patient, name=name)
            for name in ("Paul\u2019s Watch\xa0\u2014 \u201cold\u201d, 2;\t\u5fc3", 'a "b"\nc')
        ]
        batches = []
        for number, code in enumerate(KINDS):
            low, high = kind(code).hard
            for source in sources:
                start = AUTUMN + np.arange(-4, 5) * HOUR // 3 + number
                batches.append(
                    store.Batch(
                        code,
                        source.id,
                        Columns(
                            start,
                            chance.integers(0, 3, len(start)) * 600_000,
                            chance.uniform(low, min(high, low + 1e6), len(start)),
                            np.where(start < AUTUMN, 120, 60).astype(np.int16)
                            if source is sources[0]
                            else np.where(start % 2, 60, UNKNOWN_OFFSET).astype(np.int16),
                            # A value outside the usual range is marked whenever it is read.
                            np.full(len(start), Flag.SOFT_RANGE | Flag.MANUAL, np.uint8)
                            | chance.integers(0, 32, len(start)).astype(np.uint8),
                        ),
                    )
                )
        store.merge(patient.id, batches, lifts=list(BuriedBy))
        deleted = batches[0]
        for place in (0, 3):
            start, duration = deleted.columns.start[place], deleted.columns.duration[place]
            assert store.delete(patient.id, deleted.kind, deleted.source_id, int(start), int(duration)) == 1


def written_by_hand(patient: Patient) -> None:
    with acting_for(patient.user_id):
        access = access_patient(patient.user, patient.id, Need.ACT, what="record")
        for type_ in RecordType:
            add_record(
                access=access,
                written=Written(
                    type_,
                    "P\u00f3len, \u201efr\u00fch\u201c \U0001f33c",
                    status="entered-in-error",
                    start=datetime(1971, 5, 1, tzinfo=UTC),
                    note="Every spring",
                ),
                edited_at=timezone.now(),
                now=timezone.now(),
            )


def everything(patient: Patient) -> dict[str, object]:
    """What the store and the records hold, without ids and without what is only for one account."""
    with acting_on(patient.id):
        names = dict(Source.objects.values_list("id", "name"))
        blocks = SeriesBlock.objects.filter(count__gt=0).values_list(
            "kind", "source_id", "span", "count", "first_at", "last_at", "minimum", "maximum", "total", "data"
        )
        columns = ("type", "topic", "source", "identity", "system", "code", "text", "status")
        records = Record.objects.values_list(*columns, "starts_at", "ends_at", "body")
        return {
            "blocks": {
                (code, names[source], span): (*edges, bytes(data))
                for code, source, span, *edges, data in blocks
            },
            "records": sorted(records, key=lambda row: row[:4]),
        }


@pytest.fixture
def some(db) -> Patient:
    patient = make.make_patient()
    of_each_kind(patient)
    written_by_hand(patient)
    return patient


@pytest.fixture
def full(db) -> Patient:
    """All that the importers can bring; undigested, for an export holds nothing that is derived."""
    patient = make.make_patient()
    now = timezone.now()
    with acting_on(patient.id):
        zone = zone_history_of(patient.id)
        for path in BROUGHT:
            with suppress(Refused):
                items = list(open_upload(path, zone=zone, name=path.name).items)
                take_in(patient.id, items, report=Report(), touched=Touched(), now=now)
    of_each_kind(patient)
    written_by_hand(patient)
    return patient


def test_export_comes_back_unchanged_for_another_patient_and_adds_nothing_to_the_first(full):
    made = export(full)
    held = everything(full)
    first = members(made)
    assert made.status == ExportStatus.READY
    assert {key[0] for key in held["blocks"]} == set(KINDS)
    assert {row[0] for row in held["records"]} == set(RecordType)

    other = make.make_patient()
    upload = bring(other, file_of(made).read_bytes(), "pollux.zip")
    assert (upload.status, upload.report["problems"]) == ("stored", [])
    assert upload.format == "fhir+plain_csv+pollux_export"
    assert everything(other) == held

    second = members(export(other))
    assert second.keys() == first.keys()
    own = {full: first, other: second}
    for name in first.keys() - {"index.json", "patient.json", "said.ndjson"}:
        # Those made here are about whoever takes them along.
        plain = [held[name].replace(str(who.id).encode(), b"") for who, held in own.items()]
        assert plain[0] == plain[1], name

    again = bring(full, file_of(made).read_bytes(), "pollux.zip")
    tallies = [*again.report["samples"].values(), *again.report["records"].values()]
    assert sum(tally["stored"] + tally["replaced"] for tally in tallies) == 0
    assert everything(full) == held


def test_export_tells_what_was_said_and_what_became_of_warnings(cast):
    patient, now = cast.pia_patient, timezone.now()
    with acting_for(cast.pia.id):
        access = access_patient(cast.pia, "me", Need.ACT, what="questionnaire")
        answer_questionnaire(access=access, code="phq9", answers=[1] * 9, answered_at=None, now=now)
        set_goal(
            access=access,
            kind_code="weight",
            direction=Direction.AT_MOST,
            target=70.0,
            unit="kg",
            by_day=None,
            now=now,
        )
        dismiss(access=access, rule="hba1c_due", days=30, now=now)
    refresh_scores(patient.id, now=now + timedelta(minutes=1))
    lines = members(export(patient))["said.ndjson"].decode().splitlines()
    said = [json.loads(line) for line in lines[1:]]
    by_type = {one["said"]: one for one in said}
    assert by_type["questionnaire"]["answers"] == [1] * 9
    assert by_type["questionnaire"]["answered_by"] == "Pia"
    assert (by_type["goal"]["kind"], by_type["goal"]["target"]) == ("weight", 70.0)
    assert by_type["suggestion_dismissal"]["rule"] == "hba1c_due"
    assert {one["code"]: one["result"]["value"] for one in said if one["said"] == "score"}["phq9"] == 9
    alert = by_type["alert"]
    steps = [one["step"] for one in said if one["said"] == "alert_step" and one["alert_id"] == alert["id"]]
    assert steps == ["raised"]


def test_export_lists_what_it_holds(some):
    made = export(some)
    held = members(made)
    index = json.loads(held["index.json"])
    assert (index["format"], index["version"]) == ("pollux-export", 1)
    assert index["patient"] == {"id": str(some.id), "name": some.name}
    assert [(one["name"], one["size"], one["sha256"]) for one in index["members"]] == [
        (name, len(content), hashlib.sha256(content).hexdigest())
        for name, content in held.items()
        if name != "index.json"
    ]
    for one in index["kinds"]:
        assert held[one["member"]].count(b"\n") > one["samples"]
        assert one["unit"] == kind(one["kind"]).unit
    assert sum(index["records"].values()) == held["records.ndjson"].count(b"\n")
    assert made.size == file_of(made).stat().st_size
    assert made.sha256 == hashlib.sha256(file_of(made).read_bytes()).hexdigest()
    assert file_of(made).parent.stat().st_mode & 0o777 == 0o700


def test_export_of_nobodys_data_is_an_archive_all_the_same(db):
    patient = make.make_patient()
    assert members(export(patient)).keys() == {
        "patient.json",
        "records.ndjson",
        "said.ndjson",
        "README.txt",
        "index.json",
    }


def test_record_edited_since_an_export_is_not_put_back_by_it(some):
    made = export(some)
    with acting_on(some.id):
        Record.objects.filter(type="allergy", edited_by=some.user).update(text="Cats", version=2)
    before = everything(some)
    bring(some, file_of(made).read_bytes(), "pollux.zip")
    assert everything(some) == before


def test_what_was_deleted_since_an_export_is_not_brought_back_by_it(db):
    patient = make.make_patient()
    bring(patient, make.minutes_csv(10), "a.csv")
    made = export(patient)
    with acting_on(patient.id):
        (extent,) = store.extents(patient.id)
        assert store.delete(patient.id, extent.kind, extent.source_id, extent.first_at, 0) == 1
    assert bring(patient, file_of(made).read_bytes(), "pollux.zip").report["samples"]["heart_rate"] | {
        "first": None,
        "last": None,
    } == {
        "stored": 0,
        "known": 9,
        "replaced": 0,
        "suppressed": 1,
        "refused": 0,
        "first": None,
        "last": None,
        "unit": "/min",
    }


def test_exports_of_two_people_in_one_archive_are_refused(db):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number in (1, 2):
            patient = make.make_patient()
            bring(patient, make.minutes_csv(number), "a.csv")
            archive.writestr(f"{number}.zip", file_of(export(patient)).read_bytes())
    upload = bring(make.make_patient(), packed.getvalue(), "both.zip")
    assert upload.report["refusal"]["code"] == "several_people"


def test_export_of_a_later_layout_is_a_skipped_member(db):
    patient = make.make_patient()
    index = b'{"format": "pollux-export", "version": 2, "members": []}'
    upload = bring(patient, index, "index.json")
    assert upload.report["refusal"]["code"] == "unsupported_version"


def test_rooms_add_their_part_through_the_port(db, monkeypatch):
    monkeypatch.setitem(ports.exporters, "garden", lambda _patient: [("trees.json", [b"[", b"]"])])
    assert members(export(make.make_patient()))["garden/trees.json"] == b"[]"


def test_request_export_twice_is_one_export(cast):
    with acting_for(cast.pia.id):
        access = access_patient(cast.pia, "me", Need.EXPORT, what="export")
        first, made = request_export(access=access, now=timezone.now())
        second, again = request_export(access=access, now=timezone.now())
    assert (made, again, first.id) == (True, False, second.id)
    assert due_exports(now=timezone.now(), limit=5) == [first.id]
    assert build_export(first.id, now=timezone.now()) == ExportStatus.READY
    assert build_export(first.id, now=timezone.now()) is None
    assert due_exports(now=timezone.now(), limit=5) == []


def test_newer_export_takes_the_place_of_the_older(transactional_db):
    patient = make.make_patient()
    older, newer = export(patient), export(patient)
    with acting_for_all():
        assert list(Export.objects.values_list("id", flat=True)) == [newer.id]
    assert list(file_of(older).parent.iterdir()) == [file_of(newer)]


def test_export_is_told_of_in_the_log_and_by_mail_without_content(transactional_db):
    patient = make.make_patient()
    made = export(patient)
    with acting_on(patient.id):
        assert set(Change.objects.values_list("ref", flat=True)) == {f"export/{made.id}"}
    assert [(one.to, one.subject) for one in mail.outbox] == [([patient.user.email], "Your data is ready")]
    assert patient.name not in mail.outbox[0].body


def test_expired_export_goes_with_its_file(transactional_db):
    patient = make.make_patient()
    made = export(patient)
    path = file_of(made)
    assert expire_exports(now=made.expires_at - timedelta(seconds=1)) == 0
    assert path.exists()
    assert expire_exports(now=made.expires_at) == 1
    assert not path.exists()
    with acting_for_all():
        assert not Export.objects.exists()
    left = path.with_suffix(".part")
    left.write_bytes(b"of a dead worker")
    expire_exports(now=timezone.now())
    assert left.exists()
    expire_exports(now=timezone.now() + timedelta(days=8))
    assert not left.exists()


def test_export_that_cannot_be_built_is_given_up(cast):
    def broken(_patient):
        raise RuntimeError("87.654321")

    with acting_for(cast.pia.id):
        access = access_patient(cast.pia, "me", Need.EXPORT, what="export")
        asked, _ = request_export(access=access, now=timezone.now())
    ports.exporters["garden"] = broken
    try:
        now = timezone.now()
        for _ in range(ATTEMPTS):
            assert build_export(asked.id, now=now) is None
            now += timedelta(hours=1)
    finally:
        del ports.exporters["garden"]
    assert build_export(asked.id, now=now) == ExportStatus.FAILED
    assert list(file_of(asked).parent.iterdir()) == []
    with acting_for(cast.pia.id):
        assert request_export(access=access, now=now)[1]


def test_export_that_another_worker_has_taken_over_is_left_to_it(cast, monkeypatch):
    def overtaken(_patient):
        with acting_for_all():
            Export.objects.update(lease_token=uuid4())
        return []

    monkeypatch.setitem(ports.exporters, "garden", overtaken)
    with acting_for(cast.pia.id):
        access = access_patient(cast.pia, "me", Need.EXPORT, what="export")
        asked, _ = request_export(access=access, now=timezone.now())
    assert build_export(asked.id, now=timezone.now()) is None
    with acting_for_all():
        assert Export.objects.get(id=asked.id).status == ExportStatus.BUILDING
    assert list(file_of(asked).parent.iterdir()) == []


async def _joined(chunks) -> bytes:
    return b"".join([chunk async for chunk in chunks])


def test_patient_asks_waits_and_downloads(cast, client_of):
    bring(cast.pia_patient, make.minutes_csv(5), "a.csv")
    client = client_of("pia")
    assert client.get("/api/v1/patients/me/export").json()["status"] == "none"
    assert client.get("/api/v1/patients/me/export/file").status_code == 404
    asked = client.post("/api/v1/patients/me/export")
    assert (asked.status_code, asked.json()["status"]) == (202, "requested")
    assert client.post("/api/v1/patients/me/export").status_code == 200
    assert client.get("/api/v1/patients/me/export/file").status_code == 404
    build_export(due_exports(now=timezone.now(), limit=1)[0], now=timezone.now())

    ready = client.get("/api/v1/patients/me/export").json()
    assert ready["status"] == "ready"
    answer = client.get(ready["file"])
    content = async_to_sync(_joined)(answer.streaming_content)
    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Disposition"].startswith('attachment; filename="pollux-')
    assert int(answer["Content-Length"]) == ready["size"] == len(content)
    assert "series/heart_rate.csv" in zipfile.ZipFile(io.BytesIO(content)).namelist()
    with acting_for_all():
        Export.objects.update(expires_at=timezone.now())
    assert client.get(ready["file"]).status_code == 404
