"""The formats Pollux reads, and how an uploaded file becomes items: archives, encodings, byte order marks."""

import codecs
import io
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import tzinfo
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol, runtime_checkable

from twin.intake import (
    apple_health,
    fhir,
    fit,
    fitbit,
    garmin_connect,
    genetics,
    google_fit,
    health_connect,
    ihealth,
    nightscout,
    omron_csv,
    open_mhealth,
    own_export,
    plain_csv,
    table,
    withings,
    withings_csv,
)
from twin.intake.asked_zone import AskedZone
from twin.intake.cgm import clarity, libreview, workbooks
from twin.intake.container import MAGIC, MOST_BYTES, MOST_MEMBERS, Archive, Member
from twin.intake.gathering import Tally
from twin.intake.items import Item, Problem, ProblemCode, RefusalCode, Refused

HEAD = 64 * 1024
"""Bytes from which a format is recognised."""


class Format(Protocol):
    """One format. `read` streams in constant memory, and always yields the same items in the same order.

    A text format sees its file as UTF-8 without a byte order mark, in a stream that goes back to its start
    and nowhere else; a binary one sees the bytes as they are, in a stream that goes anywhere.
    """

    NAME: str

    def sniff(self, head: bytes) -> bool:
        """Whether a file that begins like this is of the format."""

    def read(self, stream: BinaryIO, *, zone: tzinfo) -> Iterator[Item]:
        """The file's items; `zone` is the patient's, for times without an offset. Raises Refused."""


@runtime_checkable
class OfPeople(Format, Protocol):
    """A format whose files name the people they speak of, and so may hold more than one."""

    def people(self, stream: BinaryIO) -> Sequence[str]:
        """A name for each person in the file. Raises Refused."""

    def read(self, stream: BinaryIO, *, zone: tzinfo, person: str | None = None) -> Iterator[Item]:
        """The items of the only person, or of the one named; Raises Refused where neither is clear."""


BINARY_FORMATS: Sequence[Format] = (fit, workbooks)
"""Known by their first bytes, and asked before an archive is opened: a workbook is a zip archive too."""
TEXT_FORMATS: Sequence[Format] = (
    own_export,
    apple_health,
    fitbit,
    withings,
    ihealth,
    nightscout,
    open_mhealth,
    health_connect,
    google_fit,
    garmin_connect,
    fhir,
    genetics,
    withings_csv,
    omron_csv,
    clarity,
    libreview,
    plain_csv,
    table,
)
"""In the order in which they are asked: the most particular first."""
FORMATS: Sequence[Format] = (*BINARY_FORMATS, *TEXT_FORMATS)

DEEPEST_ARCHIVE = 3
"""Archives inside each other; a vendor's export of exports is two deep."""
LARGEST_INNER = 2 * 1024**3
"""Bytes of a member that must be laid out on disk before it can be read: an archive, or a binary file."""


@dataclass(frozen=True, slots=True)
class OpenUpload:
    """A recognised upload: the names of its formats, joined by +, and its items, which may be read once."""

    format: str
    items: Iterator[Item]


def recognise(head: bytes) -> Format | None:
    """The format of a file that begins with these bytes, if it is one of ours."""
    return next((one for one in FORMATS if one.sniff(head)), None)


def open_upload(path: Path, *, zone: tzinfo, name: str = "", person: str | None = None) -> OpenUpload:
    """The items of an uploaded file; the same file gives the same items in the same order.

    A zip archive gives the items of each member that is recognised, archives in it likewise, and counts the
    others. `name` is what its owner calls the file: some formats say only there what they hold. `person` says
    whose data to take from a file of several people, which is refused otherwise, as is an archive of several.
    The last item says by which zones times without an offset were read, if there were such times. Raises
    Refused, here or at the first item, when nothing of the file can be read.
    """
    asked = AskedZone(zone)
    with path.open("rb") as file:
        if not file.read(1):
            raise Refused(RefusalCode.EMPTY, "The file is empty.")
        found = _recognise(file, name)
        if found is None:
            raise _unknown("This file is not")
        if not isinstance(found, Archive):
            return OpenUpload(found.NAME, _remarked(_file_items(path, found, asked, name, person), asked))
        if not found.members:
            raise Refused(RefusalCode.EMPTY, "The archive is empty.")
        survey = _Survey()
        survey.look_into(found)
        if survey.overfull:
            raise Refused(RefusalCode.UNSAFE_ARCHIVE, "The archive and those in it hold too much.")
        if not survey.names:
            raise _unknown("Nothing in this archive is")
        if person is None:
            survey.refuse_several_people()
    items = _upload_items(path, asked, person, several=survey.several)
    return OpenUpload("+".join(sorted(survey.names)), _remarked(items, asked))


