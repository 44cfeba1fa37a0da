"""`manage.py series EMAIL KIND --csv`: a series at full resolution, on standard output."""

import csv
import os
import sys
from argparse import ArgumentTypeError
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from backend.access import access_patient
from backend.actor import acting_for
from backend.rules import Need
from twin import instants
from twin.kinds import KINDS
from twin.management.patients import patient_user
from twin.models import Source
from twin.series import store

HEADER = ("start", "end", "value", "unit", "source")


def instant(text: str) -> datetime:
    """A date or an instant of the command line; UTC where it names no offset."""
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text} is no date or time in ISO 8601") from None
    return given if given.tzinfo else given.replace(tzinfo=UTC)


class Command(BaseCommand):
    help = "Prints a patient's series as CSV: start,end,value,unit,source; instants in UTC, ISO 8601."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("patient_email")
        parser.add_argument("kind", choices=sorted(KINDS), metavar="kind")
        parser.add_argument(
            "--from", dest="since", type=instant, help="samples that touch the time from here on"
        )
        parser.add_argument("--to", dest="until", type=instant, help="and before this")
        parser.add_argument("--csv", action="store_true", required=True)

    def handle(
        self,
        *_args: Any,
        patient_email: str,
        kind: str,
        since: datetime | None,
        until: datetime | None,
        **_options: Any,
    ) -> None:
        user = patient_user(patient_email)
        with acting_for(user.id):
            patient = access_patient(user, "me", Need.READ, what="series").patient
            first, last = _edge(since, store.EARLIEST_MS), _edge(until, store.LATEST_MS)
            found = store.read(patient.id, kind, first, last)
            names = dict(Source.objects.filter(patient=patient).values_list("id", "name"))
        try:
            rows = csv.writer(self.stdout, lineterminator="\n")
            rows.writerow(HEADER)
            rows.writerows(_rows(found, KINDS[kind].unit, names))
            self.stdout.flush()
        except BrokenPipeError:
            # Whoever reads has seen enough, as `head` has; what is still buffered must not complain.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _rows(found: store.Reading, unit: str, names: dict[Any, str]) -> Iterator[tuple[object, ...]]:
    columns = found.columns
    sources = [names[source] for source in found.sources]
    ends = columns.start + columns.duration
    for start, end, value, source in zip(
        columns.start.tolist(), ends.tolist(), columns.value.tolist(), found.source.tolist(), strict=True
    ):
        # The shortest text that reads back as the same number.
        yield _instant(start), _instant(end), repr(value), unit, sources[source]


def _edge(given: datetime | None, limit: int) -> int:
    return limit if given is None else round(given.timestamp() * 1000)


def _instant(milliseconds: int) -> str:
    at = instants.instant(milliseconds)
    precision = "milliseconds" if milliseconds % 1000 else "seconds"
    return at.isoformat(timespec=precision).replace("+00:00", "Z")
