"""`manage.py demo`: people to try Pollux with."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from backend.ports import ports


class Command(BaseCommand):
    help = "Adds the demo people that are missing, and prints their logins."

    def handle(self, *_args: Any, **_options: Any) -> None:
        now = timezone.now()
        logins = [login for seed in ports.seeders for login in seed(now, self.stdout.write)]
        self.stdout.write("")  # `up` shows the last paragraph
        width = max((len(login.email) for login in logins), default=0)
        for login in logins:
            self.stdout.write(f"  {login.email:<{width}}  {login.password}  {login.name}, {login.what}")
