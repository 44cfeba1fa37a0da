"""Daily series in, everything that is stored about their future out: cleans them, forecasts, says why. Pure."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from twin.forecast import fleet
from twin.forecast.band import Band, Days, Values
from twin.forecast.calibration import SHIPPED, Factors
from twin.forecast.events import Jump, jumps_of
from twin.forecast.fleet import Fleet, StateUnreadable
from twin.forecast.plain import MEAN_OF_28_DAYS, mean_of_28_days_band
from twin.kinds import DayRule, Kind

KALMAN_MIXTURE = "kalman_mixture"
VERSION = f"{fleet.MODEL_VERSION}.{SHIPPED.version}"
HORIZON = 28
WINDOW = 365
# Below a week no spread is worth a band; below a fortnight a fitted model chases chance.
LEAST_DAYS = 7
LEAST_DAYS_FOR_MODEL = 14
STALE_AFTER = 28
LEAST_POINTS = 28
"""A record shorter than this many scored days says nothing about who is better."""

_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True, slots=True)
class Series:
    """One patient's days of one kind, in any order: of two values for one day the later in the array counts.

    `today` is the patient's own.
    """

    days: Days
    values: Values
    jumps: tuple[Jump, ...]
    today: date


@dataclass(frozen=True, slots=True)
class State:
    """Where the model stands on the evening of `through`, a day that is over."""

    version: str
    through: date
    estimated_on: date
    blob: bytes


@dataclass(frozen=True, slots=True)
class Backtest:
    """How this series' forecasts did before: mean absolute errors in the kind's unit, and the share of truths
    in the 80 % band, over `points` forecast days. The latest days count most.
    """

    points: int
    mae: float
    mae_last_value: float
    held80: float

    @property
    def last_value_is_better(self) -> bool:
        """Whether repeating the last value has come closer, on enough days to tell."""
        return self.points >= LEAST_POINTS and self.mae > self.mae_last_value


@dataclass(frozen=True, slots=True)
class Forecast:
    """One entry in each array for each of `days`, which follow `through`.

    Every number is finite and inside the kind's hard range; low95 ≤ low80 ≤ mean ≤ high80 ≤ high95.
    """

    model: str
    version: str
    reason: str
    through: date
    last_value: float
    days: Days
    mean: Values
    low80: Values
    high80: Values
    low95: Values
    high95: Values
    backtest: Backtest | None

    @property
    def simpler(self) -> bool:
        """Whether the last value is the better forecast by this series' own record."""
        return self.backtest is not None and self.backtest.last_value_is_better


@dataclass(frozen=True, slots=True)
class NotEnoughData:
    """No forecast yet: `more_days` further days with a value are needed."""

    more_days: int
    reason: str


Outcome = Forecast | NotEnoughData


def forecast_daily(
    kind: Kind, days: Days, values: Values, *, today: date, jumps: Sequence[Jump] = ()
) -> Outcome:
    """A forecast that can always be drawn, or how much is missing for one.

    Days after today are left out, and so is today for a kind that adds up, whose total is still growing. The
    same input gives the same numbers in every process.
    """
    return forecast_many(kind, [Series(days, values, tuple(jumps), today)])[0][0]


def forecast_many(
    kinds: Kind | Sequence[Kind], series: Sequence[Series], learnt: Factors = SHIPPED
) -> list[tuple[Outcome, State | None]]:
    """An outcome each from whole histories, and the state from which continue_many() goes on.

    `kinds` is one for all, or one each: several kinds of a patient cost little more than one.

    There is no state where a simpler method answers: such a series is short, or never moved.
    """
    clean = [_usable(kind, each) for kind, each in zip(_each(kinds, series), series, strict=True)]
    results: list[tuple[Outcome, State | None]] = [(_not_yet(each), None) for each in clean]
    groups = defaultdict(list)
    for i, each in enumerate(clean):
        if each.known < LEAST_DAYS:
            continue
        if (because := _plain_because(each)) is not None:
            results[i] = (_plain(each, because), None)
        else:
            groups[each.today].append(i)
    for today, members in groups.items():
        chosen = [clean[i] for i in members]
        first = np.datetime64(today, "D") - np.timedelta64(WINDOW, "D")
        ended = fleet.estimate(
            [each.kind.code for each in chosen],
            first,
            np.array([_row(each, first, WINDOW) for each in chosen]),
            np.array([jumps_of(each.jumps, first + np.arange(WINDOW)) for each in chosen]),
            learnt,
        )
        estimated_on = ended.through.item()
        states = [State(VERSION, estimated_on, estimated_on, blob) for blob in fleet.pack(ended)]
        outcomes = _outcomes(ended, chosen)
        for i, outcome, state in zip(members, outcomes, states, strict=True):
            results[i] = (outcome, state)
    return results


