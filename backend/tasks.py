"""Background work of the ground floor."""

from celery import shared_task
from django.utils import timezone

from backend import clock


@shared_task(name="backend.beat")
def beat() -> None:
    """Writes down that scheduler and workers go."""
    clock.beat(now=timezone.now())
