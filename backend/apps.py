"""The ground floor's app configuration."""

from django.apps import AppConfig


class BackendConfig(AppConfig):
    name = "backend"
    verbose_name = "People and access"

    def ready(self) -> None:
        # Both register something when they are loaded, and need the models for it.
        from backend import checks, converters, offers  # noqa: F401, PLC0415 - see above

        offers.register()
