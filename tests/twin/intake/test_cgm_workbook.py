"""Workbooks of sensor glucose: the iPro's facts, Eversense by its columns, dates as numbers and as text."""

import io
import zipfile
from datetime import datetime
from pathlib import Path
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

import pytest
from taken_in import series

from twin.intake.cgm import workbooks
from twin.intake.items import (
    Item,
    Problem,
    ProblemCode,
    Record,
    RecordType,
    RefusalCode,
    Refused,
    Remark,
    RemarkCode,
    Samples,
)
from twin.series.columns import Flag

SAMPLES = Path(__file__).parents[2] / "samples" / "cgm_workbook"
BERLIN = ZoneInfo("Europe/Berlin")
SPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
# Noon of 2018-08-01, as Excel counts days.
NOON = 43_313.5

IPRO = (
    ("Medtronic Diabetes iPro Data Export File (v1.1.0)",),
    ("Glucose Sensor Recorder", "Medtronic iPro2 Recorder", "s/n: 12"),
    ("Meter", "LifeScan OneTouch", "s/n: 34"),
    (
        "Index",
        "Date",
        "Time",
        "Timestamp",
        "BG Reading (mg/dL)",
        "Sensor Glucose (mg/dL)",
        "Carb Amount (grams)",
        "Insulin Type",
        "Insulin Units",
        "Notes",
        "Excluded",
    ),
)
EVERSENSE = (("Eversense report",), ("Date", "Time", "Glucose (mmol/L)", "Blood Glucose (mmol/L)"))

Cell = str | float | None


def workbook(*rows: tuple[Cell, ...]) -> bytes:
    """An .xlsx file of one sheet with these cells, from the first row and column on."""
    lines = []
    for row in rows:
        cells = []
        for cell in row:
            text = f'<c t="inlineStr"><is><t>{escape(str(cell))}</t></is></c>'
            cells.append("<c/>" if cell is None else f"<c><v>{cell!r}</v></c>" if cell != str(cell) else text)
        lines.append(f"<row>{''.join(cells)}</row>")
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", f'<workbook xmlns="{SPACE}"/>')
        sheet = f'<worksheet xmlns="{SPACE}"><sheetData>{"".join(lines)}</sheetData></worksheet>'
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
    return file.getvalue()


def read(raw: bytes) -> list[Item]:
    return list(workbooks.read(io.BytesIO(raw), zone=BERLIN))


def times(items: list[Item]) -> list[str]:
    starts = [at for item in items if isinstance(item, Samples) for at in item.columns.start.tolist()]
    return [datetime.fromtimestamp(at / 1000, BERLIN).strftime("%Y-%m-%d %H:%M:%S") for at in starts]


def problems(items: list[Item]) -> list[tuple[ProblemCode, str, str, int]]:
    return [(item.code, item.example, item.place, item.count) for item in items if isinstance(item, Problem)]


def ipro(**cells: Cell) -> tuple[Cell, ...]:
    """A row of the iPro's table, at noon: cells by their place, as in c5=101."""
    values: list[Cell] = [1.0, 43_313.0, 0.5, NOON, *[None] * 7]
    for place, cell in cells.items():
        values[int(place[1:])] = cell
    return tuple(values)


def test_read_of_the_published_workbook_gives_its_facts() -> None:
    raw = (SAMPLES / "iPro.xlsx").read_bytes()

    items = read(raw)

    assert workbooks.sniff(raw[:65536])
    assert workbooks.sniff(raw[:4096])
    meter, sensor = (item for item in items if isinstance(item, Samples))
    assert (meter.kind, meter.source, meter.unit) == (
        "glucose",
        "LifeScan OneTouch Ultra2 AAA1A11AA",
        "mg/dL",
    )
    assert meter.columns.value[:5].tolist() == [114, 140, 63, 122, 67]
    assert len(meter.columns) == 27
    assert (sensor.kind, sensor.source, sensor.unit) == (
        "glucose_cgm",
        "Medtronic iPro2 Recorder 1234567",
        "mg/dL",
    )
    assert len(sensor.columns) == 1969
    assert times([meter])[0] == "2018-08-01 12:00:00"
    assert (times([sensor])[0], times([sensor])[-1]) == ("2018-08-01 13:50:00", "2018-08-08 14:00:00")
    assert problems(items) == [
        (ProblemCode.UNKNOWN_KIND, "Sensor Event", "row 13", 9),
        (ProblemCode.NOT_MEASURED, "a row without a value", "row 23", 17),
        (ProblemCode.UNKNOWN_KIND, "ISIG Value", "row 27", 1998),
    ]


