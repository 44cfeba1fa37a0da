"""Dexcom Clarity: the sample files' facts, other languages, each odd row, and damage of every sort."""

import io
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from taken_in import problems, series

from twin.intake.cgm import clarity
from twin.intake.items import Item, Problem, ProblemCode, Record, RecordType, RefusalCode, Refused, Samples
from twin.series.columns import Flag

SAMPLES = Path(__file__).parents[2] / "samples" / "dexcom_clarity"
BERLIN = ZoneInfo("Europe/Berlin")
ENGLISH = (
    "Index,Timestamp (YYYY-MM-DDThh:mm:ss),Event Type,Event Subtype,Patient Info,Device Info,"
    "Source Device ID,Glucose Value (mg/dL),Insulin Value (u),Carb Value (grams),Duration (hh:mm:ss),"
    "Glucose Rate of Change (mg/dL/min),Transmitter Time (Long Integer),Transmitter ID"
)
GERMAN = (
    '"Index";"Zeitstempel (JJJJ-MM-TTThh:mm:ss)";"Ereignisart";"Ereignis-Unterart";"Patienten-Info";'
    '"Geräteinfo";"Quellengerät-ID";"Glukosewert (mmol/L)";"Insulinwert (E)";"Kohlenh.-Wert (Gramm)";'
    '"Dauer (hh:mm:ss)";"Glukose-Änderungsgeschwindigkeit (mmol/L/min)";"Transmitterzeit";"Transmitter-ID"'
)
SPANISH = (
    "Índice;Marca temporal (AAAA-MM-DDThh:mm:ss);Tipo de evento;Subtipo de evento;Información del paciente;"
    "Información del dispositivo;ID del dispositivo;Nivel de glucosa (mg/dl);Nivel de insulina (u);"
    "Nivel de carbohidratos (gramos);Duración (hh:mm:ss)"
)
ITALIAN = (
    "Indice;Data e ora (AAAA-MM-GGThh:mm:ss);Tipo di evento;Sottotipo di evento;Info paziente;"
    "Info dispositivo;ID dispositivo di origine;Valore del glucosio (mg/dL);Valore insulina (u);"
    "Valore carboidrati (grammi);Durata (hh:mm:ss)"
)
AT = "2024-07-01T08:00:00"


def read(text: str | bytes) -> list[Item]:
    raw = text.encode() if isinstance(text, str) else text
    return list(clarity.read(io.BytesIO(raw), zone=BERLIN))


def export(*rows: str, header: str = ENGLISH) -> str:
    return "\r\n".join((header, *rows)) + "\r\n"


def local(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, BERLIN).strftime("%Y-%m-%dT%H:%M:%S")


@pytest.mark.parametrize(
    ("name", "source", "count", "ends", "values", "mean", "others"),
    [
        (
            "cgmanalysis_Dexcom.txt",
            "Dexcom 11AAAA",
            1411,
            ("2018-11-01T00:02:05", "2018-11-06T01:31:50"),
            (115, 89, 34, 203),
            101.71,
            {
                "FirstName": 1,
                "LastName": 1,
                "PatientIdentifier": 1,
                "DateOfBirth": 1,
                "Device": 2,
                "Alert": 10,
            },
        ),
        (
            "cgmquantify_clarity.csv",
            "Dexcom iPhone G6",
            2148,
            ("2016-10-24T11:24:17", "2016-11-01T09:19:02"),
            (103, 108, 49, 261),
            111.8966,
            {"FirstName": 1, "LastName": 1, "DateOfBirth": 1, "Device": 1, "Alert": 7},
        ),
    ],
)
def test_read_of_a_published_file_gives_its_facts(
    name: str,
    source: str,
    count: int,
    ends: tuple[str, str],
    values: tuple[float, ...],
    mean: float,
    others: dict[str, int],
) -> None:
    raw = (SAMPLES / name).read_bytes()

    items = read(raw)

    assert clarity.sniff(raw[:65536])
    (sensor,) = (item for item in items if isinstance(item, Samples) and item.kind == "glucose_cgm")
    columns = sensor.columns
    assert (sensor.source, sensor.unit, len(columns)) == (source, "mg/dL", count)
    assert (local(columns.start[0]), local(columns.start[-1])) == ends
    found = columns.value
    assert (found[0], found[-1], found.min(), found.max()) == values
    assert found.mean() == pytest.approx(mean, abs=0.005)
    assert {item.example: item.count for item in items if isinstance(item, Problem)} == others


