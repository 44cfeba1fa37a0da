"""Daily series of people, and the past evenings from which their next fortnight is forecast."""

import csv
import gzip
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from itertools import repeat
from pathlib import Path
from typing import TextIO

import numpy as np
import numpy.typing as npt

from twin.forecast.band import Days, Values
from twin.kinds import KINDS, DayRule, Kind

SHIPPED = Path(__file__).resolve().parent.parent / "data" / "daily.csv.gz"
HORIZON = 14
EVERY = 7
WINDOW = 365
LEAST_DAYS = 28
# An origin is scored on at least this many days ahead, and its last value is at most two days old.
LEAST_AHEAD = 3
OLDEST = 2
_SAME_PERSON = 0.5
"""The share of equal days from which two series are one person's."""

# What the files call a kind, and its factor to the catalogue's unit.
KNOWN = {
    "rhr": ("resting_heart_rate", 1.0),
    "steps": ("steps", 1.0),
    "sleep_min": ("sleep_duration", 1 / 60),
    "hrv_rmssd": ("hrv_rmssd", 1.0),
    "spo2": ("spo2", 1.0),
    "weight_kg": ("weight", 1.0),
    "sbp": ("sbp", 1.0),
    "dbp": ("dbp", 1.0),
    "bp_pulse": ("heart_rate", 1.0),
}


Person = tuple[str, str]
Day = tuple[str, date, float]


@dataclass(frozen=True, slots=True)
class DailySeries:
    """One kind of one person, a value a day in order, in the catalogue's unit; `name` is the file's kind."""

    source: str
    person: str
    name: str
    kind: Kind
    days: Days
    values: Values

    @property
    def who(self) -> Person:
        """The person, across their series."""
        return self.source, self.person


@dataclass(frozen=True, slots=True)
class Known:
    """What a forecaster may see: every day of one series up to the evening of `at`."""

    at: np.datetime64
    days: Days
    values: Values


@dataclass(frozen=True, slots=True)
class Origin:
    """A past evening of one series: what was known by then, and what came how many days later (from 1)."""

    series: DailySeries
    known: Known
    steps: npt.NDArray[np.int64]
    truth: Values


def read_daily(path: Path) -> list[DailySeries]:
    """The series of a file with the columns source, person, kind, day, value; of two of a day the later.

    Rows without a value or with an impossible one are left out, as the product does. A kind that is not in
    the catalogue has no bounds.
    """
    found: dict[tuple[str, str, str], dict[str, float]] = defaultdict(dict)
    with _opened(path) as lines:
        for row in csv.DictReader(lines):
            value = float(row["value"] or "nan")
            if np.isfinite(value):
                found[row["source"], row["person"], row["kind"]][row["day"]] = value
    every = []
    for (source, person, name), by_day in sorted(found.items()):
        kind, factor = _kind(name)
        days = np.array(sorted(by_day), dtype="datetime64[D]")
        values = np.array([by_day[day] for day in sorted(by_day)]) * factor
        possible = (values >= kind.hard[0]) & (values <= kind.hard[1])
        every.append(DailySeries(source, person, name, kind, days[possible], values[possible]))
    return every


def origins(series: DailySeries, *, horizon: int = HORIZON) -> Iterator[Origin]:
    """The evenings from which a series is forecast, a week apart, from its 28th value on.

    None where fewer than 28 of the last 365 days have a value, the last of them is older than two days, or
    fewer than three of the next `horizon` have one.
    """
    days, values = series.days, series.values
    if len(days) < LEAST_DAYS + EVERY:
        return
    for at in np.arange(days[LEAST_DAYS - 1], days[-1] - LEAST_AHEAD + 1, EVERY):
        seen = days <= at
        recent = seen & (days > at - WINDOW)
        ahead = (days > at) & (days <= at + horizon)
        if (
            recent.sum() < LEAST_DAYS
            or ahead.sum() < LEAST_AHEAD
            or (at - days[seen][-1]).astype(int) > OLDEST
        ):
            continue
        steps = (days[ahead] - at).astype(np.int64)
        yield Origin(series, Known(at, days[seen], values[seen]), steps, values[ahead])


def evenly(origins: Sequence[Origin], count: int) -> list[Origin]:
    """At most `count` of them, spread evenly over all."""
    picked = np.unique(np.linspace(0, len(origins) - 1, min(count, len(origins))).round().astype(int))
    return [origins[i] for i in picked]


def in_folds(series: Iterable[DailySeries], folds: int) -> dict[Person, int]:
    """Everybody in them, dealt into folds, always the same way."""
    return {who: at % folds for at, who in enumerate(sorted({one.who for one in series}))}


def known_again(series: Iterable[DailySeries], learnt: Iterable[DailySeries]) -> dict[Person, Person]:
    """Who of the people of `series` is whom of those of `learnt`: by the days, whatever a file calls them.

    Two are one person where most days of a series that both have are equal.
    """
    whose: defaultdict[Day, set[Person]] = defaultdict(set)
    for one in learnt:
        for day in _days_of(one):
            whose[day].add(one.who)
    found: dict[Person, Person] = {}
    for one in series:
        equal = Counter(who for day in _days_of(one) for who in whose.get(day, ()))
        for who, days in equal.most_common(1):
            if days > _SAME_PERSON * len(one.days):
                found[one.who] = who
    return found


def _days_of(series: DailySeries) -> Iterator[Day]:
    """Each day as what tells one person from another: its kind, its date and its value."""
    return zip(repeat(series.kind.code), series.days.tolist(), series.values.round(3).tolist(), strict=False)


def _kind(name: str) -> tuple[Kind, float]:
    if name in KNOWN:
        code, factor = KNOWN[name]
        return KINDS[code], factor
    if name in KINDS:
        return KINDS[name], 1.0
    free = (-np.inf, np.inf)
    unnamed = replace(
        KINDS["weight"], code=name, title=name, unit="", hard=free, soft=free, daily=DayRule.MEAN
    )
    return unnamed, 1.0


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", newline="", encoding="utf-8") as lines:
        yield lines
