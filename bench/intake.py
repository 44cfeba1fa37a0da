"""An Apple Health export on its whole road into the store, against a bare lxml iterparse of the same file.

Ours is one process that reads an upload to its end: parsing, units, ranges, blocks, records, report, day
summaries and snapshot, all committed to a server as durable as `make run`'s. The other side only looks at
every element and throws it away. Without FILE a made-up export of 100 MB is read; --gigabyte measures memory
on a made-up one of 1 GB.
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


def receive(path: Path) -> UUID:
    """A new patient's upload of the file, waiting for a worker."""
    # Models can be imported only once Django stands.
    from backend.actor import acting_for_all  # noqa: PLC0415
    from backend.models import Patient, User  # noqa: PLC0415
    from twin.models import Upload  # noqa: PLC0415
    from twin.services.uploads import file_of  # noqa: PLC0415

    with path.open("rb") as file:
        sha256 = file_digest(file, "sha256").hexdigest()
    with acting_for_all():
        user = User.objects.create_user(f"{os.urandom(8).hex()}@bench.example", None, name="Ann")
        patient = Patient.objects.create(
            user=user, name="Ann", birth_date=date(1970, 1, 1), sex="female", time_zone="Europe/Berlin"
        )
        place = file_of(patient.id, sha256)
        place.parent.mkdir(parents=True)
        place.symlink_to(path)
        return Upload.objects.create(
            patient=patient,
            uploaded_by=user,
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
        upload = receive(path)
        return seconds(lambda: read(upload))

    return timed


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


def measure(path: Path, large: Path) -> list[Row]:
    """Every row of the table."""
    records = iterate(path)
    megabytes = path.stat().st_size / MEGABYTE
    say(f"{megabytes:.0f} MB of XML, {records} records")
    ours, other = medians(3, road(path), lambda: seconds(lambda: iterate(path)))
    say(f"{records / ours:.0f} records a second; bare iterparse {records / other:.0f}")
    say(f"Memory, on {large.stat().st_size / MEGABYTE:.0f} MB")
    peak = peak_of_a_process(receive(large))
    return [
        at_least(0.5, f"{records} records of export.xml into the store", ours, other),
        at_most(250, f"peak memory, {large.stat().st_size / MEGABYTE:.0f} MB of XML", peak, None, "MB"),
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
        rows = measure(path, large)
    return verdict("intake", rows, as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
