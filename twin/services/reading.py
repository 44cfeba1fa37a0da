"""The second half of an upload's life: a worker reads it to its report. Killed anywhere, another goes on.

A reader yields the same items each time, so `items_done` says where to go on; what a flush stores and the
report that counts it are one transaction.
"""

import logging
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

from django.db import DatabaseError
from django.db.models import Q, QuerySet
from django.utils import timezone

from backend.actor import acting_for_all, acting_on
from backend.changes import push, record_change
from backend.queries import zone_history_of
from backend.rules import Topic
from twin.intake.items import Item, RefusalCode, Refused, Samples
from twin.intake.opening import open_upload
from twin.kinds import kind
from twin.models import Upload, UploadStatus
from twin.report import Report
from twin.services.digest import digest
from twin.services.forecasts import mark_stale
from twin.services.intake import Touched, take_in
from twin.services.lease import ATTEMPTS, LEASE, RETRY, Claim, LeaseLost, claim, place_of
from twin.services.uploads import file_of
from twin.services.warnings import check_patient

log = logging.getLogger(__name__)

FLUSH = 200_000
"""Samples that one transaction stores, about."""


def due_uploads(*, now: datetime, limit: int) -> list[UUID]:
    """Uploads that wait for a worker, or whose worker has gone silent."""
    with acting_for_all():
        return list(_due(now).order_by("received_at").values_list("id", flat=True)[:limit])


def claim_upload(upload_id: UUID, *, now: datetime, lease: timedelta = LEASE) -> Claim | None:
    """Takes an upload for this worker; None when it is finished, or another worker holds it."""
    return claim(_due(now), upload_id, status=UploadStatus.READING, now=now, lease=lease)


def read_upload(
    upload_id: UUID, *, now: datetime, flush: int = FLUSH, lease: timedelta = LEASE
) -> UploadStatus | None:
    """Reads an upload to its end; None when there was nothing to do, or it was not finished.

    1. Claim. 2. Each flush is one transaction: blocks, records, report and `items_done`. 3. Each kind that
    was touched is digested in one more. 4. The report is finished. What fails, or is taken over by another
    worker, stays as it is: it is tried again when its lease runs out.
    """
    held = claim_upload(upload_id, now=now, lease=lease)
    if held is None:
        return None
    try:
        with held.kept_alive():
            return _read(held, now, flush)
    except LeaseLost:
        log.info("action=upload_taken_over upload=%s", held.row)
    except Exception as error:  # noqa: BLE001 - whatever a file brings about must not stop the others
        # Without its message, which may quote the file.
        name, place = type(error).__name__, place_of(error)
        log.warning("action=upload_failed upload=%s error=%s at=%s", held.row, name, place)
        with suppress(LeaseLost, DatabaseError), acting_on(held.patient):
            held.hold(lease_until=timezone.now() + RETRY)
    return None


def _read(held: Claim, now: datetime, flush: int) -> UploadStatus:
    with acting_on(held.patient):
        upload = Upload.objects.get(id=held.row)
        zone = zone_history_of(held.patient)
    report = Report.from_json(upload.report)
    touched: Touched = upload.touched
    if upload.attempts > ATTEMPTS:
        return _give_up(held, upload, report, touched)
    try:
        path = file_of(upload.patient_id, upload.sha256)
        opened = open_upload(path, zone=zone, name=upload.name)
        upload.format = opened.format
        done = sum(1 for _ in islice(opened.items, upload.items_done))
        for batch in _batches(opened.items, flush):
            done += len(batch)
            with acting_on(held.patient):
                take_in(held.patient, batch, report=report, touched=touched, now=now, upload=held.row)
                held.hold(
                    format=upload.format,
                    items_done=done,
                    attempts=0,
                    report=report.to_json(),
                    touched=touched,
                )
            _show_progress(held)
    except Refused as refused:
        report.refuse(refused)
    return _finish(held, upload, report, touched)


def _give_up(held: Claim, upload: Upload, report: Report, touched: Touched) -> UploadStatus:
    """Finishes an upload that has cost ATTEMPTS workers at one place, so that it cannot go on killing them.

    What is stored of it is still digested, unless that was what failed.
    """
    message = "Pollux failed several times to read this file. Please hand it over again later."
    report.refuse(Refused(RefusalCode.READING_FAILED, message))
    return _finish(held, upload, report, touched if upload.attempts == ATTEMPTS + 1 else {})


def _finish(held: Claim, upload: Upload, report: Report, touched: Touched) -> UploadStatus:
    for code in sorted(touched):
        now = timezone.now()
        edges = {code: touched.pop(code)}
        with acting_on(held.patient):
            digest(held.patient, edges, now=now)
            mark_stale(held.patient, edges, now=now)
            held.hold(touched=touched)
            record_change(held.patient, topic=Topic(kind(code).topic), ref=f"series/{code}")
    now = timezone.now()
    check_patient(held.patient, now=now)
    status = _status(report)
    with acting_on(held.patient):
        held.hold(
            status=status,
            format=upload.format,
            report=report.to_json(),
            lease_until=None,
            lease_token=None,
            finished_at=now,
        )
        record_change(held.patient, topic=Topic.RECORDS, ref=f"upload/{held.row}")
    _show_progress(held)
    log.info("action=upload_finished upload=%s status=%s", held.row, status.value)
    return status


def _status(report: Report) -> UploadStatus:
    """What the report amounts to; one that amounts to nothing gets its reason."""
    if report.stored + report.known + report.suppressed:
        return UploadStatus.PARTIAL if report.problems or report.refusal else UploadStatus.STORED
    if report.refusal is None and report.remarks and not report.problems:
        # Read whole, and nothing in it was for the twin: a gene file with none of the panel's variants.
        return UploadStatus.STORED
    if report.refusal is None:
        report.refuse(Refused(RefusalCode.NOTHING_USABLE, "Nothing in this file could be stored."))
    return UploadStatus.REFUSED


def _batches(items: Iterator[Item], flush: int) -> Iterator[list[Item]]:
    """The items in runs of about `flush` samples; a record weighs as much as a hundred."""
    batch: list[Item] = []
    weight = 0
    for item in items:
        batch.append(item)
        weight += len(item.columns) if isinstance(item, Samples) else 100
        if weight >= flush:
            yield batch
            batch, weight = [], 0
    if batch:
        yield batch


def _due(now: datetime) -> QuerySet[Upload]:
    return Upload.objects.filter(
        Q(status=UploadStatus.RECEIVED) | Q(status=UploadStatus.READING, lease_until__lt=now)
    )


def _show_progress(held: Claim) -> None:
    push(held.patient, {"type": "view.moved", "view": "upload", "ref": str(held.row)})
