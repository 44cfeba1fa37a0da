"""What REST framework uses unless a view says otherwise: who is asking, that nobody may, and how lists page."""

from allauth.headless.contrib.rest_framework.authentication import XSessionTokenAuthentication
from rest_framework.pagination import CursorPagination
from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class DenyAll(BasePermission):
    """What a view gets that forgot to say who may use it."""

    def has_permission(self, request: Request, view: object) -> bool:  # noqa: ARG002 - DRF's signature
        return False


class AppSession(XSessionTokenAuthentication):
    """allauth's app session by X-Session-Token; an anonymous request is answered 401 and asked for one."""

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - DRF's signature
        return "X-Session-Token"


class Pages(CursorPagination):
    """Pages by cursor, newest first: rows that arrive meanwhile shift nothing."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500
    ordering = "-id"
