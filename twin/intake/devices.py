"""What devices say over MQTT: from topic and payload to batches and single readings. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import numpy as np
import orjson

from twin.intake.items import Samples
from twin.intake.parsing import parse_instant
from twin.intake.phone import LONGEST_NAME, Malformed, PhoneBatch, PhoneSeries, read_batch
from twin.kinds import KINDS
from twin.series.columns import UNKNOWN_OFFSET, Columns

ROOT = "pollux"
"""The first level of every topic."""
BATCHES = "samples"
"""The last level of a topic that takes batches."""
LARGEST = 256 * 1024
"""Bytes of a payload; some 10,000 samples."""

_READING = {"value", "unit", "at"}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a message was sent: whose it is, and of a single reading its device and kind."""

    patient: UUID
    device: str = ""
    kind: str = ""

    @property
    def below(self) -> str:
        """What of the topic follows the patient."""
        return f"{self.device}/{self.kind}" if self.kind else BATCHES


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `arrived` (ms) is when it came, None where it had waited somewhere before."""

    address: Address
    payload: bytes
    arrived: int | None


def address(topic: str) -> Address | None:
    """Whose topic this is; None for one that is not ours, or names nobody."""
    match topic.split("/"):
        case [root, patient, last] if (root, last) == (ROOT, BATCHES):
            device = kind = ""
        case [root, patient, device, kind] if root == ROOT and device and kind:
            pass
        case _:
            return None
    try:
        known = UUID(patient)
    except ValueError:
        return None
    # One spelling only: an access list compares topics as texts.
    return Address(known, device, kind) if str(known) == patient else None


def read_message(message: Message) -> PhoneBatch | PhoneSeries:
    """The batch, or the series of one reading, that a message holds; raises Malformed.

    A reading without a unit is in the kind's own, one without a time was taken as it arrived.
    """
    if len(message.payload) > LARGEST:
        raise Malformed("", f"At most {LARGEST // 1024} KiB are taken at once.")
    try:
        said = orjson.loads(message.payload)
    except orjson.JSONDecodeError:
        raise Malformed("", "This is not JSON.") from None
    if message.address.kind:
        return _reading(message.address, said if type(said) is dict else {"value": said}, message.arrived)
    batch = read_batch(said)
    if batch.patient not in (None, message.address.patient):
        raise Malformed("patient", "The topic is another patient's.")
    return batch


def _reading(to: Address, said: dict[str, Any], arrived: int | None) -> PhoneSeries:
    for name in said:
        if name not in _READING:
            raise Malformed(name[:40], "Nothing of this name is taken here.")
    unit = said.get("unit", KINDS[to.kind].unit if to.kind in KINDS else "")
    if type(unit) is not str or len(unit) > LONGEST_NAME:
        raise Malformed("unit", f"A text of at most {LONGEST_NAME} characters is wanted here.")
    start, offset = (arrived, UNKNOWN_OFFSET) if said.get("at") is None else _instant(said["at"])
    if start is None:
        raise Malformed("at", "This waited before it came: without at, nobody knows when it was measured.")
    columns = Columns(
        np.array([start], np.int64),
        np.zeros(1, np.int64),
        np.array([_number(said.get("value"))], np.float64),
        None if offset == UNKNOWN_OFFSET else np.array([offset], np.int16),
    )
    return PhoneSeries(Samples(to.kind, to.device, unit, columns), None)


def _number(value: object) -> float:
    # A truth is a number to Python, and to no device.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Malformed("value", "A number is wanted here.")
    return float(value)


def _instant(text: object) -> tuple[int, int]:
    if isinstance(text, str):
        try:
            names_offset = datetime.fromisoformat(text).tzinfo is not None
        except ValueError:
            names_offset = False
        if names_offset and (instant := parse_instant(text, UTC)) is not None:
            return instant
    raise Malformed("at", "An ISO 8601 instant with its offset is wanted here.")
