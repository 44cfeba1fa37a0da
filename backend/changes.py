"""The one log of what changed, numbered without gaps in each stream.

A service writes its Change in its own transaction; readers (phone sync, socket catch-up, workers) go by
the number. A push after commit carries ids only and is only a hint.
"""

import logging
from collections.abc import Collection, Sequence
from typing import NamedTuple
from uuid import UUID

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import connection, transaction
from django.db.models import QuerySet
from redis.exceptions import RedisError

from backend.models import Change, ChangeOp, ChangeStream, Patient
from backend.rules import Topic

log = logging.getLogger(__name__)

_COUNT_ON = """
    INSERT INTO backend_changestream (stream, patient_id, last_seq) VALUES (%s, %s, %s)
    ON CONFLICT (stream) DO UPDATE SET last_seq = backend_changestream.last_seq + excluded.last_seq
    RETURNING last_seq
"""


class Entry(NamedTuple):
    """What changed, before it has its number. `ref` is its type, a slash, and which one."""

    topic: Topic
    ref: str
    op: ChangeOp = ChangeOp.SET


def record_change(
    patient: UUID, *, topic: Topic, ref: str, op: ChangeOp = ChangeOp.SET, stream: UUID | None = None
) -> int:
    """Appends to the patient's stream, or to another stream about that patient; answers the number.

    The counter's row stays locked until the transaction ends, so numbers become visible in order and
    without gaps: call it last, after every other lock is taken.
    """
    return record_changes(patient, [Entry(topic, ref, op)], stream=stream)


def record_changes(patient: UUID, entries: Sequence[Entry], *, stream: UUID | None = None) -> int:
    """Like record_change for many, in this order and in one step of the counter; answers the last number.

    No entries change nothing, and are answered with the newest number.
    """
    stream = stream or patient
    if not entries:
        return last_seq(stream)
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_ON, [stream, patient, len(entries)])
        seq = int(cursor.fetchone()[0])
    first = seq - len(entries) + 1
    Change.objects.bulk_create(
        (
            Change(stream=stream, seq=number, patient_id=patient, **entry._asdict())
            for number, entry in enumerate(entries, first)
        ),
        batch_size=5000,
    )
    transaction.on_commit(lambda: push(stream, {"type": "stream.moved", "stream": str(stream), "seq": seq}))
    return seq


def last_seq(stream: UUID) -> int:
    """The number of the stream's newest change; 0 when there is none."""
    return ChangeStream.objects.filter(stream=stream).values_list("last_seq", flat=True).first() or 0


def changes_after(stream: UUID, seq: int, topics: Collection[Topic]) -> QuerySet[Change]:
    """The stream's changes above a number in these topics, oldest first."""
    return Change.objects.filter(stream=stream, seq__gt=seq, topic__in=topics).order_by("seq")


def group_of(stream: UUID) -> str:
    """The channel group that hears of a stream."""
    return f"stream.{stream.hex}"


def push(stream: UUID, event: dict[str, object]) -> None:
    """Hints at something to the stream's listeners; without Redis they learn it at the next heartbeat."""
    try:
        async_to_sync(get_channel_layer().group_send)(group_of(stream), event)
    except (RedisError, OSError) as error:
        log.warning("action=push_failed stream=%s error=%s", stream, type(error).__name__)


def stream_patient(stream: UUID) -> Patient | None:
    """The patient whom a stream is about, if the actor may see it."""
    own = Patient.objects.filter(id=stream).first()
    return own or Patient.objects.filter(streams__stream=stream).first()