def test_read_of_the_published_table_gives_calibrations_and_exercise() -> None:
    items = read((SAMPLES / "cgmanalysis_Dexcom.txt").read_bytes())

    (meter,) = (item for item in items if isinstance(item, Samples) and item.kind == "glucose")
    assert meter.columns.value[:3].tolist() == [86, 127, 118]
    assert meter.columns.flags is not None
    assert meter.columns.flags.tolist() == [Flag.MANUAL] * 12
    (exercise,) = (item for item in items if isinstance(item, Record))
    assert (exercise.type, exercise.text, exercise.topic) == (
        RecordType.ACTIVITY,
        "Exercise, Medium",
        "vitals",
    )
    assert exercise.start == datetime(2018, 11, 4, 19, 25, 18, tzinfo=UTC)
    assert exercise.end == datetime(2018, 11, 4, 19, 55, 18, tzinfo=UTC)
    assert exercise.body["Duration (hh:mm:ss)"] == "0:30:00"


@pytest.mark.parametrize(
    ("header", "rows", "unit", "values", "flags"),
    [
        (ENGLISH, (f"9,{AT},EGV,,,,,Low,,,,", f"10,{AT},EGV,,,,,High,,,,"), "mg/dL", [40, 400], [4, 8]),
        (ENGLISH.replace("mg/dL", "mmol/L"), (f"9,{AT},EGV,,,,,Low,,,,",), "mmol/L", [2.2], [4]),
        (
            GERMAN,
            (
                f'"9";"{AT}";"EGV";"";"";"";"";"5,8";"";"";"";"";"1"',
                f'"10";"{AT}";"EGV";"";"";"";"";"Niedrig";"";"";"";"";"1"',
                f'"11";"{AT}";"EGV";"";"";"";"";"Hoch";"";"";"";"";"1"',
            ),
            "mmol/L",
            [5.8, 2.2, 22.2],
            [0, 4, 8],
        ),
        (
            SPANISH,
            tuple(
                f"9;{AT};Niveles estimados de glucosa;;;;;{value};;;"
                for value in ("115", "Nivel bajo", "Nivel alto")
            ),
            "mg/dL",
            [115, 40, 400],
            [0, 4, 8],
        ),
        (ITALIAN, (f"9;{AT};EGV;;;;;115;;;", f"9;{AT};EGV;;;;;Basso;;;"), "mg/dL", [115, 40], [0, 4]),
        (ENGLISH.replace(",", "\t"), (f"9\t{AT}\tEGV\t\t\t\t\t115\t\t\t\t",), "mg/dL", [115], None),
    ],
)
def test_read_in_every_language_keeps_what_the_sensor_could_not_show(
    header: str, rows: tuple[str, ...], unit: str, values: list[float], flags: list[int] | None
) -> None:
    text = export(*rows, header=header)

    assert clarity.sniff(text.encode())
    assert series(read(text)) == [("glucose_cgm", "Dexcom", unit, values, flags)]


def test_read_of_alerts_with_a_time_takes_no_sample_of_them() -> None:
    items = read(export(f"9,{AT},Alert,Urgent Low,,,phone,55,,,,", f"10,{AT},Health,Illness,,,phone,,,,,"))

    assert series(items) == []
    assert problems(items) == [
        (ProblemCode.UNSUPPORTED_RESOURCE, "Alert", "line 2", 1, ""),
        (ProblemCode.UNSUPPORTED_RESOURCE, "Health", "line 3", 1, ""),
    ]


def test_read_of_carbs_and_insulin_gives_samples_and_treatments() -> None:
    items = read(
        export(
            f"9,{AT},Carbs,,,,phone,,,45,,",
            f"10,{AT},Insulin,Fast-Acting,,,phone,,4.5,,,",
            f"11,{AT},Insulin,Long-Acting,,,phone,,some,,,",
        )
    )

    assert series(items) == [
        ("carbs", "Dexcom phone", "g", [45], [Flag.MANUAL]),
        ("insulin", "Dexcom phone", "[iU]", [4.5], [Flag.MANUAL]),
    ]
    assert [
        (item.type, item.identity, item.text, item.source) for item in items if isinstance(item, Record)
    ] == [
        (RecordType.TREATMENT, f"{AT} {text}", text, "Dexcom phone")
        for text in ("Carbs", "Insulin, Fast-Acting", "Insulin, Long-Acting")
    ]
    assert problems(items) == [(ProblemCode.NOT_A_NUMBER, "some", "line 4", 1, "insulin")]


