"""Recordings of bedside monitors as WFDB keeps them: a header, and signals in files beside it. Pure."""

from collections.abc import Iterator
from datetime import tzinfo
from typing import BinaryIO

from twin.intake.container import Sibling
from twin.intake.gathering import Tally
from twin.intake.items import Item, RefusalCode, Refused
from twin.intake.wfdb.header import looks_like_header, read_header
from twin.intake.wfdb.recording import Recording

NAME = "wfdb"

PART = ".dat"
ALONE = (
    "Pollux does not read this file by itself. If it holds the signals of a WFDB recording, please hand it "
    "over in one zip together with its header, the file that ends in .hea."
)

_MOST_NAMED = 3


def sniff(head: bytes) -> bool:
    """Whether the first lines are those of a header with a signal or a segment."""
    return looks_like_header(head)


def parts(stream: BinaryIO) -> tuple[str, ...]:
    """The files with the signals of a recording, or with the headers of its segments. Raises Refused."""
    return read_header(stream).parts


def read(stream: BinaryIO, *, zone: tzinfo, sibling: Sibling | None = None) -> Iterator[Item]:
    """The vital signs of a recording, in the units of its header; waveforms are counted.

    It begins at a time in `zone`. Raises Refused when the header cannot be read, or `sibling` opens none of
    the files that it names.
    """
    header = read_header(stream)
    tally = Tally()
    recording = Recording(zone, sibling or _nothing, tally)
    yield from recording.samples(header)
    if not recording.opened:
        names = ", ".join(header.parts[:_MOST_NAMED]) + (", ..." if len(header.parts) > _MOST_NAMED else "")
        raise Refused(
            RefusalCode.INCOMPLETE,
            "This is the header of a WFDB recording, without what was recorded. "
            f"Please hand it over in one zip together with the files that it names: {names or 'none'}.",
        )
    yield from tally.problems()


def _nothing(_name: str) -> None:
    """Beside a file that came alone."""
