"""What a Nightscout site keeps, as JSON: readings (entries), and what was done (treatments). Pure."""

from collections.abc import Iterator
from datetime import tzinfo
from typing import BinaryIO

from twin.intake import json_entries
from twin.intake.gathering import Batches, Tally
from twin.intake.items import Item, ProblemCode
from twin.intake.nightscout.entries import are_entries, take_entry
from twin.intake.nightscout.treatments import are_treatments, is_treatment, take_treatment

NAME = "nightscout"


def sniff(head: bytes) -> bool:
    """Whether the first bytes are JSON documents of a reading or a treatment."""
    begins = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    return begins in (b"[", b"{") and (are_entries(head) or are_treatments(head))


def read(stream: BinaryIO, *, zone: tzinfo) -> Iterator[Item]:
    """The samples of readings and treatments, and a record of each treatment.

    A time that says no offset is one of `zone`. Raises Refused when not one document can be read.
    """
    batches, tally = Batches(), Tally()
    for entry in json_entries.entries(stream, tally, called="document"):
        document, place = entry.value, entry.place
        if not isinstance(document, dict):
            tally.add(ProblemCode.MALFORMED, document, place)
        elif is_treatment(document):
            yield from take_treatment(document, place, zone, batches, tally)
        else:
            take_entry(document, place, zone, batches, tally)
        yield from batches.full()
    yield from batches.rest()
    yield from tally.problems()
