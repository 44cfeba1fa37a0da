"""What REST framework uses unless a view says otherwise: who asks, that nobody may, how lists come."""

import asyncio
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import orjson
from allauth.core.internal.sessionkit import get_session_user
from allauth.headless.contrib.rest_framework.authentication import XSessionTokenAuthentication
from allauth.headless.internal import sessionkit
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.sessions.backends.base import SessionBase
from django.http import Http404, StreamingHttpResponse
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import PolymorphicProxySerializer, inline_serializer
from rest_framework import parsers, serializers
from rest_framework.exceptions import APIException, NotFound, ParseError, UnsupportedMediaType
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class DenyAll(BasePermission):
    """What a view gets that forgot to say who may use it."""

    def has_permission(self, request: Request, view: object) -> bool:  # noqa: ARG002 - DRF's signature
        return False


class AppSession(XSessionTokenAuthentication):
    """allauth's app session by X-Session-Token; an anonymous request is answered 401 and asked for one."""

    def authenticate(self, request: Request) -> tuple[AbstractBaseUser, SessionBase] | None:
        # As allauth has it, but one question to the cache instead of two.
        session = sessionkit.lookup_session(self.get_session_token(request) or "")
        user = get_session_user(session) if session else None
        return (user, session) if user and session else None

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - DRF's signature
        return "X-Session-Token"


class AppSessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call] # it has none
    """AppSession in the API's description."""

    target_class = AppSession
    name = "appSession"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # noqa: ARG002 - its signature
        return {"type": "apiKey", "in": "header", "name": "X-Session-Token"}


class JSONParser(parsers.JSONParser):
    """JSON as REST framework reads it; nesting deeper than Python can follow is the sender's error too."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError("JSON parse error - nested too deeply") from None


class TooLarge(APIException):
    """The body is more than can be taken."""

    status_code = 413
    default_detail = "This is larger than what can be taken here."


@dataclass(frozen=True, slots=True)
class BulkBody:
    """Much JSON as it came: plain, or packed by gzip into one member. It is parsed when it is read."""

    came: bytes
    encoding: str

    most_bytes: ClassVar = 16 * 1024 * 1024
    most_commas: ClassVar = 1_000_000
    most_brackets: ClassVar = 20_000

    def digest(self, *beside: bytes) -> str:
        """The SHA-256 of its bytes, and of what else decides what they mean: of such lengths always."""
        digest = sha256(b"".join(beside) + self.encoding.encode() + b"\0")
        digest.update(self.came)
        return digest.hexdigest()

    def read(self) -> Any:
        """What it spells; raises TooLarge and ParseError.

        How much memory it would take is known before it is parsed: there cannot be more values in it than
        commas and brackets.
        """
        body = self._unpacked() if self.encoding == "gzip" else self.came
        if (
            len(body) > self.most_bytes
            or body.count(b",") > self.most_commas
            or body.count(b"[") + body.count(b"{") > self.most_brackets
        ):
            raise TooLarge
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ParseError(f"JSON parse error - {error.msg}") from None

    def _unpacked(self) -> bytes:
        unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        try:
            body = unpacking.decompress(self.came, self.most_bytes + 1)
        except zlib.error:
            body = b""
        if len(body) <= self.most_bytes and (not unpacking.eof or unpacking.unused_data):
            raise ParseError("This is not one whole gzip member.")
        return body


class BulkJSONParser(parsers.BaseParser):
    """Leaves a body as it came, for the view to read or to know again: a BulkBody."""

    media_type = "application/json"

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,  # noqa: ARG002 - DRF's signature
        parser_context: Any = None,
    ) -> Any:
        encoding = parser_context["request"].headers.get("Content-Encoding", "identity").lower()
        if encoding not in ("identity", "gzip"):
            raise UnsupportedMediaType(encoding)
        return BulkBody(stream.read(), encoding)


class Pages(CursorPagination):
    """Pages by cursor, newest first: rows that arrive meanwhile shift nothing."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500
    ordering = "-id"

    def decode_cursor(self, request: Request) -> Cursor | None:
        cursor = super().decode_cursor(request)
        try:
            # Every list is ordered by a UUID: anything else did not come from us.
            if cursor is not None and cursor.position is not None:
                UUID(str(cursor.position))
        except ValueError:
            raise NotFound(self.invalid_cursor_message) from None
        return cursor


@cache
def page_schema(row: type[serializers.BaseSerializer[Any]]) -> serializers.Serializer[Any]:
    """The shape of a page of these rows, for the API's description."""
    return inline_serializer(
        name=f"{row.__name__}Page",
        fields={
            "next": serializers.URLField(allow_null=True),
            "previous": serializers.URLField(allow_null=True),
            "results": row(many=True),
        },
    )


def one_of(name: str, *shapes: Any) -> PolymorphicProxySerializer:
    """Under this name one shape or another, with nothing in it to say which, for the API's description."""
    return PolymorphicProxySerializer(
        component_name=name, serializers=shapes, resource_type_field_name=None, many=False
    )


def file_response(path: Path, *, name: str, content_type: str) -> StreamingHttpResponse:
    """A file to be saved under a name, streamed in constant memory; raises Http404 where it is not there."""
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        raise Http404 from None
    # Django's own FileResponse is read whole before an ASGI server gets its first byte.
    response = StreamingHttpResponse(_chunks(path), content_type=content_type)
    response["Content-Length"] = str(size)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    file = await asyncio.to_thread(path.open, "rb")
    try:
        while chunk := await asyncio.to_thread(file.read, 1 << 18):
            yield chunk
    finally:
        file.close()
