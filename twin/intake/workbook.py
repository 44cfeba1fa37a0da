"""The rows of an Excel workbook (.xlsx), one at a time, in bounded memory. Pure; knows no format.

A workbook is a zip archive of XML files, by ECMA-376, part 1. Libraries that load a sheet make room for every
cell of its rectangle, and one cell in the far corner of it would ask for half a terabyte.
"""

import re
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from lxml import etree

from twin.intake.container import MAGIC, Archive
from twin.intake.items import RefusalCode, Refused
from twin.intake.json_values import number

LARGEST = 64 * 1024**2
"""Bytes of all files in the workbook, unpacked; a week of readings takes 700 KiB."""
MOST_ELEMENTS = 3_000_000
"""Rows, cells and values that are read in all; a year of three columns by the five minutes has 740,000."""
MOST_COLUMNS = 16_384
"""As many as Excel has."""

Row = dict[int, str | float]
"""The cells of a row that hold something, by column from 0: a text, or a number."""

_BOOK = "xl/workbook.xml"
_STRINGS = "xl/sharedStrings.xml"
_SHEET = re.compile(r"xl/worksheets/[^/]*?(\d*)\.xml")
_CELL = re.compile(r"([A-Z]{1,3})\d+", re.ASCII)
_CHUNK = 64 * 1024
# Excel counts days from the end of 1899, as if 1900 had been a leap year; some files count from 1904.
_FROM_1900, _FROM_1904 = 25_569, 24_107
_YEAR_10000 = 2_958_466
_DAY = 24 * 60 * 60 * 1000


def is_workbook(head: bytes) -> bool:
    """Whether a file that begins like this is an archive with the files of a workbook."""
    return (
        head.startswith(MAGIC) and b"xl/" in head and (b"[Content_Types].xml" in head or b"docProps/" in head)
    )


class Workbook:
    """An .xlsx file. Raises Refused for one that is damaged, hostile, or larger than LARGEST.

    `damage` says why the file read last ended before its end, and is empty where it did not.
    """

    def __init__(self, file: BinaryIO, *, most_elements: int = MOST_ELEMENTS) -> None:
        self.damage = ""
        self._most_elements = most_elements
        self._count = 0
        self._archive = Archive(file)
        self._members = {info.filename: info for info in self._archive.members}
        if _BOOK not in self._members:
            raise Refused(RefusalCode.UNKNOWN_FORMAT, "This archive is no Excel workbook.")
        if sum(info.file_size for info in self._archive.members) > LARGEST:
            raise Refused(RefusalCode.UNSAFE_ARCHIVE, f"The workbook unpacks to more than {LARGEST} bytes.")
        shared = _Content()
        for name in (_BOOK, _STRINGS):
            for _ in self._pieces(name, shared):
                pass
        self._epoch = _FROM_1904 if shared.from_1904 else _FROM_1900
        self._strings = shared.texts
        numbered = ((match, name) for name in self._members if (match := _SHEET.fullmatch(name)))
        self.sheets = [
            name for match, name in sorted(numbered, key=lambda of: (int(of[0][1][:9] or 0), of[1]))
        ]

    def rows(self, sheet: str) -> Iterator[tuple[int, Row]]:
        """The number and the cells of every row of a sheet in which something stands."""
        content = _Content()
        count = 0
        for _ in self._pieces(sheet, content):
            ready, content.rows = content.rows, []
            for stated, cells in ready:
                count = int(stated) if stated.isdecimal() and len(stated) < 9 else count + 1
                row = self._row(cells)
                if row:
                    yield count, row

    def wall(self, days: float) -> int | None:
        """Wall-clock milliseconds since 1970 of a number that stands for a time; None where it cannot."""
        if not 0 <= days < _YEAR_10000:
            return None
        # To the second: the fraction of a day is never exact.
        return round((days - self._epoch) * _DAY / 1000) * 1000

    def _pieces(self, name: str, content: "_Content") -> Iterator[None]:
        """Reads a file of the workbook, and stops after each piece of it."""
        self.damage = ""
        if name not in self._members:
            return
        # Without huge_tree libxml2 itself bounds the length of names and values.
        parser = etree.XMLParser(
            target=content,  # type: ignore[arg-type]  # the stub asks for callbacks that lxml does without
            resolve_entities=False,
            no_network=True,
        )
        member = self._archive.open(self._members[name])
        try:
            while chunk := member.read(_CHUNK):
                parser.feed(chunk)
                yield
                self._count, content.count = self._count + content.count, 0
                if self._count > self._most_elements:
                    self.damage = f"the workbook has more than {self._most_elements:,} elements"
                    return
            parser.close()
        except etree.XMLSyntaxError as error:
            self.damage = error.msg
        self.damage = member.damage or self.damage
        yield

    def _row(self, cells: list[tuple[str, str, str]]) -> Row:
        row: Row = {}
        column = -1
        for reference, sort, text in cells:
            column = _column(reference, column + 1)
            value = self._value(sort, text.strip())
            if value != "" and column < MOST_COLUMNS:
                row[column] = value
        return row

    def _value(self, sort: str, text: str) -> str | float:
        if sort == "n":
            value = number(text)
            return text if value is None else value
        if sort == "s":
            place = int(text) if text.isdecimal() and len(text) < 9 else len(self._strings)
            return self._strings[place].strip() if place < len(self._strings) else ""
        return "" if sort == "e" else text


class _Content:
    """What a parser reports of a file in the workbook; `count` is of the elements since it was set to 0.

    `rows` are those that have ended: a number, and the name, the sort and the text of each cell, as written.
    `texts` are those to which cells refer by number.
    """

    def __init__(self) -> None:
        self.count = 0
        self.from_1904 = False
        self.texts: list[str] = []
        self.rows: list[tuple[str, list[tuple[str, str, str]]]] = []
        self._cells: list[tuple[str, str, str]] = []
        self._parts: list[str] = []
        self._number = self._reference = self._sort = ""
        self._is_text = False

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""
        self.count += 1
        _, _, name = tag.rpartition("}")
        self._is_text = name in ("v", "t")
        if name == "c":
            self._reference, self._sort = attributes.get("r", ""), attributes.get("t", "n")
            self._parts = []
        elif name == "row":
            self._number, self._cells = attributes.get("r", ""), []
        elif name == "si":
            self._parts = []
        elif name == "workbookPr":
            self.from_1904 = attributes.get("date1904") in ("1", "true")

    def data(self, text: str) -> None:
        """Some text inside an element."""
        if self._is_text:
            self._parts.append(text)

    def end(self, tag: str) -> None:
        """An element ends."""
        self._is_text = False
        _, _, name = tag.rpartition("}")
        if name == "c" and len(self._cells) < MOST_COLUMNS:
            self._cells.append((self._reference, self._sort, "".join(self._parts)))
        elif name == "row":
            self.rows.append((self._number, self._cells))
        elif name == "si":
            self.texts.append("".join(self._parts))

    def close(self) -> None:
        """The document ends."""


def _column(reference: str, following: int) -> int:
    """The column of a cell named like B7; a cell without a name follows the one before it."""
    match = _CELL.fullmatch(reference)
    if match is None:
        return following
    column = 0
    for letter in match[1]:
        column = column * 26 + ord(letter) - ord("A") + 1
    return column - 1
