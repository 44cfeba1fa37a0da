"""Instants as series count them: whole milliseconds since the epoch. Pure."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant(at: float) -> datetime:
    """Milliseconds since the epoch as an instant in UTC. Raises OverflowError beyond the calendar's ends."""
    return _EPOCH + timedelta(milliseconds=at)


def milliseconds(at: datetime) -> int:
    """The whole milliseconds since the epoch that have gone by at an aware instant."""
    return (at - _EPOCH) // timedelta(milliseconds=1)
