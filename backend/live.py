"""The one websocket: who it is, which streams it follows, and what changed in them.

A client subscribes to a stream with the last number that it has and receives exactly the rest, in order.
What the channel layer brings is only a hint to look; each look asks again whether the person may.
"""

import asyncio
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from allauth.headless.internal.sessionkit import authenticate_by_x_session_token
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.http import Http404
from django.http.request import validate_host

from backend.access import access_patient, recheck_patient
from backend.actor import acting_for
from backend.changes import changes_after, group_of, last_seq, stream_patient
from backend.models import User
from backend.ports import ports
from backend.rules import Need
from backend.tickets import redeem_ticket

HEARTBEAT = 25.0
BATCH = 500

NOT_AUTHENTICATED = 4401
SESSION_ENDED = 4403
"""Close codes: nobody is logged in; the session that opened the socket has ended."""


class Refusal(Exception):
    """A command cannot be carried out; the code goes to the client."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Live(AsyncJsonWebsocketConsumer):
    """One person's socket. `streams` maps each subscribed stream to the last number sent."""

    person: User
    session: SessionBase | None
    streams: dict[UUID, int]
    heart: asyncio.Task[None]

    async def connect(self) -> None:
        found = await self._authenticate()
        # A close code reaches the browser only after the handshake.
        await self.accept()
        if found is None:
            await self.close(NOT_AUTHENTICATED)
            return
        self.person, self.session = found
        self.streams = {}
        self.heart = asyncio.create_task(self._beat())
        await self.send_json({"type": "hello", "person": str(self.person.id), "heartbeat": HEARTBEAT})

    async def disconnect(self, code: int) -> None:  # noqa: ARG002 - Channels' signature
        if hasattr(self, "heart"):
            self.heart.cancel()
        for stream in getattr(self, "streams", {}):
            await self.channel_layer.group_discard(group_of(stream), self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any) -> None:
        """Carries out one command; whatever is wrong with it, the socket lives on."""
        try:
            content = await self.decode_json(text_data or "")
        except ValueError:
            await self.send_json({"type": "error", "id": None, "code": "not_json"})
            return
        number = content.get("id") if isinstance(content, dict) else None
        try:
            answer = await self._command(content)
        except Refusal as refusal:
            await self.send_json({"type": "error", "id": number, "code": refusal.code})
        else:
            await self.send_json({"type": "reply", "id": number, "ok": True, **answer})
            if content["type"] == "subscribe":
                await self._catch_up(UUID(content["stream"]))

    async def stream_moved(self, event: dict[str, Any]) -> None:
        """A hint from the channel layer: the stream has got as far as `seq`."""
        stream = UUID(event["stream"])
        if event["seq"] > self.streams.get(stream, event["seq"]):
            await self._catch_up(stream)

    async def view_moved(self, event: dict[str, Any]) -> None:
        """A hint that a row has a new face, such as an upload's progress; shown to whoever may see the row."""
        view = await self._read(_view, event["view"], UUID(event["ref"]))
        if view is not None:
            await self.send_json({"type": "progress", event["view"]: event["ref"], **view})

    async def _command(self, content: Any) -> dict[str, Any]:
        match content:
            case {"type": "subscribe", "stream": str(stream), **rest}:
                return await self._subscribe(_uuid(stream), rest.get("after", 0))
            case {"type": "unsubscribe", "stream": str(stream)}:
                await self._drop(_uuid(stream))
                return {}
            case {"type": "ping"}:
                return {}
            case _:
                raise Refusal("unknown_command")

    async def _subscribe(self, stream: UUID, after: object) -> dict[str, Any]:
        if not isinstance(after, int) or isinstance(after, bool) or after < 0:
            raise Refusal("bad_number")
        # Listening before reading: what commits in between is then heard of, at worst twice.
        await self.channel_layer.group_add(group_of(stream), self.channel_name)
        try:
            seq = await self._read(_subscribed, stream)
        except Http404:
            await self._drop(stream)
            raise Refusal("not_found") from None
        self.streams[stream] = min(after, seq)
        return {"stream": str(stream), "seq": seq}

    async def _drop(self, stream: UUID) -> None:
        self.streams.pop(stream, None)
        await self.channel_layer.group_discard(group_of(stream), self.channel_name)

    async def _catch_up(self, stream: UUID) -> None:
        """Sends what the client lacks, in order; the stream is dropped once the person may no longer see it."""
        while (sent := self.streams.get(stream)) is not None:
            try:
                items, through = await self._read(_changes, stream, sent)
            except Http404:
                await self._drop(stream)
                await self.send_json({"type": "ended", "stream": str(stream)})
                return
            if through <= sent:
                return
            self.streams[stream] = through
            await self.send_json(
                {"type": "changes", "stream": str(stream), "from": sent, "through": through, "items": items}
            )

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT)
            if not await database_sync_to_async(self._is_welcome)():
                await self.close(SESSION_ENDED)
                return
            for stream in list(self.streams):
                await self._catch_up(stream)
            await self.send_json(
                {"type": "heartbeat", "streams": {str(stream): seq for stream, seq in self.streams.items()}}
            )

    async def _read(self, read: Any, *args: Any) -> Any:
        def reading() -> Any:
            with acting_for(self.person.id):
                return read(self.person, *args)

        return await database_sync_to_async(reading)()

    def _is_welcome(self) -> bool:
        active = User.objects.filter(id=self.person.id, is_active=True).exists()
        return active and (self.session is None or self.session.exists(self.session.session_key))

    async def _authenticate(self) -> tuple[User, SessionBase | None] | None:
        headers = dict(self.scope["headers"])
        if token := headers.get(b"x-session-token"):
            known = await database_sync_to_async(authenticate_by_x_session_token)(token.decode("latin-1"))
            return (known[0], known[1]) if known else None
        if ticket := parse_qs(self.scope["query_string"].decode("latin-1")).get("ticket"):
            person = await database_sync_to_async(redeem_ticket)(ticket[0])
            return (person, None) if person else None
        user = self.scope["user"]
        # A cookie travels with any page's request: only our own pages may use it.
        if not user.is_authenticated or not _is_own_origin(headers.get(b"origin", b"").decode("latin-1")):
            return None
        return await database_sync_to_async(User.objects.get)(id=user.id), self.scope["session"]


def _is_own_origin(origin: str) -> bool:
    host = urlsplit(origin).hostname
    return bool(host) and validate_host(str(host), settings.ALLOWED_HOSTS)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Refusal("not_found") from None


def _subscribed(user: User, stream: UUID) -> int:
    access_patient(user, _patient_of(stream), Need.READ, what="live")
    return last_seq(stream)


def _changes(user: User, stream: UUID, after: int) -> tuple[list[dict[str, Any]], int]:
    topics = recheck_patient(user, _patient_of(stream), Need.READ).topics
    newest = last_seq(stream)
    found = list(changes_after(stream, after, topics)[:BATCH])
    items = [{"seq": row.seq, "topic": row.topic, "ref": row.ref, "op": row.op} for row in found]
    # A full batch ends where it ends; a short one has seen everything up to the newest number.
    return items, found[-1].seq if len(found) == BATCH else newest


def _patient_of(stream: UUID) -> UUID:
    patient = stream_patient(stream)
    if patient is None:
        raise Http404
    return patient.id


def _view(user: User, name: str, ref: UUID) -> dict[str, Any] | None:
    view = ports.live_views[name](user, ref)
    return None if view is None else dict(view)