def test_read_of_what_was_excluded_or_logged() -> None:
    items = read(
        workbook(
            *IPRO,
            ipro(c5=101.0, c10="FALSE"),
            ipro(c4=99.0, c10="TRUE"),
            ipro(c6=45.0, c9="lunch"),
            ipro(c7="Lispro", c8=4.5),
            ipro(c9="a walk"),
            ipro(),
        )
    )

    assert series(items) == [
        ("glucose_cgm", "Medtronic iPro2 Recorder 12", "mg/dL", [101], None),
        ("carbs", "Medtronic iPro2 Recorder 12", "g", [45], [Flag.MANUAL]),
        ("insulin", "Medtronic iPro2 Recorder 12", "[iU]", [4.5], [Flag.MANUAL]),
    ]
    records = [item for item in items if isinstance(item, Record)]
    assert [(item.type, item.identity) for item in records] == [
        (RecordType.TREATMENT, "2018-08-01T12:00:00 Carb Amount (grams)"),
        (RecordType.TREATMENT, "2018-08-01T12:00:00 Insulin Units"),
    ]
    assert records[0].body["Notes"] == "lunch"
    assert records[1].body["Insulin Type"] == "Lispro"
    assert problems(items) == [
        (ProblemCode.ENTERED_IN_ERROR, "a row that was excluded", "row 6", 1),
        (ProblemCode.UNKNOWN_KIND, "Notes", "row 9", 1),
        (ProblemCode.NOT_MEASURED, "a row without a value", "row 10", 1),
    ]


@pytest.mark.parametrize(
    ("stamps", "expected", "remark"),
    [
        ((NOON,), "2018-08-01 12:00:00", None),
        (("8/1/18 12:00", "8/14/18 12:00"), "2018-08-01 12:00:00", None),
        (("01-08-2018 12:00:05", "14-08-2018 12:00"), "2018-08-01 12:00:05", None),
        (("2018-08-01T12:00:00",), "2018-08-01 12:00:00", None),
        (("8/1/18 12:00 PM",), "2018-08-01 12:00:00", "the month first, as is usual with a 12-hour clock"),
    ],
)
def test_read_of_timestamps_as_numbers_and_as_text(
    stamps: tuple[Cell, ...], expected: str, remark: str | None
) -> None:
    items = read(workbook(*IPRO, *(ipro(c3=stamp, c5=101.0) for stamp in stamps)))

    assert times(items)[0] == expected
    assert [item for item in items if isinstance(item, Remark)] == (
        [Remark(RemarkCode.DATE_ORDER_ASSUMED, remark)] if remark else []
    )


def test_read_of_an_hour_that_a_clock_shows_twice_keeps_both() -> None:
    stamps = ("2018-10-28 02:50", "2018-10-28 02:00", "2018-10-28 02:10")

    (item,) = read(workbook(*IPRO, *(ipro(c3=stamp, c5=101.0) for stamp in stamps)))

    assert isinstance(item, Samples)
    assert item.columns.offset is not None
    assert item.columns.offset.tolist() == [120, 60, 60]


