"""Google Fit's sessions: one stretch of one activity. Pure."""

from datetime import datetime, tzinfo
from typing import Any

from twin.instants import instant
from twin.intake.items import Record, RecordType
from twin.intake.json_entries import member, text
from twin.intake.json_values import number
from twin.intake.parsing import parse_instant

_SLEEP = (72, "sleep")


def is_sleep(session: dict[str, Any]) -> bool:
    """Whether the session is a night, whose segments stand in a stream of their own."""
    return session.get("activityType", session.get("fitnessActivity")) in _SLEEP


def session_of(session: dict[str, Any], zone: tzinfo) -> Record | None:
    """The record of a session, as REST or Takeout writes it; None when it does not say when it was."""
    start, end = (_moment(session, edge, zone) for edge in ("start", "end"))
    if start is None:
        return None
    activity = session.get("activityType", session.get("fitnessActivity"))
    return Record(
        type=RecordType.ACTIVITY,
        identity=text(session, "id") or f"{activity}/{start.isoformat()}"[:200],
        system="",
        code=str(activity)[:100],
        text=text(session, "name") or text(session, "fitnessActivity"),
        status="",
        start=start,
        end=end,
        body=session,
        topic="vitals",
        source=text(member(session, "application"), "packageName"),
    )


def _moment(session: dict[str, Any], edge: str, zone: tzinfo) -> datetime | None:
    at = number(session.get(f"{edge}TimeMillis"))
    stated = parse_instant(text(session, f"{edge}Time"), zone) if at is None else None
    if stated is not None:
        at = stated[0]
    try:
        return None if at is None else instant(at)
    except OverflowError:
        return None
