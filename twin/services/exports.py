"""Everything of a patient in one file: asked for, built by a worker, there for a week. docs/export.md.

A worker that is killed leaves nothing but a part of a file; the next one builds it anew.
"""

import hashlib
import logging
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import send_mail
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from backend.access import Access
from backend.actor import acting_for_all, acting_on
from backend.celery import nudge
from backend.changes import record_change
from backend.models import ChangeOp, Patient
from backend.ports import ports
from backend.rules import Topic
from twin.export import series
from twin.export.archive import Packing
from twin.export.resources import patient_line, record_line
from twin.intake import items
from twin.kinds import KINDS, kind
from twin.models import Export, ExportStatus, Record, Source
from twin.series import store
from twin.services.lease import ATTEMPTS, LEASE, RETRY, Claim, LeaseLost, claim, place_of
from twin.services.said import said_of
from twin.services.uploads import settle

log = logging.getLogger(__name__)

KEPT = timedelta(days=7)
"""How long a file can be fetched; it holds everything, so it does not lie about for longer."""

_RECORDS = 200  # that are in memory at once


def request_export(*, access: Access, now: datetime) -> tuple[Export, bool]:
    """Puts an export in line to be built; answers the one that is, and whether this was new."""
    try:
        with transaction.atomic():
            made = Export.objects.create(patient=access.patient, requested_by=access.user, requested_at=now)
    except IntegrityError:
        # One that was finished meanwhile is the newest all the same.
        return Export.objects.filter(patient=access.patient).latest("id"), False
    _tell(made.patient_id, made.id)
    nudge("twin.build_export", str(made.id))
    return made, True


def file_of(export: Export) -> Path:
    """Where an export's file lies once it is ready."""
    return _folder(export.patient_id) / f"{export.id.hex}.zip"


def due_exports(*, now: datetime, limit: int) -> list[UUID]:
    """Exports that wait for a worker, or whose worker has gone silent."""
    with acting_for_all():
        return list(_due(now).order_by("requested_at").values_list("id", flat=True)[:limit])


def build_export(export_id: UUID, *, now: datetime, lease: timedelta = LEASE) -> ExportStatus | None:
    """Builds an export's file; None when there was nothing to do, or it was not finished.

    What fails, or is taken over by another worker, is begun anew when its lease runs out.
    """
    held = claim(_due(now), export_id, status=ExportStatus.BUILDING, now=now, lease=lease)
    if held is None:
        return None
    try:
        with held.kept_alive():
            return _build(held, now)
    except LeaseLost:
        log.info("action=export_taken_over export=%s", held.row)
    except Exception as error:  # noqa: BLE001 - one patient's data must not stop the others' exports
        # Without its message, which may quote a record.
        name, place = type(error).__name__, place_of(error)
        log.warning("action=export_failed export=%s error=%s at=%s", held.row, name, place)
        with suppress(LeaseLost, DatabaseError), acting_on(held.patient):
            held.hold(lease_until=timezone.now() + RETRY)
    return None


def expire_exports(*, now: datetime) -> int:
    """Removes files that have been there for KEPT, with their rows, and what dead workers left."""
    with acting_for_all():
        expired = list(Export.objects.filter(Q(expires_at__lte=now) | Q(finished_at__lte=now - KEPT)))
        for export in expired:
            _remove(export)
    oldest = (now - KEPT).timestamp()
    for path in _root().glob("*/*"):
        # Another sweep may be at it.
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < oldest:
                path.unlink()
    return len(expired)


def _build(held: Claim, now: datetime) -> ExportStatus:
    with acting_on(held.patient):
        export = Export.objects.select_related("patient", "requested_by").get(id=held.row)
    if export.attempts > ATTEMPTS:
        return _give_up(held)
    folder = _folder(held.patient)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in folder.glob("*.part"):
        left.unlink(missing_ok=True)
    part = folder / f"{held.row.hex}.{held.token.hex}.part"
    try:
        _write(held, export.patient, part, now)
        size, sha256 = _seal(part)
        with acting_on(held.patient):
            finished = timezone.now()
            held.hold(
                status=ExportStatus.READY,
                lease_until=None,
                lease_token=None,
                finished_at=finished,
                expires_at=finished + KEPT,
                size=size,
                sha256=sha256,
            )
            # Only the holder gets here, and a row that is ready has its file.
            settle(part, file_of(export))
            for older in Export.objects.filter(patient=held.patient, finished_at__isnull=False).exclude(
                id=held.row
            ):
                _remove(older)
            _tell(held.patient, held.row)
            email = export.requested_by.email
            transaction.on_commit(lambda: _say_that_it_is_ready(email), robust=True)
    finally:
        part.unlink(missing_ok=True)
    log.info("action=export_built export=%s bytes=%s", held.row, size)
    return ExportStatus.READY


