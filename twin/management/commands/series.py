"""`manage.py series EMAIL KIND --csv`: a series at full resolution, on standard output."""

import csv
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from backend.access import access_patient
from backend.actor import acting_for
from backend.models import User
from backend.rules import Need
from twin.kinds import KINDS
from twin.models import Source
from twin.series import store


class Command(BaseCommand):
    help = "Prints a patient's series as CSV: start,end,value,unit,source; instants in UTC, ISO 8601."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("patient_email")
        parser.add_argument("kind", choices=sorted(KINDS))
        parser.add_argument("--from", dest="since", type=datetime.fromisoformat)
        parser.add_argument("--to", dest="until", type=datetime.fromisoformat)
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
        user = User.objects.filter(email=patient_email.lower()).first()
        if user is None:
            raise CommandError(f"Nobody has the address {patient_email}.")
        with acting_for(user.id):
            patient = access_patient(user, "me", Need.READ, what="series").patient
            found = store.read(
                patient.id, kind, _edge(since, store.EARLIEST_MS), _edge(until, store.LATEST_MS)
            )
            names = dict(Source.objects.filter(patient=patient).values_list("id", "name"))
        rows = csv.writer(self.stdout, lineterminator="\n")
        rows.writerow(["start", "end", "value", "unit", "source"])
        columns = found.columns
        sources = [names[source] for source in found.sources]
        for start, duration, value, source in zip(
            columns.start.tolist(),
            columns.duration.tolist(),
            columns.value.tolist(),
            found.source.tolist(),
            strict=True,
        ):
            rows.writerow(
                [_instant(start), _instant(start + duration), value, KINDS[kind].unit, sources[source]]
            )


def _edge(given: datetime | None, limit: int) -> int:
    if given is None:
        return limit
    return round((given if given.tzinfo else given.replace(tzinfo=UTC)).timestamp() * 1000)


def _instant(milliseconds: int) -> str:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    return at.isoformat(timespec="milliseconds" if milliseconds % 1000 else "seconds").replace("+00:00", "Z")
