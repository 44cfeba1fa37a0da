"""What devices say: one patient's messages into the store, in one transaction of a worker's."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from backend.actor import acting_on
from backend.models import Patient
from twin.intake.devices import Message, read_message
from twin.intake.items import ProblemCode
from twin.intake.phone import Malformed, PhoneBatch, PhoneSeries
from twin.services.samples import OTHER_BATCH, store_batches, store_series


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A part of a message that is not in the store, and why: a code, and for what is malformed a sentence."""

    place: str
    code: str
    message: str = ""


UNKNOWN_PATIENT = LeftOut("", "unknown_patient")
USED_ID = LeftOut("batch_id", ProblemCode.MALFORMED, OTHER_BATCH)


def receive_messages(patient: UUID, messages: Sequence[Message], *, now: datetime) -> list[list[LeftOut]]:
    """Everything that the messages hold is in the store, but for what is answered for each of them.

    The same messages again change nothing. Batches count in their order, single readings after them.
    """
    with acting_on(patient):
        if not Patient.objects.filter(id=patient).exists():
            return [[UNKNOWN_PATIENT] for _ in messages]
        left_out: list[list[LeftOut]] = [[] for _ in messages]
        batches: dict[int, PhoneBatch] = {}
        readings: dict[int, PhoneSeries] = {}
        for place, message in enumerate(messages):
            try:
                read = read_message(message)
            except Malformed as malformed:
                left_out[place] = [LeftOut(malformed.place, ProblemCode.MALFORMED, malformed.message)]
                continue
            if isinstance(read, PhoneBatch):
                batches[place] = read
            else:
                readings[place] = read
        if batches:
            told = store_batches(patient, list(batches.values()), now=now)
            for place, answer in zip(batches, told, strict=True):
                left_out[place] = [USED_ID] if answer is None else list(_of_batch(answer["series"]))
        if readings:
            said = store_series(patient, list(readings.values()), now=now)
            for place, of_one in zip(readings, said, strict=True):
                left_out[place] = [LeftOut("", one["code"]) for one in of_one["refused_at"]]
        return left_out


def _of_batch(series: Sequence[Mapping[str, Any]]) -> Iterator[LeftOut]:
    for place, answer in enumerate(series):
        for one in answer["refused_at"]:
            yield LeftOut(f"series.{place}.{one['index']}", one["code"])