def continue_many(
    kinds: Kind | Sequence[Kind], states: Sequence[State], series: Sequence[Series]
) -> list[tuple[Outcome, State]]:
    """As forecast_many(), from where the models stood; `series` need hold only the days after that.

    Earlier days are left out. Raises StateUnreadable for a state of another version.
    """
    if any(state.version != VERSION for state in states):
        raise StateUnreadable(f"not of version {VERSION}")
    every = _each(kinds, series)
    groups = defaultdict(list)
    for i, (state, each) in enumerate(zip(states, series, strict=True)):
        groups[state.through, each.today].append(i)
    found: dict[int, tuple[Outcome, State]] = {}
    for (through, today), members in groups.items():
        chosen = [_usable(every[i], series[i]) for i in members]
        here = fleet.unpack([states[i].blob for i in members], through)
        passed = max((today - through).days - 1, 0)
        first = here.through + _DAY
        values = np.array([_row(each, first, passed) for each in chosen]).reshape(len(chosen), passed)
        ahead = first + np.arange(passed)
        jumps = np.array([jumps_of(each.jumps, ahead) for each in chosen]).reshape(len(chosen), passed)
        for day in range(passed):
            here = fleet.advance(here, values[:, day], jumps[:, day])
        blobs, outcomes = fleet.pack(here), _outcomes(here, chosen)
        for i, blob, outcome in zip(members, blobs, outcomes, strict=True):
            found[i] = (outcome, State(VERSION, here.through.item(), states[i].estimated_on, blob))
    return [found[i] for i in range(len(series))]


@dataclass(frozen=True, slots=True)
class _Clean:
    """A series with one finite value inside the hard range for each day, in order, none later than it may be.

    `recent` marks the days of the last WINDOW; `notes` are what the reader must be told.
    """

    kind: Kind
    days: Days
    values: Values
    today: date
    jumps: tuple[Jump, ...]
    notes: tuple[str, ...]

    @property
    def known(self) -> int:
        return len(self.days)


def _each(kinds: Kind | Sequence[Kind], series: Sequence[Series]) -> Sequence[Kind]:
    return [kinds] * len(series) if isinstance(kinds, Kind) else kinds


def _usable(kind: Kind, series: Series) -> _Clean:
    today = np.datetime64(series.today, "D")
    days, values = series.days.astype("datetime64[D]"), series.values
    possible = (values >= kind.hard[0]) & (values <= kind.hard[1]) & ~np.isnat(days)
    in_time = (days < today) if kind.daily is DayRule.SUM else (days <= today)
    kept = possible & in_time & (days >= today - np.timedelta64(WINDOW, "D"))
    later = int((possible & (days > today)).sum())
    notes = (f"{_count(later, 'value')} dated after today left out.",) if later else ()
    # unique() names the first of equal days, so it reads the arrays from their end.
    unique, last = np.unique(days[kept][::-1], return_index=True)
    return _Clean(kind, unique, values[kept][::-1][last], series.today, series.jumps, notes)


def _not_yet(series: _Clean) -> NotEnoughData:
    few = f"{_count(series.known, 'day')} with data in the last {WINDOW}: a forecast needs {LEAST_DAYS}."
    return NotEnoughData(max(LEAST_DAYS - series.known, 1), " ".join([few, *series.notes]))


