"""What changed of a patient since a cursor, as it is now: how a phone's copy follows the log.

A cursor names the last entry that its holder has, and when that entry was made; a log that no longer has this
entry is another one, as after the restore of a backup, and says so.
"""

import json
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import crc32
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from rest_framework.utils.encoders import JSONEncoder

from backend.access import Access
from backend.changes import changes_after
from backend.models import Change, ChangeOp
from backend.ports import Synced, ports
from backend.rules import Topic
from backend.services import NotPossible

WINDOW = 2_000
"""Entries that are looked through for one page: a phone that syncs all day writes many of the same ref."""
PAGE = 100
"""Changes that one page answers at most; the rooms keep what one of them stands for small."""
MOST_BYTES = 1_000_000
"""Of bodies in one page; a single larger one comes alone."""

_LAYOUT = struct.Struct(">B16sIQq")
_LAYOUT_NUMBER = 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a copy has got: the entry it ends with, in which stream, read by someone with which topics."""

    stream: UUID
    topics: int
    seq: int
    at: datetime

    def __str__(self) -> str:
        since = (self.at - _EPOCH) // timedelta(microseconds=1)
        packed = _LAYOUT.pack(_LAYOUT_NUMBER, self.stream.bytes, self.topics, self.seq, since)
        return urlsafe_b64encode(packed).rstrip(b"=").decode()

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """The cursor of its text; raises ValueError for any text that no cursor has."""
        try:
            packed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
            number, stream, topics, seq, since = _LAYOUT.unpack(packed)
            found = cls(UUID(bytes=stream), topics, seq, _EPOCH + timedelta(microseconds=since))
        except (struct.error, OverflowError) as error:
            raise ValueError("no cursor") from error
        if number != _LAYOUT_NUMBER or seq >= 1 << 63 or str(found) != text:
            raise ValueError("no cursor")
        return found


@dataclass(frozen=True, slots=True)
class Page:
    """Changes in the log's order, each ref at most once. `reset`: the copy belongs to no state of ours."""

    cursor: str
    more: bool
    changes: Sequence[Mapping[str, Any]]
    reset: bool = False


def read_changes(access: Access, cursor: str) -> Page:
    """What changed since the cursor, or all there is from an empty one, in the topics of the access.

    What changed several times is answered at its newest entry of a window, and as it is now: a body, or a
    tombstone (op delete) where it is gone. Answers a reset where the cursor's entry is not in the log,
    or where other topics are shared than when the cursor was made: its holder forgets the patient and begins
    anew. Raises NotPossible for a cursor that was not made for this patient.
    """
    patient, topics = access.patient, sorted(access.topics)
    fingerprint = crc32(",".join(topics).encode())
    after = 0
    if cursor:
        try:
            given = Cursor.parse(cursor)
        except ValueError:
            given = None
        if given is None or given.stream != patient.id:
            raise NotPossible("cursor", "This cursor was not made for this person's changes.")
        if given.topics != fingerprint or not _is_entry(given, topics):
            return Page(cursor="", more=True, changes=[], reset=True)
        after = given.seq
    window = list(changes_after(patient.id, after, topics)[:WINDOW])
    by_ref: dict[str, Change] = {}
    for entry in window:
        # Taken out first, so that the newest entries stand in their own order.
        by_ref.pop(entry.ref, None)
        by_ref[entry.ref] = entry
    newest = list(by_ref.values())
    answered, changes = _answered(access, newest[:PAGE])
    whole = len(answered) == len(newest)
    last = (window if whole else answered)[-1:]
    if last:
        cursor = str(Cursor(patient.id, fingerprint, last[0].seq, last[0].at))
    return Page(cursor, not whole or len(window) == WINDOW, changes)


def _answered(
    access: Access, entries: Sequence[Change]
) -> tuple[Sequence[Change], Sequence[Mapping[str, Any]]]:
    """As many of the entries as MOST_BYTES allow, and the changes that they are answered with."""
    bodies = _bodies(access, entries)
    changes: list[Mapping[str, Any]] = []
    size = 0
    for place, entry in enumerate(entries):
        if entry.ref not in bodies:
            continue
        change = _change(entry, bodies[entry.ref])
        size += len(json.dumps(change, cls=JSONEncoder))
        if size > MOST_BYTES and changes:
            return entries[:place], changes
        changes.append(change)
    return entries, changes


def _is_entry(cursor: Cursor, topics: Collection[Topic]) -> bool:
    return changes_after(cursor.stream, cursor.seq - 1, topics).filter(seq=cursor.seq, at=cursor.at).exists()


def _bodies(access: Access, entries: Sequence[Change]) -> dict[str, object | None]:
    """What each ref of the entries is now, None where it is gone; without those the person is not told of."""
    by_type: defaultdict[str, list[str]] = defaultdict(list)
    for entry in entries:
        by_type[entry.ref.partition("/")[0]].append(entry.ref)
    bodies: dict[str, object | None] = {}
    for type_, refs in by_type.items():
        synced: Synced | None = ports.synced.get(type_)
        if synced is not None and access.standing.may(synced.need):
            here = synced.resolve(access.patient, refs, access.topics)
            bodies |= {ref: here.get(ref) for ref in refs}
    return bodies


def _change(entry: Change, body: object | None) -> dict[str, Any]:
    op = ChangeOp.DELETE if body is None else ChangeOp.SET
    type_ = entry.ref.partition("/")[0]
    return {
        "seq": entry.seq,
        "topic": entry.topic,
        "ref": entry.ref,
        "op": op.value,
        "type": type_,
        "body": body,
    }
