"""What a record says, as its versions keep it."""

from datetime import UTC, datetime
from typing import Any

from twin.models import Record, RecordVersion


def said_of(record: Record) -> dict[str, Any]:
    """The record's words as JSON: everything that an edit or another import can change."""
    return {
        "text": record.text,
        "status": record.status,
        "system": record.system,
        "code": record.code,
        "start": _iso(record.starts_at),
        "end": _iso(record.ends_at),
        "body": record.body,
    }


def version_of(record: Record, *, lost_at: datetime | None = None) -> RecordVersion:
    """The record's words as a version, not yet stored."""
    return RecordVersion(
        patient_id=record.patient_id,
        topic=record.topic,
        record=record,
        number=record.version,
        said=said_of(record),
        edited_by_id=record.edited_by_id,
        edited_at=record.edited_at or record.updated_at,
        received_at=record.updated_at,
        lost_at=lost_at,
    )


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat()