def _remarked(items: Iterator[Item], zone: AskedZone) -> Iterator[Item]:
    yield from items
    yield from zone.remarks()


def _recognise(file: BinaryIO, name: str) -> Format | Archive | None:
    """The format of a file, or the archive that it is, or None. Raises Refused for a hostile archive."""
    file.seek(0)
    head = file.read(HEAD)
    binary = recognise(head)
    if binary in BINARY_FORMATS:
        return binary
    if head.startswith(MAGIC):
        return Archive(file)
    return recognise(_text(file, name).read(HEAD))


def _file_items(path: Path, form: Format, zone: tzinfo, name: str, person: str | None) -> Iterator[Item]:
    with path.open("rb") as file:
        yield from _items(form, file, name, zone, person)


def _items(form: Format, file: BinaryIO, name: str, zone: tzinfo, person: str | None) -> Iterator[Item]:
    file.seek(0)
    stream = file if form in BINARY_FORMATS else _text(file, name)
    if person is not None and isinstance(form, OfPeople):
        return form.read(stream, zone=zone, person=person)
    return form.read(stream, zone=zone)


@contextmanager
def _opened(archive: Archive, info: zipfile.ZipInfo) -> Iterator[tuple[Member, BinaryIO]]:
    """A member, and a file of its bytes that goes anywhere where an archive or a binary format needs it."""
    member = archive.open(info)
    stream = io.BufferedReader(member)
    head = stream.peek(HEAD)[:HEAD]
    if not head.startswith(MAGIC) and not any(one.sniff(head) for one in BINARY_FORMATS):
        yield member, stream
        return
    if info.file_size > LARGEST_INNER:
        raise Refused(RefusalCode.UNSAFE_ARCHIVE, f"It is larger than {LARGEST_INNER} bytes.")
    with tempfile.TemporaryFile() as file:
        shutil.copyfileobj(stream, file, 1 << 20)
        yield member, file


