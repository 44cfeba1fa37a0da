"""Many requests at once to services that may be slow, silent or hostile; none keeps the others waiting.

Connections are kept while a batch lasts. Redirects are not followed and proxies of the environment not used.
"""

import asyncio
import socket
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
import uvloop
from aiohttp.abc import AbstractCookieJar
from yarl import URL

from reminders.channels.outcomes import Answer
from reminders.channels.subscription import is_public

AT_ONCE = 32
"""Requests under way to one origin."""
MOST_READ = 4096
MOST_SILENT = 10_000


@dataclass(frozen=True, slots=True)
class Patience:
    """In seconds: for a connection, for a whole request, for the last one to begin, for a silent origin."""

    connect: float = 4
    request: float = 8
    begin: float = 12
    silent: float = 60


@dataclass(frozen=True, slots=True)
class Letter:
    """One POST. Those of one `origin` share its connections."""

    origin: str
    url: str
    headers: dict[str, str]
    body: bytes


class NotPublic(OSError):
    """A name led to an address of this machine or its network."""


class Post:
    """Sends batches. An origin that lets requests time out and answers none is left alone for a while."""

    def __init__(
        self,
        *,
        allow_local: bool = False,
        patience: Patience | None = None,
        dns: Mapping[str, Any] | None = None,
    ) -> None:
        """`dns` are options of aiodns, where the machine's own are not meant."""
        self.patience = patience or Patience()
        self._allow_local = allow_local
        self._dns = dns or {}
        self._silent_until: dict[str, float] = {}

    def send(self, letters: Sequence[Letter]) -> list[Answer]:
        """The answers in the letters' order, within the time to begin and that of one request."""
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(self._send(letters))

    async def _send(self, letters: Sequence[Letter]) -> list[Answer]:
        places: defaultdict[str, list[int]] = defaultdict(list)
        for place, letter in enumerate(letters):
            places[letter.origin].append(place)
        answers: dict[int, Answer] = {}
        # The system's own look-up takes threads, of which a few names that hang take all.
        resolver = aiohttp.AsyncResolver(**self._dns)
        connector = aiohttp.TCPConnector(limit=0, resolver=resolver, socket_factory=self._socket)
        timeout = aiohttp.ClientTimeout(total=self.patience.request, sock_connect=self.patience.connect)
        jar: AbstractCookieJar = aiohttp.DummyCookieJar()
        try:
            async with (
                aiohttp.ClientSession(connector=connector, timeout=timeout, cookie_jar=jar) as session,
                asyncio.TaskGroup() as group,
            ):
                for origin, mine in places.items():
                    round_ = _Round(self, session, origin, letters, iter(mine), answers)
                    for _ in range(min(AT_ONCE, len(mine))):
                        group.create_task(round_.work())
        finally:
            await resolver.close()
        return [answers[place] for place in range(len(letters))]

    def _socket(self, info: tuple[Any, ...]) -> socket.socket:
        """A socket to one address of a name, at the last moment before it is connected."""
        family, kind, protocol, _, address = info
        if not self._allow_local and not is_public(address[0]):
            raise NotPublic("not a public address")
        return socket.socket(family, kind, protocol)

    def is_silent(self, origin: str) -> bool:
        """Whether the origin is left alone at present."""
        return self._silent_until.get(origin, 0) > time.monotonic()

    def leave_alone(self, origin: str) -> None:
        """Asks the origin nothing for a while."""
        now = time.monotonic()
        if len(self._silent_until) >= MOST_SILENT:
            self._silent_until = {name: at for name, at in self._silent_until.items() if at > now}
        self._silent_until[origin] = now + self.patience.silent


class _Round:
    """The letters of one batch to one origin, shared by those who work on them."""

    def __init__(
        self,
        post: Post,
        session: aiohttp.ClientSession,
        origin: str,
        letters: Sequence[Letter],
        places: Iterator[int],
        answers: dict[int, Answer],
    ) -> None:
        self._post, self._session, self._origin = post, session, origin
        self._letters, self._places, self._answers = letters, places, answers
        self._until = time.monotonic() + post.patience.begin
        self._has_answered = False

    async def work(self) -> None:
        """Takes letters until none is left."""
        for place in self._places:
            if self._post.is_silent(self._origin):
                answer = Answer(None, "service_silent")
            elif time.monotonic() > self._until:
                answer = Answer(None, "out_of_time")
            else:
                answer = await self._ask(self._letters[place])
                self._has_answered |= answer.status is not None
                if answer.because == "timeout" and not self._has_answered:
                    self._post.leave_alone(self._origin)
            self._answers[place] = answer

    async def _ask(self, letter: Letter) -> Answer:
        try:
            async with self._session.post(
                URL(letter.url, encoded=True),
                data=letter.body,
                headers=letter.headers,
                allow_redirects=False,
            ) as response:
                body = b""
                while len(body) < MOST_READ:
                    part = await response.content.read(MOST_READ - len(body))
                    if not part:
                        break
                    body += part
                return Answer(response.status, "", response.headers.get("Retry-After", ""), body)
        except TimeoutError:
            return Answer(None, "timeout")
        except aiohttp.ClientConnectorCertificateError:
            return Answer(None, "bad_certificate")
        except ValueError:
            # A name that cannot be looked up at all.
            return Answer(None, "bad_address")
        except aiohttp.ClientConnectorError as error:
            is_local = isinstance(error.os_error, NotPublic)
            return Answer(None, "not_public" if is_local else "unreachable")
        except (aiohttp.ClientError, OSError):
            return Answer(None, "unreachable")
