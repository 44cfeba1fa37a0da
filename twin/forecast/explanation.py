"""What a daily series has done of late, as Prophet reads it: trend, week, events, and a month ahead. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import cast

import numpy as np

from twin.forecast.band import Days, Values
from twin.forecast.daily import HORIZON, STALE_AFTER
from twin.forecast.effects import Effect, KnownEvent, Weighing, weigh
from twin.forecast.history import WINDOW, Series, count, history
from twin.forecast.outcome import NotEnoughData
from twin.forecast.trend import REACH80, Fit, fit
from twin.kinds import Kind

PROPHET = "prophet"
SHOWN_AT_LEAST, SHOWN_AT_MOST = 28, 90
LEAST_DAYS = 14
LEAST_DAYS_FOR_TREND = 28
LEAST_OF_EACH_WEEKDAY = 3
LEAST_DAYS_OF_SLOPE = 14
REACH99 = 2.575829
"""Of a standard normal."""
CHI_SQUARED_99 = 16.812
"""Of six degrees of freedom: the week's waves."""


@dataclass(frozen=True, slots=True)
class Change:
    """A day about which the trend's slope, in units a week, became another."""

    day: date
    slope_before: float
    slope_after: float


@dataclass(frozen=True, slots=True)
class Slope:
    """The trend's slope, in units a week, from `since` to the last day with a value, with a 95 % range."""

    since: date
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """One entry in `trend` and `fitted` for each of `days`, in `mean` and its 80 % band for each of `ahead`.

    Every number is finite, in the kind's unit and, where it is a value, inside the hard range. `weekly` has
    seven differences from the trend, Monday's first; it is None where chance would show as much. `slope` is
    None where the trend is taken as level.
    """

    days: Days
    trend: Values
    fitted: Values
    slope: Slope | None
    weekly: Values | None
    changes: tuple[Change, ...]
    events: tuple[Effect, ...]
    ahead: Days
    mean: Values
    low80: Values
    high80: Values
    reason: str


def explain(
    kind: Kind,
    days: Days,
    values: Values,
    *,
    today: date,
    days_back: int = SHOWN_AT_MOST,
    events: Sequence[KnownEvent] = (),
) -> Explanation | NotEnoughData:
    """The last `days_back` days explained by up to a year of them, or how many more it takes.

    `days` and `values` are day summaries in any order; of two for one day the later in the array counts.
    `today` is the person's own: later days are left out, and so is today for a kind that adds up.
    """
    known = history(kind, Series(days, values, (), today))
    days, values = known.days, known.values
    if len(days) < LEAST_DAYS:
        few = f"{_with_value(len(days))} in the last {WINDOW}: an explanation needs {LEAST_DAYS}."
        return NotEnoughData(LEAST_DAYS - len(days), " ".join([few, *known.notes]))
    if (age := int((np.datetime64(today, "D") - days[-1]).astype(int))) > STALE_AFTER:
        return NotEnoughData(1, " ".join([f"The last value is {age} days old.", *known.notes]))

    through = max(days[-1], np.datetime64(today, "D") - 1)
    shown = through - np.arange(days_back)[::-1]
    past = [event for event in events if np.datetime64(event.starts_on, "D") <= through]
    if values.min() == values.max():
        return _unchanged(kind, float(values[0]), shown, past)
    weighing = weigh(past, days)
    found = fit(
        days,
        values,
        flat=_is_short(days),
        weekly=_bears_weekly_pattern(days),
        periods=weighing.periods,
    )
    few = f" A trend needs {LEAST_DAYS_FOR_TREND}." if _is_short(days) else ""
    reason = " ".join([f"Prophet, fitted to {_with_value(len(days))}.{few}", *known.notes])
    return _told(kind, found, weighing, shown, reason)


def _is_short(days: Days) -> bool:
    return len(days) < LEAST_DAYS_FOR_TREND


def _bears_weekly_pattern(days: Days) -> bool:
    return bool(np.bincount(_weekday(days), minlength=7).min() >= LEAST_OF_EACH_WEEKDAY)


