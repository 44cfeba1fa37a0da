"""What in an export of Pollux is there to be read only: its index, its README, what was said. Pure."""

import re
from collections.abc import Iterator
from datetime import tzinfo
from typing import BinaryIO

from twin.intake.items import Item, RefusalCode, Refused

NAME = "pollux_export"

VERSION = 1
"""Of the whole layout. It changes when a reader of this one would understand something wrong."""
INDEX = '{"format": "pollux-export", "version": '
"""How the index begins; the version follows."""
README = "Your data from Pollux\n"
"""How the README begins."""
SAID = '{"format": "pollux-said"}\n'
"""How the member begins that tells what people and Pollux said."""

_INDEX = re.compile(re.escape(INDEX.encode()) + rb"(\d{1,9})\b")


def sniff(head: bytes) -> bool:
    """Whether it begins as we begin one of the three."""
    return head.startswith((README.encode(), SAID.encode())) or bool(_INDEX.match(head))


def read(stream: BinaryIO, *, zone: tzinfo) -> Iterator[Item]:  # noqa: ARG001 - every format's signature
    """Nothing: the data stands in the files beside it. Raises Refused for a layout newer than ours."""
    found = _INDEX.match(stream.read(len(INDEX) + 10))
    if found and int(found[1]) > VERSION:
        raise Refused(
            RefusalCode.UNSUPPORTED_VERSION,
            f"This is an export of layout {int(found[1])}.",
        )
    yield from ()
