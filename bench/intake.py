"""Whole files on their road into the store: an Apple Health export, the same again, and a table.

Ours is one process that reads an upload to its end: parsing, units, ranges, blocks, records, report, day
summaries and snapshot, all committed to a server as durable as `make run`'s. The other side is a bare lxml
iterparse, which only looks at every element and throws it away; and for the export handed over again, with
one byte more at its end so that nothing knows the file, our own first time. Without FILE a made-up export of
100 MB is read; --gigabyte measures memory on a made-up one of 1 GB.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from hashlib import file_digest
from pathlib import Path
from uuid import UUID

import django
from harness import Row, arguments, at_least, at_most, medians, product, say, seconds, verdict
from lxml import etree

MEGABYTE = 1024 * 1024
TABLE_ROWS = 2_000_000

DEVICE = (
    "&lt;&lt;HKDevice: 0x2835d1a40&gt;, name:Apple Watch, manufacturer:Apple Inc., model:Watch, "
    "hardware:Watch6,2, software:8.5&gt;"
)
# The bulk of a watch wearer's export, in its order: type, source, unit, share of the file, seconds from one
# record to the next, seconds it lasts, decimals and range of its values, metadata.
MIX = (
    (
        "HeartRate",
        "Ann’s Apple\u00a0Watch",
        "count/min",
        0.45,
        230,
        0,
        0,
        (48, 150),
        "HKMetadataKeyHeartRateMotionContext",
    ),
    ("StepCount", "Ann’s iPhone", "count", 0.12, 600, 400, 0, (5, 600), ""),
    ("DistanceWalkingRunning", "Ann’s Apple\u00a0Watch", "km", 0.10, 600, 400, 6, (0, 1), ""),
    ("BasalEnergyBurned", "Ann’s Apple\u00a0Watch", "kcal", 0.13, 800, 800, 4, (14, 17), ""),
    ("ActiveEnergyBurned", "Ann’s Apple\u00a0Watch", "kcal", 0.20, 120, 60, 4, (0, 3), ""),
)


def write_export(path: Path, size: int) -> None:
    """Writes an export of about `size` bytes, the same each time."""
    chance = random.Random(1)
    with path.open("w", encoding="utf-8") as file:
        file.write(
            '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE HealthData [\n<!ELEMENT HealthData ANY>\n]>\n'
        )
        file.write('<HealthData locale="en_US">\n')
        for type_, source, unit, share, step, lasts, decimals, span, metadata in MIX:
            end = file.tell() + share * size
            start = datetime(2017, 1, 1)  # noqa: DTZ001 (a wall clock; its offset stands beside it)
            frame = (
                f' <Record type="HKQuantityTypeIdentifier{type_}" sourceName="{source}" sourceVersion="8.5" '
                f'device="{DEVICE}" unit="{unit}" creationDate="%s" startDate="%s" endDate="%s" value="%s"'
                + (f'>\n  <MetadataEntry key="{metadata}" value="1"/>\n </Record>\n' if metadata else "/>\n")
            )
            while file.tell() < end:
                for _ in range(1000):
                    offset = "+0200" if 4 <= start.month <= 10 else "+0100"
                    stop = f"{start + timedelta(seconds=lasts)} {offset}"
                    value = round(chance.uniform(*span), decimals) if decimals else chance.randint(*span)
                    file.write(frame % (stop, f"{start} {offset}", stop, value))
                    start += timedelta(seconds=step + chance.randint(0, 20))
        file.write("</HealthData>\n")


def iterate(path: Path) -> int:
    """The other side: every element seen once and let go; returns how many are records."""
    records = 0
    for _, element in etree.iterparse(path, events=("end",)):
        records += element.tag == "Record"
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]
    return records


def new_patient() -> UUID:
    """A patient of whom nothing is known."""
    # Models can be imported only once Django stands.
    from backend.actor import acting_for_all  # noqa: PLC0415
    from backend.models import Patient, User  # noqa: PLC0415

    with acting_for_all():
        user = User.objects.create_user(f"{os.urandom(8).hex()}@bench.example", None, name="Ann")
        return Patient.objects.create(
            user=user, name="Ann", birth_date=date(1970, 1, 1), sex="female", time_zone="Europe/Berlin"
        ).id


def receive(path: Path, patient: UUID) -> UUID:
    """The patient's upload of the file, waiting for a worker."""
    from backend.actor import acting_for_all  # noqa: PLC0415
    from backend.models import Patient  # noqa: PLC0415
    from twin.models import Upload  # noqa: PLC0415
    from twin.services.uploads import file_of  # noqa: PLC0415

    with path.open("rb") as file:
        sha256 = file_digest(file, "sha256").hexdigest()
    place = file_of(patient, sha256)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(path)
    with acting_for_all():
        return Upload.objects.create(
            patient_id=patient,
            uploaded_by=Patient.objects.get(id=patient).user,
            name=path.name,
            sha256=sha256,
            size=path.stat().st_size,
            received_at=datetime.now(UTC),
        ).id


def read(upload: UUID) -> None:
    """Our side: the upload read to its end by this process."""
    from twin.services.reading import read_upload  # noqa: PLC0415

    status = read_upload(upload, now=datetime.now(UTC))
    assert status in ("stored", "partial"), status


def road(path: Path) -> Callable[[], float]:
    """Seconds to read the file for a patient who has nothing yet."""

    def timed() -> float:
        upload = receive(path, new_patient())
        return seconds(lambda: read(upload))

    return timed


