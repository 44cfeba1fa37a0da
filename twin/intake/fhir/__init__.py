"""FHIR R4: a Bundle, a single resource, or one resource a line. Pure; other versions are refused by name."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, BinaryIO

from twin.intake.fhir.codes import text_of
from twin.intake.fhir.moments import span_of
from twin.intake.fhir.observations import MEASURED, readings_of, source_of
from twin.intake.fhir.own import is_signed, restored
from twin.intake.fhir.people import Owner, People
from twin.intake.fhir.records import KEPT, Medications, identity_of, is_in_error, record_of
from twin.intake.fhir.versions import other_version
from twin.intake.gathering import Batches, Tally
from twin.intake.items import Item, ProblemCode, Record, RefusalCode, Refused
from twin.intake.json_values import Broken, Element, Root, values

NAME = "fhir"

UNNAMED_SOURCE = "Health record"

# Read to understand the others: who is meant, and what is prescribed.
_CONTEXT = frozenset({"Patient", "Medication"})
_RESOURCE_TYPE = re.compile(rb'"resourceType"\s*:\s*"[A-Z][A-Za-z]+"')
_ENTRY = re.compile(rb'"entry"\s*:\s*\[\s*\{[^\[\]]*"(resource|fullUrl)"')


def sniff(head: bytes) -> bool:
    """Whether the first bytes are JSON with a FHIR resource in it, of whatever version."""
    begins = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    return begins in (b"{", b"[") and bool(_RESOURCE_TYPE.search(head) or _ENTRY.search(head))


def people(stream: BinaryIO) -> list[str]:
    """A name for each person whose data the file holds, as `read` takes it; reads the whole stream."""
    return _survey(stream).people.names()


def read(stream: BinaryIO, *, zone: tzinfo, person: str | None = None) -> Iterator[Item]:
    """Samples of the Observations that the catalogue knows, records of the rest, problems counted at the end.

    The stream, which must be seekable, is read twice: nothing is handed on before the whole file is known to
    be R4 and of one person. Raises Refused otherwise, unless `person` names whose data to read ("Patient/1").
    Everybody else's resources are then counted as other_patient. What Pollux itself wrote out comes back as
    it was, by whatever name the hospitals call the patient.
    """
    survey = _survey(stream)
    owner = _owner(survey.people, person)
    stream.seek(0)
    yield from _Reader(owner, survey.medications, zone).items(stream)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One resource of the file, or None where something else stands in its place."""

    resource: dict[str, Any] | None
    full_url: str
    place: str


@dataclass(frozen=True, slots=True)
class _Envelope:
    """What a Bundle says beside its entries."""

    type: str
    has_more: bool


def _entries(stream: BinaryIO) -> Iterator[_Entry | _Envelope]:
    count = 0
    entries_pending = False
    for item in values(stream, streamed="entry"):
        own = item.value if isinstance(item.value, dict) else {}
        if isinstance(item, Root) and entries_pending and own.get("resourceType", "Bundle") == "Bundle":
            entries_pending = False
            yield _envelope(own)
            continue
        entries_pending = isinstance(item, Element)
        count += 1
        yield from _unwrapped(own, f"entry {count}")


def _unwrapped(item: dict[str, Any], place: str, full_url: str = "") -> Iterator[_Entry | _Envelope]:
    """The resource in an entry of a Bundle, or the resource itself; those of a Bundle inside, one by one."""
    kind = item.get("resourceType")
    if kind is None and isinstance(item.get("resource"), dict):
        yield from _unwrapped(item["resource"], place, text_of(item, "fullUrl"))
    elif kind == "Bundle":
        entries = item.get("entry")
        for position, entry in enumerate(entries if isinstance(entries, list) else (), start=1):
            inner = f"{place}, entry {position}"
            yield from _unwrapped(entry if isinstance(entry, dict) else {}, inner)
        yield _envelope(item)
    elif isinstance(kind, str) and kind:
        own = text_of(item, "id")
        yield _Entry(item, full_url, f"{kind}/{own}" if own else place)
    else:
        yield _Entry(None, full_url, place)


def _envelope(bundle: dict[str, Any]) -> _Envelope:
    links = bundle.get("link")
    relations = [text_of(link, "relation") for link in (links if isinstance(links, list) else ())]
    return _Envelope(text_of(bundle, "type"), "next" in relations)


@dataclass(frozen=True, slots=True)
class _Survey:
    """What must be known of the whole file before any of it is handed on."""

    people: People
    medications: Medications


def _survey(stream: BinaryIO) -> _Survey:
    survey = _Survey(People(), Medications())
    seen = False
    try:
        for entry in _entries(stream):
            if isinstance(entry, _Envelope):
                seen = True
                if entry.type == "history":
                    raise Refused(
                        RefusalCode.UNSUPPORTED_VERSION,
                        "This is a FHIR history: it holds old versions of entries beside the present ones. "
                        "Please export the present record.",
                    )
            elif entry.resource is not None:
                seen = True
                _meet(entry.resource, entry.full_url, survey)
    except Broken as broken:
        if not seen:
            raise Refused(RefusalCode.MALFORMED, f"Nothing can be read: {broken.message}.") from None
    if not seen:
        raise Refused(RefusalCode.MALFORMED, "No FHIR resource is in this file.")
    return survey


