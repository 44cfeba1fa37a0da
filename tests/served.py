"""A real server in a thread, and a client's end of its socket."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from channels.routing import ProtocolTypeRouter
from django.test import Client
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from backend import live


@contextmanager
def served(limits: live.Limits = live.LIMITS) -> Iterator[str]:
    """Where it listens."""
    from backend.asgi import http

    config = uvicorn.Config(
        ProtocolTypeRouter({"http": http, "websocket": live.sockets(limits)}),
        port=0,
        lifespan="off",
        ws="websockets-sansio",
        log_level="warning",
        ws_per_message_deflate=False,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


class Socket:
    """A client's end."""

    def __init__(self, connection):
        self.connection = connection

    def say(self, **command):
        self.connection.send(json.dumps(command))

    def hear(self, *types: str):
        """The next message of these types, or of any but heartbeats."""
        while True:
            message = json.loads(self.connection.recv(timeout=30))
            if message["type"] in types or (not types and message["type"] != "heartbeat"):
                return message

    def ask(self, **command):
        self.say(**command)
        return self.hear("reply", "error")

    def close_code(self):
        """The code with which the server closes, whatever it says before."""
        with pytest.raises(ConnectionClosed) as closed:  # noqa: PT012 - whatever comes before is drained
            while True:
                self.connection.recv(timeout=30)
        return closed.value.rcvd.code


def logged_in(user) -> str:
    """The key of a new session, which is also the app's token."""
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client.cookies["sessionid"].value


@contextmanager
def socket(address, *, query="", **headers):
    with connect(
        f"ws://{address}/live/{query}",
        additional_headers={name.replace("_", "-"): value for name, value in headers.items()},
        compression=None,
    ) as connection:
        yield Socket(connection)


@contextmanager
def socket_of(address, user):
    with socket(address, X_Session_Token=logged_in(user)) as opened:
        assert opened.hear()["type"] == "hello"
        yield opened
