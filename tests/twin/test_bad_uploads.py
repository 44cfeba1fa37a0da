"""Hostile and broken files, from upload to report: refused with a reason or read in part."""

import io
import os
import random
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import make
import pytest
from django.utils import timezone

from backend.actor import acting_on
from twin.models import Upload
from twin.series import store
from twin.services.reading import read_upload

SAMPLES = Path(__file__).parents[1] / "samples"
MOST_MEMORY = 250_000  # kB
WORKER = """
import sys
from pathlib import Path
from uuid import UUID

import django

django.setup()
from django.utils import timezone
from twin.services.reading import read_upload

read_upload(UUID(sys.argv[1]), now=timezone.now())
status = Path("/proc/self/status").read_text().splitlines()
print(next(line.split()[1] for line in status if line.startswith("VmHWM")))
"""


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def zipped(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def zip_of_folders() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.mkdir("apple_health_export")
    return file.getvalue()


def zip_bomb() -> bytes:
    file = io.BytesIO()
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("export.xml", "w") as member,
    ):
        member.write(export())
        for _ in range(400):
            member.write(b" " * 1_000_000)
    return file.getvalue()


def export(inner: str = "", dtd: str = "") -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE HealthData [{dtd}]>\n<HealthData>{inner}'.encode()
    )


RECORD = (
    '<Record type="HKQuantityTypeIdentifierBodyMass" sourceName="{name}" unit="{unit}" value="{value}"'
    ' creationDate="2026-03-01 08:00:00 +0100" startDate="2026-03-01 08:00:00 +0100"'
    ' endDate="2026-03-01 08:00:00 +0100"/>'
)
BILLION_LAUGHS = '<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {after} "{f"&{before};" * 10}">' for before, after in zip("abcdefgh", "bcdefghi", strict=True)
)
TABLE = b"start,kind,value,unit\n"
GOOD_ROW = b"2026-03-01T08:00:00Z,weight,81.35,kg\n"
DEEP_JSON = b'{"resourceType": "Observation", "a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"

# What the file is; what becomes of it; the refusal's or the problems' codes; how many samples and records.
BAD: dict[str, tuple[Callable[[], bytes], str, set[str], int]] = {
    "empty": (lambda: b"", "refused", {"empty"}, 0),
    "blank": (lambda: b" \n" * 1000, "refused", {"unknown_format"}, 0),
    "prose": (lambda: b"Dear diary, my heart rate was 61.", "refused", {"unknown_format"}, 0),
    "random": (lambda: random.Random(1).randbytes(10_000_000), "refused", {"unknown_format"}, 0),
    "zip cut off": (
        lambda: sample("apple_health/lifesnaps_p51.zip")[:4000],
        "refused",
        {"malformed"},
        0,
    ),
    "zip named xml": (
        lambda: sample("apple_health/lifesnaps_p51.zip"),
        "stored",
        set(),
        546,
    ),
    "zip of folders": (zip_of_folders, "refused", {"empty"}, 0),
    "zips too deep in each other": (
        lambda: zipped(**{"a.zip": zipped(**{"b.zip": zipped(**{"c.zip": zipped(**{"d.csv": b"x"})})})}),
        "refused",
        {"unknown_format"},
        0,
    ),
    "zip that slips out": (
        lambda: zipped(**{"../../export.xml": sample("apple_health/tdda_iphone6s.xml")}),
        "refused",
        {"unsafe_archive"},
        0,
    ),
    "zip bomb": (
        zip_bomb,
        "refused",
        {"unsafe_archive"},
        0,
    ),
    "xml cut off": (
        lambda: sample("apple_health/tdda_iphone6s.xml")[:5000],
        "partial",
        {"truncated"},
        9,
    ),
    "xml with entities": (
        lambda: export("&i;</HealthData>", dtd=BILLION_LAUGHS),
        "refused",
        {"entities_forbidden"},
        0,
    ),
    "xml with an outside entity": (
        lambda: export("&x;</HealthData>", dtd='<!ENTITY x SYSTEM "file:///etc/passwd">'),
        "refused",
        {"entities_forbidden"},
        0,
    ),
    "xml in a wrong unit": (
        lambda: export(RECORD.format(name="Scale", unit="furlong", value=80) + "</HealthData>"),
        "refused",
        {"nothing_usable", "unknown_unit"},
        0,
    ),
    "xml of pounds": (
        lambda: export(RECORD.format(name="Scale", unit="lb", value=180) + "</HealthData>"),
        "stored",
        set(),
        1,
    ),
    "xml not in UTF-8": (
        lambda: (
            export(RECORD.format(name="Waage für Pia", unit="kg", value=80) + "</HealthData>")
            .decode()
            .encode("latin-1")
        ),
        "refused",
        {"malformed", "nothing_usable"},
        0,
    ),
    "table not in UTF-8": (
        lambda: b"start,kind,value,unit,source\n2026-03-01T08:00:00Z,weight,81.35,kg,Waage f\xfcr Pia\n",
        "refused",
        {"nothing_usable", "malformed"},
        0,
    ),
    "table in UTF-16": (lambda: (TABLE + GOOD_ROW).decode().encode("utf-16"), "stored", set(), 1),
    "table with NUL": (lambda: TABLE + GOOD_ROW + b"\0\0\0\n", "partial", {"malformed"}, 1),
    "table without end": (lambda: TABLE + GOOD_ROW + b"2026" * 2_500_000, "partial", {"malformed"}, 1),
    "table of another thing": (
        lambda: b"name,age\npia,63\n",
        "refused",
        {"unknown_format"},
        0,
    ),
    "json nested deep": (lambda: DEEP_JSON, "refused", {"malformed"}, 0),
    "json cut off": (
        lambda: sample("nightscout/entries.json")[:5000],
        "partial",
        {"truncated"},
        29,
    ),
    "json with halves of characters": (
        lambda: (
            b'{"resourceType": "Condition", "id": "1", "code": {"text": "a\\ud800\\u0000b"},'
            b' "subject": {"reference": "Patient/1"}, "clinicalStatus": {"coding": [{"code": "active"}]}}'
        ),
        "stored",
        set(),
        1,
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_upload_is_refused_or_partial_and_says_why(db, what):
    content, status, codes, count = BAD[what]
    patient = make.make_patient()
    upload = make.make_upload(patient, content(), f"{what}.xml")
    assert read_upload(upload.id, now=timezone.now()) == status
    with acting_on(patient.id):
        report = Upload.objects.get(id=upload.id).report
        samples = sum(extent.count for extent in store.extents(patient.id))
        assert samples + patient.records.count() == count
    told = {problem["code"] for problem in report["problems"]} - {"unsupported_resource", "skipped_member"}
    if report["refusal"]:
        told.add(report["refusal"]["code"])
        assert report["refusal"]["message"].endswith(".")
    assert told == codes


@pytest.mark.parametrize("what", ["zip bomb", "random", "json nested deep", "table without end"])
def test_bad_upload_is_read_in_little_memory(transactional_db, what):
    upload = make.make_upload(make.make_patient(), BAD[what][0]())
    command = [sys.executable, "-c", WORKER, str(upload.id)]
    peak = subprocess.run(command, env=os.environ, stdout=subprocess.PIPE, check=True).stdout
    assert int(peak) < MOST_MEMORY
