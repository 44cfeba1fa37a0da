"""Boot checks of reminders: the rules of screening can be read."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error

from reminders.screening_rules import RulesRefused, current_rules


def screening_rules_can_be_read(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001 - Django's signature
    **_: Any,
) -> list[CheckMessage]:
    """pollux.E004: the file of screening rules is refused."""
    try:
        current_rules()
    except RulesRefused as refused:
        return [Error(f"SCREENING_RULES: {refused}", id="pollux.E004")]
    return []
