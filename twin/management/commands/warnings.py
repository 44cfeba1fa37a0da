"""`manage.py warnings`: checks a file of rules, or rehearses it over what is stored."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from backend.actor import acting_for_all
from backend.models import Patient
from twin.demo import cast
from twin.kinds import DATA
from twin.services.warning_replay import rehearse_patient
from twin.warnings.replay import Rehearsal, table
from twin.warnings.rule_file import RuleFileError, current_rules, parse_rules
from twin.warnings.rules import RuleFile

CURRENT = "in force"


class Command(BaseCommand):
    help = "Checks a file of rules of early warning, or says what it would have raised."

    def add_arguments(self, parser: CommandParser) -> None:
        does = parser.add_subparsers(dest="does", required=True, parser_class=ArgumentParser)
        check = does.add_parser("check", help="reads a file, and says by line what is wrong with it")
        check.add_argument("file", nargs="?", default=str(DATA / "warnings.json"))
        replay = does.add_parser("replay", help="runs rules over stored history, and writes nothing")
        replay.add_argument("--rules", help="a file of rules, shown beside those in force")
        replay.add_argument("--patient", action="append", default=[], type=UUID, metavar="ID")
        replay.add_argument("--demo", action="store_true", help="the demo people")
        replay.add_argument("--days", type=int, default=90, help="the last so many days of each; 90")

    def handle(self, *_args: Any, does: str, **options: Any) -> None:
        if does == "check":
            rules = _read(options["file"])
            levels = sum(len(rule.levels) for rule in rules.rules)
            self.stdout.write(f"{len(rules.rules)} rules of {levels} levels.")
        else:
            self._replay(**options)

    def _replay(self, *, rules: str | None, patient: list[UUID], demo: bool, days: int, **_: Any) -> None:
        files = {CURRENT: current_rules()} | ({rules: _read(rules)} if rules else {})
        found: dict[str, list[Rehearsal]] = {name: [] for name in files}
        patients = _patients(patient, demo=demo)
        for number, one in enumerate(patients, 1):
            rehearsals = rehearse_patient(one, list(files.values()), days=days, now=timezone.now())
            for name, rehearsal in zip(files, rehearsals, strict=True):
                found[name].append(rehearsal)
            self.stderr.write(f"{number} of {len(patients)}")
        weeks = sum(one.weeks for one in found[CURRENT])
        events = sum(len(one.events) for one in found[CURRENT])
        self.stdout.write(f"{len(patients)} people, {weeks:.1f} patient-weeks with data, {events} events")
        rows = table(found)
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
            self.stdout.write("  ".join(cells).rstrip())


def _read(path: str) -> RuleFile:
    """The rules of a file; raises CommandError with every fault and its line."""
    try:
        return parse_rules(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CommandError(f"{path} is no text in UTF-8.") from None
    except RuleFileError as error:
        raise CommandError("\n".join(f"{path}, {fault}" for fault in error.faults)) from None


def _patients(ids: list[UUID], *, demo: bool) -> list[UUID]:
    """Who is meant: those named, the demo people, or everybody."""
    with acting_for_all():
        patients = Patient.objects.order_by("id")
        if ids:
            patients = patients.filter(id__in=ids)
        if demo:
            patients = patients.filter(user__email__in=[one.email for one in cast.PATIENTS])
        found = list(patients.values_list("id", flat=True))
    if missing := set(ids) - set(found):
        raise CommandError(f"There is no patient {min(missing)}.")
    return found
