"""`manage.py alarms`: whether alarms reach somebody, tried now or read from what is written down."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from backend.clock import Clock, clock_at
from twin.services.alarms import BOUNDS, alarm_faults, self_test


class Command(BaseCommand):
    help = (
        "selftest: sends a made-up critical reading the whole way to a socket and a mailbox, and says "
        "how long each leg took. check: says whether the clock goes and nothing waits, for monitors. "
        "Both end with 1 when something is wrong."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["selftest", "check"])
        parser.add_argument("--address", default=settings.SITE_URL, help="where the web process listens")
        parser.add_argument("--patience", type=float, default=60.0, help="seconds to wait at most")

    def handle(self, *_args: Any, what: str, address: str, patience: float, **_options: Any) -> None:
        faults = self._test(address, patience) if what == "selftest" else _check()
        if faults:
            raise CommandError("\n".join(faults))
        self.stdout.write("All is well.")

    def _test(self, address: str, patience: float) -> list[str]:
        test = self_test(address=address, patience=patience)
        for leg in BOUNDS:
            seconds = getattr(test, f"{leg}_after")
            self.stdout.write(f"{leg:<10} {'never' if seconds is None else f'{seconds:.2f} s'}")
        return [test.fault] if test.fault else []


def _check() -> list[str]:
    now = timezone.now()
    # Seen from no process that could be too young to say.
    clock = clock_at(now, up_for=timedelta.max)
    stopped = [] if clock is Clock.GOES else [f"The clock: {clock}."]
    return stopped if clock is Clock.UNKNOWN else [*stopped, *alarm_faults(now=now)]
