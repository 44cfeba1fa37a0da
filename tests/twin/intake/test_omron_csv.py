"""OMRON connect's reports: their own zones and devices, dates in words, missing and swapped values, kPa."""

import io
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.intake import omron_csv, table
from twin.intake.items import Item, Problem, ProblemCode, RefusalCode, Refused, Samples

NEW_YORK = ZoneInfo("America/New_York")

# The headings as the app writes them; the values are made up.
CONNECT = (
    '"Measurement Date","Timezone","SYS(mmHg)","DIA(mmHg)","Pulse(bpm)","Irregular heartbeat detected",'
    '"IHB detection counts(times)","Body Movement","Cuff wrap guide","Positioning Indicator",'
    '"room temperature(°C)","Measurement Mode","Device"\n'
)
ROW = '"{at}","{zone}","128","82","64","-","-","-","OK","-","-","-","{device}"\n'
REPORT = "Date,Time,Systolic (mmHg),Diastolic (mmHg),Pulse (bpm),Symptoms,Consumed,TruRead,Notes\n"


def read(text: str) -> list[Item]:
    assert omron_csv.sniff(text.encode())
    assert not table.sniff(text.encode())
    return list(omron_csv.read(io.BytesIO(text.encode()), zone=NEW_YORK))


def rows(items: list[Item]) -> list[tuple[str, str, str, str, float]]:
    return [
        (one.kind, one.source, one.unit, wall(start, offset), value)
        for one in items
        if isinstance(one, Samples) and one.columns.offset is not None
        for start, offset, value in zip(
            one.columns.start.tolist(), one.columns.offset.tolist(), one.columns.value.tolist(), strict=True
        )
    ]


def wall(start: int, offset: int) -> str:
    at = datetime.fromtimestamp(start / 1000 + offset * 60, ZoneInfo("UTC"))
    return f"{at:%Y-%m-%d %H:%M} {offset // 60:+d}"


def problems(items: list[Item]) -> list[tuple[ProblemCode, str, int]]:
    return [(item.code, item.example, item.count) for item in items if isinstance(item, Problem)]


def test_read_a_row_is_in_the_zone_that_it_names_and_of_its_device() -> None:
    items = read(
        CONNECT
        + ROW.format(at="2024/05/01 07:12", zone="Asia/Manila", device="HEM-7600T")
        + ROW.format(at="2024/05/02 07:12", zone="Europe/Berlin", device="HEM-7155T")
        + ROW.format(at="2024/05/03 07:12", zone="", device="-")
    )
    assert rows(items)[:3] == [
        ("sbp", "HEM-7600T", "mmHg", "2024-05-01 07:12 +8", 128.0),
        ("sbp", "HEM-7155T", "mmHg", "2024-05-02 07:12 +2", 128.0),
        ("sbp", "Omron", "mmHg", "2024-05-03 07:12 -4", 128.0),
    ]
    assert [row[0] for row in rows(items)] == ["sbp"] * 3 + ["dbp"] * 3 + ["heart_rate"] * 3
    assert problems(items) == [(ProblemCode.UNKNOWN_KIND, "Cuff wrap guide", 3)]


def test_read_a_zone_that_nobody_knows_is_not_replaced_by_another() -> None:
    items = read(CONNECT + ROW.format(at="2024/05/01 07:12", zone="../etc/passwd", device="HEM"))
    assert rows(items) == []
    assert problems(items)[0] == (ProblemCode.BAD_TIME, "2024/05/01 07:12 ../etc/passwd", 1)


def test_read_a_report_with_months_in_words_is_in_the_patients_zone() -> None:
    items = read(f"{REPORT}Jan 12 2025,08:12,114,74,47,-,-,-,-\nJul 6 2025,08:46,117,-,50,-,-,-,-\n")
    assert rows(items) == [
        ("sbp", "Omron", "mmHg", "2025-01-12 08:12 -5", 114.0),
        ("sbp", "Omron", "mmHg", "2025-07-06 08:46 -4", 117.0),
        ("dbp", "Omron", "mmHg", "2025-01-12 08:12 -5", 74.0),
        ("heart_rate", "Omron", "bpm", "2025-01-12 08:12 -5", 47.0),
        ("heart_rate", "Omron", "bpm", "2025-07-06 08:46 -4", 50.0),
    ]
    assert problems(items) == []


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        (
            "Datum,Zeit,Systolisch (mmHg),Diastolisch (mmHg),Puls (bpm),Symptome\n"  # noqa: ISC004 (one text)
            "13 Juli 2026,7:05,120,80,60,-\n",
            "mmHg",
        ),
        ("Messdatum,Zeitzone,SYS,DIA,Pulse,Modellname des Geräts\n2026/07/13 07:05,,120,80,60,-\n", "mmHg"),
        (
            "測定日,タイムゾーン,最高血圧（mmHg）,最低血圧（mmHg）,脈拍（bpm）,機種\n"  # noqa: ISC004 (one text)
            "2026/07/13 07:05,,120,80,60,-\n",
            "mmHg",
        ),
        ("Measurement Date,Time Zone,SYS(kPa),DIA(kPa),Pulse\n2026/07/13 07:05,,120,80,60\n", "kPa"),
    ],
)
def test_read_other_languages_and_units(text: str, unit: str) -> None:
    assert rows(read(text)) == [
        ("sbp", "Omron", unit, "2026-07-13 07:05 -4", 120.0),
        ("dbp", "Omron", unit, "2026-07-13 07:05 -4", 80.0),
        ("heart_rate", "Omron", "bpm", "2026-07-13 07:05 -4", 60.0),
    ]


def test_read_a_diastolic_pressure_above_the_systolic_one_stays_where_it_stands() -> None:
    items = read(f"{REPORT}Jan 12 2025,08:12,74,114,47,-,-,-,-\n")
    assert [(row[0], row[4]) for row in rows(items)][:2] == [("sbp", 74.0), ("dbp", 114.0)]


def test_read_a_last_line_without_its_end_is_kept_where_its_last_cell_does_not_count() -> None:
    assert len(rows(read(f"{REPORT}Jan 12 2025,08:12,114,74,47,-,-,-,no"))) == 3
    items = read(CONNECT + ROW.format(at="2024/05/01 07:12", zone="", device="HEM")[:-2])
    assert rows(items) == []


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"Date,Time,Systolic (mmHg),Diastolic (mmHg),Pulse (bpm)\n",
        b"Date,Time,Symptoms,TruRead\n",
        b"Measurement Date,Timezone,Weight(kg)\n",
    ],
)
def test_sniff_another_first_line_is_another_format_and_refused(head: bytes) -> None:
    assert not omron_csv.sniff(head)
    with pytest.raises(Refused) as refusal:
        list(omron_csv.read(io.BytesIO(head), zone=NEW_YORK))
    assert refusal.value.code is RefusalCode.MALFORMED


@given(st.binary(max_size=300))
def test_read_any_bytes_never_raise(noise: bytes) -> None:
    list(omron_csv.read(io.BytesIO(REPORT.encode() + noise), zone=NEW_YORK))
