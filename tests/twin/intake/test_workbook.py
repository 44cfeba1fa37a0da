"""Excel workbooks as rows: what cells may be, sheets in order, and workbooks that are made to harm."""

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.intake import workbook
from twin.intake.items import RefusalCode, Refused
from twin.intake.workbook import Row, Workbook, is_workbook

IPRO = Path(__file__).parents[2] / "samples" / "cgm_workbook" / "iPro.xlsx"
SPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
JANUARY_2018 = 43_101.0


def packed(rows: str, *, book: str = "", strings: str = "", **members: str) -> io.BytesIO:
    """A workbook of one sheet, and of what else is asked for."""
    files = {
        "[Content_Types].xml": "<Types/>",
        "xl/workbook.xml": f'<workbook xmlns="{SPACE}">{book}</workbook>',
        "xl/worksheets/sheet1.xml": (f'<worksheet xmlns="{SPACE}"><sheetData>{rows}</sheetData></worksheet>'),
        "xl/sharedStrings.xml": f'<sst xmlns="{SPACE}">{strings}</sst>',
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (files | members).items():
            archive.writestr(name, content)
    return file


def rows_of(file: io.BytesIO) -> list[tuple[int, Row]]:
    book = Workbook(file)
    return [row for sheet in book.sheets for row in book.rows(sheet)]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("<c><v>12.5</v></c>", 12.5),
        ('<c t="n"><v> 7 </v></c>', 7.0),
        ('<c t="s"><v>1</v></c>', "in two parts"),
        ('<c t="s"><v>7</v></c>', None),
        ('<c t="s"><v>-1</v></c>', None),
        ('<c t="s"><v>9999999999</v></c>', None),
        ('<c t="inlineStr"><is><t> text </t></is></c>', "text"),
        ('<c t="str"><f>A1</f><v>made</v></c>', "made"),
        ('<c t="b"><v>1</v></c>', "1"),
        ('<c t="d"><v>2018-08-01T12:00:00</v></c>', "2018-08-01T12:00:00"),
        ('<c t="e"><v>#DIV/0!</v></c>', None),
        ("<c><v>nan</v></c>", "nan"),
        ("<c><v>1e999</v></c>", "1e999"),
        ('<c s="5"/>', None),
    ],
)
def test_rows_give_what_a_cell_holds(cell: str, value: str | float | None) -> None:
    strings = "<si><t>one</t></si><si><r><t>in two </t></r><r><t>parts</t></r></si>"

    assert rows_of(packed(f"<row>{cell}</row>", strings=strings)) == (
        [] if value is None else [(1, {0: value})]
    )


def test_rows_stand_where_they_say_and_else_follow_one_another() -> None:
    cells = '<c r="B7"><v>1</v></c><c><v>2</v></c><c r="AA7"><v>3</v></c><c r="?"><v>4</v></c>'

    assert rows_of(packed(f'<row r="7">{cells}</row><row><c><v>5</v></c></row>')) == [
        (7, {1: 1.0, 2: 2.0, 26: 3.0, 27: 4.0}),
        (8, {0: 5.0}),
    ]


def test_sheets_come_in_the_order_of_their_numbers() -> None:
    sheet = f'<worksheet xmlns="{SPACE}"/>'
    more = {f"xl/worksheets/sheet{number}.xml": sheet for number in (10, 2)}

    assert Workbook(packed("", **more)).sheets == [
        f"xl/worksheets/sheet{number}.xml" for number in (1, 2, 10)
    ]


@pytest.mark.parametrize(
    ("book", "days", "wall"),
    [
        ("", JANUARY_2018, 1_514_764_800_000),
        ("", JANUARY_2018 + 0.5, 1_514_808_000_000),
        ("", JANUARY_2018 + 1 / 3, 1_514_793_600_000),
        ('<workbookPr date1904="1"/>', JANUARY_2018 - 1462, 1_514_764_800_000),
        ("", -1.0, None),
        ("", 1e308, None),
        ("", float("nan"), None),
    ],
)
def test_wall_of_a_number_of_days(book: str, days: float, wall: int | None) -> None:
    assert Workbook(packed("", book=book)).wall(days) == wall


def test_rows_of_a_cell_in_the_far_corner_take_no_room_for_those_before_it() -> None:
    corner = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'

    assert rows_of(packed(corner)) == [(1, {0: 1.0}), (1_048_576, {16_383: 2.0})]


def test_rows_beyond_the_last_column_and_of_endless_cells_are_cut() -> None:
    endless = packed('<row><c r="ZZZ1"><v>1</v></c><c r="A1"><v>2</v></c></row>' + "<row/>" * 50_000)
    book = Workbook(endless, most_elements=1000)

    assert list(book.rows(book.sheets[0])) == [(1, {0: 2.0})]
    assert book.damage == "the workbook has more than 1,000 elements"


def test_workbook_that_unpacks_to_too_much_is_refused_before_it_is_read() -> None:
    bomb = packed(" " * (workbook.LARGEST + 1))

    assert len(bomb.getvalue()) < 100_000
    with pytest.raises(Refused) as refused:
        Workbook(bomb)
    assert refused.value.code == RefusalCode.UNSAFE_ARCHIVE


def test_workbook_with_entities_does_not_expand_them() -> None:
    laughs = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 12))
    sheet = (
        f'<!DOCTYPE worksheet [<!ENTITY a0 "ha">{laughs}]><worksheet xmlns="{SPACE}"><sheetData>'
        "<row><c><v>1</v></c><c t='str'><v>&a11;</v></c></row></sheetData></worksheet>"
    )
    (_, row), *_ = rows_of(packed("", **{"xl/worksheets/sheet1.xml": sheet})) or [(1, {})]

    assert sum(len(str(cell)) for cell in row.values()) < 1000


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (io.BytesIO(b"PK\x03\x04 and no archive"), RefusalCode.MALFORMED),
        (packed("", **{"../escape.xml": ""}), RefusalCode.UNSAFE_ARCHIVE),
    ],
)
def test_workbook_that_is_none_is_refused(file: io.BytesIO, code: RefusalCode) -> None:
    with pytest.raises(Refused) as refused:
        Workbook(file)
    assert refused.value.code == code


def test_workbook_without_its_book_is_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("xl/worksheets/sheet1.xml", "<worksheet/>")

    with pytest.raises(Refused) as refused:
        Workbook(file)
    assert refused.value.code == RefusalCode.UNKNOWN_FORMAT


@pytest.mark.parametrize(
    ("head", "known"),
    [
        (IPRO.read_bytes()[:4096], True),
        (packed("").getvalue(), True),
        (b"PK\x03\x04 word/document.xml [Content_Types].xml", False),
        (b"PK\x03\x04 export.xml", False),
        (b"xl/ [Content_Types].xml", False),
        (b"", False),
    ],
)
def test_is_workbook_by_the_names_in_it(head: bytes, known: bool) -> None:
    assert is_workbook(head) is known


@given(st.text())
def test_rows_of_any_xml_are_rows_or_damage(text: str) -> None:
    book = Workbook(packed(text))

    assert all(isinstance(row, dict) for _, row in book.rows(book.sheets[0]))
    assert isinstance(book.damage, str)
