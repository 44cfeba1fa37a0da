"""The ASGI application: HTTP to Django, websockets to the one consumer."""

import os
from concurrent.futures import ThreadPoolExecutor

from channels.routing import ProtocolTypeRouter, URLRouter
from channels.sessions import CookieMiddleware
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.urls import path, reverse

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.settings")
django = get_asgi_application()

# These need the apps that get_asgi_application() has loaded.
from backend.checks import refuse_unsafe_boot  # noqa: E402
from backend.limits import LimitedBodies  # noqa: E402
from backend.live import Live  # noqa: E402

# A server imports this inside its event loop, where the ORM does not run.
with ThreadPoolExecutor(1) as thread:
    thread.submit(refuse_unsafe_boot).result()

# What surrounds a file in a multipart body is small.
uploads = settings.UPLOAD_MAX_BYTES + settings.DATA_UPLOAD_MAX_MEMORY_SIZE
http = LimitedBodies(
    django, limit=settings.DATA_UPLOAD_MAX_MEMORY_SIZE, limits={reverse("api:uploads"): uploads}
)
application = ProtocolTypeRouter(
    {"http": http, "websocket": CookieMiddleware(URLRouter([path("live/", Live.as_asgi())]))}
)
