"""`manage.py screening`: checks a file of screening rules before it is put in force."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from reminders.screening import Rule, RuleSet
from reminders.screening_rules import RulesRefused, current_rules, read_rules


class Command(BaseCommand):
    help = "Reads a file of screening rules, and says how it differs from the rules in force."

    def add_arguments(self, parser: CommandParser) -> None:
        does = parser.add_subparsers(dest="does", required=True, parser_class=ArgumentParser)
        check = does.add_parser("check", help="says by line what is wrong with a file, or what it changes")
        check.add_argument("file", type=Path, nargs="?")

    def handle(self, *_args: Any, file: Path | None, **_options: Any) -> None:
        try:
            now = current_rules()
            then = now if file is None else read_rules(file)
        except RulesRefused as refused:
            raise CommandError(str(refused)) from None
        self.stdout.write(f"{len(then.rules)} rules, {then.jurisdiction}, as of {then.as_of.isoformat()}.")
        before, after = _by_id(now), _by_id(then)
        for id_ in sorted(before.keys() | after.keys()):
            if id_ not in after:
                self.stdout.write(f"gone: {id_}")
            elif id_ not in before:
                self.stdout.write(f"new: {id_}")
            elif before[id_] != after[id_]:
                self.stdout.write(f"changed: {id_}")


def _by_id(rules: RuleSet) -> dict[str, Rule]:
    return {rule.id: rule for rule in rules.rules}
