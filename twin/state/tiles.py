"""The snapshot: the newest reading, the usual level and the last month of every kind, as tiles. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Literal, TypedDict

import numpy as np

from twin.instants import instant
from twin.kinds import KINDS, DayRule, Kind, Overlap
from twin.series.columns import Columns, Flag
from twin.state.baseline import Baseline, deviation, usual_range
from twin.state.summary import COUNTED, DaySummary

MEAN_DAYS = 28
# Fewer days than this are better read one by one.
LEAST_DAYS_FOR_MEAN = 3
SPARKLINE_DAYS = 30


@dataclass(frozen=True, slots=True)
class Reading:
    """The newest sample of a kind; `at` is the instant it ended, UTC, and `flags` a sum of Flag."""

    value: float
    at: datetime
    source: str
    flags: int = 0


class Usual(TypedDict):
    """What is usual of a kind on the weekday of `day`, its newest that is whole, and how that day came out.

    `days` stand behind the range. `deviation` is in robust standard deviations of the person's own days; it
    and `value` are None where there is no day but today's, which is not over.
    """

    low: float
    high: float
    days: int
    day: str
    value: float | None
    deviation: float | None


class Tile(TypedDict):
    """One kind on a patient's overview.

    `flag` tells on which side of the soft range the value lies, `bound` that it is a device's limit and the
    truth beyond it, `manual` that it was typed in, `growing` that it is today's total so far. `usual` is None
    where too little is known of the person to call anything usual.
    """

    kind: str
    title: str
    system: str
    topic: str
    unit: str
    decimals: int
    value: float
    at: str
    source: str
    flag: Literal["low", "high"] | None
    bound: Literal["below", "above"] | None
    manual: bool
    day: str
    growing: bool
    mean_28: float | None
    usual: Usual | None
    sparkline: list[tuple[str, float]]


class Snapshot(TypedDict):
    """What lists and overviews read of one patient, ready for JSON."""

    built_at: str
    tiles: list[Tile]


def newest(sources: Mapping[str, Columns]) -> Reading | None:
    """The sample that ended last, of any source; None when there is none."""
    readings = [_newest(source, columns) for source, columns in sorted(sources.items()) if len(columns)]
    return max(readings, key=lambda reading: reading.at, default=None)


def snapshot(
    readings: Mapping[str, Reading],
    days: Mapping[str, Sequence[DaySummary]],
    baselines: Mapping[str, Baseline],
    *,
    zone: tzinfo,
    now: datetime,
) -> Snapshot:
    """A tile for every kind with a reading and a day, in the catalogue's order.

    `days` holds each kind's summaries in order, the last 30 days at least and the newest day in any case.
    A counted kind shows its newest day's value, the others their newest reading. What is usual is said of
    days, so it is a day that is held against it.
    """
    today = now.astimezone(zone).date()
    tiles = [
        _tile(kind, readings[code], days[code], baselines.get(code), today)
        for code, kind in KINDS.items()
        if code in readings and days.get(code)
    ]
    return {"built_at": _instant(now), "tiles": tiles}


def _newest(source: str, columns: Columns) -> Reading:
    end = columns.start + columns.duration
    # The last of equal ends: a short segment inside a long one is the more recent word.
    which = len(end) - 1 - int(np.argmax(end[::-1]))
    at = instant(int(end[which]))
    flags = 0 if columns.flags is None else int(columns.flags[which])
    return Reading(float(columns.value[which]), at, source, flags)


def _tile(
    kind: Kind, reading: Reading, days: Sequence[DaySummary], baseline: Baseline | None, today: date
) -> Tile:
    newest_day = days[-1]
    counted = kind.daily in COUNTED
    value, flags = (newest_day.value, newest_day.flags) if counted else (reading.value, reading.flags)
    # Today's total is still growing and would pull the mean of a kind that adds up down.
    yesterday = today - timedelta(days=1)
    until = yesterday if kind.daily is DayRule.SUM else today
    # And a night's heart rate is no day's: what is measured without a pause waits for its day, too.
    over = yesterday if kind.overlap is Overlap.HOUR else until
    recent = [day.value for day in days if until - timedelta(days=MEAN_DAYS) < day.day <= until]
    shown = [day for day in days if today - timedelta(days=SPARKLINE_DAYS) < day.day <= today]
    return {
        "kind": kind.code,
        "title": kind.title,
        "system": kind.system.value,
        "topic": kind.topic,
        "unit": kind.unit,
        "decimals": kind.decimals,
        "value": value,
        "at": _instant(reading.at),
        "source": newest_day.source if counted else reading.source,
        "flag": "low" if value < kind.soft[0] else "high" if value > kind.soft[1] else None,
        "bound": None if counted else _bound(flags),
        "manual": bool(flags & Flag.MANUAL),
        "day": newest_day.day.isoformat(),
        "growing": kind.daily is DayRule.SUM and newest_day.day == today,
        "mean_28": sum(recent) / len(recent) if len(recent) >= LEAST_DAYS_FOR_MEAN else None,
        "usual": None if baseline is None else _usual(kind, baseline, days, over),
        "sparkline": [(day.day.isoformat(), day.value) for day in shown],
    }


def _usual(kind: Kind, baseline: Baseline, days: Sequence[DaySummary], until: date) -> Usual | None:
    over = next((day for day in reversed(days) if day.day <= until), None)
    day = days[-1].day if over is None else over.day
    if not baseline.speaks_of(day):
        return None
    low, high = usual_range(kind, baseline, day)
    return {
        "low": low,
        "high": high,
        "days": baseline.days,
        "day": day.isoformat(),
        "value": None if over is None else over.value,
        "deviation": None if over is None else deviation(baseline, over.value, day),
    }


def _bound(flags: int) -> Literal["below", "above"] | None:
    return "below" if flags & Flag.CENSORED_LOW else "above" if flags & Flag.CENSORED_HIGH else None


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
