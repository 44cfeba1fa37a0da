"""Reminders pushed to browsers, encrypted for each."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import orjson
from cryptography.hazmat.primitives.asymmetric import ec

from reminders.channels.encryption import LONGEST, encrypted
from reminders.channels.outcomes import of_all, outcome
from reminders.channels.posting import Letter, Post
from reminders.channels.subscription import SubscriptionError, subscription, unpadded
from reminders.channels.vapid import signer
from reminders.tellings import Address, Message, Outcome, Result

LONGEST_KEPT = timedelta(days=28)
"""How long push services keep a message at most."""
PRESSING = frozenset({"doses", "missed_critical"})
"""For these a phone is woken."""


class WebPushChannel:
    """Every browser of the person; what any of them has taken is handed over."""

    def __init__(
        self,
        key: ec.EllipticCurvePrivateKey,
        contact: str,
        *,
        allow_local: bool = False,
        post: Post | None = None,
    ) -> None:
        self._authorization = signer(key, contact)
        self._allow_local = allow_local
        self._post = post or Post(allow_local=allow_local)

    def send(self, messages: Sequence[Message], *, now: datetime) -> list[Outcome]:
        """All at once. A second try replaces the first where that was not shown yet."""
        letters: list[Letter] = []
        of: list[tuple[int, Address]] = []
        outcomes: list[list[Outcome]] = [[] for _ in messages]
        for number, message in enumerate(messages):
            content = payload(message)
            if len(content) > LONGEST:
                outcomes[number].append(Outcome(Result.REFUSED, "too_long"))
                continue
            for address in message.addresses:
                try:
                    letters.append(self._letter(message, address, content, now))
                except SubscriptionError:
                    outcomes[number].append(Outcome(Result.REFUSED, "bad_subscription"))
                else:
                    of.append((number, address))
        for (number, address), answer in zip(of, self._post.send(letters), strict=True):
            outcomes[number].append(outcome(answer, address.id, now=now))
        return [of_all(each) for each in outcomes]

    def _letter(self, message: Message, address: Address, content: bytes, now: datetime) -> Letter:
        body = {"endpoint": address.url, "keys": address.keys}
        to = subscription(body, allow_local=self._allow_local)
        kept = min(max(message.until - now, timedelta(0)), LONGEST_KEPT)
        headers = {
            "Authorization": self._authorization(to.origin, now),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(int(kept.total_seconds())),
            "Topic": topic(message),
            "Urgency": "high" if message.kind in PRESSING else "normal",
        }
        return Letter(to.origin, to.endpoint, headers, encrypted(content, to))


def payload(message: Message) -> bytes:
    """What the browser shows and answers for."""
    return orjson.dumps(
        {
            "delivery": message.id,
            "reminder": message.reminder,
            "kind": message.kind,
            "title": message.title,
            "text": message.text,
        }
    )


def topic(message: Message) -> str:
    """The name under which a push service keeps the newest only: RFC 8030 allows it 32 characters."""
    return unpadded(message.id.bytes)
