"""Many daily series at once: full estimation, one day on, and what comes next. Pure.

All series of a fleet stand on the evening of one day. A new day costs the same however long the history is. A
series gets the same numbers to the bit alone or among others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from twin.forecast import calibration, mixture
from twin.forecast.band import Band, Values
from twin.forecast.calibration import SHIPPED, TESTED, Adaptive, Factors
from twin.forecast.grid import Floats
from twin.forecast.habits import Habits, habits
from twin.forecast.mixture import Mixture, Outlook, total

MODEL_VERSION = "2"
CHUNK = 512
"""How many series at once go fastest through estimate(): their filters fit a processor's cache."""

WATCHED = 112
"""Over this many days before its last one, estimate() follows what was forecast and what came of it."""
_MEMORY = np.float32(0.98)
"""What a scored day counts one scored day later in the running back-test."""
LONGEST = max(TESTED)
_HORIZONS = np.array(TESTED)
_TESTED = Outlook(_HORIZONS)
_Z80, _Z95 = 1.2815515655446004, 1.959963984540054
_EPOCH = date(1970, 1, 1).toordinal()
"""Days are counted from here, as numpy does; it was a Thursday."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """N series on the evening of the day `through`.

    `last` is each one's last value and `since` the days that it is old (both nan before the first). `lately`
    [LONGEST, N] remembers `last` of the evenings before, and `score` [5, N] is the running back-test: how
    many forecast days were scored, and then, the latest counting most, their weight, their errors, the last
    value's errors, and those that the 80 % band held.
    """

    through: date
    habits: Habits
    mixture: Mixture
    adaptive: Adaptive
    last: Values
    since: Floats
    lately: Floats
    score: Floats

    def __len__(self) -> int:
        return len(self.last)

    def copy(self) -> "Fleet":
        """One that can go on without this one."""
        return Fleet(
            through=self.through,
            habits=self.habits,
            mixture=self.mixture.copy(),
            adaptive=self.adaptive.copy(),
            last=self.last.copy(),
            since=self.since.copy(),
            lately=self.lately.copy(),
            score=self.score.copy(),
        )

    def take(self, which: npt.NDArray[np.int64]) -> "Fleet":
        """Some of the series, in this order, apart from the others: they can go on by themselves."""
        return Fleet(
            through=self.through,
            habits=self.habits.take(which),
            mixture=mixture.take(self.mixture, which),
            adaptive=calibration.from_rows(calibration.to_rows(self.adaptive)[which]),
            last=self.last[which],
            since=self.since[which],
            lately=self.lately[:, which],
            score=self.score[:, which],
        )


def estimate(
    codes: Sequence[str],
    first_day: np.datetime64,
    values: Values,
    jumps: Values | None = None,
    learnt: Factors = SHIPPED,
) -> Fleet:
    """N whole histories [N, T] from `first_day` on, nan where a day has no value; a kind's code for each.

    `jumps` [N, T] is what known events may do (events.jumps_of). `learnt` is what held for other people.
    """
    own = habits(np.ascontiguousarray(values.T), _weekday(int(first_day.astype(np.int64))))
    return lived(codes, first_day, values, own, jumps, learnt)


def lived(
    codes: Sequence[str],
    first_day: np.datetime64,
    values: Values,
    own: Habits,
    jumps: Values | None = None,
    learnt: Factors = SHIPPED,
) -> Fleet:
    """estimate() of series whose habits are known."""
    count, first = len(codes), int(first_day.astype(np.int64))
    days = np.ascontiguousarray(values.T)
    watched = max(len(days) - WATCHED, 0)
    standard = own.standardised(days, _weekday(first)).astype(np.float32)
    moved = None if jumps is None else np.ascontiguousarray(jumps.T, np.float32)
    filters = mixture.start(count)
    foreseen = _foreseen(filters, standard, first, moved, watched)

    adaptive = _adaptive(codes, learnt)
    adaptive.seen[...] = (~np.isnan(days[:watched])).sum(axis=0)
    fleet = Fleet(
        through=date.fromordinal(_EPOCH + first + len(days) - 1),
        habits=own,
        mixture=filters,
        adaptive=adaptive,
        last=np.full(count, np.nan),
        since=np.full(count, np.nan, np.float32),
        lately=np.full((LONGEST, count), np.nan, np.float32),
        score=np.zeros((5, count), np.float32),
    )
    _carry(fleet, days[:watched])
    _hold_to_account(fleet, first + watched, days[watched:], *foreseen)
    return fleet


def _foreseen(
    filters: Mixture, standard: Floats, first: int, moved: Floats | None, watched: int
) -> tuple[Floats, Floats]:
    """Mean and standard deviation [E, tested, N] that are foreseen on each evening from `watched` on.

    `standard` [T, N] are the standardised days, which the filters follow, in place. For few series several
    evenings are worked out at once, as if each were a series of its own.
    """
    count = standard.shape[1]
    means, variances, waiting = [], [], []
    for day in mixture.follow(filters, standard, first, moved):
        if day >= watched:
            waiting.append(filters if count >= CHUNK else filters.copy())
        if waiting and (len(waiting) * count >= CHUNK or day == len(standard) - 1):
            mean, variance = mixture.moments(mixture.together(waiting), _TESTED)
            means.append(mean.reshape(len(TESTED), len(waiting), count))
            variances.append(variance.reshape(len(TESTED), len(waiting), count))
            waiting.clear()
    mean, variance = (np.concatenate(each, axis=1).swapaxes(0, 1) for each in (means, variances))
    return mean, np.sqrt(variance)


def advance(fleet: Fleet, values: Values, jumps: Values | None = None) -> Fleet:
    """Some days on, without the days before: the same arithmetic as estimate(), whose habits are kept.

    `values` [N, T], nan where a day has none, are of the days after `through`; `jumps` [N, T] as estimate()
    takes them. The fleet given stays as it is.
    """
    on = fleet.copy()
    first, days = fleet.through.toordinal() - _EPOCH + 1, np.ascontiguousarray(values.T)
    if not len(days):
        return on
    standard = fleet.habits.standardised(days, _weekday(first)).astype(np.float32)
    moved = None if jumps is None else np.ascontiguousarray(jumps.T, np.float32)
    _hold_to_account(on, first, days, *_foreseen(on.mixture, standard, first, moved, 0))
    through = fleet.through + timedelta(days=len(days))
    return Fleet(through, *(getattr(on, each.name) for each in fields(Fleet)[1:]))


def _hold_to_account(fleet: Fleet, first: int, days: Values, mean: Floats, sd: Floats) -> None:
    """In place: scores what was promised for `days` [T, N], learns from it, promises what is foreseen."""
    ahead = _weekday(first) + np.arange(len(days))[:, None] + _HORIZONS
    promised, held = calibration.follow(
        fleet.adaptive, first, days, fleet.habits.in_units(mean, ahead), sd * fleet.habits.scale
    )
    lasts = np.concatenate(
        [fleet.lately[(first + np.arange(LONGEST)) % LONGEST], _carry(fleet, days).astype(np.float32)]
    )
    before = lasts[LONGEST + np.arange(len(days))[:, None] - _HORIZONS]
    fleet.lately[(first + len(days) + np.arange(-LONGEST, 0)) % LONGEST] = lasts[-LONGEST:]
    _score(fleet.score, days, promised, before, held[:, :, 0])


def _carry(fleet: Fleet, days: Values) -> Values:
    """In place: the fleet's last values are those of these days [T, N]; answers the last value by each."""
    place = np.arange(len(days))[:, None]
    latest = np.maximum.accumulate(np.where(np.isnan(days), -1, place), axis=0)
    lasts = np.where(latest < 0, fleet.last, np.take_along_axis(days, np.maximum(latest, 0), axis=0))
    if len(days):
        fleet.last[...] = lasts[-1]
        fleet.since[...] = np.where(latest[-1] < 0, fleet.since + len(days), len(days) - 1 - latest[-1])
    return lasts


