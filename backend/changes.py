"""The one log of what changed, numbered without gaps in each stream.

A service writes its Change in its own transaction; readers (phone sync, socket catch-up, workers) go by
the number. A push after commit carries ids only and is only a hint.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import connection, transaction
from django.db.models import QuerySet
from redis.exceptions import RedisError

from backend.actor import narrow
from backend.models import Change, ChangeOp, ChangeStream, Patient
from backend.rules import Topic

log = logging.getLogger(__name__)

_COUNT_ON = """
    INSERT INTO backend_changestream (stream, patient_id, last_seq) VALUES (%s, %s, %s)
    ON CONFLICT (stream) DO UPDATE SET last_seq = backend_changestream.last_seq + excluded.last_seq
    RETURNING last_seq
"""
_COUNT_MANY_ON = """
    WITH entry AS (
        SELECT * FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[])
        WITH ORDINALITY AS entry (patient, topic, ref, op, place)
    ), counter AS (
        INSERT INTO backend_changestream AS counter (stream, patient_id, last_seq)
        SELECT patient, patient, count(*) FROM entry GROUP BY patient ORDER BY patient
        ON CONFLICT (stream) DO UPDATE SET last_seq = counter.last_seq + excluded.last_seq
        RETURNING stream, last_seq
    )
    INSERT INTO backend_change (stream, seq, patient_id, topic, ref, op)
    SELECT patient,
        last_seq - count(*) OVER (PARTITION BY patient)
            + row_number() OVER (PARTITION BY patient ORDER BY place),
        patient, topic, ref, op
    FROM entry JOIN counter ON counter.stream = entry.patient
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


def record_changes_of_many(entries: Mapping[UUID, Sequence[Entry]]) -> None:
    """Appends to many patients' own streams in one statement, each patient's entries in their order.

    For runs over everybody, at times when nearly nobody looks: it pushes nothing. Who does look learns it at
    the next heartbeat.
    """
    rows = [(patient, *entry) for patient, several in entries.items() for entry in several]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_COUNT_MANY_ON, [list(column) for column in zip(*rows, strict=True)])


def last_seq(stream: UUID) -> int:
    """The number of the stream's newest change; 0 when there is none."""
    return ChangeStream.objects.filter(stream=stream).values_list("last_seq", flat=True).first() or 0


def last_seqs(streams: Collection[UUID]) -> dict[UUID, int]:
    """The same for many; one in which nothing has changed yet is left out."""
    return dict(ChangeStream.objects.filter(stream__in=streams).values_list("stream", "last_seq"))


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


def group_of_person(person: UUID) -> str:
    """The channel group of all open sockets of one person."""
    return f"person.{person.hex}"


def notify(person: UUID, notice: Mapping[str, object]) -> bool:
    """Hands a notice of ids to the person's open sockets; false where the channel layer is away."""
    event = {"type": "notice.given", "notice": dict(notice)}
    try:
        async_to_sync(get_channel_layer().group_send)(group_of_person(person), event)
    except (RedisError, OSError) as error:
        log.warning("action=notify_failed person=%s error=%s", person, type(error).__name__)
        return False
    return True


def stream_patient(stream: UUID) -> Patient | None:
    """The patient whom a stream is about, if the actor may see it."""
    # Most streams are a patient's own.
    narrow([stream])
    own = Patient.objects.filter(id=stream).first()
    if own is None:
        narrow(None)
    return own or Patient.objects.filter(streams__stream=stream).first()
