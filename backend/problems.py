"""Errors of the API as problem+json (RFC 9457): one shape, no traceback, nothing clinical."""

import errno
import logging
import sys
from http import HTTPStatus
from typing import Any

import psycopg
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views import defaults
from redis.exceptions import RedisError
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from backend.services import NotPossible

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"


def problem(status: int, detail: str, *, errors: list[dict[str, str]] | None = None) -> dict[str, Any]:
    """The body of a problem; `errors` names fields that were refused."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    return body | ({"errors": errors} if errors else {})


def answer(error: Exception, context: dict[str, Any]) -> Response | None:  # noqa: ARG001 - DRF's signature
    """DRF's exception handler: a known error becomes a problem; an unknown one goes on to the 500 page."""
    headers: dict[str, str] = {}
    match error:
        case Http404():
            body = problem(404, "There is nothing here.")
        case PermissionDenied():
            body = problem(403, "This is not allowed.")
        case NotPossible():
            body = problem(422, error.message, errors=[{"field": error.field, "message": error.message}])
        case exceptions.ValidationError():
            body = problem(400, "The request has errors.", errors=_field_errors(error.detail))
        case exceptions.APIException():
            body = problem(error.status_code, str(error.detail))
            if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
                headers["WWW-Authenticate"] = getattr(error, "auth_header", "X-Session-Token")
            if isinstance(error, exceptions.Throttled) and (wait := getattr(error, "wait", None)):
                headers["Retry-After"] = str(int(wait) + 1)
        case RedisError():
            log.warning("action=redis_failed error=%s", type(error).__name__)
            body = problem(503, "A part of the service is not there at the moment. Try again soon.")
            headers["Retry-After"] = "5"
        case Exception() if _is_for_want_of_room(error):
            log.error("action=storage_full error=%s", type(error).__name__)
            body = problem(
                507, "There is no room left for this. Nothing of it was kept: send it again later."
            )
            headers["Retry-After"] = "60"
        case _:
            return None
    set_rollback()
    return Response(body, status=body["status"], headers=headers, content_type=CONTENT_TYPE)


def _is_for_want_of_room(error: Exception) -> bool:
    """Whether disk or database had no room left for what was to be written."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return isinstance(error.__cause__, psycopg.errors.DiskFull)


def describe(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Says in the API's description that whatever fails is answered with a problem."""
    result["components"]["schemas"]["Problem"] = {
        "type": "object",
        "description": "An error (RFC 9457).",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string", "format": "uri-reference"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["field", "message"],
                    "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
                },
            },
        },
    }
    problem_response = {
        "description": "An error.",
        "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for operations in result["paths"].values():
        for operation in operations.values():
            operation["responses"]["default"] = problem_response
    return result


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The 400 of any URL: a problem below /api/, else the page."""
    return _for_api(request, 400, "The request cannot be read.") or defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The 403 of any URL: a problem below /api/, else the page."""
    return _for_api(request, 403, "This is not allowed.") or defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The 404 of any URL: a problem below /api/, else the page."""
    return _for_api(request, 404, "There is nothing here.") or defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """The 500 of any URL: a problem below /api/, else the page.

    What fails only as the request's transaction commits comes here past the API's own handler, and is what it
    would have been there.
    """
    error = sys.exception()
    known = answer(error, {}) if isinstance(error, Exception) and request.path.startswith("/api/") else None
    if known is not None:
        told = {name: text for name, text in known.items() if name != "Content-Type"}
        return JsonResponse(known.data, status=known.status_code, headers=told, content_type=CONTENT_TYPE)
    said = "Something failed on our side. Nothing of the request was kept."
    return _for_api(request, 500, said) or defaults.server_error(request)


def _for_api(request: HttpRequest, status: int, detail: str) -> HttpResponse | None:
    if not request.path.startswith("/api/"):
        return None
    return JsonResponse(problem(status, detail), status=status, content_type=CONTENT_TYPE)


def _field_errors(detail: Any, path: str = "") -> list[dict[str, str]]:
    if isinstance(detail, dict):
        return [
            error
            for field, inner in detail.items()
            for error in _field_errors(inner, f"{path}.{field}" if path else str(field))
        ]
    if isinstance(detail, list):
        return [error for inner in detail for error in _field_errors(inner, path)]
    return [{"field": path, "message": str(detail)}]
