"""The rules of screening that are in force: those of the file that is set, or those that are shipped."""

from functools import cache
from pathlib import Path

from django.conf import settings

from reminders.screening import RuleSet, parse_rules, shipped_rules
from twin.warnings.rule_file import RuleFileError


class RulesRefused(Exception):
    """A file of rules cannot be read or is wrong; each line of the message is a fault with its place."""


@cache
def current_rules() -> RuleSet:
    """The rules in force, read once: another file holds from the next start on. Raises RulesRefused."""
    path: Path | None = settings.SCREENING_RULES
    return shipped_rules() if path is None else read_rules(path)


def read_rules(path: Path) -> RuleSet:
    """The rules of a file; raises RulesRefused."""
    try:
        return parse_rules(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RulesRefused(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise RulesRefused(f"{path} is no text in UTF-8.") from None
    except RuleFileError as error:
        raise RulesRefused("\n".join(f"{path}, {fault}" for fault in error.faults)) from None
