"""What tests of warnings share: facts made of a few values, and what is found in them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from twin.instants import milliseconds
from twin.warnings.evaluate import evaluate
from twin.warnings.facts import Days, Facts, Readings
from twin.warnings.finding import Clearing, Finding, Open
from twin.warnings.rule_file import current_rules

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
TODAY = NOW.date()
_EPOCH = date(1970, 1, 1)


def ago(**time: float) -> datetime:
    return NOW - timedelta(**time)


def readings(*rows: tuple[Any, ...]) -> Readings:
    """Rows of instant, value, and where they matter flags, source and how long it took; days are UTC's."""
    full = sorted((*row, *(0, "Device", timedelta(0))[len(row) - 2 :]) for row in rows)
    names = sorted({row[3] for row in full})
    at = np.array([milliseconds(row[0]) for row in full], np.int64)
    return Readings(
        np.array([milliseconds(row[0] - row[4]) for row in full], np.int64),
        at,
        np.array([row[1] for row in full], np.float64),
        np.array([row[2] for row in full], np.uint8),
        np.array([names.index(row[3]) for row in full], np.int16),
        at // 86_400_000,
        names,
    )


def every(minutes: float, *values: float, until: datetime = NOW) -> Readings:
    """Values so many minutes apart, the last at `until`."""
    step = timedelta(minutes=minutes)
    return readings(
        *((until - step * (len(values) - 1 - place), value) for place, value in enumerate(values))
    )


def days(*values: float | None, last: date = TODAY) -> Days:
    """A value a day up to `last`; None where a day has none."""
    first = (last - _EPOCH).days - len(values) + 1
    known = [(first + place, value) for place, value in enumerate(values) if value is not None]
    number = np.array([day for day, _ in known], np.int64)
    return Days(number, number * 86_400_000, np.array([value for _, value in known], np.float64))


def facts(**given: Any) -> Facts:
    return Facts(today=TODAY, **given)


def found(given: Facts, open_: Sequence[Open] = (), now: datetime = NOW) -> list[Finding]:
    return list(evaluate(current_rules(), given, now=now, open_=open_).holds)


def cleared(given: Facts, open_: Open, now: datetime = NOW) -> Clearing | None:
    """Why the open alert's cause is gone; None where it is not."""
    answer = evaluate(current_rules(), given, now=now, open_=[open_])
    return next((why for _, why in answer.cleared), None)


def opened(finding: Finding) -> Open:
    return Open(finding.rule, finding.key, finding.severity, finding.at)
