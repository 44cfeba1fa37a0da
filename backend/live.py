"""The one websocket: who it is, which streams it follows, and what changed in them.

A client subscribes to a stream with the last number that it has and receives exactly the rest, in order.
What the channel layer brings is only a hint to look; each look asks again whether the person may. The wire
protocol is written down in docs/live.md.
"""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from allauth.headless.internal.sessionkit import authenticate_by_x_session_token
from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from channels.routing import URLRouter
from channels.sessions import CookieMiddleware
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import DatabaseError
from django.http import Http404
from django.http.request import validate_host
from django.urls import path
from django.utils import timezone

from backend.access import access_patient, recheck_patient
from backend.actor import acting_for
from backend.changes import changes_after, group_of, group_of_person, last_seq, stream_patient
from backend.clock import clock_seen
from backend.models import User
from backend.ports import ports
from backend.rules import Need
from backend.tickets import redeem_ticket

FOLLOWING = Need.READ

NOT_AUTHENTICATED = 4401
SESSION_ENDED = 4403
TRY_AGAIN = 1013
"""Close codes: nobody is logged in; the session that opened the socket has ended; the server cannot go on."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one socket may ask for, and how it is answered.

    `heartbeat` is in seconds, `batch` counts the changes of one message, `longest_command` characters;
    `notices` is how many notices a socket remembers, so as not to bring one twice.
    """

    heartbeat: float = 25.0
    batch: int = 500
    most_streams: int = 1000
    longest_command: int = 64 * 1024
    notices: int = 200


LIMITS = Limits()


class Refusal(Exception):
    """A command cannot be carried out; the code goes to the client."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Command:
    """What a client can ask of its socket; `need` is what it wants of the stream's patient, if anything."""

    need: Need | None
    run: "Callable[[Live, dict[str, Any]], Awaitable[dict[str, Any]]]"


COMMANDS: dict[str, Command] = {}


def command(name: str, *, need: Need | None) -> Callable[[Any], Any]:
    """Makes a coroutine function the command of this name; it answers what its reply carries."""

    def register(run: Any) -> Any:
        COMMANDS[name] = Command(need, run)
        return run

    return register