def _told(kind: Kind, found: Fit, weighing: Weighing, shown: Days, reason: str) -> Explanation:
    back = len(shown)
    parts = found.parts(np.concatenate([shown, _ahead(shown)]))
    pattern = parts.weekly if found.weekly_strength() > CHI_SQUARED_99 else None
    # A pattern that chance would show as well is not drawn either.
    fitted = parts.fitted if pattern is not None else parts.fitted - parts.weekly
    low, high = kind.hard
    mean = fitted[back:].clip(low, high)
    reach = REACH80 * parts.sd[back:]
    changes = _changes(found, least=10.0**-kind.decimals / 4)
    return Explanation(
        days=shown,
        trend=parts.trend[:back].clip(low, high),
        fitted=fitted[:back].clip(low, high),
        slope=_slope(found, max(shown[0], found.first, *(np.datetime64(each.day, "D") for each in changes))),
        weekly=None if pattern is None else pattern[:7][np.argsort(_weekday(parts.days[:7]))],
        changes=tuple(change for change in changes if np.datetime64(change.day, "D") >= shown[0]),
        events=tuple(weighing.told(found, shown)),
        ahead=parts.days[back:],
        mean=mean,
        low80=np.minimum((fitted[back:] - reach).clip(low, high), mean),
        high80=np.maximum((fitted[back:] + reach).clip(low, high), mean),
        reason=reason,
    )


def _unchanged(kind: Kind, value: float, shown: Days, past: Sequence[KnownEvent]) -> Explanation:
    """Of a value that never moved. A reading hides up to half of the last decimal that is shown."""
    hidden = 0.5 * 10.0**-kind.decimals
    level, ahead = np.full(len(shown), value), np.full(HORIZON, value)
    reason = "The value has not changed."
    return Explanation(
        days=shown,
        trend=level,
        fitted=level,
        slope=None,
        weekly=None,
        changes=(),
        events=tuple(Effect.unknown(event, "Nothing differs.") for event in past if event.shows_in(shown)),
        ahead=_ahead(shown),
        mean=ahead,
        low80=np.maximum(ahead - hidden, kind.hard[0]),
        high80=np.minimum(ahead + hidden, kind.hard[1]),
        reason=reason,
    )


def _changes(found: Fit, *, least: float) -> list[Change]:
    """The changes of slope that 1 % of chance does not make, each by `least` a week or more.

    Prophet spreads one change over neighbouring days: those in one direction are taken together. Of what is
    left the least sure goes first, and the slopes beside it are judged again as one.
    """
    days = _turns(*found.changes())
    while days:
        slopes = [found.slope(*edges) for edges in pairwise([found.first, *days, found.last])]
        sure = [_sureness(*found.known(after - before), least) for before, after in pairwise(slopes)]
        weakest = int(np.argmin(sure))
        if sure[weakest] > REACH99:
            values = [found.known(slope)[0] for slope in slopes]
            return [Change(_date(day), *beside) for day, beside in zip(days, pairwise(values), strict=True)]
        del days[weakest]
    return []


def _turns(days: Days, changes: Values) -> list[np.datetime64]:
    """The middle of each run of changes in one direction, weighed by their size."""
    direction = np.sign(changes)
    runs = np.split(np.arange(len(days)), np.flatnonzero(np.diff(direction)) + 1)
    middles = []
    for run in runs:
        if len(run) and direction[run[0]]:
            since = (days[run] - days[run[0]]).astype(int)
            middles.append(days[run[0]] + round(np.average(since, weights=np.abs(changes[run]))))
    return middles


def _sureness(change: float, spread: float, least: float) -> float:
    return abs(change) / spread if abs(change) >= least else 0.0


def _slope(found: Fit, since: np.datetime64) -> Slope | None:
    """Of fewer than LEAST_DAYS_OF_SLOPE it would be another matter every day: then it goes back further."""
    if found.model.growth == "flat":
        return None
    since = min(since, found.last - np.timedelta64(LEAST_DAYS_OF_SLOPE, "D"))
    slope = found.slope(since, found.last)
    return Slope(_date(since), found.known(slope)[0], *found.range95(slope))


def _ahead(shown: Days) -> Days:
    ahead: Days = shown[-1] + np.arange(1, HORIZON + 1)
    return ahead


def _weekday(days: Days) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Monday is 0; the epoch was a Thursday."""
    return (days.astype(np.int64) + 3) % 7


def _date(day: np.datetime64) -> date:
    return cast("date", day.item())


def _with_value(days: int) -> str:
    return f"{count(days, 'day')} with a value"
