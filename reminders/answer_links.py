"""Links in mail by which a reminder is answered without logging in: signed, for one answer, until an end.

A link shows a page with a button, and only the button answers: mail programs open links by themselves. It
names the delivery and the answer, nothing of the person or the medicine.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from django.conf import settings
from django.core import signing

PATH = "reminders/answer/"
"""Where the site's page of links is; the token follows."""
SALT = "reminders.answer_links"


class Answer(StrEnum):
    """What a link says of all the doses of its reminder."""

    TAKEN = "taken"
    SKIPPED = "skipped"


class LinkError(ValueError):
    """A link that answers nothing."""


class ForgedLink(LinkError):
    """It was not made here, or is not whole."""


class ExpiredLink(LinkError):
    """Its reminder is over."""


@dataclass(frozen=True, slots=True)
class Link:
    """What was signed."""

    delivery: UUID
    answer: Answer
    until: datetime


def address(delivery: UUID, answer: Answer, *, until: datetime) -> str:
    """The whole address of a link."""
    return f"{settings.SITE_URL.rstrip('/')}/{PATH}{token(delivery, answer, until=until)}"


def token(delivery: UUID, answer: Answer, *, until: datetime) -> str:
    """What the address ends with; `until` to the second."""
    return signing.dumps([delivery.hex, answer.value, int(until.timestamp())], salt=SALT)


def read(text: str, *, now: datetime) -> Link:
    """What the token was made of; raises ForgedLink or, from its end on, ExpiredLink."""
    try:
        delivery, answer, until = signing.loads(text, salt=SALT)
    except signing.BadSignature as wrong:
        raise ForgedLink("not signed here") from wrong
    link = Link(UUID(delivery), Answer(answer), datetime.fromtimestamp(until, UTC))
    if now >= link.until:
        raise ExpiredLink("its reminder is over")
    return link
