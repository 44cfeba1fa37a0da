"""Readings as an export writes them, gathered as text and turned into samples a batch at a time. Pure."""

import re
from collections.abc import Iterator, Mapping
from datetime import tzinfo

import numpy as np

from twin.intake.clock import parse_wall
from twin.intake.gathering import BATCH, Tally
from twin.intake.items import ProblemCode, Samples
from twin.intake.json_values import number
from twin.intake.parsing import parse_numbers
from twin.intake.wall_time import instants_in_order
from twin.series.columns import Columns, Flag

Range = Mapping[str, tuple[float, float]]
"""By unit, the lowest and the highest number that a sensor shows; beyond them it shows a word."""

# Dexcom G6 Pro User Guide, 9.2; 2.2 and 22.2 are the same limits in mmol/L.
DEXCOM: Range = {"mg/dL": (40.0, 400.0), "mmol/L": (2.2, 22.2)}
# A working choice for FreeStyle Libre: its limits were not found in a text that could be read.
LIBRE: Range = {"mg/dL": (40.0, 500.0), "mmol/L": (2.2, 27.8)}
# Eversense CGM User Guide, 9: Out of Range Low Glucose, Out of Range High Glucose.
EVERSENSE: Range = {"mg/dL": (40.0, 400.0), "mmol/L": (2.2, 22.2)}

SENSOR = "glucose_cgm"

# In English, German, Spanish and Italian.
_LOW = frozenset({"low", "lo", "niedrig", "bajo", "nivel bajo", "basso"})
_HIGH = frozenset({"high", "hi", "hoch", "alto", "nivel alto"})

_UNIT = re.compile(r"\s*\(?(mg/dL|mmol/L)\)?$", re.IGNORECASE)
_SPELLED = {"mg/dl": "mg/dL", "mmol/l": "mmol/L"}


def name_and_unit(cell: str) -> tuple[str, str]:
    """The name of a column without its unit, in lower case, and the unit: mg/dL, mmol/L, or empty."""
    text = cell.strip()
    match = _UNIT.search(text)
    if match is None:
        return text.casefold(), ""
    return text[: match.start()].casefold(), _SPELLED[match[1].casefold()]


def decimal(text: str) -> float | None:
    """The number that a cell holds, with a decimal point or comma; None when it holds none."""
    return number(text.replace(",", "."))


def source_name(text: str) -> str:
    """The name of a device as it is stored: single spaces, and not too long."""
    return " ".join(text.split())[:_LONGEST_SOURCE]


def censored(text: str, limits: tuple[float, float]) -> tuple[float, Flag] | None:
    """The sensor's limit that a word for low or high stands for, and its flag; None for any other text."""
    word = text.strip().casefold()
    if word in _LOW:
        return limits[0], Flag.CENSORED_LOW
    if word in _HIGH:
        return limits[1], Flag.CENSORED_HIGH
    return None


_LONGEST_SOURCE = 200
_MOST_TEXT = 8 * 1024**2


class _Texts:
    __slots__ = ("lines", "times", "values")

    def __init__(self) -> None:
        self.times: list[str] = []
        self.values: list[str] = []
        self.lines: list[int] = []


class Readings:
    """Readings of one file, by kind, source and unit, each in the order of arrival."""

    def __init__(self, zone: tzinfo, tally: Tally, within: Range, *, day_first: bool = False) -> None:
        self._zone = zone
        self._tally = tally
        self._within = within
        self._day_first = day_first
        self._texts: dict[tuple[str, str, str, int], _Texts] = {}
        self._count = self._begun = 0

    def add(
        self, kind: str, source: str, unit: str, time: str, value: str, line: int, flags: int = 0
    ) -> None:
        """Adds one reading, with the number of its line for what may be said of it."""
        key = (kind, source, unit, flags)
        texts = self._texts.get(key)
        if texts is None:
            texts = self._texts[key] = _Texts()
        texts.times.append(time)
        texts.values.append(value)
        texts.lines.append(line)
        self._count += 1

    def full(self, size: int) -> Iterator[Samples]:
        """Everything gathered, once it makes a batch or takes much text; `size` is the file's so far."""
        if self._count >= BATCH or size - self._begun >= _MOST_TEXT:
            self._begun = size
            yield from self.rest()

    def rest(self) -> Iterator[Samples]:
        """Everything gathered so far; it starts anew. What is no time or no number is tallied."""
        gathered, self._texts, self._count = self._texts, {}, 0
        for (kind, source, unit, flags), texts in gathered.items():
            yield Samples(kind, source_name(source), unit, self._columns(kind, unit, flags, texts))

    def _columns(self, kind: str, unit: str, common: int, texts: _Texts) -> Columns:
        flags = np.full(len(texts.lines), common, np.uint8)
        values = parse_numbers(texts.values)
        for index in np.flatnonzero(np.isnan(values)):
            text = texts.values[index]
            value = decimal(text)
            word = censored(text, self._within[unit]) if value is None and kind == SENSOR else None
            if value is not None:
                values[index] = value
            elif word is not None:
                values[index], flags[index] = word
        walls = [parse_wall(text, day_first=self._day_first) for text in texts.times]
        good = ~np.isnan(values) & np.array([wall is not None for wall in walls], np.bool_)
        for index in np.flatnonzero(~good):
            code, example = ProblemCode.NOT_A_NUMBER, texts.values[index]
            if walls[index] is None:
                code, example = ProblemCode.BAD_TIME, texts.times[index]
            self._tally.add(code, example, f"line {texts.lines[index]}", kind=kind)
        start, offset = instants_in_order(np.array([wall or 0 for wall in walls], np.int64)[good], self._zone)
        return Columns(
            start=start,
            duration=np.zeros(len(start), np.int64),
            value=values[good],
            offset=offset,
            flags=flags[good] if flags[good].any() else None,
        )
