"""Background work: the Celery app, and the nudge that wakes a task early."""

import logging
import os

from celery import Celery
from celery.signals import worker_process_init
from django.db import transaction
from kombu.exceptions import OperationalError

from backend import children

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.settings")

app = Celery("pollux")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

log = logging.getLogger(__name__)

_importer = os.getpid()  # in a worker: the parent of its pool


@worker_process_init.connect
def _leave_with_the_worker(**_: object) -> None:
    """A pool process in the midst of a task ends with a killed worker, not after the task."""
    children.die_with(_importer)


def nudge(task: str, *ids: str, countdown: float = 0) -> None:
    """Asks for a task by name once the open transaction has committed; ids only.

    A nudge only saves waiting: each task's periodic sweep finds the same work, so a lost one loses nothing.
    """
    transaction.on_commit(lambda: _send(task, ids, countdown))


def _send(task: str, ids: tuple[str, ...], countdown: float) -> None:
    try:
        app.send_task(task, args=ids, countdown=countdown or None, retry=False)
    except OperationalError as error:
        log.warning("action=nudge_failed task=%s error=%s", task, type(error).__name__)