def _give_up(held: Claim) -> ExportStatus:
    with acting_on(held.patient):
        held.hold(status=ExportStatus.FAILED, lease_until=None, lease_token=None, finished_at=timezone.now())
        _tell(held.patient, held.row)
    log.warning("action=export_given_up export=%s", held.row)
    return ExportStatus.FAILED


def _write(held: Claim, patient: Patient, path: Path, now: datetime) -> None:
    with Packing(path, now) as packing:
        kinds = []
        for code, sources in _sources_by_kind(held.patient).items():
            member = f"series/{code}.csv"
            _add(held, packing, member, _table(held.patient, code, sources))
            samples = sum(count for _, _, count in sources)
            kinds.append(_described(code) | {"member": member, "samples": samples})
        counts = Counter[str]()
        person = patient_line(patient.id, name=patient.name, sex=patient.sex, born=patient.birth_date)
        _add(held, packing, "patient.json", [person])
        _add(held, packing, "records.ndjson", _records(held.patient, counts))
        _add(held, packing, "said.ndjson", said_of(held.patient))
        for room, exporter in sorted(ports.exporters.items()):
            for name, chunks in exporter(held.patient):
                _add(held, packing, f"{room}/{name}", chunks)
        packing.finish(
            {"patient": {"id": str(patient.id), "name": patient.name}, "kinds": kinds, "records": counts}
        )


def _add(held: Claim, packing: Packing, name: str, chunks: Iterable[bytes]) -> None:
    with acting_on(held.patient):
        held.hold()
    packing.add(name, chunks)


def _described(code: str) -> dict[str, Any]:
    one = kind(code)
    return {"kind": code, "title": one.title, "unit": one.unit}


def _sources_by_kind(patient: UUID) -> Mapping[str, list[tuple[str, UUID, int]]]:
    """Name, id and number of samples of each kind's sources, both in an order that depends on no id."""
    with acting_on(patient):
        names = dict(Source.objects.filter(patient_id=patient).values_list("id", "name"))
        extents = store.extents(patient)
    found: dict[str, list[tuple[str, UUID, int]]] = {code: [] for code in KINDS}
    for one in extents:
        found[one.kind].append((names[one.source_id], one.source_id, one.count))
    return {code: sorted(sources) for code, sources in found.items() if sources}


def _table(patient: UUID, code: str, sources: Iterable[tuple[str, UUID, int]]) -> Iterator[bytes]:
    yield series.HEADER
    for name, source, _ in sources:
        after: int | None = None
        while True:
            # One short transaction a page, so that building for minutes holds nothing up.
            with acting_on(patient):
                columns, after = store.page(patient, code, source, after)
            if after is None:
                break
            yield from series.rows(kind(code), name, columns)


def _records(patient: UUID, counts: Counter[str]) -> Iterator[bytes]:
    with acting_on(patient):
        ids = list(
            Record.objects.filter(patient_id=patient)
            .order_by("type", "source", "identity")
            .values_list("id", flat=True)
        )
    for first in range(0, len(ids), _RECORDS):
        part = ids[first : first + _RECORDS]
        with acting_on(patient):
            rows = Record.objects.in_bulk(part)
        for row in (rows[one] for one in part if one in rows):
            counts[row.type] += 1
            yield record_line(_record(row), patient)


def _record(row: Record) -> items.Record:
    return items.Record(
        type=items.RecordType(row.type),
        identity=row.identity,
        system=row.system,
        code=row.code,
        text=row.text,
        status=row.status,
        start=row.starts_at,
        end=row.ends_at,
        body=row.body,
        topic=row.topic,
        source=row.source,
    )


def _seal(path: Path) -> tuple[int, str]:
    """Size and SHA-256 of a file whose bytes are on disk for good."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        return os.fstat(file.fileno()).st_size, hashlib.file_digest(file, "sha256").hexdigest()


def _remove(export: Export) -> None:
    """The row goes, then the file: a file without a row is swept, a row without a file would promise one."""
    path, patient, own = file_of(export), export.patient_id, export.id
    export.delete()
    _tell(patient, own, ChangeOp.DELETE)
    transaction.on_commit(lambda: path.unlink(missing_ok=True))


def _tell(patient: UUID, export: UUID, op: ChangeOp = ChangeOp.SET) -> None:
    record_change(patient, topic=Topic.RECORDS, ref=f"export/{export}", op=op)


def _say_that_it_is_ready(email: str) -> None:
    send_mail(
        subject="Your data is ready",
        message=(
            f"The archive that you asked Pollux for can be fetched for {KEPT.days} days.\n"
            "Log in and open About you to download it.\n"
            "If you did not ask for it, change your password.\n"
        ),
        from_email=None,
        recipient_list=[email],
    )


def _due(now: datetime) -> QuerySet[Export]:
    return Export.objects.filter(
        Q(status=ExportStatus.REQUESTED) | Q(status=ExportStatus.BUILDING, lease_until__lt=now)
    )


def _root() -> Path:
    return Path(settings.DATA_DIR) / "exports"


def _folder(patient: UUID) -> Path:
    return _root() / patient.hex
