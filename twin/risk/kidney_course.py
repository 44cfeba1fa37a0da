"""How fast kidney function changes over the years, and when the next stage would come if it went on so. Pure.

The slope is the median of the slopes between all pairs of results (Theil 1950, Sen 1968), which a few odd
results cannot turn. Its interval is Sen's, by the ranks of those slopes. It takes results as independent and
the course as a straight line; kidneys keep to neither for long, and so nothing is said beyond some years.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt

from twin.risk.data import load
from twin.risk.kidney import next_stage, stage
from twin.risk.result import Input, Score

Numbers = npt.NDArray[np.float64]

CODE = "egfr_slope"
UNIT = "mL/min/{1.73_m2}/a"
YEAR = 365.25
_SURE = 1.959963984540054
_SPREAD_OF_MAD = 1.4826
"""The standard deviation of normal noise whose median absolute deviation is 1."""


@dataclass(frozen=True, slots=True)
class Result:
    """One eGFR in mL/min/1.73 m² and the day of its sample."""

    on: date
    value: float
    source: str = ""


@dataclass(frozen=True, slots=True)
class Slope:
    """mL/min/1.73 m² a year, and the ends of its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Course:
    """The slope a year with its 95 % interval as a score, and when the next stage would come.

    `stage` is that of the line on the day of the last result. `expected_on` is None where that cannot be
    said, and `reason` says why. `latest_on` is None with it, and where the slope may be so flat that no end
    can be named.
    """

    slope: Score
    stage: str | None = None
    next_stage: str | None = None
    expected_on: date | None = None
    earliest_on: date | None = None
    latest_on: date | None = None
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """The course as JSON has it, the slope as every score."""
        return {
            "slope": self.slope.as_json(),
            "stage": self.stage,
            "next_stage": self.next_stage,
            "expected_on": _iso(self.expected_on),
            "earliest_on": _iso(self.earliest_on),
            "latest_on": _iso(self.latest_on),
            "reason": self.reason,
        }


def course(results: Iterable[Result], today: date) -> Course:
    """What the results of the last years say; of several on one day their median counts.

    Results after today, and those that are no positive number, do not count. Too few of them, too short a
    stretch, or none of late: no slope, and the score names what is missing.
    """
    own = load("handling")["kidney_course"]
    daily = _daily(results, today, today - timedelta(days=own["look_back_days"]))
    missing = _missing(daily, today, own)
    if missing:
        return Course(_score(daily, missing=missing), reason=f"{missing[0]}.")
    days = np.array([one.on.toordinal() for one in daily], dtype=np.float64)
    values = np.array([one.value for one in daily], dtype=np.float64)
    years = (days - days[-1]) / YEAR
    slope = _slopes(years, values)
    return _ahead(_score(daily, slope=slope), slope, years, values, daily[-1].on)


def _daily(results: Iterable[Result], today: date, since: date) -> list[Result]:
    usable = [
        one for one in results if since <= one.on <= today and math.isfinite(one.value) and one.value > 0
    ]
    grouped = groupby(sorted(usable, key=lambda one: one.on), key=lambda one: one.on)
    days = []
    for on, several in grouped:
        found = list(several)
        days.append(Result(on, median(one.value for one in found), found[-1].source))
    return days


def _missing(daily: list[Result], today: date, own: Mapping[str, Any]) -> tuple[str, ...]:
    least, stretch, stale = own["least_results"], own["least_days"], own["stale_after_days"]
    missing = []
    if len(daily) < least:
        missing.append(f"eGFR on at least {least} days of the last 5 years (there are {len(daily)})")
    elif (daily[-1].on - daily[0].on).days < stretch:
        covered = (daily[-1].on - daily[0].on).days
        missing.append(f"eGFR over at least {stretch} days (they cover {covered})")
    if daily and (today - daily[-1].on).days > stale:
        missing.append(f"eGFR of the last {stale} days (the last one is of {daily[-1].on.isoformat()})")
    return tuple(missing)


def _slopes(years: Numbers, values: Numbers) -> Slope:
    """The median of all slopes, and the ends of its 95 % interval by their ranks (Sen 1968, section 3)."""
    earlier, later = np.triu_indices(len(years), k=1)
    slopes = np.sort((values[later] - values[earlier]) / (years[later] - years[earlier]))
    count = len(years)
    reach = _SURE * math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    first = max(math.floor((len(slopes) - reach) / 2) - 1, 0)
    return Slope(float(np.median(slopes)), float(slopes[first]), float(slopes[-1 - first]))


def _score(
    daily: list[Result],
    *,
    slope: Slope | None = None,
    missing: tuple[str, ...] = (),
) -> Score:
    return Score(
        code=CODE,
        title="Change of eGFR a year",
        version="1",
        value=None if slope is None else slope.value,
        unit=UNIT,
        low=None if slope is None else slope.low,
        high=None if slope is None else slope.high,
        inputs=tuple(Input("eGFR", one.value, "mL/min/{1.73_m2}", one.on, one.source) for one in daily),
        missing=missing,
        source="Median of all pairs' slopes: Theil 1950; Sen PK. J Am Stat Assoc 1968;63:1379-1389",
        verification="the method's arithmetic is tested; how many results it needs is a working choice",
        notes=("A straight line through past results with its 95 % interval; it is no promise.",),
    )


def _ahead(score: Score, slope: Slope, years: Numbers, values: Numbers, last_on: date) -> Course:
    # Where the line is on the last day: a single result is noisier than that.
    levels = values - slope.value * years
    level = max(float(np.median(levels)), 0.0)
    unsure = _SURE * _SPREAD_OF_MAD * float(np.median(np.abs(levels - level))) / math.sqrt(len(levels))
    now, after = stage(level).code, next_stage(level)
    if after is None:
        return Course(score, now, reason="There is no stage after this one.")
    found, limit = after
    if slope.high >= 0:
        return Course(score, now, found.code, reason="No clear fall: there may as well be none.")
    reach = load("handling")["kidney_course"]["reach_years"]
    expected = (level - limit) / -slope.value
    if expected > reach:
        reason = f"At this pace not within {reach} years, and further than that no line can tell."
        return Course(score, now, found.code, reason=reason)
    earliest = min(max(level - unsure - limit, 0.0) / -slope.low, expected)
    latest = (level + unsure - limit) / -slope.high
    return Course(
        score,
        now,
        found.code,
        expected_on=_after(last_on, expected),
        earliest_on=_after(last_on, earliest),
        latest_on=_after(last_on, latest) if latest <= reach else None,
        reason="If it went on as it did; the ends are those of the slope's 95 % interval.",
    )


def _after(day: date, years: float) -> date:
    return day + timedelta(days=round(years * YEAR))


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
