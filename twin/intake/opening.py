"""An uploaded file as items: recognised, and opened where it is an archive. Pure."""

import io
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import tzinfo
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from twin.intake.asked_zone import AskedZone
from twin.intake.container import MAGIC, MOST_BYTES, MOST_MEMBERS, Archive, Member
from twin.intake.formats import (
    BINARY_FORMATS,
    FORMATS,
    HEAD,
    Format,
    OfPeople,
    OfSeveralFiles,
    as_text,
    items_of,
    recognise_file,
)
from twin.intake.gathering import Tally
from twin.intake.items import Item, Problem, ProblemCode, RefusalCode, Refused

DEEPEST_ARCHIVE = 3
"""Archives inside each other; a vendor's export of exports is two deep."""
LARGEST_INNER = 2 * 1024**3
"""Bytes of a member that must be laid out on disk before it can be read: an archive, or a binary file."""


@dataclass(frozen=True, slots=True)
class OpenUpload:
    """A recognised upload: the names of its formats, joined by +, and its items, which may be read once."""

    format: str
    items: Iterator[Item]


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
        found = recognise_file(file, name)
        if found is None:
            raise _unknown("This file is not", name)
        if not isinstance(found, Archive):
            return OpenUpload(found.NAME, _remarked(_file_items(path, found, asked, name, person), asked))
        if not found.members:
            raise Refused(RefusalCode.EMPTY, "The archive is empty.")
        survey = _Survey()
        survey.look_into(found)
        if survey.overfull:
            raise Refused(RefusalCode.UNSAFE_ARCHIVE, "The archive and those in it hold too much.")
        if not survey.names:
            raise _unknown("Nothing in this archive is", *(info.filename for info in found.members))
        if person is None:
            survey.refuse_several_people()
    items = _upload_items(path, asked, person, survey)
    return OpenUpload("+".join(sorted(survey.names)), _remarked(items, asked))


def _remarked(items: Iterator[Item], zone: AskedZone) -> Iterator[Item]:
    yield from items
    yield from zone.remarks()


def _file_items(path: Path, form: Format, zone: tzinfo, name: str, person: str | None) -> Iterator[Item]:
    with path.open("rb") as file:
        yield from items_of(file, name, form, zone, person=person)


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
    """What an archive holds, before anything of it is handed on: formats, and people by format.

    `parts` are the members that another speaks of, and that are read with it.
    """

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.parts: set[str] = set()
        self.overfull = False
        self._recognised = self._members = self._bytes = 0
        self._people: dict[str, set[str]] = {}

    @property
    def several(self) -> bool:
        """Whether more than one member has a format, so that a place must say in which it lies."""
        return self._recognised > 1

    def look_into(self, archive: Archive, folder: str = "", depth: int = 1) -> None:
        """Adds what the archive holds, and the archives in it, until together they are too much.

        `folder` is where it lies itself.
        """
        self._members += len(archive.members)
        self._bytes += sum(info.file_size for info in archive.members)
        self.overfull = self._members > MOST_MEMBERS or self._bytes > MOST_BYTES
        if self.overfull:
            return
        for info in archive.members:
            # A member that cannot be read is refused, and counted, when it is read.
            with suppress(Refused), _opened(archive, info) as (_, file):
                found = recognise_file(file, info.filename)
                if isinstance(found, Archive):
                    if depth < DEEPEST_ARCHIVE and not self.overfull:
                        self.look_into(found, f"{folder}{info.filename}/", depth + 1)
                elif found is not None:
                    self.names.add(found.NAME)
                    self._recognised += 1
                    if isinstance(found, OfPeople):
                        people = found.people(as_text(file, info.filename))
                        self._people.setdefault(found.NAME, set()).update(people)
                    if isinstance(found, OfSeveralFiles):
                        named = found.parts(as_text(file, info.filename))
                        parts = [archive.beside(info, part) for part in named]
                        self.parts.update(folder + part.filename for part in parts if part and part != info)

    def refuse_several_people(self) -> None:
        """Raises Refused when members of one format name several people, each perhaps one alone."""
        if any(len(people) > 1 for people in self._people.values()):
            raise Refused(
                RefusalCode.SEVERAL_PEOPLE,
                "This archive holds the data of several people, and does not say which of them you are. "
                "Please upload the files of one person at a time.",
            )


