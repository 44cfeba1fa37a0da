"""`manage.py bridge`: what devices publish at an MQTT broker, into the store, until it is stopped."""

import signal
from threading import Event
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from backend.checks import refuse_unsafe_boot
from twin.bridge import Bridge


class Command(BaseCommand):
    help = "Stores what devices publish at the broker that MQTT_URL names, until it is stopped."

    def handle(self, *_args: Any, **_options: Any) -> None:
        if settings.MQTT is None:
            raise CommandError("MQTT_URL is not set.")
        refuse_unsafe_boot()
        stopped = Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopped.set())
        Bridge(settings.MQTT, ca_file=settings.MQTT_CA_FILE).run(lambda: not stopped.is_set())
