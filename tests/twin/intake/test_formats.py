"""An uploaded file, whatever it is in: recognised, opened, or refused in words."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from twin.intake import fhir, plain_csv
from twin.intake.formats import FORMATS, Format, recognise
from twin.intake.items import Item, Problem, ProblemCode, RefusalCode, Refused, Samples
from twin.intake.opening import OpenUpload, open_upload

ZONE = ZoneInfo("Europe/Berlin")
SAMPLES = Path(__file__).parents[2] / "samples"

RECORD = (
    b'<Record type="HKQuantityTypeIdentifierHeartRate" sourceName="Watch" unit="count/min"'
    b' startDate="2019-01-01 10:00:00 -0700" endDate="2019-01-01 10:00:00 -0700" value="72"/>'
)
EXPORT = b'<?xml version="1.0"?><HealthData locale="en_US">' + RECORD + b"</HealthData>"
TABLE = "start,kind,value,unit,source\n2024-07-01T12:00:00Z,weight,81.35,kg,Böhm\n"
BOMB = b"<!DOCTYPE HealthData [<!ENTITY a 'ha'>]><HealthData>&a;</HealthData>"


Open = Callable[..., OpenUpload]


@pytest.fixture
def opened(tmp_path: Path) -> Open:
    def open_bytes(content: bytes, name: str = "") -> OpenUpload:
        path = tmp_path / "upload"
        path.write_bytes(content)
        return open_upload(path, zone=ZONE, name=name)

    return open_bytes


def zipped(*members: tuple[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return packed.getvalue()


def values(items: list[Item]) -> list[tuple[str, str, float]]:
    return [
        (item.kind, item.source, value)
        for item in items
        if isinstance(item, Samples)
        for value in item.columns.value.tolist()
    ]


def problems(items: list[Item]) -> list[Problem]:
    return [item for item in items if isinstance(item, Problem)]


@pytest.mark.parametrize(
    ("folder", "form"),
    [*((one.NAME, one) for one in FORMATS if (SAMPLES / one.NAME).is_dir()), ("fhir_r4", fhir)],
)
def test_recognise_every_sample_is_of_one_format_alone(folder: str, form: Format) -> None:
    files = [path for path in sorted((SAMPLES / folder).iterdir()) if path.suffix != ".zip"]
    heads = {path.name: path.read_bytes()[: 64 * 1024] for path in files}
    assert heads
    for name, head in heads.items():
        assert (name, [one.NAME for one in FORMATS if one.sniff(head)]) == (name, [form.NAME])


@pytest.mark.parametrize(
    "head",
    [b"", b"hello", b"{}", b"[]", b"\x89PNG\r\n\x1a\n", b"<html></html>", b"a,b,c\n1,2,3\n", bytes(100)],
)
def test_recognise_anything_else_is_none(head: bytes) -> None:
    assert recognise(head) is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_open_upload_text_in_any_unicode_encoding_reads_the_same(opened: Open, encoding: str) -> None:
    mark = "\ufeff" if encoding in ("utf-16-le", "utf-16-be") else ""
    upload = opened((mark + TABLE).encode(encoding))
    assert upload.format == plain_csv.NAME
    assert values(list(upload.items)) == [("weight", "Böhm", 81.35)]


def test_open_upload_an_export_in_utf16_whatever_it_declares_reads_the_same(opened: Open) -> None:
    content = EXPORT.decode().replace("?>", ' encoding="UTF-16"?>', 1).encode("utf-16")
    assert values(list(opened(content).items)) == [("heart_rate", "Watch", 72.0)]


def test_open_upload_a_large_utf16_table_reads_to_its_end(opened: Open) -> None:
    rows = "".join(f"2024-07-01T12:00:00Z,weight,81.{number},kg,Böhm🫀\n" for number in range(20_000))
    items = list(opened(("start,kind,value,unit,source\n" + rows).encode("utf-16")).items)
    assert len(values(items)) == 20_000
    assert {source for _, source, _ in values(items)} == {"Böhm🫀"}
    assert problems(items) == []


@pytest.mark.parametrize("name", ["apple_health_export/export.xml", "apple_health_export/导出.xml"])
def test_open_upload_an_apple_archive_finds_the_export_and_counts_the_rest(opened: Open, name: str) -> None:
    upload = opened(
        zipped(
            ("apple_health_export/export_cda.xml", b'<?xml version="1.0"?><ClinicalDocument/>'),
            ("apple_health_export/workout-routes/1.gpx", b"<gpx/>"),
            ("apple_health_export/workout-routes/2.gpx", b"<gpx/>"),
            ("apple_health_export/electrocardiograms/1.csv", b"Name,Ann\nSample Rate,512 hertz\n"),
            (name, EXPORT),
        )
    )
    items = list(upload.items)
    assert upload.format == "apple_health"
    assert values(items) == [("heart_rate", "Watch", 72.0)]
    assert problems(items) == [
        Problem(ProblemCode.SKIPPED_MEMBER, "export_cda.xml", "apple_health_export", 1),
        Problem(ProblemCode.SKIPPED_MEMBER, "1.gpx", "apple_health_export/workout-routes", 2),
        Problem(ProblemCode.SKIPPED_MEMBER, "1.csv", "apple_health_export/electrocardiograms", 1),
    ]


def test_open_upload_an_archive_of_several_formats_names_them_and_the_place_of_each_problem(
    opened: Open,
) -> None:
    table = (TABLE + "yesterday,weight,81,kg,\n").encode()
    upload = opened(zipped(("export.xml", EXPORT), ("table.csv", table)))
    items = list(upload.items)
    assert upload.format == "apple_health+plain_csv"
    assert values(items) == [("heart_rate", "Watch", 72.0), ("weight", "Böhm", 81.35)]
    assert [problem.place for problem in problems(items)] == ["table.csv: line 3"]


def test_open_upload_one_refused_member_does_not_stop_the_others(opened: Open) -> None:
    items = list(opened(zipped(("bomb.xml", BOMB), ("export.xml", EXPORT))).items)
    assert values(items) == [("heart_rate", "Watch", 72.0)]
    assert [(problem.code, problem.place) for problem in problems(items)] == [
        (ProblemCode.SKIPPED_MEMBER, "bomb.xml")
    ]


def test_open_upload_a_damaged_member_keeps_what_it_gave(opened: Open) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("export.xml", EXPORT.replace(RECORD, RECORD * 3000))
    damaged = bytearray(packed.getvalue())
    damaged[-20_000] ^= 0x01
    items = list(opened(bytes(damaged)).items)
    assert values(items)
    assert ProblemCode.MALFORMED in {problem.code for problem in problems(items)}


def test_open_upload_twice_gives_the_same_items_in_the_same_order(opened: Open) -> None:
    content = (SAMPLES / "apple_health" / "lifesnaps_p51.zip").read_bytes()
    first, second = (values(list(opened(content).items)) for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", RefusalCode.EMPTY),
        (zipped(), RefusalCode.EMPTY),
        (b"hello", RefusalCode.UNKNOWN_FORMAT),
        (zipped(("notes.txt", b"hello")), RefusalCode.UNKNOWN_FORMAT),
        (
            zipped(("a.zip", zipped(("b.zip", zipped(("c.zip", zipped(("export.xml", EXPORT)))))))),
            RefusalCode.UNKNOWN_FORMAT,
        ),
        (BOMB, RefusalCode.ENTITIES_FORBIDDEN),
        (zipped(("export.xml", BOMB)), RefusalCode.ENTITIES_FORBIDDEN),
        (b"PK\x03\x04 and no archive", RefusalCode.MALFORMED),
        (zipped(("../export.xml", EXPORT)), RefusalCode.UNSAFE_ARCHIVE),
    ],
)
def test_open_upload_what_cannot_be_read_is_refused(opened: Open, content: bytes, code: RefusalCode) -> None:
    with pytest.raises(Refused) as refusal:
        list(opened(content).items)
    assert refusal.value.code is code
    assert refusal.value.message.endswith(".")


def bundle_of(patient: str) -> bytes:
    weight = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": "2024-07-01T12:00:00Z",
        "valueQuantity": {"value": 81.35, "unit": "kg"},
    }
    entries = [{"resource": resource} for resource in ({"resourceType": "Patient", "id": patient}, weight)]
    return json.dumps({"resourceType": "Bundle", "entry": entries}).encode()


def test_open_upload_an_archive_of_a_bundle_for_each_of_several_people_is_refused(opened: Open) -> None:
    with pytest.raises(Refused) as refused:
        opened(zipped(("pia.json", bundle_of("pia")), ("paul.json", bundle_of("paul"))))

    assert refused.value.code == RefusalCode.SEVERAL_PEOPLE


def test_open_upload_an_archive_of_one_person_in_several_files_is_read(opened: Open) -> None:
    items = list(opened(zipped(("2023.json", bundle_of("pia")), ("2024.json", bundle_of("pia")))).items)

    assert [value for _, _, value in values(items)] == [81.35, 81.35]


def test_open_upload_of_a_named_person_takes_hers_alone(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_bytes(zipped(("pia.json", bundle_of("pia")), ("paul.json", bundle_of("paul"))))

    items = list(open_upload(path, zone=ZONE, person="Patient/pia").items)

    assert [value for _, _, value in values(items)] == [81.35]
    assert [(problem.code, problem.place) for problem in problems(items)] == [
        (ProblemCode.SKIPPED_MEMBER, "paul.json")
    ]


def test_open_upload_of_an_archive_in_an_archive_gives_its_members_items(opened: Open) -> None:
    inside = zipped(("export.zip", zipped(("export.xml", EXPORT))), ("notes.txt", b"hello"))
    upload = opened(inside)
    items = list(upload.items)
    assert upload.format == "apple_health"
    assert [item.kind for item in items if isinstance(item, Samples)] == [
        item.kind for item in opened(EXPORT).items if isinstance(item, Samples)
    ]
    assert [(item.code, item.example) for item in items if isinstance(item, Problem)][-1] == (
        ProblemCode.SKIPPED_MEMBER,
        "notes.txt",
    )


def test_open_upload_an_empty_member_is_nothing_to_tell_of(opened: Open) -> None:
    upload = opened(zipped(("export.xml", EXPORT), ("records.ndjson", b"")))
    assert [item for item in upload.items if isinstance(item, Problem)] == [
        item for item in opened(EXPORT).items if isinstance(item, Problem)
    ]
