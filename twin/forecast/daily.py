"""Daily series in, what is stored about their future out: chooses the method, forecasts, says why. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from twin.forecast import fleet
from twin.forecast.band import Band, Days, Values
from twin.forecast.calibration import SHIPPED, Factors
from twin.forecast.events import Jump, jumps_of
from twin.forecast.fleet import Fleet
from twin.forecast.history import WINDOW, History, Series, count, history
from twin.forecast.outcome import Backtest, Forecast, NotEnoughData, Outcome, State
from twin.forecast.packing import StateUnreadable, pack, unpack
from twin.forecast.plain import MEAN_OF_28_DAYS, mean_of_28_days_band
from twin.kinds import Kind

KALMAN_MIXTURE = "kalman_mixture"
VERSION = f"{fleet.MODEL_VERSION}.{SHIPPED.version}"
HORIZON = 28
# Below a week no spread is worth a band. Below a fortnight the models do no better than a mean, and their
# bands are too narrow (LifeSnaps people, see docs/forecasting.md).
LEAST_DAYS = 7
LEAST_DAYS_FOR_MODEL = 14
STALE_AFTER = 28

_AHEAD = np.arange(1, HORIZON + 1)
Kinds = Kind | Sequence[Kind]
"""One kind for all series, or one for each: several at once cost little more than one."""


def forecast_daily(
    kind: Kind, days: Days, values: Values, *, today: date, jumps: Sequence[Jump] = ()
) -> Outcome:
    """A forecast that can always be drawn, or how much is missing for one.

    Days after today are left out, and so is today for a kind that adds up, whose total is still growing. The
    same input gives the same numbers in every process.
    """
    return forecast_many(kind, [Series(days, values, tuple(jumps), today)])[0][0]


def forecast_many(
    kinds: Kinds, series: Sequence[Series], learnt: Factors = SHIPPED
) -> list[tuple[Outcome, State | None]]:
    """An outcome for each whole history, and the state from which continue_many() goes on.

    There is no state where a simpler method answers: such a series is short, or has never moved.
    """
    histories = _histories(kinds, series)
    results: dict[int, tuple[Outcome, State | None]] = {}
    modelled: defaultdict[date, list[int]] = defaultdict(list)
    for i, each in enumerate(histories):
        if _bears_model(each):
            modelled[each.today].append(i)
        else:
            results[i] = _without_model(each), None
    for today, everyone in modelled.items():
        first = np.datetime64(today, "D") - np.timedelta64(WINDOW, "D")
        for members in _chunks(everyone):
            chosen = [histories[i] for i in members]
            codes = [each.kind.code for each in chosen]
            values = np.array([each.row(first, WINDOW) for each in chosen])
            jumps = _jumps(chosen, first + np.arange(WINDOW))
            here = fleet.estimate(codes, first, values, jumps, learnt)
            for i, outcome, blob in zip(members, _outcomes(here, chosen), pack(here), strict=True):
                results[i] = (outcome, State(VERSION, here.through, here.through, blob))
    return [results[i] for i in range(len(series))]


def continue_many(
    kinds: Kinds, states: Sequence[State], series: Sequence[Series]
) -> list[tuple[Outcome, State]]:
    """As forecast_many(), from where the models stood: `series` need hold only the days after `through`.

    Raises StateUnreadable for a state of another version.
    """
    histories = _histories(kinds, series)
    results: dict[int, tuple[Outcome, State]] = {}
    groups: defaultdict[tuple[date, date], list[int]] = defaultdict(list)
    for i, (state, each) in enumerate(zip(states, histories, strict=True)):
        groups[state.through, each.today].append(i)
    for everyone in groups.values():
        for members in _chunks(everyone):
            chosen = [histories[i] for i in members]
            here = _yesterday([states[i] for i in members], chosen)
            for i, outcome, blob in zip(members, _outcomes(here, chosen), pack(here), strict=True):
                results[i] = (outcome, State(VERSION, here.through, states[i].estimated_on, blob))
    return [results[i] for i in range(len(series))]


def paths(kind: Kind, state: State, series: Series, *, draws: int, seed: int) -> Values:
    """Courses [draws, HORIZON] that the days of the forecast may take together, inside the hard range.

    They begin where the forecast that continue_many() makes of the same begins. Raises StateUnreadable.
    """
    chosen = [history(kind, series)]
    ((_, here, _),) = _origins(_yesterday([state], chosen), chosen)
    return fleet.paths(here, 0, HORIZON, draws, seed).clip(*kind.hard)


def _histories(kinds: Kinds, series: Sequence[Series]) -> list[History]:
    each = [kinds] * len(series) if isinstance(kinds, Kind) else kinds
    return [history(kind, one) for kind, one in zip(each, series, strict=True)]


def _chunks(members: Sequence[int]) -> Iterator[Sequence[int]]:
    for at in range(0, len(members), fleet.CHUNK):
        yield members[at : at + fleet.CHUNK]


def _jumps(chosen: Sequence[History], days: Days) -> Values | None:
    if not any(each.jumps for each in chosen):
        return None
    return np.array([jumps_of(each.jumps, days) for each in chosen])


def _yesterday(states: Sequence[State], chosen: Sequence[History]) -> Fleet:
    """Series of one `through` and one today, moved on to the evening of yesterday."""
    if any(state.version != VERSION for state in states):
        raise StateUnreadable(f"not of version {VERSION}")
    here = unpack([state.blob for state in states], states[0].through)
    passed = max((chosen[0].today - states[0].through).days - 1, 0)
    first = np.datetime64(here.through, "D") + 1
    values = np.array([each.row(first, passed) for each in chosen])
    return fleet.advance(here, values, _jumps(chosen, first + np.arange(passed)))


def _origins(
    here: Fleet, chosen: Sequence[History]
) -> Iterator[tuple[npt.NDArray[np.int64], Fleet, list[History]]]:
    """Which series are forecast from `here`, the evening of yesterday, and which from today's value on."""
    today = np.datetime64(here.through, "D") + 1
    has_today = np.array([each.has(today) for each in chosen])
    if not has_today.all():
        which = np.flatnonzero(~has_today)
        yield which, here.take(which), [chosen[i] for i in which.tolist()]
    if has_today.any():
        which = np.flatnonzero(has_today)
        some = [chosen[i] for i in which.tolist()]
        values = np.array([each.values[-1:] for each in some])
        yield which, fleet.advance(here.take(which), values, _jumps(some, np.array([today]))), some


