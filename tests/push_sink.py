"""A push service on a real socket, with browsers that decrypt what it got. The path says how it answers.

`/ok/7` takes a message, `/slow/7` after a moment, `/hang/7` never answers, `/429/7` and other numbers answer
with that status, `/endless/7` with a body that does not end, `/away/7` leads to `/ok/7`.
"""

import asyncio
import base64
import json
import os
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

import http_ece
import httptools
import uvloop
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SLOW = 0.3
_numbers = count(1)


def unpadded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@dataclass(slots=True)
class Received:
    """One request that came whole, by the clock of the machine."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def json(self) -> dict:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Browser:
    """One subscription, and the key that only its browser has."""

    endpoint: str
    key: ec.EllipticCurvePrivateKey
    secret: bytes

    @property
    def keys(self) -> dict[str, str]:
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {"p256dh": unpadded(point), "auth": unpadded(self.secret)}

    def read(self, body: bytes) -> dict:
        """What a message says; decrypted by a library of its own."""
        content = http_ece.decrypt(body, private_key=self.key, auth_secret=self.secret, version="aes128gcm")
        return json.loads(content)


def subscribe(origin: str, mode: str = "ok") -> Browser:
    """A browser that has asked this service for an address of its own."""
    key = ec.generate_private_key(ec.SECP256R1())
    return Browser(f"{origin}/{mode}/{next(_numbers)}", key, os.urandom(16))


@dataclass(slots=True)
class Sink:
    """What came in, in order. `answers` are bodies and headers for paths that need more than a status."""

    origin: str = ""
    received: list[Received] = field(default_factory=list)
    answers: dict[str, bytes] = field(default_factory=dict)
    connections: int = 0

    def subscribe(self, mode: str = "ok") -> Browser:
        return subscribe(self.origin, mode)

    def of(self, browser: Browser) -> list[Received]:
        path = browser.endpoint.removeprefix(self.origin)
        return [one for one in self.received if one.path == path]


class _Connection(asyncio.Protocol):
    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.parser = httptools.HttpRequestParser(self)
        self.path, self.headers, self.body = "", {}, []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.sink.connections += 1

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self.path, self.headers, self.body = url.decode(), {}, []

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode().lower()] = value.decode()

    def on_body(self, body: bytes) -> None:
        self.body.append(body)

    def on_message_complete(self) -> None:
        self.sink.received.append(Received(self.path, self.headers, b"".join(self.body), time.time()))
        given = self.sink.answers.get(self.path)
        mode = self.path.split("/")[1]
        if given is not None:
            self.transport.write(given)
        elif mode == "ok":
            self.transport.write(answer(201))
        elif mode == "slow":
            asyncio.get_running_loop().call_later(SLOW, self.transport.write, answer(201))
        elif mode == "endless":
            self.transport.write(b"HTTP/1.1 400 Said\r\nTransfer-Encoding: chunked\r\n\r\n")
            self.transport.write((b"1000\r\n" + b"x" * 0x1000 + b"\r\n") * 16)
        elif mode == "away":
            self.transport.write(answer(307, headers={"Location": self.path.replace("away", "ok")}))
        elif mode != "hang":
            self.transport.write(answer(int(mode)))


def answer(status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> bytes:
    """An answer as it goes over the wire."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    return f"HTTP/1.1 {status} Said\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body


@contextmanager
def sink(tls: ssl.SSLContext | None = None) -> Iterator[Sink]:
    """The service on a free port of this machine, in a thread of its own, until the block ends."""
    made = Sink()
    loop = uvloop.new_event_loop()
    server = loop.run_until_complete(loop.create_server(lambda: _Connection(made), "127.0.0.1", 0, ssl=tls))
    made.origin = f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield made
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
