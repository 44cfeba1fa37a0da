"""How far somebody has come towards a goal, and how likely it is to be reached in time. Pure."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np
import numpy.typing as npt

from twin.forecast.band import Values
from twin.forecast.daily import STALE_AFTER
from twin.forecast.history import History, Series, count, history
from twin.forecast.windows import week
from twin.kinds import Kind

OWN_PACE_AFTER = timedelta(days=14)
"""Two weeks that share no day: what has changed between nearer ones is mostly noise."""
TREND = 28
"""Before that the pace is the trend of so many days; LEAST_POINTS of them must have a value."""
LEAST_POINTS = 7
LOOK_BACK = STALE_AFTER + TREND
"""Days before today that are looked at."""


@dataclass(frozen=True, slots=True)
class Aim:
    """What a week of the kind is to come to (windows.week)."""

    direction: Literal["at_least", "at_most"]
    target: float
    starts_on: date
    start_value: float | None
    by_day: date | None

    def met(self, values: Values) -> npt.NDArray[np.bool_]:
        """Where values are at the target or beyond it."""
        return values >= self.target if self.direction == "at_least" else values <= self.target


@dataclass(frozen=True, slots=True)
class Ahead:
    """Courses [draws, H] that the days after `through` may take."""

    through: date
    courses: Values


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a goal stands. What cannot be said is None, and `reason` says why; paces are in units a week.

    `probability` is that of its being reached by its day, or within the forecast where it has none;
    `expected_on` the day by which that is as likely as not, if the forecast reaches so far.
    """

    value_now: float | None = None
    pace_per_week: float | None = None
    needed_per_week: float | None = None
    probability: float | None = None
    expected_on: date | None = None
    reached: bool = False
    reason: str = ""


def value_now(kind: Kind, series: Series) -> float | None:
    """The week up to the last value as one number; None where that value is older than STALE_AFTER days."""
    return _week_to_its_end(kind, history(kind, series))


def progress(kind: Kind, aim: Aim, series: Series, ahead: Ahead | str) -> Progress:
    """Where a goal stands, by the days of LOOK_BACK and what may follow, or why nothing is known of that."""
    known = history(kind, series)
    now = _week_to_its_end(kind, known)
    if now is None:
        return Progress(reason=f"There is no value of the last {STALE_AFTER} days.")
    pace = _pace(aim, known, now)
    if aim.met(np.array([now]))[0]:
        return Progress(now, pace, probability=1.0, reached=True, reason="It stands reached.")
    left = None if aim.by_day is None else (aim.by_day - series.today).days
    if left is not None and left <= 0:
        return Progress(now, pace, reason="Its day has come.")
    needed = None if left is None else (aim.target - now) / left * 7
    if isinstance(ahead, str):
        return Progress(now, pace, needed, reason=ahead)
    by_then = _reached_by(kind, aim, known, ahead)
    last = len(by_then) if aim.by_day is None else (aim.by_day - ahead.through).days
    likely = np.flatnonzero(by_then >= 0.5)
    expected_on = ahead.through + timedelta(days=int(likely[0]) + 1) if len(likely) else None
    if last > len(by_then):
        reason = f"Its day is {count(last, 'day')} ahead, and forecasts reach {len(by_then)}."
        return Progress(now, pace, needed, None, expected_on, reason=reason)
    return Progress(now, pace, needed, float(by_then[last - 1]), expected_on)


def _week_to_its_end(kind: Kind, known: History) -> float | None:
    if not len(known) or (known.today - known.days[-1].item()).days > STALE_AFTER:
        return None
    window = week(kind)
    return window.now(known.row(known.days[-1] - np.timedelta64(window.days - 1, "D"), window.days))


def _pace(aim: Aim, known: History, now: float) -> float | None:
    since = known.today - aim.starts_on
    if aim.start_value is not None and since >= OWN_PACE_AFTER:
        return (now - aim.start_value) / since.days * 7
    lately = known.days > np.datetime64(known.today, "D") - np.timedelta64(TREND, "D")
    days, values = known.days[lately].astype(np.int64), known.values[lately]
    if len(days) < LEAST_POINTS or days[-1] - days[0] < OWN_PACE_AFTER.days:
        return None
    # The median of all slopes between two days (Theil 1950, Sen 1968) bears outliers.
    earlier, later = np.triu_indices(len(days), k=1)
    return float(np.median((values[later] - values[earlier]) / (days[later] - days[earlier]))) * 7


def _reached_by(kind: Kind, aim: Aim, known: History, ahead: Ahead) -> Values:
    """The share of courses on which it has been reached by each day."""
    window = week(kind)
    last = np.datetime64(ahead.through, "D")
    past = known.row(last - np.timedelta64(window.days - 1, "D"), window.days)
    met = aim.met(window.ahead(past, ahead.courses))
    share: Values = np.maximum.accumulate(met, axis=1).mean(axis=0)
    return share
