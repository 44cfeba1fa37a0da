"""How a request gets from the event loop to Django."""

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase


class OneThreadHandler(ASGIHandler):
    """Takes a request through all middleware and its view in one step, in the request's own thread.

    All of them are synchronous. Django's own handler changes between the event loop and the thread for each
    middleware, on the way in and on the way out, which takes longer than most views.
    """

    def load_middleware(self, is_async: bool = False) -> None:  # noqa: ARG002 - Django's signature
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        return await sync_to_async(self.get_response, thread_sensitive=True)(request)
