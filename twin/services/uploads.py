"""The first half of an upload's life: its bytes are kept, and it is put in line to be read."""

import hashlib
import os
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path, PureWindowsPath
from typing import BinaryIO
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction

from backend.access import Access
from backend.celery import nudge
from backend.changes import record_change
from backend.rules import Topic
from backend.services import NotPossible
from twin.intake.items import RefusalCode
from twin.models import Upload, UploadStatus
from twin.text import storable

KEY = "Idempotency-Key"
LONGEST_KEY = 200
LONGEST_NAME = 255
TRANSFER = timedelta(days=1)
"""Longer than a file can take from its first byte to its last."""


def receive_upload(
    *, access: Access, stream: BinaryIO, name: str, now: datetime, idempotency_key: str | None = None
) -> tuple[Upload, bool]:
    """Keeps the bytes and puts them in line to be read; answers the upload and whether it is to be read now.

    The same bytes for the same patient answer with the first upload, which is read again only when it was
    reading that had failed, not the file. Raises NotPossible when the key was used for another file.
    """
    key = _checked(idempotency_key)
    staged, sha256, size = _stage(stream, _incoming())
    try:
        upload, wanted = _enter(access, sha256, size, shown_name(name), key, now)
        # Also when the row is not new: it may have lost its bytes.
        settle(staged, file_of(upload.patient_id, sha256))
    finally:
        staged.unlink(missing_ok=True)
    if wanted:
        record_change(upload.patient_id, topic=Topic.RECORDS, ref=f"upload/{upload.id}")
        nudge("twin.read_upload", str(upload.id))
    return upload, wanted


def file_of(patient: UUID, sha256: str) -> Path:
    """Where a patient's file of this content lies."""
    return Path(settings.DATA_DIR) / "uploads" / patient.hex / sha256


def clear_incoming(*, now: datetime) -> int:
    """Removes what is left of transfers that broke off long ago; answers how many there were."""
    removed = 0
    for path in _incoming().glob("*"):
        # A transfer may just be ending.
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < (now - TRANSFER).timestamp():
                path.unlink()
                removed += 1
    return removed


def shown_name(given: str) -> str:
    """What the owner called the file, for showing it: no folders, and nothing that cannot be stored."""
    return storable(PureWindowsPath(given).name).strip()[:LONGEST_NAME] or "unnamed"


def _incoming() -> Path:
    return Path(settings.DATA_DIR) / "incoming"


def _checked(key: str | None) -> str | None:
    if key and (len(key) > LONGEST_KEY or not key.isprintable()):
        raise NotPossible(KEY, f"This must be at most {LONGEST_KEY} printable characters.")
    return key or None


def _stage(stream: BinaryIO, folder: Path) -> tuple[Path, str, int]:
    """Copies a stream to a file of no particular name, on disk for good; answers path, SHA-256 and size."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / os.urandom(16).hex()
    content = hashlib.sha256()
    try:
        with path.open("xb") as file:
            while chunk := stream.read(1 << 20):
                content.update(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
            return path, content.hexdigest(), file.tell()
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def settle(staged: Path, place: Path) -> None:
    """Moves a file that is whole into its place, where it stands whatever becomes of the machine."""
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    staged.replace(place)
    folder = os.open(place.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _enter(
    access: Access, sha256: str, size: int, name: str, key: str | None, now: datetime
) -> tuple[Upload, bool]:
    """The upload's row, made or found, and whether it is to be read now."""
    try:
        with transaction.atomic():
            made = Upload.objects.create(
                patient=access.patient,
                uploaded_by=access.user,
                idempotency_key=key,
                name=name,
                sha256=sha256,
                size=size,
                received_at=now,
            )
    except IntegrityError:
        of_key = Upload.objects.filter(uploaded_by=access.user, idempotency_key=key).first() if key else None
        if of_key is not None and (of_key.sha256, of_key.patient_id) != (sha256, access.patient.id):
            raise NotPossible(KEY, "This key was used for another file.") from None
        earlier = Upload.objects.get(patient=access.patient, sha256=sha256)
        return earlier, _read_again(earlier, now)
    return made, True


def _read_again(upload: Upload, now: datetime) -> bool:
    """Puts an upload in line once more if what failed was the reading, not the file."""
    failed = Upload.objects.filter(
        id=upload.id, finished_at__isnull=False, report__refusal__code=RefusalCode.READING_FAILED
    )
    again = failed.update(
        status=UploadStatus.RECEIVED, received_at=now, finished_at=None, attempts=0, items_done=0, report={}
    )
    upload.refresh_from_db()
    return again == 1
