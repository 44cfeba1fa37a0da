"""Health Connect's records as JSON, laid out as their androidx classes are. Pure; no export is official."""

import re
from collections.abc import Iterator
from datetime import tzinfo
from typing import Any, BinaryIO

from twin.intake.gathering import Batches, Tally
from twin.intake.health_connect.envelope import Envelope, envelope_of, type_of
from twin.intake.health_connect.measures import MEASURED, measures_of
from twin.intake.health_connect.sessions import exercise_of, sleep_of
from twin.intake.health_connect.versions import superseded
from twin.intake.items import Item, ProblemCode, Record
from twin.intake.json_entries import entries
from twin.intake.readings import Flaw, Reading, gather

NAME = "health_connect"

LIST = "records"
"""The key of the list, where records do not come one a line or as a list by itself."""

_TYPES = "|".join(sorted(MEASURED | {"SleepSession", "ExerciseSession", "BasalMetabolicRate", "BoneMass"}))
_TYPED = re.compile(rb'"(type|recordType)"\s*:\s*"(' + _TYPES.encode() + rb')(Record)?"')
_TIMED = re.compile(rb'"(startTime|time)"\s*:\s*"\d{4}-')


def sniff(head: bytes) -> bool:
    """Whether the first bytes are JSON with a record of Health Connect that says its type and its time."""
    begins = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    return begins in (b"{", b"[") and bool(_TYPED.search(head) and _TIMED.search(head))


def read(stream: BinaryIO, *, zone: tzinfo) -> Iterator[Item]:
    """Samples of the measurements, a record of each exercise session.

    The stream, which must be seekable, is read twice: of the versions of one record in it only the newest
    counts. Raises Refused when not one record can be read.
    """
    old = superseded(stream, LIST)
    stream.seek(0)
    reader = _Reader(zone)
    for ordinal, entry in enumerate(entries(stream, reader.tally, streamed=LIST)):
        yield from reader.taken(entry.value, entry.place, is_old=ordinal in old)
        yield from reader.batches.full()
    yield from reader.batches.rest()
    yield from reader.tally.problems()


class _Reader:
    def __init__(self, zone: tzinfo) -> None:
        self.batches = Batches()
        self.tally = Tally()
        self._zone = zone

    def taken(self, record: Any, place: str, *, is_old: bool) -> Iterator[Record]:
        """The session that the record is, or nothing where its samples are gathered or it is counted."""
        if not isinstance(record, dict):
            self.tally.add(ProblemCode.MALFORMED, record, place)
            return
        envelope = envelope_of(record, self._zone)
        for found in self._found(record, envelope, is_old=is_old):
            if isinstance(found, Record):
                yield found
            else:
                gather(
                    found,
                    place,
                    self.batches,
                    self.tally,
                    source=envelope.source,
                    offset=envelope.offset,
                    flags=envelope.flags,
                )

    def _found(
        self, record: dict[str, Any], envelope: Envelope, *, is_old: bool
    ) -> Iterator[Reading | Flaw | Record]:
        name = type_of(record)
        if is_old:
            yield Flaw(ProblemCode.DUPLICATE_ROW, f"an older version of {envelope.identity}")
        elif name == "ExerciseSession":
            yield exercise_of(record, envelope) or Flaw(ProblemCode.BAD_TIME, "an exercise without its times")
        elif name == "SleepSession":
            yield from sleep_of(record, envelope, self._zone)
        elif name in MEASURED:
            yield from measures_of(name, record, envelope, self._zone)
        else:
            yield Flaw(ProblemCode.UNKNOWN_KIND, name or "a record without a type", sort=name)
