"""An upload is received: its bytes are kept under their content, once for each patient."""

import os
from datetime import timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from threading import Barrier, Thread

import make
import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from backend.access import access_patient
from backend.actor import acting_for, acting_for_all
from backend.models import Change, Patient
from backend.rules import Need
from backend.services import NotPossible
from twin.models import Upload, UploadStatus
from twin.services.reading import read_upload
from twin.services.uploads import clear_incoming, file_of, receive_upload, shown_name

WEIGHT = b"start,kind,value,unit\n2026-03-01T08:00:00Z,weight,81.35,kg\n"
PULSE = b"start,kind,value,unit\n2026-03-01T08:00:00Z,heart_rate,61,count/min\n"


@pytest.fixture(autouse=True)
def _own_data_dir(settings, tmp_path):
    """Other tests leave their files elsewhere."""
    settings.DATA_DIR = tmp_path


def receive(
    patient: Patient, content: bytes, name: str = "export.csv", key: str | None = None
) -> tuple[Upload, bool]:
    with acting_for(patient.user_id):
        access = access_patient(patient.user, "me", Need.ACT, what="upload")
        return receive_upload(
            access=access, stream=BytesIO(content), name=name, now=timezone.now(), idempotency_key=key
        )


def files_below(folder: str) -> set[Path]:
    return {path for path in (Path(settings.DATA_DIR) / folder).rglob("*") if path.is_file()}


def test_receive_upload_keeps_bytes_under_their_content(cast):
    upload, is_new = receive(cast.pia_patient, WEIGHT, "../../etc/passwd")
    place = Path(settings.DATA_DIR) / "uploads" / cast.pia_patient.id.hex / sha256(WEIGHT).hexdigest()
    assert file_of(cast.pia_patient.id, upload.sha256) == place
    assert place.read_bytes() == WEIGHT
    assert (is_new, upload.status, upload.name, upload.size) == (True, "received", "passwd", len(WEIGHT))
    assert files_below("incoming") == set()


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("export.zip", "export.zip"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\pia\\export.zip", "export.zip"),
        ("nul\0byte.csv", "nulbyte.csv"),
        ("Gewicht März 体重.csv", "Gewicht März 体重.csv"),
        ("lone \udc80 surrogate.csv", "lone  surrogate.csv"),
        ("", "unnamed"),
        ("/", "unnamed"),
        ("n" * 1000, "n" * 255),
    ],
)
def test_shown_name_of_any_name_is_one_that_can_be_stored(given, shown):
    assert shown_name(given) == shown


def test_receive_upload_of_a_hostile_name_stores_it(cast):
    upload, _ = receive(cast.pia_patient, WEIGHT, "a\0/b\udc80")
    with acting_for_all():
        assert Upload.objects.get(id=upload.id).name == "b"


def test_receive_upload_of_known_bytes_answers_with_the_first_report(cast):
    first, _ = receive(cast.pia_patient, WEIGHT, "one.csv")
    read_upload(first.id, now=timezone.now())
    again, is_new = receive(cast.pia_patient, WEIGHT, "two.csv")
    assert (again.id, is_new, again.name) == (first.id, False, "one.csv")
    assert again.status == UploadStatus.STORED
    assert again.report["samples"]["weight"]["stored"] == 1


def test_receive_upload_of_another_patients_file_is_that_patients_own(cast):
    pias, _ = receive(cast.pia_patient, WEIGHT)
    pauls, is_new = receive(cast.paul_patient, WEIGHT)
    assert (is_new, pauls.id != pias.id, pauls.patient_id) == (True, True, cast.paul_patient.id)
    read_upload(pauls.id, now=timezone.now())
    with acting_for_all():
        assert Upload.objects.get(id=pias.id).status == UploadStatus.RECEIVED


def test_receive_upload_with_a_key_twice_is_one_upload(cast):
    first, _ = receive(cast.pia_patient, WEIGHT, key="a key")
    assert receive(cast.pia_patient, WEIGHT, key="a key") == (first, False)


def test_receive_upload_with_a_key_of_another_file_is_not_possible(cast):
    receive(cast.pia_patient, WEIGHT, key="a key")
    before = files_below("uploads"), files_below("incoming")
    with pytest.raises(NotPossible) as refused:
        receive(cast.pia_patient, PULSE, key="a key")
    assert refused.value.field == "Idempotency-Key"
    assert (files_below("uploads"), files_below("incoming")) == before


@pytest.mark.parametrize("key", ["k" * 201, "nul\0byte", "line\nbreak"])
def test_receive_upload_with_an_impossible_key_is_not_possible(cast, key):
    with pytest.raises(NotPossible):
        receive(cast.pia_patient, WEIGHT, key=key)


def test_receive_upload_with_the_key_of_somebody_else_is_new(cast):
    receive(cast.pia_patient, WEIGHT, key="1")
    assert receive(cast.paul_patient, PULSE, key="1")[1]


def test_receive_upload_whose_stream_breaks_leaves_nothing(cast):
    class Broken(BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            raise ConnectionResetError

    with acting_for(cast.pia.id):
        access = access_patient(cast.pia, "me", Need.ACT, what="upload")
        with pytest.raises(ConnectionResetError):
            receive_upload(access=access, stream=Broken(), name="x", now=timezone.now())
        assert Upload.objects.count() == 0
    assert files_below("incoming") == set()


def test_clear_incoming_removes_only_what_broke_off_long_ago(cast):
    incoming = Path(settings.DATA_DIR) / "incoming"
    incoming.mkdir(exist_ok=True)
    for name, age in (("old", timedelta(days=2)), ("new", timedelta(hours=1))):
        (incoming / name).write_bytes(b"half")
        at = (timezone.now() - age).timestamp()
        os.utime(incoming / name, (at, at))
    assert clear_incoming(now=timezone.now()) == 1
    assert files_below("incoming") == {incoming / "new"}
    (incoming / "new").unlink()


def test_receive_upload_writes_one_change_and_none_for_known_bytes(cast):
    upload, _ = receive(cast.pia_patient, WEIGHT)
    receive(cast.pia_patient, WEIGHT)
    with acting_for_all():
        refs = list(Change.objects.filter(stream=cast.pia_patient.id).values_list("ref", flat=True))
    assert refs == [f"upload/{upload.id}"]


def test_receive_upload_again_brings_lost_bytes_back(cast):
    upload, _ = receive(cast.pia_patient, WEIGHT)
    file_of(upload.patient_id, upload.sha256).unlink()
    receive(cast.pia_patient, WEIGHT)
    assert read_upload(upload.id, now=timezone.now()) == UploadStatus.STORED


def test_receive_upload_of_the_same_bytes_at_once_is_one_upload(transactional_db):
    patient = make.make_patient()
    at_once = Barrier(4)
    answers: list[tuple[Upload, bool]] = []

    def hand_over() -> None:
        try:
            at_once.wait()
            answers.append(receive(patient, WEIGHT))
        finally:
            connection.close()

    threads = [Thread(target=hand_over) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({upload.id for upload, _ in answers}) == 1
    assert sorted(is_new for _, is_new in answers) == [False, False, False, True]
    assert files_below("incoming") == set()
