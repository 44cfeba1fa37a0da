"""What a channel is given to hand over, and what it answers. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Address:
    """A browser or a phone, and what its service needs to reach it."""

    id: UUID
    url: str
    keys: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Message:
    """One telling to one person by one channel. `id` is the same at every try, so that it can be known again.

    `title` and `text` may be read by whoever picks up the phone. After `until` it is of no use.
    """

    id: UUID
    reminder: UUID
    person: UUID
    patient: UUID
    kind: str
    email: str
    title: str
    text: str
    addresses: Sequence[Address]
    until: datetime


class Result(StrEnum):
    """`later` may go better in a while; `refused` never will."""

    SENT = "sent"
    LATER = "later"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one try. `because` names the reason without a word of the message.

    `retry_at` is when who carries it wants to be asked again; `gone` are addresses that are no more.
    """

    result: Result
    because: str = ""
    retry_at: datetime | None = None
    gone: Sequence[UUID] = ()


class Channel(Protocol):
    """A way to people. Takes no transaction, and an end: what hangs is given up within half a minute."""

    def send(self, messages: Sequence[Message], *, now: datetime) -> Sequence[Outcome]:
        """Hands the messages over; the outcomes are in their order."""
        ...