def hand_over(path: Path, patient: UUID) -> UUID:
    """The patient hands the file over, as the API does it."""
    from backend.access import access_patient  # noqa: PLC0415
    from backend.actor import acting_for, acting_for_all  # noqa: PLC0415
    from backend.models import Patient  # noqa: PLC0415
    from backend.rules import Need  # noqa: PLC0415
    from twin.services.uploads import receive_upload  # noqa: PLC0415

    with acting_for_all():
        person = Patient.objects.get(id=patient).user
    with path.open("rb") as file, acting_for(person.id):
        access = access_patient(person, patient, Need.ACT, what="upload")
        return receive_upload(access=access, stream=file, name=path.name, now=datetime.now(UTC))[0].id


def handed_over_again(path: Path) -> tuple[float, float, float, int]:
    """Seconds for a new patient's export, for the same file again, for the same in other bytes; and by how
    many bytes what is stored grew with both.
    """
    other = path.with_suffix(".other")
    other.write_bytes(path.read_bytes() + b"\n")
    patient = new_patient()
    first = seconds(lambda: read(hand_over(path, patient)))
    before = stored_bytes(patient)
    again = seconds(lambda: hand_over(path, patient))
    in_other_bytes = seconds(lambda: read(hand_over(other, patient)))
    return first, again, in_other_bytes, stored_bytes(patient) - before


def stored_bytes(patient: UUID) -> int:
    """Bytes in the patient's blocks, and in what is derived from them."""
    from django.db import connection  # noqa: PLC0415

    from backend.actor import acting_on  # noqa: PLC0415

    with acting_on(patient), connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(pg_column_size(block.*)), 0) FROM twin_seriesblock AS block"
            " UNION ALL SELECT coalesce(sum(pg_column_size(day.*)), 0) FROM twin_daysummary AS day"
        )
        return sum(int(size) for (size,) in cursor.fetchall())


def write_table(path: Path, rows: int) -> None:
    """Writes a plain table of `rows` heart rates, one a minute."""
    with path.open("w", encoding="utf-8") as file:
        file.write("start,kind,value,unit,source\n")
        start = datetime(2020, 1, 1, tzinfo=UTC)
        for row in range(rows):
            at = start + timedelta(minutes=row)
            file.write(f"{at:%Y-%m-%dT%H:%M:%S+00:00},heart_rate,{60 + row % 40},count/min,Watch\n")


def peak_of_a_process(upload: UUID) -> float:
    """Megabytes that a process of its own holds at most while it reads the upload."""
    answer = subprocess.run(
        [sys.executable, __file__, "--read", str(upload)], check=True, stdout=subprocess.PIPE, text=True
    )
    return int(answer.stdout) / 1024


def read_and_tell(upload: UUID) -> None:
    """Reads the upload and prints this process's peak in KiB."""
    django.setup()
    read(upload)
    # ru_maxrss would count what the parent held when it started this process.
    status = Path("/proc/self/status").read_text()
    print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


def measure(path: Path, large: Path, table: Path) -> list[Row]:
    """Every row of the table."""
    records = iterate(path)
    megabytes = path.stat().st_size / MEGABYTE
    say(f"{megabytes:.0f} MB of XML, {records} records")
    ours, other = medians(3, road(path), lambda: seconds(lambda: iterate(path)))
    say(f"{records / ours:.0f} records a second; bare iterparse {records / other:.0f}")
    first, again, in_other_bytes, growth = handed_over_again(path)
    say(f"Memory, on {large.stat().st_size / MEGABYTE:.0f} MB, and on {TABLE_ROWS} rows")
    peak = peak_of_a_process(receive(large, new_patient()))
    peak_of_table = peak_of_a_process(receive(table, new_patient()))
    return [
        at_least(0.7, f"{records} records of export.xml into the store", ours, other),
        at_least(3, "the same file handed over again; other: the first time", again, first),
        at_least(None, "the same in other bytes; other: the first time", in_other_bytes, first),
        at_most(0, "growth of what is stored by both", growth, None, "B"),
        at_most(250, f"peak memory, {large.stat().st_size / MEGABYTE:.0f} MB of XML", peak, None, "MB"),
        at_most(250, f"peak memory, {TABLE_ROWS} rows of CSV", peak_of_table, None, "MB"),
    ]


def main() -> int:
    """Runs the bench; the exit code says whether every bar holds."""
    parser = arguments(__doc__)
    parser.add_argument("file", nargs="?", type=Path, help="an export.xml; without it one is made up")
    parser.add_argument("--gigabyte", action="store_true", help="measure memory on 1 GB of made-up XML")
    parser.add_argument("--read", type=UUID, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read:
        read_and_tell(options.read)
        return 0
    with tempfile.TemporaryDirectory(prefix="pollux-bench-") as folder, product(redis=True):
        path = options.file and options.file.resolve()
        if path is None:
            path = Path(folder) / "export.xml"
            write_export(path, 100 * MEGABYTE)
        large = path
        if options.gigabyte:
            large = Path(folder) / "large.xml"
            say("Writing 1 GB of XML")
            write_export(large, 1024 * MEGABYTE)
        table = Path(folder) / "table.csv"
        write_table(table, TABLE_ROWS)
        rows = measure(path, large, table)
    return verdict("intake", rows, as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