def _score(
    score: Floats, days: Values, promised: Floats, before: Floats, held: npt.NDArray[np.bool_]
) -> None:
    """In place: adds how what was promised for each day [T, tested, N] went, and whether its 80 % band held.

    `before` is the value that was the last one when it was promised.
    """
    error = np.abs(promised - days.astype(np.float32)[:, None])
    scored = np.isfinite(error)
    error_of_last_value = np.abs(before - days[:, None])
    news = np.stack([scored, scored, error, error_of_last_value, held], axis=2).swapaxes(0, 1)
    news = total(np.where(scored.swapaxes(0, 1)[:, :, None], news, np.float32(0)))
    counts = scored.any(axis=1)
    fading = np.where(counts, _MEMORY, np.float32(1))
    for day in np.flatnonzero(counts.any(axis=1)).tolist():
        score[1:] *= fading[day]
        score += news[day]


def spread(fleet: Fleet, horizon: int) -> tuple[Values, Values]:
    """Mean and standard deviation [N, H] of the next days, in the kind's unit, before any calibration."""
    mean, variance = mixture.moments(fleet.mixture, _outlook(horizon))
    return _spread(fleet, mean, np.sqrt(variance))


def bands(fleet: Fleet, horizon: int) -> Band:
    """Mean and calibrated bands [N, H] of the next days, in the kind's unit."""
    return calibration.band(fleet.adaptive, *spread(fleet, horizon))


def paths(fleet: Fleet, one: int, horizon: int, draws: int, seed: int) -> Values:
    """Courses [draws, H] that one series may take, each day as wide as its calibrated bands."""
    alone = fleet.take(np.array([one]))
    mean, variance = mixture.moments(alone.mixture, _outlook(horizon))
    sd = np.sqrt(variance)
    band = calibration.band(alone.adaptive, *_spread(alone, mean, sd))
    near, far = ((edge - band.mean)[0] for edge in (band.high80, band.high95))
    away = (mixture.draws(alone.mixture, horizon, draws, seed) - mean[:, 0]) / sd[:, 0]
    inner = np.clip(away, -_Z80, _Z80)
    drawn: Values = band.mean[0] + inner * (near / _Z80) + (away - inner) * ((far - near) / (_Z95 - _Z80))
    return drawn


@lru_cache(maxsize=4)
def _outlook(horizon: int) -> Outlook:
    return Outlook(np.arange(1, horizon + 1))


def _spread(fleet: Fleet, mean: Floats, sd: Floats) -> tuple[Values, Values]:
    """What the filters foresee of the next days [H, N], in the kind's unit and [N, H]."""
    day = fleet.through.toordinal() - _EPOCH
    centre, reach = _in_units(fleet.habits, day, np.arange(1, len(mean) + 1), mean, sd)
    return np.ascontiguousarray(centre.T), np.ascontiguousarray(reach.T)


def _in_units(
    own: Habits, day: int, horizons: npt.NDArray[np.int64], mean: Floats, sd: Floats
) -> tuple[Values, Values]:
    """What the filters foresee [H, N] on the evening of `day`, in the kind's unit."""
    return own.in_units(mean, _weekday(day) + horizons), sd * own.scale


def _adaptive(codes: Sequence[str], learnt: Factors) -> Adaptive:
    rows = {code: calibration.to_rows(calibration.start(code, 1, learnt))[0] for code in set(codes)}
    return calibration.from_rows(np.array([rows[code] for code in codes]))


def _weekday(day: int) -> int:
    """Monday is 0."""
    return (day + 3) % 7
