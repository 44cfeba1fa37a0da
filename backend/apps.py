"""The ground floor's app configuration."""

from django.apps import AppConfig


class BackendConfig(AppConfig):
    name = "backend"
    verbose_name = "People and access"

    def ready(self) -> None:
        # Checks register themselves when their module is loaded.
        from backend import checks  # noqa: F401, PLC0415 - models must be ready first
