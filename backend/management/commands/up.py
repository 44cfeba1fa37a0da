"""`manage.py up`: all of Pollux in one terminal. It runs without Django's settings; manage.py says why."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from backend import env, supervisor
from backend.supervisor import CHECKOUT, Place, Service, Step


class Command(BaseCommand):
    help = (
        "Migrates, loads the demo people and runs web, worker and scheduler until Ctrl-C; "
        "with MQTT_URL also the bridge to devices. "
        "PostgreSQL and Redis are started too, unless DATABASE_URL and REDIS_URL name others. "
        "HOST, PORT and DATA_DIR in the environment say where."
    )
    requires_system_checks = ()

    def handle(self, *_args: Any, **_options: Any) -> None:
        sys.exit(supervisor.up(steps, services, self._report))

    def _report(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


MANAGE = (sys.executable, str(CHECKOUT / "manage.py"))


def steps(_place: Place) -> list[Step]:
    """What every start does first; both are quick when there is nothing to do."""
    return [
        Step("migrate", "Migrating the database", (*MANAGE, "migrate", "--no-input"), as_owner=True),
        Step("demo", "Loading the demo people", (*MANAGE, "demo"), shown=True),
    ]


def services(place: Place) -> list[Service]:
    """What makes up Pollux, in the order in which it is stopped."""
    celery = (sys.executable, "-m", "celery", "--app", "backend.celery:app")
    bridge = [Service("bridge", (*MANAGE, "bridge"))] if env.broker("MQTT_URL") else []
    return [
        Service(
            "web",
            (
                *(sys.executable, "-m", "uvicorn", "backend.asgi:application"),
                *("--host", place.host, "--port", str(place.port), "--lifespan", "off"),
                # Without deflate an idle socket takes half the memory.
                *("--ws", "websockets-sansio", "--ws-per-message-deflate", "false"),
                # Paths can hold single-use keys, so no access log. Open sockets are cut off after a moment.
                *("--no-access-log", "--timeout-graceful-shutdown", "3"),
            ),
        ),
        Service(
            "worker",
            (*celery, "worker", "--concurrency=2", "--loglevel=INFO", "--without-mingle", "--without-gossip"),
        ),
        Service(
            "scheduler",
            (*celery, "beat", f"--schedule={place.data_dir / 'celerybeat-schedule'}", "--pidfile="),
        ),
        *bridge,
    ]