class _Survey:
    """What an archive holds, before anything of it is handed on: formats, and people by format."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.overfull = False
        self._recognised = self._members = self._bytes = 0
        self._people: dict[str, set[str]] = {}

    @property
    def several(self) -> bool:
        """Whether more than one member has a format, so that a place must say in which it lies."""
        return self._recognised > 1

    def look_into(self, archive: Archive, depth: int = 1) -> None:
        """Adds what the archive holds, and the archives in it, until together they are too much."""
        self._members += len(archive.members)
        self._bytes += sum(info.file_size for info in archive.members)
        self.overfull = self._members > MOST_MEMBERS or self._bytes > MOST_BYTES
        if self.overfull:
            return
        for info in archive.members:
            # A member that cannot be read is refused, and counted, when it is read.
            with suppress(Refused), _opened(archive, info) as (_, file):
                found = _recognise(file, info.filename)
                if isinstance(found, Archive):
                    if depth < DEEPEST_ARCHIVE and not self.overfull:
                        self.look_into(found, depth + 1)
                elif found is not None:
                    self.names.add(found.NAME)
                    self._recognised += 1
                    if isinstance(found, OfPeople):
                        people = found.people(_text(file, info.filename))
                        self._people.setdefault(found.NAME, set()).update(people)

    def refuse_several_people(self) -> None:
        """Raises Refused when members of one format name several people, each perhaps one alone."""
        if any(len(people) > 1 for people in self._people.values()):
            raise Refused(
                RefusalCode.SEVERAL_PEOPLE,
                "This archive holds the data of several people, and does not say which of them you are. "
                "Please upload the files of one person at a time.",
            )


def _upload_items(path: Path, zone: tzinfo, person: str | None, *, several: bool) -> Iterator[Item]:
    with path.open("rb") as file:
        reading = _Reading(zone, person, several=several)
        yield from reading.items(Archive(file))
        if reading.refusals and not reading.gave_something:
            raise reading.refusals[0]
        yield from reading.tally.problems()


class _Reading:
    """One way through an archive: the items of each member that has a format; the others are counted."""

    def __init__(self, zone: tzinfo, person: str | None, *, several: bool) -> None:
        self.tally = Tally()
        self.refusals: list[Refused] = []
        self.gave_something = False
        self._zone = zone
        self._person = person
        self._several = several

    def items(self, archive: Archive, folder: str = "", depth: int = 1) -> Iterator[Item]:
        """Every item of the archive; `folder` is where it lies itself."""
        for info in archive.members:
            name = folder + info.filename
            try:
                with _opened(archive, info) as (member, file):
                    yield from self._member(file, name, depth)
                    if member.damage:
                        self.tally.add(ProblemCode.MALFORMED, member.damage, name, sort=name)
            except Refused as refusal:
                self.refusals.append(refusal)
                self.tally.add(ProblemCode.SKIPPED_MEMBER, refusal.message, name, sort=name)

    def _member(self, file: BinaryIO, name: str, depth: int) -> Iterator[Item]:
        found = _recognise(file, name)
        if isinstance(found, Archive) and depth < DEEPEST_ARCHIVE:
            yield from self.items(found, f"{name}/", depth + 1)
        elif isinstance(found, Archive):
            raise Refused(RefusalCode.UNSAFE_ARCHIVE, "It is an archive too deep inside others.")
        elif found is None:
            file.seek(0)
            # An empty member holds nothing that could be missed.
            if file.read(1):
                path = PurePosixPath(name)
                self.tally.add(ProblemCode.SKIPPED_MEMBER, path.name, str(path.parent), sort=str(path.parent))
        else:
            for item in _items(found, file, name, self._zone, self._person):
                self.gave_something = True
                if self._several and isinstance(item, Problem):
                    yield replace(item, place=f"{name}: {item.place}")
                else:
                    yield item


def _unknown(subject: str) -> Refused:
    names = ", ".join(form.NAME.replace("_", " ") for form in FORMATS)
    return Refused(RefusalCode.UNKNOWN_FORMAT, f"{subject} in a format that Pollux reads ({names}).")


def _text(stream: BinaryIO, name: str) -> io.BufferedReader:
    return io.BufferedReader(_Utf8(stream, name))


class _Utf8(io.RawIOBase):
    """A stream as UTF-8 without a byte order mark, from UTF-8 or UTF-16; it can be rewound."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        super().__init__()
        self.name = name
        self._stream = stream
        self._rewind()

    def _rewind(self) -> None:
        self._position = 0
        self._ready = b""
        self._decoder: codecs.IncrementalDecoder | None = None
        self._stream.seek(0)
        start = self._stream.read(len(codecs.BOM_UTF8))
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            self._decoder = codecs.getincrementaldecoder("utf-16")("replace")
        self._stream.seek(len(start) if start == codecs.BOM_UTF8 else 0)

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Back to the start, that is."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """To the start; anywhere else raises UnsupportedOperation."""
        if (offset, whence) == (0, io.SEEK_SET):
            self._rewind()
        elif (offset, whence) != (0, io.SEEK_CUR):
            raise io.UnsupportedOperation("only to the start")
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # a RawIOBase is handed one
        """Fills the buffer with text, encoded."""
        if self._decoder is None:
            chunk = self._stream.read(len(buffer))
        else:
            while not self._ready and (packed := self._stream.read(len(buffer))):
                self._ready = self._decoder.decode(packed).encode()
            chunk, self._ready = self._ready[: len(buffer)], self._ready[len(buffer) :]
        buffer[: len(chunk)] = chunk
        self._position += len(chunk)
        return len(chunk)
