"""When each row of a table was: an instant, an hour, or a whole day of the patient's. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from twin.intake import wall_time
from twin.intake.clock import DAY, midnight_wall, parse_clock, parse_date
from twin.intake.parsing import parse_instants

_NO_CLOCK = -1
_MONTHS = (
    ("jan", "january", "januar"),
    ("feb", "february", "februar"),
    ("mar", "march", "märz", "mär"),
    ("apr", "april"),
    ("may", "mai"),
    ("jun", "june", "juni"),
    ("jul", "july", "juli"),
    ("aug", "august"),
    ("sep", "sept", "september"),
    ("oct", "october", "okt", "oktober"),
    ("nov", "november"),
    ("dec", "december", "dez", "dezember"),
)
_MONTH = {name: number for number, names in enumerate(_MONTHS, start=1) for name in names}

# Only what can be read in one way: 3/4/2024 is a day in March to some and in April to others.
_DATE = re.compile(
    r"(?P<figures>\d{4}([-/])\d{1,2}\2\d{1,2}|\d{1,2}\.\d{1,2}\.\d{4})"
    r"|(?P<month>[^\W\d_]{3,9})\.? (?P<day>\d{1,2}),? (?P<year>\d{4})"
    r"|(?P<first>\d{1,2})\.? (?P<name>[^\W\d_]{3,9})\.?,? (?P<last>\d{4})"
)
_TO_THE_MINUTE = len("2024-01-01 10:00")
_LONGEST = 64


@dataclass(frozen=True, slots=True)
class Spans:
    """`start`: milliseconds since the epoch; `duration`: milliseconds; `offset`: minutes east of UTC.

    `texts` is what the rows say. Where not `good` that is no time. Where `whole_day` it is a date alone.
    """

    texts: Sequence[str]
    start: npt.NDArray[np.int64]
    duration: npt.NDArray[np.int64]
    offset: npt.NDArray[np.int16]
    good: npt.NDArray[np.bool_]
    whole_day: npt.NDArray[np.bool_]

    @classmethod
    def unknown(cls, texts: Sequence[str]) -> "Spans":
        """Texts of which none is a time so far."""
        count = len(texts)
        return cls(
            texts,
            np.zeros(count, np.int64),
            np.zeros(count, np.int64),
            np.zeros(count, np.int16),
            np.zeros(count, np.bool_),
            np.zeros(count, np.bool_),
        )

    def take(self, rows: Sequence[int]) -> "Spans":
        """The chosen rows, in this order."""
        where = np.asarray(rows, dtype=np.intp)
        return Spans(
            [self.texts[row] for row in rows],
            self.start[where],
            self.duration[where],
            self.offset[where],
            self.good[where],
            self.whole_day[where],
        )

    def put(self, rows: Sequence[int] | npt.NDArray[np.int64], spans: "Spans") -> None:
        """Writes other spans, but for their texts, over those of some rows."""
        where = np.asarray(rows, dtype=np.intp)
        self.start[where], self.duration[where], self.offset[where] = (
            spans.start,
            spans.duration,
            spans.offset,
        )
        self.good[where], self.whole_day[where] = spans.good, spans.whole_day


def parse_spans(texts: Sequence[str], zone: tzinfo, *, duration: int = 0) -> Spans:
    """Every text as a span: a date covers its day of 23, 24 or 25 hours, a time begins `duration` ms.

    Without an offset a time is on the wall clock of `zone`. Beside ISO 8601, only dates that can be read in
    one way are known: 2024/1/31, 31.1.2024, Jan 31 2024, 31. Januar 2024.
    """
    instants = parse_instants(_regular(texts), zone)
    lengths = np.where(instants.good, np.int64(duration), np.int64(0))
    spans = Spans(texts, instants.at, lengths, instants.offset, instants.good, np.zeros(len(texts), np.bool_))
    others = [
        (row, _written(texts[row].strip()[: _LONGEST + 1])) for row in np.flatnonzero(~spans.good).tolist()
    ]
    found = [(row, *written) for row, written in others if written is not None]
    if found:
        rows, days, clocks = (np.array(column, dtype=np.int64) for column in zip(*found, strict=True))
        spans.put(rows, _on_the_wall(days, clocks, zone, duration))
    return spans


def _regular(texts: Sequence[str]) -> Sequence[str]:
    """Times to the minute as times to the second, and slashes as dashes: what is regular is read at once."""
    if all(text[4:5] == "/" for text in texts):
        texts = [text.replace("/", "-") for text in texts]
    return [f"{text}:00" for text in texts] if set(map(len, texts)) == {_TO_THE_MINUTE} else texts


def _on_the_wall(
    midnights: npt.NDArray[np.int64], clocks: npt.NDArray[np.int64], zone: tzinfo, duration: int
) -> Spans:
    whole_day = clocks == _NO_CLOCK
    start, offset = wall_time.instants(midnights + np.where(whole_day, 0, clocks), zone)
    length = np.full(len(start), duration, np.int64)
    length[whole_day] = wall_time.instants(midnights[whole_day] + DAY, zone)[0] - start[whole_day]
    return Spans([], start, length, offset, np.ones(len(start), np.bool_), whole_day)


@lru_cache(maxsize=4096)
def _written(text: str) -> tuple[int, int] | None:
    """Wall-clock milliseconds of the date and of the time of day, or _NO_CLOCK; None when it is neither."""
    match = _DATE.match(text)
    on = _date(match) if match and len(text) <= _LONGEST else None
    if match is None or on is None or on.year == date.max.year:
        return None
    rest = text[match.end() :]
    clock = _NO_CLOCK if not rest else parse_clock(rest.lstrip("T ,").removesuffix("Uhr").rstrip())
    if rest and rest[0] not in "T ,":
        return None
    return None if clock is None else (midnight_wall(on), clock)


def _date(match: re.Match[str]) -> date | None:
    if match["figures"]:
        return parse_date(match["figures"], day_first=True)
    name, day, year = (
        match[one] or match[other] for one, other in (("month", "name"), ("day", "first"), ("year", "last"))
    )
    try:
        return date(int(year), _MONTH.get(name.lower(), 0), int(day))
    except ValueError:
        return None
