"""The ASGI application: HTTP to Django, websockets to the one consumer."""

import os

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.settings")
http = get_asgi_application()

from backend.live import Live  # noqa: E402 - needs the apps that get_asgi_application() has loaded

application = ProtocolTypeRouter(
    {"http": http, "websocket": AuthMiddlewareStack(URLRouter([path("live/", Live.as_asgi())]))}
)
