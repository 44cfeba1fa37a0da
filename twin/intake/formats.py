"""The formats Pollux reads, and how an uploaded file becomes items: archives, encodings, byte order marks."""

import codecs
import io
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol, runtime_checkable
from zoneinfo import ZoneInfo

from twin.intake import apple_health, fhir, fitbit, nightscout, plain_csv
from twin.intake.container import MAGIC, Archive, Member
from twin.intake.gathering import Tally
from twin.intake.items import Item, Problem, ProblemCode, RefusalCode, Refused

HEAD = 64 * 1024
"""Bytes from which a format is recognised."""


class Format(Protocol):
    """One format. `read` streams in constant memory, and always yields the same items in the same order."""

    NAME: str

    def sniff(self, head: bytes) -> bool:
        """Whether a file that begins like this is of the format."""

    def read(self, stream: BinaryIO, *, zone: ZoneInfo) -> Iterator[Item]:
        """The file's items; `zone` is the patient's, for times without an offset. Raises Refused."""


@runtime_checkable
class OfPeople(Format, Protocol):
    """A format whose files name the people they speak of, and so may hold more than one."""

    def people(self, stream: BinaryIO) -> Sequence[str]:
        """A name for each person in the file. Raises Refused."""

    def read(self, stream: BinaryIO, *, zone: ZoneInfo, person: str | None = None) -> Iterator[Item]:
        """The items of the only person, or of the one named; Raises Refused where neither is clear."""


FORMATS: Sequence[Format] = (apple_health, fitbit, nightscout, fhir, plain_csv)
"""In the order in which they are asked: the most particular first."""


@dataclass(frozen=True, slots=True)
class OpenUpload:
    """A recognised upload: the names of its formats, joined by +, and its items, which may be read once."""

    format: str
    items: Iterator[Item]


def recognise(head: bytes) -> Format | None:
    """The format of a file that begins with these bytes, if it is one of ours."""
    return next((one for one in FORMATS if one.sniff(head)), None)


def open_upload(path: Path, *, zone: ZoneInfo, name: str = "", person: str | None = None) -> OpenUpload:
    """The items of an uploaded file; the same file gives the same items in the same order.

    A zip archive gives the items of each member that is recognised, and counts the others. `name` is what its
    owner calls the file: some formats say only there what they hold. `person` says whose data to take from a
    file of several people, which is refused otherwise, as is an archive of several. Raises Refused, here or
    at the first item, when nothing of the file can be read.
    """
    with path.open("rb") as file:
        start = file.read(len(MAGIC[0]))
        if not start:
            raise Refused(RefusalCode.EMPTY, "The file is empty.")
        if start in MAGIC:
            return _open_archive(path, Archive(file), zone, person)
        form = recognise(_text(file, name).read(HEAD))
    if form is None:
        raise _unknown("This file is not")
    return OpenUpload(form.NAME, _file_items(path, form, zone, name, person))


def _file_items(path: Path, form: Format, zone: ZoneInfo, name: str, person: str | None) -> Iterator[Item]:
    with path.open("rb") as file:
        yield from _items(form, _text(file, name), zone, person)


def _items(form: Format, stream: BinaryIO, zone: ZoneInfo, person: str | None) -> Iterator[Item]:
    if person is not None and isinstance(form, OfPeople):
        return form.read(stream, zone=zone, person=person)
    return form.read(stream, zone=zone)


def _open_archive(path: Path, archive: Archive, zone: ZoneInfo, person: str | None) -> OpenUpload:
    if not archive.members:
        raise Refused(RefusalCode.EMPTY, "The archive is empty.")
    forms = [recognise(_text(archive.open(info), info.filename).read(HEAD)) for info in archive.members]
    names = sorted({form.NAME for form in forms if form is not None})
    if not names:
        raise _unknown("Nothing in this archive is")
    if person is None:
        _refuse_several_people(archive, forms)
    return OpenUpload("+".join(names), _archive_items(path, forms, zone, person))


def _refuse_several_people(archive: Archive, forms: Sequence[Format | None]) -> None:
    """Raises Refused when members of one format name several people between them, each perhaps one alone."""
    people: dict[str, set[str]] = {}
    for info, form in zip(archive.members, forms, strict=True):
        if not isinstance(form, OfPeople):
            continue
        met = people.setdefault(form.NAME, set())
        # A member that cannot be read is refused, and counted, when it is read.
        with suppress(Refused):
            met.update(form.people(_text(archive.open(info), info.filename)))
        if len(met) > 1:
            raise Refused(
                RefusalCode.SEVERAL_PEOPLE,
                "This archive holds the data of several people, and does not say which of them you are. "
                "Please upload the files of one person at a time.",
            )


def _archive_items(
    path: Path, forms: Sequence[Format | None], zone: ZoneInfo, person: str | None
) -> Iterator[Item]:
    """The items of each member that has a format; the others, and refused ones, are counted by folder."""
    tally = Tally()
    refusals: list[Refused] = []
    several = sum(form is not None for form in forms) > 1
    nothing_read = True
    with path.open("rb") as file:
        archive = Archive(file)
        for info, form in zip(archive.members, forms, strict=True):
            name = info.filename
            if form is None:
                folder = str(PurePosixPath(name).parent)
                tally.add(ProblemCode.SKIPPED_MEMBER, PurePosixPath(name).name, folder, sort=folder)
                continue
            member = archive.open(info)
            try:
                for item in _items(form, _text(member, name), zone, person):
                    nothing_read = False
                    if several and isinstance(item, Problem):
                        yield replace(item, place=f"{name}: {item.place}")
                    else:
                        yield item
            except Refused as refusal:
                refusals.append(refusal)
                tally.add(ProblemCode.SKIPPED_MEMBER, refusal.message, name, sort=name)
            if member.damage:
                tally.add(ProblemCode.MALFORMED, member.damage, name, sort=name)
    if refusals and nothing_read:
        raise refusals[0]
    yield from tally.problems()


def _unknown(subject: str) -> Refused:
    names = ", ".join(form.NAME.replace("_", " ") for form in FORMATS)
    return Refused(RefusalCode.UNKNOWN_FORMAT, f"{subject} in a format that Pollux reads ({names}).")


def _text(stream: BinaryIO | Member, name: str) -> io.BufferedReader:
    return io.BufferedReader(_Utf8(io.BufferedReader(stream) if isinstance(stream, Member) else stream, name))


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