@pytest.mark.parametrize(
    ("date", "clock"), [(43_313.0, 0.5), ("2018-08-01", "12:00"), (43_313.0, "12:00 PM"), ("8/1/2018", 0.5)]
)
def test_read_of_eversense_takes_its_columns_by_name(date: Cell, clock: Cell) -> None:
    later = "8/20/2018" if isinstance(date, str) else 43_332.0
    items = read(
        workbook(*EVERSENSE, (date, clock, 5.8, None), (date, clock, "LO"), (later, 0.5, "HI", "6,1"))
    )

    assert series(items) == [
        ("glucose_cgm", "Eversense", "mmol/L", [5.8, 2.2, 22.2], [0, Flag.CENSORED_LOW, Flag.CENSORED_HIGH]),
        ("glucose", "", "mmol/L", [6.1], None),
    ]
    assert times(items)[0] == "2018-08-01 12:00:00"


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (ipro(c3="soon", c5=101.0), (ProblemCode.BAD_TIME, "soon", "row 5", 1)),
        (ipro(c3=None, c5=101.0), (ProblemCode.BAD_TIME, "", "row 5", 1)),
        (ipro(c3=-5.0, c5=101.0), (ProblemCode.BAD_TIME, "-5.0", "row 5", 1)),
        (ipro(c5="LO"), (ProblemCode.NOT_A_NUMBER, "LO", "row 5", 1)),
    ],
)
def test_read_of_an_odd_row_is_one_problem(row: tuple[Cell, ...], problem: tuple[object, ...]) -> None:
    assert problems(read(workbook(*IPRO, row))) == [problem]


@pytest.mark.parametrize("clock", [None, 1.5, -0.5, "noon", 1e308])
def test_read_of_a_date_without_a_time_of_day_is_a_problem(clock: Cell) -> None:
    items = read(workbook(*EVERSENSE, (43_313.0, clock, 5.8)))

    assert [code for code, *_ in problems(items)] == [ProblemCode.BAD_TIME]


@pytest.mark.parametrize(
    "rows",
    [
        (),
        (("Date", "Time", "Glucose (mg/dL)"), (43_313.0, 0.5, 101.0)),
        (("Timestamp", "Sensor Glucose"), (NOON, 101.0)),
        (("Name", "Sensor Glucose (mg/dL)"), ("Ann", 101.0)),
        (*((f"line {number}",) for number in range(50)), *IPRO),
    ],
)
def test_read_of_another_workbook_is_refused(rows: tuple[tuple[Cell, ...], ...]) -> None:
    with pytest.raises(Refused) as refused:
        read(workbook(*rows))
    assert refused.value.code == RefusalCode.UNKNOWN_FORMAT


@pytest.mark.parametrize("sixteenth", range(17))
def test_read_of_a_damaged_file_ends_in_items_or_a_refusal(sixteenth: int) -> None:
    raw = (SAMPLES / "iPro.xlsx").read_bytes()
    place = len(raw) * sixteenth // 16
    for damaged in (raw[:place], raw[:place] + b"\0" + raw[place + 1 :], raw[:place] + b"}" + raw[place:]):
        try:
            items = read(damaged)
        except Refused:
            continue
        assert all(isinstance(item, Item) for item in items)


def test_read_of_a_sheet_that_breaks_off_keeps_what_came_before() -> None:
    raw = workbook(*IPRO, ipro(c5=101.0), ipro(c5=99.0))
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as whole, zipfile.ZipFile(file, "w") as cut:
        for name in whole.namelist():
            content = whole.read(name)
            cut.writestr(name, content[:-60] if "sheet1" in name else content)

    items = read(file.getvalue())

    assert [values for _, _, _, values, _ in series(items)] == [[101]]
    assert [code for code, *_ in problems(items)] == [ProblemCode.TRUNCATED]


def test_read_of_a_header_as_wide_as_can_be_takes_no_longer_for_each_row() -> None:
    wide = ("Timestamp", "Sensor Glucose (mg/dL)", *["BG Reading (mg/dL)"] * 16_000)

    items = read(workbook(*IPRO[:3], wide, *((NOON, 101.0) for _ in range(5000))))

    assert [len(values) for _, _, _, values, _ in series(items)] == [5000]
