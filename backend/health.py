"""Whether Pollux is well, for whoever asks, and the clock as pages show it."""

from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from backend.clock import WELL, clock_at, clock_seen, up_for


@never_cache
@require_safe
@transaction.non_atomic_requests
def health(request: HttpRequest) -> JsonResponse:  # noqa: ARG001 - Django's signature
    """200 while database and clock go, else 503; for monitors, and public: it says nothing of anybody."""
    clock = clock_at(timezone.now(), up_for=up_for())
    return JsonResponse({"clock": clock.value}, status=200 if clock in WELL else 503)


def clock_for_pages(request: HttpRequest) -> dict[str, object]:  # noqa: ARG001 - a context processor's
    """Whether the clock has stopped, looked after only by pages that show it."""
    return {"clock_has_stopped": SimpleLazyObject(lambda: clock_seen() not in WELL)}
