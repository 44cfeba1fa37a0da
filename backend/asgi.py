"""The ASGI application: HTTP to Django, websockets to the one consumer."""

import gc
import os
from concurrent.futures import ThreadPoolExecutor

import django
from channels.routing import ProtocolTypeRouter
from django.conf import settings
from django.urls import reverse

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.settings")
django.setup(set_prefix=False)

# These need the apps that setup() has loaded.
from backend.checks import refuse_unsafe_boot  # noqa: E402
from backend.handler import OneThreadHandler  # noqa: E402
from backend.limits import LimitedBodies  # noqa: E402
from backend.live import sockets  # noqa: E402
from backend.rest import BulkBody  # noqa: E402

# A server imports this inside its event loop, where the ORM does not run.
with ThreadPoolExecutor(1) as thread:
    thread.submit(refuse_unsafe_boot).result()

# What surrounds a file in a multipart body is small.
uploads = settings.UPLOAD_MAX_BYTES + settings.DATA_UPLOAD_MAX_MEMORY_SIZE
http = LimitedBodies(
    OneThreadHandler(),
    limit=settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
    limits={reverse("api:uploads"): uploads, reverse("api:samples"): BulkBody.most_bytes},
)
application = ProtocolTypeRouter({"http": http, "websocket": sockets()})

# What is loaded by now stays. To look through it for garbage would halt every request for 0.1 s.
gc.collect()
gc.freeze()
