"""The formats Pollux reads, and what each of them offers. Pure."""

import io
from collections.abc import Iterator, Sequence
from datetime import tzinfo
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
    wfdb,
    withings,
    withings_csv,
)
from twin.intake.cgm import clarity, libreview, workbooks
from twin.intake.container import MAGIC, Archive, Sibling
from twin.intake.items import Item
from twin.intake.utf8 import Utf8

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


@runtime_checkable
class OfSeveralFiles(Format, Protocol):
    """A format one of whose files says how to read others, its parts, that hold what was measured.

    That one alone is recognised. Its parts are read with it, and never by themselves.
    """

    PART: str
    """How the names of most parts end."""
    ALONE: str
    """What the owner of a part is told who handed it over by itself: a sentence."""

    def parts(self, stream: BinaryIO) -> Sequence[str]:
        """The names of the files that this one speaks of. Raises Refused."""

    def read(self, stream: BinaryIO, *, zone: tzinfo, sibling: Sibling | None = None) -> Iterator[Item]:
        """The items of the file and its parts; `sibling` opens them, where files came together."""


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
    wfdb,
    withings_csv,
    omron_csv,
    clarity,
    libreview,
    plain_csv,
    table,
)
"""In the order in which they are asked: the most particular first."""
FORMATS: Sequence[Format] = (*BINARY_FORMATS, *TEXT_FORMATS)


def recognise(head: bytes) -> Format | None:
    """The format of a file that begins with these bytes, if it is one of ours."""
    return next((one for one in FORMATS if one.sniff(head)), None)


def recognise_file(file: BinaryIO, name: str) -> Format | Archive | None:
    """The format of a file, or the archive that it is, or None. Raises Refused for a hostile archive."""
    file.seek(0)
    head = file.read(HEAD)
    binary = recognise(head)
    if binary in BINARY_FORMATS:
        return binary
    if head.startswith(MAGIC):
        return Archive(file)
    return recognise(as_text(file, name).read(HEAD))


def items_of(
    file: BinaryIO,
    name: str,
    form: Format,
    zone: tzinfo,
    *,
    person: str | None,
    sibling: Sibling | None = None,
) -> Iterator[Item]:
    """What a file of this format holds, asked for as the format can be asked."""
    file.seek(0)
    stream = file if form in BINARY_FORMATS else as_text(file, name)
    if isinstance(form, OfSeveralFiles):
        return form.read(stream, zone=zone, sibling=sibling)
    if person is not None and isinstance(form, OfPeople):
        return form.read(stream, zone=zone, person=person)
    return form.read(stream, zone=zone)


def as_text(stream: BinaryIO, name: str) -> io.BufferedReader:
    """A file as text formats see it; `name` is what its owner calls it."""
    return io.BufferedReader(Utf8(stream, name))