def test_read_of_one_time_twice_hands_on_both_values_in_order() -> None:
    items = read(export(*(f"9,{AT},EGV,,,,,{value},,,," for value in (101, 101, 99))))

    assert series(items) == [("glucose_cgm", "Dexcom", "mg/dL", [101, 101, 99], None)]


def test_read_of_a_time_is_of_the_zone_it_is_given() -> None:
    (item,) = read(export(f"9,{AT},EGV,,,,,101,,,,", "10,2024-12-01 8:00:00,EGV,,,,,99,,,,"))

    assert isinstance(item, Samples)
    assert [local(at) for at in item.columns.start] == [AT, "2024-12-01T08:00:00"]
    assert item.columns.offset is not None
    assert item.columns.offset.tolist() == [120, 60]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (f"9,{AT},EGV,,,,,,,,,", (ProblemCode.NOT_A_NUMBER, "", "line 2", 1, "glucose_cgm")),
        (f"9,{AT},EGV,,,,,---,,,,", (ProblemCode.NOT_A_NUMBER, "---", "line 2", 1, "glucose_cgm")),
        (f"9,{AT},EGV,,,,,nan,,,,", (ProblemCode.NOT_A_NUMBER, "nan", "line 2", 1, "glucose_cgm")),
        ("9,soon,EGV,,,,,101,,,,", (ProblemCode.BAD_TIME, "soon", "line 2", 1, "glucose_cgm")),
        ("9,2024-02-30T08:00:00,EGV,,,,,101,,,,", (ProblemCode.BAD_TIME,)),
        (f"9,{AT},EGV,,,,,5,8,,,", (ProblemCode.MALFORMED, "not a row of this table", "line 2", 1, "")),
        (f"9,{AT},EGV", (ProblemCode.MALFORMED, "not a row of this table", "line 2", 1, "")),
        (f"9,{AT},EGV,,,,\0,101,,,,", (ProblemCode.MALFORMED, "Dexcom \ufffd", "line 2", 1, "")),
        (f"9,{AT},Calibration,,,,,Low,,,,", (ProblemCode.NOT_A_NUMBER, "Low", "line 2", 1, "glucose")),
        ("9,9999-12-31T23:59:59,Exercise,,,,,,,,1:30:00,", (ProblemCode.BAD_TIME,)),
    ],
)
def test_read_of_an_odd_row_is_one_problem(row: str, problem: tuple[object, ...]) -> None:
    (found,) = problems(read(export(row)))

    assert found[: len(problem)] == problem


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"timestamp,glucose_value_mg_dl\n2023-12-08 00:04:00,151\n",
        b"start,kind,value,unit\n",
        b"Device,Serial Number,Device Timestamp,Record Type,Historic Glucose mg/dL\n",
        ENGLISH.replace("hh:mm:ss", "").encode(),
        ENGLISH.replace("(mg/dL)", "").encode(),
    ],
)
def test_sniff_leaves_other_tables_alone_and_read_refuses_them(head: bytes) -> None:
    assert not clarity.sniff(head)
    with pytest.raises(Refused) as refused:
        read(head)
    assert refused.value.code == RefusalCode.UNKNOWN_FORMAT


@pytest.mark.parametrize("sixteenth", range(17))
def test_read_of_a_damaged_file_accounts_for_every_row(sixteenth: int) -> None:
    raw = (SAMPLES / "cgmanalysis_Dexcom.txt").read_bytes()[:8000]
    place = max(len(raw) * sixteenth // 16, raw.index(b"\n") + 1)
    for damaged in (raw[:place], raw[:place] + b"\0" + raw[place + 1 :], raw[:place] + b'"' + raw[place:]):
        counts: Counter[str] = Counter()
        for item in read(damaged):
            counts[type(item).__name__] += len(item.columns) if isinstance(item, Samples) else 1
            counts["rows"] += item.count - 1 if isinstance(item, Problem) else 0
        assert counts["Samples"] + counts["Problem"] + counts["rows"] == damaged.rstrip().count(b"\n")


@given(st.binary())
def test_read_of_any_rows_ends_in_items(rows: bytes) -> None:
    assert all(isinstance(item, Item) for item in read(ENGLISH.encode() + b"\n" + rows))
