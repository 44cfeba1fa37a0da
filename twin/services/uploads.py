"""An upload's life: received, read by a worker, and its report finished. Killed anywhere, it goes on from there.

The reader yields the same items each time, so `items_done` says where to go on; what a flush stores and the
report that counts it are one transaction.
"""

import hashlib
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import BinaryIO
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from backend.access import Access
from backend.actor import acting_for_all, acting_on
from backend.celery import nudge
from backend.changes import push, record_change
from backend.models import Patient
from backend.rules import Topic
from backend.services import NotPossible
from twin.intake.formats import open_upload
from twin.intake.items import Item, Refused, Samples
from twin.kinds import kind
from twin.models import Upload, UploadStatus
from twin.report import Report
from twin.services.digest import digest
from twin.services.forecasts import mark_stale
from twin.services.intake import Touched, take_in

log = logging.getLogger(__name__)

FLUSH = 200_000
"""Samples that one transaction stores, about."""
LEASE = timedelta(minutes=2)
ATTEMPTS = 5


class LeaseLost(Exception):
    """Another worker has taken this upload over."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's hold on an upload; `attempt` is its token."""

    upload: UUID
    patient: UUID
    attempt: int


def stage(stream: BinaryIO, folder: Path) -> tuple[Path, str, int]:
    """Copies a stream to a file of no particular name, on disk for good; answers path, SHA-256 and size."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / os.urandom(16).hex()
    digest_ = hashlib.sha256()
    with path.open("xb") as file:
        while chunk := stream.read(1 << 20):
            digest_.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
        return path, digest_.hexdigest(), file.tell()


def receive_upload(
    *, access: Access, stream: BinaryIO, name: str, now: datetime, idempotency_key: str | None = None
) -> tuple[Upload, bool]:
    """Keeps the bytes and puts them in line to be read; answers the upload and whether it is new.

    The same bytes for the same patient answer with the first upload. Raises NotPossible when the key was
    used for other bytes.
    """
    path, sha256, size = stage(stream, settings.DATA_DIR / "incoming")
    try:
        if idempotency_key:
            earlier = Upload.objects.filter(uploaded_by=access.user, idempotency_key=idempotency_key).first()
            if earlier is not None and (earlier.sha256, earlier.patient_id) != (sha256, access.patient.id):
                raise NotPossible("Idempotency-Key", "This key was used for another file.")
        known = Upload.objects.filter(patient=access.patient, sha256=sha256).first()
        if known is not None:
            return known, False
        place = file_of(access.patient.id, sha256)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.replace(place)
    finally:
        path.unlink(missing_ok=True)
    try:
        with transaction.atomic():
            upload = Upload.objects.create(
                patient=access.patient,
                uploaded_by=access.user,
                idempotency_key=idempotency_key,
                name=name[:255],
                sha256=sha256,
                size=size,
                received_at=now,
            )
    except IntegrityError:
        # The same bytes came twice at once; the other request won.
        return Upload.objects.get(patient=access.patient, sha256=sha256), False
    record_change(access.patient.id, topic=Topic.RECORDS, ref=f"upload/{upload.id}")
    nudge("twin.read_upload", str(upload.id))
    return upload, True


def file_of(patient: UUID, sha256: str) -> Path:
    """Where a patient's file of this content lies."""
    return Path(settings.DATA_DIR) / "uploads" / patient.hex / sha256


def due_uploads(*, now: datetime, limit: int) -> list[UUID]:
    """Uploads that wait for a worker, or whose worker has gone silent."""
    with acting_for_all():
        return list(_due(now).order_by("received_at").values_list("id", flat=True)[:limit])


def claim_upload(upload_id: UUID, *, now: datetime) -> Claim | None:
    """Takes an upload for this worker; None when it is finished, or another worker holds it.

    An upload that has cost ATTEMPTS workers is refused, so that it cannot go on killing them.
    """
    with acting_for_all():
        upload = _due(now).filter(id=upload_id).select_for_update(skip_locked=True).first()
        if upload is None:
            return None
        if upload.attempts >= ATTEMPTS:
            _refuse(upload, "worker_failed", "Reading this file failed several times.", now)
            return None
        upload.status = UploadStatus.READING
        upload.attempts += 1
        upload.lease_until = now + LEASE
        upload.save(update_fields=["status", "attempts", "lease_until"])
        return Claim(upload.id, upload.patient_id, upload.attempts)


