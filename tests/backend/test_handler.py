"""A request goes through middleware and view in one thread."""

import threading

import pytest
from asgiref.testing import ApplicationCommunicator
from django.http import JsonResponse
from django.urls import path

from backend.handler import OneThreadHandler


def where(request):
    """The thread that the view and the middleware around it run in."""
    return JsonResponse({"thread": threading.get_ident(), "body": request.body.decode()})


def through(get_response):
    def middleware(request):
        before = threading.get_ident()
        response = get_response(request)
        response["X-Threads"] = f"{before} {threading.get_ident()}"
        return response

    return middleware


def failing(_):
    raise ZeroDivisionError


urlpatterns = [
    path("where", where),
    path("failing", failing),
]


async def ask(route, body=b""):
    scope = {"type": "http", "method": "POST", "path": route, "query_string": b"", "headers": []}
    talk = ApplicationCommunicator(OneThreadHandler(), scope)
    await talk.send_input({"type": "http.request", "body": body})
    head, tail = await talk.receive_output(5), await talk.receive_output(5)
    await talk.wait()
    return head["status"], dict(head["headers"]), tail["body"]


@pytest.fixture
def routes(settings, monkeypatch):
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = [f"{__name__}.through"]
    # A setting inside a setting is not put back by itself.
    monkeypatch.setitem(settings.DATABASES["default"], "ATOMIC_REQUESTS", False)


async def test_request_and_its_middleware_share_a_thread_that_is_not_the_loops(routes):
    status, headers, body = await ask("/where", b"hello")
    before, after = headers[b"X-Threads"].split()
    assert status == 200
    assert body == b'{"thread": %s, "body": "hello"}' % before
    assert before == after != str(threading.get_ident()).encode()


async def test_view_that_fails_is_answered_with_500(routes):
    status, *_ = await ask("/failing")
    assert status == 500
