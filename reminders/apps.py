"""The app configuration of reminders: what they offer the other rooms."""

from django.apps import AppConfig


class RemindersConfig(AppConfig):
    name = "reminders"
    verbose_name = "Reminders"

    def ready(self) -> None:
        from reminders import offers  # noqa: PLC0415 - registering needs the models

        offers.register()
