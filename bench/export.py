"""A year of heart rate by the second on its way out: from the store to one packed file.

Ours is a worker that builds the whole archive: decoding, text, packing, checksums, all of it on disk. The
other side writes the same rows with the standard library, a datetime and a csv.writer a row, into memory only
and without reading or packing anything; it does so for a few days and is scaled up.
"""

import argparse
import csv
import io
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from uuid import UUID

import django
import numpy as np
from harness import Row, arguments, at_least, at_most, product, say, seconds, verdict

DAY = 86_400
DAYS = 365
SHARE = 5
FIRST = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp())


def fill() -> tuple[UUID, float]:
    """A patient with the year, and an export that waits to be built; its id, and the seconds to store it."""
    from backend.access import access_patient  # noqa: PLC0415
    from backend.actor import acting_for, acting_for_all, acting_on  # noqa: PLC0415
    from backend.models import Patient, User  # noqa: PLC0415
    from backend.rules import Need  # noqa: PLC0415
    from twin.models import Source  # noqa: PLC0415
    from twin.series import store  # noqa: PLC0415
    from twin.series.columns import Columns  # noqa: PLC0415
    from twin.services.exports import request_export  # noqa: PLC0415

    user = User.objects.create_user("pia@pollux.example", name="Pia")
    with acting_for_all():
        patient = Patient.objects.create(
            user=user, name="Pia", birth_date=date(1963, 4, 5), sex="female", time_zone="Europe/Berlin"
        )
        source = Source.objects.create(patient=patient, name="Watch")
    chance = np.random.default_rng(1)
    pulse = 60 + np.cumsum(chance.integers(-1, 2, DAYS * DAY)) % 60

    def merge(day: int) -> None:
        start = (FIRST + day * DAY + np.arange(DAY)) * 1000
        values = pulse[day * DAY : (day + 1) * DAY].astype(np.float64)
        columns = Columns(start, np.zeros(DAY, np.int64), values, np.full(DAY, 60, np.int16))
        with acting_on(patient.id):
            store.merge(patient.id, [store.Batch("heart_rate", source.id, columns)])

    took = seconds(lambda: [merge(day) for day in range(DAYS)])
    with acting_for(user.id):
        access = access_patient(user, patient.id, Need.EXPORT, what="export")
        return request_export(access=access, now=datetime.now(UTC))[0].id, took


def build_and_tell(export: UUID) -> None:
    """Builds the export in this process; prints its seconds, this process's peak in KiB, and the bytes."""
    django.setup()
    from backend.actor import acting_for_all  # noqa: PLC0415
    from twin.models import Export  # noqa: PLC0415
    from twin.services.exports import build_export  # noqa: PLC0415

    took = seconds(lambda: build_export(export, now=datetime.now(UTC)))
    with acting_for_all():
        size = Export.objects.get(id=export).size
    # ru_maxrss would count what the parent held when it started this process.
    status = Path("/proc/self/status").read_text()
    print(took, next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")), size)


def a_row_at_a_time(days: int) -> None:
    """The same table of so many days, in memory, by the standard library."""
    berlin = timezone(timedelta(hours=1))
    file = io.StringIO()
    writer = csv.writer(file)
    for second in range(days * DAY):
        at = datetime.fromtimestamp(FIRST + second, berlin).isoformat(timespec="milliseconds")
        writer.writerow((at, "", "heart_rate", float(60 + second % 60), "/min", "Watch", ""))


def measure() -> list[Row]:
    """Every row of the table."""
    say("Storing a year of heart rate by the second")
    export, stored = fill()
    say("Building the archive")
    answer = subprocess.run(
        [sys.executable, __file__, "--build", str(export)], check=True, stdout=subprocess.PIPE, text=True
    )
    took, peak, size = answer.stdout.split()
    other = seconds(lambda: a_row_at_a_time(SHARE)) * DAYS / SHARE
    return [
        at_most(None, "the year goes into the store", stored, None, "s"),
        at_least(None, "the year is one archive", float(took), other),
        at_most(None, "the archive", int(size) / 1e6, None, "MB"),
        at_most(250, "a worker's memory meanwhile", int(peak) / 1024, None, "MB"),
    ]


def main() -> int:
    """Runs the bench; the exit code says whether every bar holds."""
    parser = arguments(__doc__)
    parser.add_argument("--build", type=UUID, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.build:
        build_and_tell(options.build)
        return 0
    with product(redis=True):
        return verdict("export", measure(), as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
