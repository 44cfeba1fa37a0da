"""Google Fit: answers of its REST interface, and the files of its Takeout. Pure."""

import re
from collections.abc import Iterator, Mapping
from datetime import tzinfo
from typing import Any, BinaryIO

from twin.intake.gathering import Batches, Tally
from twin.intake.google_fit.points import readings_of
from twin.intake.google_fit.sessions import is_sleep, session_of
from twin.intake.google_fit.streams import Stream
from twin.intake.items import Item, ProblemCode, Record
from twin.intake.json_entries import Entry, entries, text
from twin.intake.readings import Flaw, gather

NAME = "google_fit"

_HEAD = 64 * 1024
# The list of a root object: points, days of datasets, sessions, or descriptions of sources.
_LIST = re.compile(rb'"(point|Data Points|bucket|session|dataSource)"\s*:\s*\[')
_LAYOUTS = (
    (re.compile(rb'"startTimeNanos"\s*:'), re.compile(rb'"(dataTypeName|dataSourceId|Data Source)"\s*:')),
    (re.compile(rb'"dataSourceId"\s*:'), re.compile(rb'"minStartTimeNs"\s*:')),
    (re.compile(rb'"dataStreamId"\s*:'), re.compile(rb'"dataType"\s*:')),
    (re.compile(rb'"fitnessActivity"\s*:'), re.compile(rb'"startTime"\s*:')),
    (re.compile(rb'"activityType"\s*:'), re.compile(rb'"startTimeMillis"\s*:')),
)


def sniff(head: bytes) -> bool:
    """Whether the first bytes are JSON with points, sessions or sources of Google Fit."""
    begins = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    return begins in (b"{", b"[") and any(
        all(pattern.search(head) for pattern in layout) for layout in _LAYOUTS
    )


def read(stream: BinaryIO, *, zone: tzinfo) -> Iterator[Item]:
    """Samples of the points, a record of each session; raises Refused when not one entry can be read.

    Points are in UTC. `zone` is for a session whose times state no offset.
    """
    found = _LIST.search(stream.read(_HEAD))
    stream.seek(0)
    reader = _Reader(zone)
    for entry in entries(stream, reader.tally, streamed=found[1].decode() if found else ""):
        yield from reader.taken(entry)
        yield from reader.batches.full()
    yield from reader.batches.rest()
    yield from reader.tally.problems()


class _Reader:
    def __init__(self, zone: tzinfo) -> None:
        self.batches = Batches()
        self.tally = Tally()
        self._zone = zone
        self._has_more = False

    def taken(self, entry: Entry) -> Iterator[Record]:
        """The session that an entry is, or nothing where its points are gathered or it is counted."""
        self._note_pages(entry.beside)
        match entry.value:
            case {"startTimeNanos": _} as point:
                self._point(point, _stream_id(entry.beside), entry.place)
            case {"dataset": list() as datasets}:
                for dataset in datasets:
                    self._dataset(dataset, entry.place)
            case {"point": list()} | {"Data Points": list()}:
                self._dataset(entry.value, entry.place)
            case {"fitnessActivity": _} | {"activityType": _} as session:
                yield from self._session(session, entry.place)
            case {"dataStreamId": name}:
                self.tally.add(
                    ProblemCode.UNSUPPORTED_RESOURCE, f"the source {name} alone", entry.place, sort="source"
                )
            case {"dataSourceId": _}:
                self._note_pages(entry.value)
            case _:
                self.tally.add(ProblemCode.MALFORMED, "no point", entry.place)

    def _dataset(self, dataset: Any, place: str) -> None:
        own = dataset if isinstance(dataset, dict) else {}
        self._note_pages(own)
        points = own.get("point", own.get("Data Points"))
        for index, point in enumerate(points if isinstance(points, list) else (), start=1):
            self._point(point, _stream_id(own), f"{place}, point {index}")

    def _point(self, point: Any, stream_id: str, place: str) -> None:
        if not isinstance(point, dict):
            self.tally.add(ProblemCode.MALFORMED, point, place)
            return
        stream = Stream.of(point, stream_id)
        for found in readings_of(point, stream):
            source = "" if isinstance(found, Flaw) else stream.source_of(found.kind)
            gather(found, place, self.batches, self.tally, source=source, offset=None, flags=stream.flags)

    def _session(self, session: dict[str, Any], place: str) -> Iterator[Record]:
        record = None if is_sleep(session) else session_of(session, self._zone)
        if is_sleep(session):
            self.tally.add(
                ProblemCode.UNSUPPORTED_RESOURCE,
                "a night as a whole, whose segments are read",
                place,
                sort="sleep",
            )
        elif record is None:
            self.tally.add(ProblemCode.BAD_TIME, "a session without its times", place, sort="session")
        else:
            yield record

    def _note_pages(self, dataset: Mapping[str, Any]) -> None:
        if text(dataset, "nextPageToken") and not self._has_more:
            self._has_more = True
            self.tally.add(
                ProblemCode.TRUNCATED, "the answer names a next page that is not in the file", "nextPageToken"
            )


def _stream_id(dataset: Mapping[str, Any]) -> str:
    return text(dataset, "dataSourceId") or text(dataset, "Data Source")
