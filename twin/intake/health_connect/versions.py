"""Which records of a file are older versions of another in it. Pure."""

from array import array
from datetime import UTC
from hashlib import blake2b
from typing import BinaryIO

import numpy as np

from twin.intake.gathering import Tally
from twin.intake.health_connect.envelope import instant
from twin.intake.json_entries import entries, member, text


def superseded(stream: BinaryIO, streamed: str) -> frozenset[int]:
    """The ordinals of the records of whose metadata.id the file holds a later version.

    Later is by lastModifiedTime, else by place. Holds 24 bytes a record. Raises Refused as entries() does.
    """
    ids, modified, ordinals = array("Q"), array("q"), array("q")
    for ordinal, entry in enumerate(entries(stream, Tally(), streamed=streamed)):
        metadata = member(entry.value, "metadata")
        if identity := text(metadata, "id"):
            at = instant(metadata.get("lastModifiedTime"), UTC)
            ids.append(int.from_bytes(blake2b(identity.encode(errors="replace"), digest_size=8).digest()))
            modified.append(at[0] if at else -(1 << 62))
            ordinals.append(ordinal)
    by_id = np.frombuffer(ids, np.uint64) if ids else np.zeros(0, np.uint64)
    # The sort is stable: versions of one time stay in the order of the file.
    order = np.lexsort((np.array(modified, np.int64), by_id))
    is_followed = by_id[order][:-1] == by_id[order][1:]
    return frozenset(np.array(ordinals, np.int64)[order[:-1][is_followed]].tolist())
