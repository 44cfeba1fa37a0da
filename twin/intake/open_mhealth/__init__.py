"""Open mHealth and IEEE 1752.1: data points of a header and a body, and bodies by themselves. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Any, BinaryIO

from twin.intake.gathering import Batches, Tally
from twin.intake.items import Item, ProblemCode, Record, RefusalCode, Refused
from twin.intake.json_entries import Entry, entries, member, text
from twin.intake.open_mhealth.measures import MEASURES, Unfit, readings_of
from twin.intake.open_mhealth.records import activity_of, prescription_of
from twin.intake.readings import gather
from twin.series.columns import Flag

NAME = "open_mhealth"

_MOST_PEOPLE = 10_000

_POINT = (re.compile(rb'"header"\s*:\s*\{'), re.compile(rb'"schema_id"\s*:\s*\{'))
_FRAME = re.compile(rb'"effective_time_frame"\s*:\s*\{')
# A body without a time is told by its first key and how its value begins.
_TIMELESS = re.compile(
    rb'^[\[\s]*\{\s*("(' + "|".join(MEASURES).encode() + rb')"\s*:\s*\{\s*"(value|unit)"\s*:'
    rb'|"step_count"\s*:\s*"?\d+"?\s*[,}]|"activity_name"\s*:\s*")'
)
_PRESCRIPTION = (
    re.compile(rb'"medication"\s*:\s*\{\s*"(trade_name|generic_name)"\s*:'),
    re.compile(rb'"rxnorm_code"|"medication_dose"'),
)


def sniff(head: bytes) -> bool:
    """Whether the first bytes are JSON with a data point's header, or with a body of a known schema."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return start[:1] in (b"[", b"{") and bool(
        all(pattern.search(start) for pattern in _POINT)
        or _FRAME.search(start)
        or _TIMELESS.match(start)
        or all(pattern.search(start) for pattern in _PRESCRIPTION)
    )


def people(stream: BinaryIO) -> list[str]:
    """The user_id of each person in the file, as `read` takes it; empty where headers name nobody."""
    found: set[str] = set()
    for entry in entries(stream, Tally(), streamed="body"):
        found.update(header.user for header, _, _ in _points(entry) if header.user)
        if len(found) > _MOST_PEOPLE:
            break
    return sorted(found)


def read(stream: BinaryIO, *, zone: tzinfo, person: str | None = None) -> Iterator[Item]:
    """Samples of the measurements, records of activities and prescriptions.

    The stream, which must be seekable, is read twice: first for whom it speaks of. Raises Refused when that
    are several people and `person` does not name one of them, or when not one data point can be read.
    """
    found = people(stream)
    stream.seek(0)
    if person is not None and found and person not in found:
        raise Refused(RefusalCode.SEVERAL_PEOPLE, f"This file holds nothing of {person}.")
    if person is None and len(found) > 1:
        raise Refused(
            RefusalCode.SEVERAL_PEOPLE,
            f"This file holds the data of {len(found)} people, and does not say which of them you are. "
            "Please export one person at a time.",
        )
    yield from _Reader(person or "".join(found), zone).items(stream)


@dataclass(frozen=True, slots=True)
class _Header:
    """What a header says of the body or bodies under it; of a body alone nothing is known."""

    identity: str
    schema: str
    source: str
    user: str
    is_typed: bool


def _header(point: Any) -> _Header:
    header = member(point, "header")
    provenance = member(header, "acquisition_provenance")
    return _Header(
        # The second names are those of IEEE 1752.1.
        identity=text(header, "id") or text(header, "uuid"),
        schema=text(member(header, "schema_id"), "name"),
        source=text(provenance, "source_name"),
        user=text(header, "user_id"),
        is_typed="self-reported" in (provenance.get("modality"), header.get("modality")),
    )


def _points(entry: Entry) -> Iterator[tuple[_Header, Any, str]]:
    """Each body in an entry, under its own header or the one above its list."""
    yield from _within(entry.value, _header(entry.beside), entry.place)


def _within(value: Any, above: _Header, place: str) -> Iterator[tuple[_Header, Any, str]]:
    if not isinstance(value, dict) or not ("header" in value or "body" in value):
        # One header above a list: its id is no body's own.
        yield replace(above, identity=""), value, place
        return
    header = _header(value) if "header" in value else above
    body = value.get("body")
    if isinstance(body, list):
        for index, inner in enumerate(body, start=1):
            yield from _within(inner, header, f"{place}, body {index}")
    else:
        yield header, body, place


class _Reader:
    def __init__(self, person: str, zone: tzinfo) -> None:
        self._person = person
        self._zone = zone
        self._batches = Batches()
        self._tally = Tally()

    def items(self, stream: BinaryIO) -> Iterator[Item]:
        for entry in entries(stream, self._tally, streamed="body"):
            yield from self._taken(entry)
            yield from self._batches.full()
        yield from self._batches.rest()
        yield from self._tally.problems()

    def _taken(self, entry: Entry) -> Iterator[Record]:
        for header, body, place in _points(entry):
            if header.user not in ("", self._person):
                self._tally.add(ProblemCode.OTHER_PATIENT, "a data point of another person", place)
                continue
            try:
                yield from self._kept(header, body, place)
            except Unfit as unfit:
                flaw = unfit.flaw
                self._tally.add(flaw.code, flaw.example, place, kind=flaw.kind, sort=flaw.sort)

    def _kept(self, header: _Header, body: Any, place: str) -> Iterator[Record]:
        """The record that the body is, or nothing where its measurements are gathered. Raises Unfit."""
        if not isinstance(body, dict) or not body:
            raise Unfit(ProblemCode.MALFORMED, "a data point without a body")
        if "activity_name" in body and header.schema != "calories-burned":
            yield activity_of(body, header.identity, header.source, self._zone)
        elif "medication" in body or "schedule" in body:
            yield prescription_of(body, header.identity, header.source)
        elif any(key in body for key in MEASURES):
            self._measure(header, body, place)
        else:
            sort = header.schema or ", ".join(sorted(body)[:3])
            raise Unfit(ProblemCode.UNSUPPORTED_RESOURCE, sort, sort=sort)

    def _measure(self, header: _Header, body: dict[str, Any], place: str) -> None:
        readings, offset = readings_of(body, self._zone)
        for one in readings:
            gather(
                one,
                place,
                self._batches,
                self._tally,
                source=header.source,
                offset=offset,
                flags=Flag.MANUAL if header.is_typed else 0,
            )