def _outcomes(here: Fleet, chosen: Sequence[History]) -> list[Outcome]:
    outcomes: dict[int, Outcome] = {}
    for which, origin, some in _origins(here, chosen):
        low, high = (np.array([each.kind.hard[end] for each in some])[:, None] for end in (0, 1))
        bands = fleet.bands(origin, HORIZON).within(low, high)
        known = origin.mixture.known.astype(int).tolist()
        for at, (i, each) in enumerate(zip(which.tolist(), some, strict=True)):
            outcomes[i] = _modelled(origin, at, known[at], each, bands.of(at))
    return [outcomes[i] for i in range(len(chosen))]


def _modelled(origin: Fleet, at: int, known: int, series: History, band: Band) -> Outcome:
    age = int(origin.since[at]) + (series.today - origin.through).days
    if age > STALE_AFTER:
        return _too_old(age, series)
    backtest = _backtest(origin.score[:, at])
    reason = f"Level, trend and days of the week of {known} days with data."
    return _forecast(KALMAN_MIXTURE, reason, series, origin.through, float(origin.last[at]), band, backtest)


def _backtest(score: npt.NDArray[np.float32]) -> Backtest | None:
    points, weight, error, error_of_last_value, held = score.tolist()
    if points == 0:
        return None
    return Backtest(int(points), error / weight, error_of_last_value / weight, held / weight)


def _bears_model(series: History) -> bool:
    return len(series) >= LEAST_DAYS_FOR_MODEL and bool((series.values != series.values[0]).any())


def _without_model(series: History) -> Outcome:
    """The answer to a series that bears no model: too few days for any, or the mean of the last ones."""
    known = len(series)
    if known < LEAST_DAYS:
        few = f"{count(known, 'day')} with data in the last {WINDOW}: a forecast needs {LEAST_DAYS}."
        return NotEnoughData(LEAST_DAYS - known, " ".join([few, *series.notes]))
    age = (series.today - series.days[-1].item()).days
    if age > STALE_AFTER:
        return _too_old(age, series)
    through = series.today - timedelta(days=min(age, 1))
    resolution = 0.5 * 10.0**-series.kind.decimals
    band = mean_of_28_days_band(series.values, HORIZON, resolution=resolution).within(*series.kind.hard)
    reason = (
        f"Only {known} days with data: a model needs {LEAST_DAYS_FOR_MODEL}."
        if known < LEAST_DAYS_FOR_MODEL
        else "The value has not changed."
    )
    return _forecast(MEAN_OF_28_DAYS, reason, series, through, float(series.values[-1]), band, None)


def _too_old(age: int, series: History) -> NotEnoughData:
    old = f"The last value is {age} days old: a forecast needs one of the last {STALE_AFTER} days."
    return NotEnoughData(1, " ".join([old, *series.notes]))


def _forecast(
    model: str,
    reason: str,
    series: History,
    through: date,
    last_value: float,
    band: Band,
    backtest: Backtest | None,
) -> Forecast:
    notes = list(series.notes)
    if backtest is not None and backtest.last_value_is_better:
        notes.append("On the days already known, the last value came closer.")
    return Forecast(
        model=model,
        version=VERSION,
        reason=" ".join([reason, *notes]),
        through=through,
        last_value=last_value,
        days=np.datetime64(through, "D") + _AHEAD,
        mean=band.mean,
        low80=band.low80,
        high80=band.high80,
        low95=band.low95,
        high95=band.high95,
        backtest=backtest,
    )