class Live(AsyncJsonWebsocketConsumer):
    """One person's socket. `streams` maps each subscribed stream to the last number sent."""

    person: User
    session_key: str
    streams: dict[UUID, int]
    heart: asyncio.Task[None]
    catching_up: asyncio.Lock
    noticed: deque[str]

    def __init__(self, limits: Limits = LIMITS) -> None:
        super().__init__()
        self.limits = limits

    @classmethod
    async def encode_json(cls, content: Any) -> str:
        return json.dumps(content, cls=DjangoJSONEncoder)

    async def connect(self) -> None:
        found = await self._authenticate()
        # A close code reaches the browser only after the handshake.
        await self.accept()
        if found is None:
            await self.close(NOT_AUTHENTICATED)
            return
        self.person, self.session_key = found
        self.streams = {}
        self.catching_up = asyncio.Lock()
        self.noticed = deque(maxlen=self.limits.notices)
        # Listening before the greeting: whoever has it misses nothing from then on.
        await self.channel_layer.group_add(group_of_person(self.person.id), self.channel_name)
        self.heart = asyncio.create_task(self._beat())
        await self.send_json(
            {
                "type": "hello",
                "person": str(self.person.id),
                "heartbeat": self.limits.heartbeat,
                "clock": await database_sync_to_async(clock_seen)(),
            }
        )

    async def disconnect(self, code: int) -> None:  # noqa: ARG002 - Channels' signature
        if hasattr(self, "heart"):
            self.heart.cancel()
        if hasattr(self, "noticed"):
            await self.channel_layer.group_discard(group_of_person(self.person.id), self.channel_name)
        for stream in getattr(self, "streams", {}):
            await self.channel_layer.group_discard(group_of(stream), self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None, **_: Any) -> None:
        """Carries out one command; whatever is wrong with it, the socket lives on."""
        if len(text_data or bytes_data or "") > self.limits.longest_command:
            await self.send_json({"type": "error", "id": None, "code": "too_large"})
            return
        try:
            content = await self.decode_json(text_data or "")
        except (ValueError, RecursionError):
            await self.send_json({"type": "error", "id": None, "code": "not_json"})
            return
        number = content.get("id") if isinstance(content, dict) else None
        if not isinstance(number, int | str):
            number = None
        try:
            answer = await self._command(content)
        except Refusal as refusal:
            await self.send_json({"type": "error", "id": number, "code": refusal.code})
        else:
            await self.send_json({"type": "reply", "id": number, "ok": True, **answer})
            if "seq" in answer:
                await self._catch_up(UUID(answer["stream"]))

    async def stream_moved(self, event: dict[str, Any]) -> None:
        """A hint from the channel layer: the stream has got as far as `seq`."""
        stream = UUID(event["stream"])
        if event["seq"] > self.streams.get(stream, event["seq"]):
            await self._catch_up(stream)

    async def view_moved(self, event: dict[str, Any]) -> None:
        """A hint that a row has a new face, such as an upload's progress; for whoever may see the row."""
        view = await self._read(_view, event["view"], UUID(event["ref"]))
        if view is not None:
            await self.send_json({"type": "progress", event["view"]: event["ref"], **view})

    async def notice_given(self, event: dict[str, Any]) -> None:
        """Something needs the person; what its sender tries again, and came already, is not brought twice."""
        notice = event["notice"]
        if notice["delivery"] not in self.noticed:
            self.noticed.append(notice["delivery"])
            await self.send_json({"type": "notice", **notice})

    async def _command(self, content: Any) -> dict[str, Any]:
        match content:
            case {"type": str(name)} if name in COMMANDS:
                return await COMMANDS[name].run(self, content)
            case _:
                raise Refusal("unknown_command")

    @command("ping", need=None)
    async def ping(self, content: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - a command's signature
        """Only answers."""
        return {}

    @command("displayed", need=FOLLOWING)
    async def displayed(self, content: dict[str, Any]) -> dict[str, Any]:
        """The client has shown the person what a notice is about."""
        notice = str(content.get("notice"))
        seen = ports.displayed.get(notice)
        ref = _id_of(content, notice)
        if seen is None or not await self._read(seen, ref, timezone.now()):
            raise Refusal("not_found")
        return {"notice": notice, notice: str(ref)}

    @command("unsubscribe", need=None)
    async def unsubscribe(self, content: dict[str, Any]) -> dict[str, Any]:
        """Follows a stream no longer."""
        stream = _stream_of(content)
        await self._drop(stream)
        return {"stream": str(stream)}

    @command("subscribe", need=FOLLOWING)
    async def subscribe(self, content: dict[str, Any]) -> dict[str, Any]:
        """Follows a stream from the number `after` on; one beyond the newest means from now on."""
        stream, after = _stream_of(content), content.get("after", 0)
        if not isinstance(after, int) or isinstance(after, bool) or after < 0:
            raise Refusal("bad_number")
        if stream not in self.streams and len(self.streams) >= self.limits.most_streams:
            raise Refusal("too_many_streams")
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
        """Sends what the client lacks, in order; drops the stream once the person may no longer see it."""
        # A heartbeat and a hint may come at once; each number is sent once.
        async with self.catching_up:
            while (sent := self.streams.get(stream)) is not None:
                try:
                    items, through = await self._read(_changes, stream, sent, self.limits.batch)
                except Http404:
                    await self._drop(stream)
                    await self.send_json({"type": "ended", "stream": str(stream)})
                    return
                if through <= sent:
                    return
                self.streams[stream] = through
                await self.send_json(
                    {
                        "type": "changes",
                        "stream": str(stream),
                        "from": sent,
                        "through": through,
                        "items": items,
                    }
                )

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self.limits.heartbeat)
            try:
                if not await database_sync_to_async(self._is_welcome)():
                    await self.close(SESSION_ENDED)
                    return
                for stream in list(self.streams):
                    await self._catch_up(stream)
            except DatabaseError:
                # The client comes back by itself, and catches up from its number.
                await self.close(TRY_AGAIN)
                return
            await self.send_json(
                {
                    "type": "heartbeat",
                    "clock": await database_sync_to_async(clock_seen)(),
                    "streams": {str(stream): seq for stream, seq in self.streams.items()},
                }
            )

    async def _read(self, read: Any, *args: Any) -> Any:
        def reading() -> Any:
            with acting_for(self.person.id):
                return read(self.person, *args)

        return await database_sync_to_async(reading)()

    def _is_welcome(self) -> bool:
        return _person_of(self.session_key) == self.person

    async def _authenticate(self) -> tuple[User, str] | None:
        """The person and the key of her login, which comes as app token, ticket, or our own page's cookie."""
        headers = {name: value.decode("latin-1") for name, value in self.scope["headers"]}
        query = parse_qs(self.scope["query_string"].decode("latin-1"))
        session_key: str | None = None
        if b"x-session-token" in headers:
            session_key = headers[b"x-session-token"]
        elif "ticket" in query:
            session_key = await sync_to_async(redeem_ticket)(query["ticket"][0])
        elif _is_own_origin(headers.get(b"origin", ""), headers.get(b"host", "")):
            # A cookie travels with any page's request: only our own pages may use it.
            session_key = self.scope["cookies"].get(settings.SESSION_COOKIE_NAME)
        if not session_key:
            return None
        person = await database_sync_to_async(_person_of)(session_key)
        return None if person is None else (person, session_key)