def _meet(resource: dict[str, Any], full_url: str, survey: _Survey) -> None:
    if version := other_version(resource):
        raise Refused(RefusalCode.UNSUPPORTED_VERSION, f"This is {version}. Pollux reads FHIR R4.")
    survey.medications.meet(resource, full_url)
    if is_signed(resource):
        return
    if resource["resourceType"] == "Patient" or resource["resourceType"] in KEPT:
        survey.people.meet(resource, full_url)


def _owner(people: People, person: str | None) -> Owner:
    try:
        return people.owner(person)
    except LookupError:
        names = people.names()
    if person is not None:
        raise Refused(RefusalCode.SEVERAL_PEOPLE, f"This file holds nothing of {person}.")
    raise Refused(
        RefusalCode.SEVERAL_PEOPLE,
        f"This file holds the data of {len(names)} people, and does not say which of them you are. "
        "Please export one person at a time.",
    )


class _Reader:
    """One pass over a surveyed file."""

    def __init__(self, owner: Owner, medications: Medications, zone: tzinfo) -> None:
        self._owner = owner
        self._medications = medications
        self._zone = zone
        self._batches = Batches()
        self._tally = Tally()

    def items(self, stream: BinaryIO) -> Iterator[Item]:
        last = "the beginning"
        try:
            for entry in _entries(stream):
                if isinstance(entry, _Envelope):
                    if entry.has_more:
                        self._tally.add(
                            ProblemCode.TRUNCATED,
                            "the Bundle names a next page that is not in the file",
                            "Bundle.link",
                        )
                    continue
                last = entry.place
                if entry.resource is None:
                    self._tally.add(ProblemCode.MALFORMED, "no resource", entry.place)
                    continue
                yield from self._kept(entry.resource, entry)
                yield from self._batches.full()
        except Broken as broken:
            code = ProblemCode.TRUNCATED if broken.truncated else ProblemCode.MALFORMED
            self._tally.add(code, broken.message, f"after {last}")
        yield from self._batches.rest()
        yield from self._tally.problems()

    def _kept(self, resource: dict[str, Any], entry: _Entry) -> Iterator[Record]:
        kind, place = resource["resourceType"], entry.place
        if kind in _CONTEXT:
            return
        if kind not in KEPT:
            self._tally.add(ProblemCode.UNSUPPORTED_RESOURCE, kind, place, sort=kind)
        elif is_signed(resource):
            yield from self._restored(resource, place)
        elif not self._owner.has(resource):
            self._tally.add(ProblemCode.OTHER_PATIENT, f"{kind} of another person", place)
        elif resource.get("modifierExtension") or resource.get("implicitRules"):
            # FHIR: what these say may turn the meaning round, and who does not know them must not go on.
            self._tally.add(
                ProblemCode.UNSUPPORTED_RESOURCE, f"{kind} with a modifier", place, sort="modifier"
            )
        elif is_in_error(resource):
            self._tally.add(
                ProblemCode.ENTERED_IN_ERROR, identity_of(resource, entry.full_url), place, sort=kind
            )
        elif kind != "Observation" or not self._sampled(resource, place):
            yield record_of(
                resource,
                self._medications,
                self._zone,
                source_of(resource, ""),
                entry.full_url,
                unreadable=lambda reason: self._tally.add(ProblemCode.BAD_TIME, reason, place),
            )

    def _restored(self, resource: dict[str, Any], place: str) -> Iterator[Record]:
        try:
            yield restored(resource)
        except ValueError as error:
            self._tally.add(ProblemCode.MALFORMED, error, place)

    def _sampled(self, observation: dict[str, Any], place: str) -> bool:
        """Gathers the samples of an Observation; whether they are all that it says."""
        readings = readings_of(observation)
        if not readings.found or text_of(observation, "status") not in MEASURED:
            return False
        try:
            span = span_of(observation, "effective", self._zone)
        except ValueError:
            return False
        if not span.precise:
            for reading in readings.found:
                self._tally.add(
                    ProblemCode.BAD_TIME, "no day is named; kept as a record", place, kind=reading.kind
                )
            return False
        start, duration = span.milliseconds()
        offset = span.start.offset if span.start else None
        source = source_of(observation, UNNAMED_SOURCE)
        for reading in readings.found:
            if reading.value is None:
                self._tally.add(ProblemCode.NOT_A_NUMBER, reading.written, place, kind=reading.kind)
                continue
            self._batches.add(
                reading.kind,
                source,
                reading.unit,
                start,
                duration,
                reading.value,
                offset=offset,
                flags=reading.flags,
            )
        return readings.complete
