"""Reminders pushed to phones, Apple's too, through Firebase Cloud Messaging, HTTP v1."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import jwt
import orjson

from backend.env import ServiceAccount
from reminders.channels.outcomes import Answer, of_all, outcome
from reminders.channels.posting import Letter, Post
from reminders.channels.subscription import unpadded
from reminders.tellings import Address, Message, Outcome, Result

FCM = "https://fcm.googleapis.com"
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LOGIN_LASTS = timedelta(hours=1)
EARLY = timedelta(minutes=1)
"""So long before its end a login is renewed: a batch has to fit in."""
LONGEST_KEPT = timedelta(days=28)
PRESSING = frozenset({"doses", "missed_critical"})


@dataclass(frozen=True, slots=True)
class _Login:
    token: str
    until: datetime


class PushGatewayChannel:
    """Every phone of the person; what any of them may get is handed over. The login is kept until it ends."""

    def __init__(self, account: ServiceAccount, *, url: str = FCM, post: Post | None = None) -> None:
        self._account = account
        self._origin = url
        self._url = f"{url}/v1/projects/{account.project}/messages:send"
        self._post = post or Post()
        self._login: _Login | None = None

    def send(self, messages: Sequence[Message], *, now: datetime) -> list[Outcome]:
        """All at once. A second try replaces the first where that was not shown yet."""
        if self._login is None or self._login.until <= now:
            answer = self._log_in(now)
            if self._login is None:
                return [Outcome(Result.LATER, f"login_{answer.status or answer.because}")] * len(messages)
        headers = {"Authorization": f"Bearer {self._login.token}", "Content-Type": "application/json"}
        of = [(number, one) for number, message in enumerate(messages) for one in message.addresses]
        letters = [
            Letter(self._origin, self._url, headers, request(messages[number], address, now))
            for number, address in of
        ]
        outcomes: list[list[Outcome]] = [[] for _ in messages]
        for (number, address), answer in zip(of, self._post.send(letters), strict=True):
            outcomes[number].append(self._outcome(answer, address, now))
        return [of_all(each) for each in outcomes]

    def _outcome(self, answer: Answer, address: Address, now: datetime) -> Outcome:
        if answer.status == 401:
            self._login = None
            return Outcome(Result.LATER, "http_401")
        # Only so it says that the app is gone from the phone; a project that is not there is a 404, too.
        if answer.status == 404 and "UNREGISTERED" not in error_codes(answer.body):
            return Outcome(Result.REFUSED, "http_404")
        return outcome(answer, address.id, now=now)

    def _log_in(self, now: datetime) -> Answer:
        """OAuth 2 with a signed JWT, RFC 7523."""
        self._login = None
        account = self._account
        claims = {
            "iss": account.email,
            "scope": SCOPE,
            "aud": account.token_url,
            "iat": now,
            "exp": now + LOGIN_LASTS,
        }
        signed = jwt.encode(claims, account.key, algorithm="RS256", headers={"kid": account.key_id})
        parts = urlsplit(account.token_url)
        letter = Letter(
            f"{parts.scheme}://{parts.netloc}",
            account.token_url,
            {"Content-Type": "application/x-www-form-urlencoded"},
            urlencode({"grant_type": GRANT, "assertion": signed}).encode(),
        )
        (answer,) = self._post.send([letter])
        match _json(answer.body) if answer.status == 200 else None:
            case {"access_token": str(token), "expires_in": int(seconds)} if token.isascii():
                self._login = _Login(token, now + min(timedelta(seconds=seconds), LOGIN_LASTS) - EARLY)
        return answer


def request(message: Message, address: Address, now: datetime) -> bytes:
    """What is asked of the gateway: title and text to show, and ids for the app."""
    kept = min(max(message.until - now, timedelta(0)), LONGEST_KEPT)
    name = unpadded(message.id.bytes)
    pressing = message.kind in PRESSING
    return orjson.dumps(
        {
            "message": {
                "token": address.url,
                "notification": {"title": message.title, "body": message.text},
                "data": {
                    "delivery": str(message.id),
                    "reminder": str(message.reminder),
                    "kind": message.kind,
                },
                "android": {
                    "priority": "HIGH" if pressing else "NORMAL",
                    "ttl": f"{int(kept.total_seconds())}s",
                    "collapse_key": name,
                    "notification": {"tag": name},
                },
                "apns": {
                    "headers": {
                        "apns-priority": "10" if pressing else "5",
                        "apns-expiration": str(int((now + kept).timestamp())),
                        "apns-collapse-id": name,
                    }
                },
            }
        }
    )


def error_codes(body: bytes) -> set[str]:
    """Google's own codes in an answer's body; none where it has none."""
    match _json(body):
        case {"error": {"details": [*details]}}:
            return {str(one["errorCode"]) for one in details if isinstance(one, dict) and "errorCode" in one}
    return set()


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