def _too_old(since: int, notes: Sequence[str]) -> NotEnoughData:
    old = f"The last value is {since} days old: a forecast needs one of the last {STALE_AFTER} days."
    return NotEnoughData(1, " ".join([old, *notes]))


def _plain_because(series: _Clean) -> str | None:
    if series.known < LEAST_DAYS_FOR_MODEL:
        return f"Only {series.known} days with data: a model needs {LEAST_DAYS_FOR_MODEL}."
    if series.values.min() == series.values.max():
        return "The value has not changed."
    return None


def _plain(series: _Clean, because: str) -> Outcome:
    since = (series.today - series.days[-1].item()).days
    if since > STALE_AFTER:
        return _too_old(since, series.notes)
    through = series.today if since == 0 else series.today - timedelta(days=1)
    ahead = _ahead(through)
    resolution = 0.5 * 10.0**-series.kind.decimals
    band = mean_of_28_days_band(series.days, series.values, ahead, resolution=resolution)
    reason = " ".join([because, *series.notes])
    return _forecast(MEAN_OF_28_DAYS, series, through, float(series.values[-1]), reason, band, None)


def _outcomes(ended: Fleet, series: Sequence[_Clean]) -> list[Outcome]:
    """What `ended`, which stands on the evening of yesterday, and today's values where they count, come to."""
    outcomes: list[Outcome] = [NotEnoughData(1, "")] * len(series)
    now = ended.through + _DAY
    has_today = np.array([each.known > 0 and each.days[-1] == now for each in series])
    for counts in (False, True):
        which = np.flatnonzero(has_today == counts)
        if not len(which):
            continue
        here, chosen = ended.take(which), [series[i] for i in which]
        if counts:
            jumps = [jumps_of(each.jumps, now + np.arange(1))[0] for each in chosen]
            here = fleet.advance(here, np.array([each.values[-1] for each in chosen]), np.array(jumps))
        bands = fleet.bands(here, HORIZON)
        for at, (i, each) in enumerate(zip(which, chosen, strict=True)):
            outcomes[i] = _modelled(here, at, each, bands)
    return outcomes


def _modelled(here: Fleet, at: int, series: _Clean, bands: Band) -> Outcome:
    through: date = here.through.item()
    since = int(here.since[at]) + (series.today - through).days
    if since > STALE_AFTER:
        return _too_old(since, series.notes)
    backtest = _backtest(here, at)
    notes = list(series.notes)
    if backtest is not None and backtest.last_value_is_better:
        notes.append("On the days already known, the last value came closer.")
    known = int(here.mixture.freedom[at]) - 2
    reason = " ".join([f"Level, trend and days of the week of {known} days with data.", *notes])
    band = Band(bands.mean[at], bands.low80[at], bands.high80[at], bands.low95[at], bands.high95[at])
    return _forecast(KALMAN_MIXTURE, series, through, float(here.last[at]), reason, band, backtest)


def _backtest(here: Fleet, at: int) -> Backtest | None:
    points, weight, error, error_of_last_value, held = here.score[:, at].tolist()
    if points == 0:
        return None
    return Backtest(int(points), error / weight, error_of_last_value / weight, held / weight)


def _forecast(
    model: str,
    series: _Clean,
    through: date,
    last_value: float,
    reason: str,
    band: Band,
    backtest: Backtest | None,
) -> Forecast:
    inside = band.within(*series.kind.hard)
    return Forecast(
        model=model,
        version=VERSION,
        reason=reason,
        through=through,
        last_value=last_value,
        days=_ahead(through),
        mean=inside.mean,
        low80=inside.low80,
        high80=inside.high80,
        low95=inside.low95,
        high95=inside.high95,
        backtest=backtest,
    )


def _ahead(through: date) -> Days:
    return np.datetime64(through, "D") + np.arange(1, HORIZON + 1)


def _row(series: _Clean, first: np.datetime64, count: int) -> Values:
    """The values of `count` days from `first` on, nan where there is none."""
    row = np.full(count, np.nan)
    place = (series.days - first).astype(np.int64)
    inside = (place >= 0) & (place < count)
    row[place[inside]] = series.values[inside]
    return row


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
