"""Whether Pollux is well, for whoever asks, and the clock as the console's pages show it."""

import time
from dataclasses import dataclass

from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from backend.clock import LOOKS_EVERY, Clock, clock_at, up_for

WELL = (Clock.GOES, Clock.STARTING)


@dataclass(slots=True)
class Seen:
    """What this process saw of the clock, and when, by its own clock in seconds."""

    at: float = -LOOKS_EVERY
    stopped: bool = False


_seen = Seen()


@never_cache
@require_safe
@transaction.non_atomic_requests
def health(request: HttpRequest) -> JsonResponse:  # noqa: ARG001 - Django's signature
    """200 while database and clock go, else 503; for monitors, and public: it says nothing of anybody."""
    clock = clock_at(timezone.now(), up_for=up_for())
    return JsonResponse({"clock": clock.value}, status=200 if clock in WELL else 503)


def clock_for_pages(request: HttpRequest) -> dict[str, object]:  # noqa: ARG001 - a context processor's
    """Whether the clock has stopped, asked for by pages that show it, and each process looks now and then."""
    return {"clock_has_stopped": SimpleLazyObject(_has_stopped)}


def _has_stopped() -> bool:
    if time.monotonic() - _seen.at > LOOKS_EVERY:
        _seen.stopped = clock_at(timezone.now(), up_for=up_for()) not in WELL
        _seen.at = time.monotonic()
    return _seen.stopped
