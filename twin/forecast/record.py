"""Forecasts that were shown, held against the days that came, beside the last value. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import numpy.typing as npt

from twin.forecast.band import Band, Days, Values
from twin.forecast.calibration import BUCKETS
from twin.forecast.history import Series, history
from twin.forecast.outcome import LEAST_POINTS
from twin.kinds import Kind

LEAST_DAYS_TO_TELL = 14
"""Forecasts of the same days err together: on fewer days than this nobody is said to be better."""
APART = timedelta(days=7)
"""Past forecasts are drawn a week apart, each for what it said of a week."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a forecast said that somebody saw: a band with one entry for each day after `through`."""

    made_at: datetime
    through: date
    last_value: float
    band: Band

    @property
    def days(self) -> Days:
        """The days it spoke of."""
        days: Days = np.datetime64(self.through, "D") + np.arange(1, len(self.band.mean) + 1)
        return days


@dataclass(frozen=True, slots=True)
class Score:
    """Mean absolute errors in the kind's unit, and the shares of `points` truths that lay in the bands."""

    points: int
    mae: float
    mae_last_value: float
    held80: float
    held95: float


@dataclass(frozen=True, slots=True)
class HorizonScore:
    """The score of the days `from_day` to `to_day` after a forecast's last value."""

    from_day: int
    to_day: int
    score: Score


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """`points` counts a day once for each forecast of it; `days` and `values` are the days that came.

    `overall` is None before the first day came, and `horizons` has those of which one did.
    `better_than_last_value` is None while there is too little to tell.
    """

    shown: int
    points: int
    overall: Score | None
    horizons: tuple[HorizonScore, ...]
    better_than_last_value: bool | None
    days: Days
    values: Values


def track_record(
    kind: Kind, shown: Sequence[Said], days: Days, values: Values, *, today: date
) -> TrackRecord:
    """How forecasts with different last days went, by the day summaries there are.

    `today` is the patient's own. Of a kind that adds up it does not count, for its total is still growing;
    later days never do.
    """
    known = history(kind, Series(days, values, (), today))
    parts = [_held_against(said, known.row(said.days[0], len(said.days))) for said in shown]
    points = np.concatenate([*parts, np.empty(0, _POINT)])
    told = len(points) >= LEAST_POINTS and len(np.unique(points["day"])) >= LEAST_DAYS_TO_TELL
    overall = _score(points)
    by_horizon = (
        (first, last, _score(points[(points["ahead"] >= first) & (points["ahead"] <= last)]))
        for first, last in BUCKETS
    )
    return TrackRecord(
        shown=len(shown),
        points=len(points),
        overall=overall,
        horizons=tuple(HorizonScore(first, last, score) for first, last, score in by_horizon if score),
        better_than_last_value=overall.mae < overall.mae_last_value if overall and told else None,
        days=known.days,
        values=known.values,
    )


def weekly(shown: Sequence[Said], today: date) -> list[Said]:
    """The newest forecast that is a week old, and back from there one a week at most; the oldest first."""
    chosen: list[Said] = []
    latest = today - APART
    for said in sorted(shown, key=lambda said: said.through, reverse=True):
        if said.through <= latest:
            chosen.append(said)
            latest = said.through - APART
    return chosen[::-1]


_POINT = np.dtype(
    [
        ("day", "M8[D]"),
        ("ahead", "i8"),
        ("error", "f8"),
        ("error_of_last_value", "f8"),
        ("held80", "?"),
        ("held95", "?"),
    ]
)


def _held_against(said: Said, truth: Values) -> npt.NDArray[np.void]:
    """A point for each day that came."""
    band = said.band
    points = np.empty(len(truth), _POINT)
    points["ahead"] = np.arange(1, len(truth) + 1)
    points["day"] = said.days
    points["error"] = np.abs(band.mean - truth)
    points["error_of_last_value"] = np.abs(said.last_value - truth)
    points["held80"] = (band.low80 <= truth) & (truth <= band.high80)
    points["held95"] = (band.low95 <= truth) & (truth <= band.high95)
    return points[~np.isnan(truth)]


def _score(points: npt.NDArray[np.void]) -> Score | None:
    if not len(points):
        return None
    names = ("error", "error_of_last_value", "held80", "held95")
    return Score(len(points), *(float(points[name].mean()) for name in names))