def sockets(limits: Limits = LIMITS) -> Any:
    """The ASGI application of all sockets."""
    return CookieMiddleware(URLRouter([path("live/", Live.as_asgi(limits=limits))]))


def _person_of(session_key: str) -> User | None:
    """Who is logged in by this session: none when it has ended, also by a new password."""
    known = authenticate_by_x_session_token(session_key)
    return known[0] if known else None


def _is_own_origin(origin: str, host: str) -> bool:
    parts = urlsplit(origin)
    same = parts.netloc == host and validate_host(parts.hostname or "", settings.ALLOWED_HOSTS)
    return same or origin in settings.CSRF_TRUSTED_ORIGINS


def _stream_of(content: dict[str, Any]) -> UUID:
    return _id_of(content, "stream")


def _id_of(content: dict[str, Any], name: str) -> UUID:
    try:
        return UUID(content.get(name))
    except (ValueError, TypeError, AttributeError):
        raise Refusal("not_found") from None


def _subscribed(user: User, stream: UUID) -> int:
    access_patient(user, _patient_of(stream), FOLLOWING, what="live")
    return last_seq(stream)


def _changes(user: User, stream: UUID, after: int, most: int) -> tuple[list[dict[str, Any]], int]:
    topics = recheck_patient(user, _patient_of(stream), FOLLOWING).topics
    newest = last_seq(stream)
    # What commits between the two reads belongs to the next batch.
    found = list(changes_after(stream, after, topics).filter(seq__lte=newest)[:most])
    items = [{"seq": row.seq, "topic": row.topic, "ref": row.ref, "op": row.op} for row in found]
    # A full batch ends where it ends; a short one has seen everything up to the newest number.
    return items, found[-1].seq if len(found) == most else newest


def _patient_of(stream: UUID) -> UUID:
    patient = stream_patient(stream)
    if patient is None:
        raise Http404
    return patient.id


def _view(user: User, name: str, ref: UUID) -> dict[str, Any] | None:
    view = ports.live_views[name](user, ref)
    return None if view is None else dict(view)
