"""What a Nightscout site keeps, as JSON: readings (entries), and what was done (treatments). Pure."""

from collections.abc import Iterator
from datetime import tzinfo
from typing import BinaryIO

from twin.intake.gathering import Batches, Tally
from twin.intake.items import Item, ProblemCode, RefusalCode, Refused
from twin.intake.json_values import Broken, values
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
    batches, tally, documents = Batches(), Tally(), 0
    try:
        for item in values(stream):
            documents += 1
            document, place = item.value, f"document {documents}"
            if not isinstance(document, dict):
                tally.add(ProblemCode.MALFORMED, document, place)
            elif is_treatment(document):
                yield from take_treatment(document, place, zone, batches, tally)
            else:
                take_entry(document, place, zone, batches, tally)
            yield from batches.full()
    except Broken as broken:
        if not documents:
            raise Refused(RefusalCode.MALFORMED, f"Nothing can be read: {broken.message}.") from None
        code = ProblemCode.TRUNCATED if broken.truncated else ProblemCode.MALFORMED
        tally.add(code, broken.message, f"after document {documents}")
    yield from batches.rest()
    yield from tally.problems()
