"""How large a request's body may grow: refused while it arrives, before anything is kept of it."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.typing import ASGIReceiveCallable, ASGIReceiveEvent, ASGISendCallable, Scope

from backend.problems import CONTENT_TYPE, problem


class LimitedBodies:
    """Lets no body through that is larger than `limit` bytes, or than `limits` says for its path."""

    def __init__(
        self, application: Callable[..., Awaitable[None]], *, limit: int, limits: dict[str, int]
    ) -> None:
        self.application = application
        self.limit = limit
        self.limits = limits

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return
        limit = self.limits.get(scope["path"], self.limit)
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > limit:
            await _refuse(send)
            return
        received = 0

        async def counted() -> ASGIReceiveEvent:
            nonlocal received
            event: Any = await receive()
            received += len(event.get("body", b""))
            # Told that the client is gone, Django throws away what it has and answers nothing.
            return {"type": "http.disconnect"} if received > limit else event

        await self.application(scope, counted, send)
        if received > limit:
            await _refuse(send)


async def _refuse(send: ASGISendCallable) -> None:
    body = json.dumps(problem(413, "This is larger than what can be taken here.")).encode()
    headers = [
        (b"content-type", CONTENT_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers, "trailers": False})
    await send({"type": "http.response.body", "body": body, "more_body": False})
