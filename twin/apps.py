"""The twin's app configuration: what it offers the other rooms."""

from django.apps import AppConfig


class TwinConfig(AppConfig):
    name = "twin"
    verbose_name = "The twin"

    def ready(self) -> None:
        from twin import offers  # noqa: PLC0415 - registering needs the models

        offers.register()
