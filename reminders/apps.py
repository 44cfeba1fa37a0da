"""The app configuration of reminders: what they offer the other rooms."""

from django.apps import AppConfig
from django.core.checks import register


class RemindersConfig(AppConfig):
    name = "reminders"
    verbose_name = "Reminders"

    def ready(self) -> None:
        from reminders import checks, offers  # noqa: PLC0415 - registering needs the models

        offers.register()
        register(checks.screening_rules_can_be_read)