def _upload_items(path: Path, zone: tzinfo, person: str | None, survey: _Survey) -> Iterator[Item]:
    with path.open("rb") as file:
        reading = _Reading(zone, person, survey)
        yield from reading.items(Archive(file))
        if reading.refusals and not reading.gave_something:
            raise reading.refusals[0]
        yield from reading.problems()


class _Reading:
    """One way through an archive: the items of each member that has a format; the others are counted."""

    def __init__(self, zone: tzinfo, person: str | None, survey: _Survey) -> None:
        self.refusals: list[Refused] = []
        self.gave_something = False
        self._tally = Tally()
        self._zone = zone
        self._person = person
        self._several = survey.several
        self._parts = frozenset(survey.parts)
        self._unread = set(survey.parts)

    def items(self, archive: Archive, folder: str = "", depth: int = 1) -> Iterator[Item]:
        """Every item of the archive; `folder` is where it lies itself."""
        for info in archive.members:
            name = folder + info.filename
            if name in self._parts:
                continue
            try:
                with _opened(archive, info) as (member, file):
                    parts = _Parts(archive, info, folder, self._unread)
                    yield from self._member(file, name, parts, depth)
                    for place, damage in ((name, member.damage), *parts.damages()):
                        if damage:
                            self._tally.add(ProblemCode.MALFORMED, damage, place, sort=place)
            except Refused as refusal:
                self.refusals.append(refusal)
                self._tally.add(ProblemCode.SKIPPED_MEMBER, refusal.message, name, sort=name)

    def problems(self) -> Iterator[Problem]:
        """What was counted on the way, when all items were taken."""
        for name in sorted(self._unread):
            self._skip(name)
        yield from self._tally.problems()

    def _member(self, file: BinaryIO, name: str, parts: "_Parts", depth: int) -> Iterator[Item]:
        found = recognise_file(file, name)
        if isinstance(found, Archive) and depth < DEEPEST_ARCHIVE:
            yield from self.items(found, f"{name}/", depth + 1)
        elif isinstance(found, Archive):
            raise Refused(RefusalCode.UNSAFE_ARCHIVE, "It is an archive too deep inside others.")
        elif found is None:
            file.seek(0)
            # An empty member holds nothing that could be missed.
            if file.read(1):
                self._skip(name)
        else:
            for item in items_of(file, name, found, self._zone, person=self._person, sibling=parts.open):
                self.gave_something = True
                if self._several and isinstance(item, Problem):
                    yield replace(item, place=f"{name}: {item.place}")
                else:
                    yield item

    def _skip(self, name: str) -> None:
        path = PurePosixPath(name)
        self._tally.add(ProblemCode.SKIPPED_MEMBER, path.name, str(path.parent), sort=str(path.parent))


class _Parts:
    """The members beside one of an archive; each of `unread` is given once, so that none is read for many."""

    def __init__(self, archive: Archive, info: zipfile.ZipInfo, folder: str, unread: set[str]) -> None:
        self._archive = archive
        self._info = info
        self._folder = folder
        self._unread = unread
        self._opened: dict[str, Member] = {}

    def open(self, name: str) -> BinaryIO | None:
        """The bytes of the member of this name; None where there is none, or it was given before."""
        part = self._archive.beside(self._info, name)
        if part is None or self._folder + part.filename not in self._unread:
            return None
        place = self._folder + part.filename
        self._unread.remove(place)
        self._opened[place] = self._archive.open(part)
        return io.BufferedReader(self._opened[place])

    def damages(self) -> Iterator[tuple[str, str]]:
        """Where what was opened is damaged, and what of it that is."""
        return ((place, member.damage) for place, member in self._opened.items())


def _unknown(subject: str, *files: str) -> Refused:
    for form in FORMATS:
        if isinstance(form, OfSeveralFiles) and any(file.casefold().endswith(form.PART) for file in files):
            return Refused(RefusalCode.INCOMPLETE, form.ALONE)
    names = ", ".join(form.NAME.replace("_", " ") for form in FORMATS)
    return Refused(RefusalCode.UNKNOWN_FORMAT, f"{subject} in a format that Pollux reads ({names}).")