def read_upload(upload_id: UUID, *, now: datetime) -> UploadStatus | None:
    """Reads an upload to its end; None when there is nothing to do or another worker took it over.

    Each flush is one transaction: blocks, records, report and `items_done`.
    """
    claim = claim_upload(upload_id, now=now)
    if claim is None:
        return None
    with acting_on(claim.patient):
        upload = Upload.objects.select_related("patient").get(id=claim.upload)
    try:
        return _read(claim, upload, now)
    except LeaseLost:
        log.info("action=upload_taken_over upload=%s attempt=%s", claim.upload, claim.attempt)
        return None


def _read(claim: Claim, upload: Upload, now: datetime) -> UploadStatus:
    report = Report.from_json(upload.report)
    touched: Touched = upload.touched
    refusal: Refused | None = None
    try:
        opened = open_upload(
            file_of(upload.patient_id, upload.sha256), zone=ZoneInfo(upload.patient.time_zone)
        )
        upload.format = opened.format
        items = _skipped(opened.items, upload.items_done, claim)
        done = upload.items_done
        for batch in _flushes(items):
            done += len(batch)
            with acting_on(claim.patient):
                take_in(claim.patient, batch, report=report, touched=touched, now=now, upload=claim.upload)
                _hold(
                    claim, items_done=done, report=report.to_json(), touched=touched, format=upload.format
                )
            _show_progress(upload)
    except Refused as error:
        refusal = error
    return _finish(claim, upload, report, touched, refusal)


def _finish(
    claim: Claim, upload: Upload, report: Report, touched: Touched, refusal: Refused | None
) -> UploadStatus:
    now = timezone.now()
    if refusal is not None:
        report.refusal = {"code": refusal.code.value, "message": refusal.message}
    status = _status(report)
    patient: Patient = upload.patient
    with acting_on(claim.patient):
        digest(patient, touched, now=now)
        mark_stale(patient.id, list(touched), now=now)
        _hold(
            claim,
            status=status,
            report=report.to_json(),
            touched={},
            format=upload.format,
            lease_until=None,
            finished_at=now,
        )
        for code in sorted(touched):
            record_change(patient.id, topic=Topic(kind(code).topic), ref=f"series/{code}")
        record_change(patient.id, topic=Topic.RECORDS, ref=f"upload/{upload.id}")
    _show_progress(upload)
    log.info("action=upload_finished upload=%s status=%s attempt=%s", upload.id, status.value, claim.attempt)
    return status


def _status(report: Report) -> UploadStatus:
    kept = report.stored + report.known + sum(tally.suppressed for tally in report.samples.values())
    if not kept:
        return UploadStatus.REFUSED
    return UploadStatus.PARTIAL if report.problems or report.refusal else UploadStatus.STORED


def _flushes(items: Iterator[Item]) -> Iterator[list[Item]]:
    """The items in runs of about FLUSH samples; a record weighs as much as a hundred."""
    batch: list[Item] = []
    weight = 0
    for item in items:
        batch.append(item)
        weight += len(item.columns) if isinstance(item, Samples) else 100
        if weight >= FLUSH:
            yield batch
            batch, weight = [], 0
    if batch:
        yield batch


def _skipped(items: Iterator[Item], count: int, claim: Claim) -> Iterator[Item]:
    """The items after the first `count`, which an earlier worker stored; the lease is kept up meanwhile."""
    skipped = 0
    while skipped < count:
        step = sum(1 for _ in islice(items, min(50, count - skipped)))
        if not step:
            break
        skipped += step
        with acting_on(claim.patient):
            _hold(claim)
    return items


def _hold(claim: Claim, **columns: object) -> None:
    """Writes to the upload as its holder and prolongs the lease; raises LeaseLost when another has it."""
    columns.setdefault("lease_until", timezone.now() + LEASE)
    held = Upload.objects.filter(id=claim.upload, status=UploadStatus.READING, attempts=claim.attempt)
    if held.update(**columns) != 1:
        raise LeaseLost


def _due(now: datetime) -> QuerySet[Upload]:
    return Upload.objects.filter(
        Q(status=UploadStatus.RECEIVED) | Q(status=UploadStatus.READING, lease_until__lt=now)
    )


def _refuse(upload: Upload, code: str, message: str, now: datetime) -> None:
    report = Report.from_json(upload.report)
    report.refusal = {"code": code, "message": message}
    upload.report = report.to_json()
    upload.status, upload.finished_at, upload.lease_until = UploadStatus.REFUSED, now, None
    upload.save(update_fields=["report", "status", "finished_at", "lease_until"])
    record_change(upload.patient_id, topic=Topic.RECORDS, ref=f"upload/{upload.id}")


def _show_progress(upload: Upload) -> None:
    push(upload.patient_id, {"type": "view.moved", "view": "upload", "ref": str(upload.id)})
