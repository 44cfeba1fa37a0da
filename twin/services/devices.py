"""What devices say: one patient's messages into the store, in one transaction of a worker's."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from backend.actor import acting_on
from backend.models import Patient
from backend.services import NotPossible
from twin.intake.devices import Message, read_message
from twin.intake.items import ProblemCode
from twin.intake.phone import Malformed, PhoneBatch, PhoneSeries
from twin.services.samples import store_batch, store_series


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A part of a message that is not in the store, and why: a code, and for what is malformed a sentence."""

    place: str
    code: str
    message: str = ""


UNKNOWN_PATIENT = LeftOut("", "unknown_patient")


def receive_messages(patient: UUID, messages: Sequence[Message], *, now: datetime) -> list[list[LeftOut]]:
    """Everything that the messages hold is in the store, but for what is answered for each of them.

    The same messages again change nothing. Batches count in their order, single readings after them.
    """
    with acting_on(patient):
        if not Patient.objects.filter(id=patient).exists():
            return [[UNKNOWN_PATIENT] for _ in messages]
        left_out: list[list[LeftOut]] = [[] for _ in messages]
        readings: dict[int, PhoneSeries] = {}
        for place, message in enumerate(messages):
            try:
                read = read_message(message)
                if isinstance(read, PhoneBatch):
                    answer = store_batch(patient, read, now=now)
                    left_out[place] = list(_of_batch(answer["series"]))
                else:
                    readings[place] = read
            except Malformed as malformed:
                left_out[place] = [LeftOut(malformed.place, ProblemCode.MALFORMED, malformed.message)]
            except NotPossible as refused:
                left_out[place] = [LeftOut(refused.field, ProblemCode.MALFORMED, refused.message)]
        answers = store_series(patient, list(readings.values()), now=now) if readings else []
        for place, answer in zip(readings, answers, strict=True):
            left_out[place] = [LeftOut("", one["code"]) for one in answer["refused_at"]]
        return left_out


def _of_batch(series: Sequence[Mapping[str, Any]]) -> Iterator[LeftOut]:
    for place, answer in enumerate(series):
        for one in answer["refused_at"]:
            yield LeftOut(f"series.{place}.{one['index']}", one["code"])
