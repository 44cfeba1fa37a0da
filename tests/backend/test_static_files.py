"""Scripts and styles come through the real handler as WhiteNoise means them, and nothing warns."""

import warnings
from pathlib import Path

import pytest
from asgiref.testing import ApplicationCommunicator
from django.contrib.staticfiles import finders

from backend.handler import OneThreadHandler

NAME = "pollux/css/tokens.css"


async def ask(method="GET", **headers):
    lines = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {
        "type": "http",
        "method": method,
        "path": f"/static/{NAME}",
        "query_string": b"",
        "headers": lines,
    }
    talk = ApplicationCommunicator(OneThreadHandler(), scope)
    await talk.send_input({"type": "http.request", "body": b""})
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        head, tail = await talk.receive_output(5), await talk.receive_output(5)
        await talk.wait()
    assert [str(one.message) for one in warned] == []
    assert not tail.get("more_body")
    return head["status"], {name.decode(): value.decode() for name, value in head["headers"]}, tail["body"]


@pytest.fixture
def content():
    return Path(finders.find(NAME)).read_bytes()


async def test_file_comes_whole_and_is_not_sent_again_unchanged(content):
    status, headers, body = await ask()
    assert (status, body) == (200, content)
    assert headers["Content-Type"] == 'text/css; charset="utf-8"'
    assert headers["Content-Length"] == str(len(content))

    status, headers, body = await ask(if_modified_since=headers["Last-Modified"])
    assert (status, body) == (304, b"")
    assert "Content-Type" not in headers


async def test_part_of_a_file_and_its_head_alone_can_be_asked_for(content):
    status, headers, body = await ask(range="bytes=10-19")
    assert (status, body) == (206, content[10:20])
    assert headers["Content-Range"] == f"bytes 10-19/{len(content)}"

    status, headers, body = await ask("HEAD")
    assert (status, headers["Content-Length"], body) == (200, str(len(content)), b"")
