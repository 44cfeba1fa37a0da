"""Many daily series at once: full estimation, one day on, what comes next, and their state as bytes. Pure.

All series of a fleet stand on the evening of the same day. A new day costs the same however long the history is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from twin.forecast import calibration, mixture
from twin.forecast.band import Band, Values
from twin.forecast.calibration import SHIPPED, TESTED, Adaptive, Factors
from twin.forecast.habits import Habits, habits
from twin.forecast.mixture import MODELS, Floats, Mixture

MODEL_VERSION = "2"
LAYOUT = 1
_MEMORY = np.float32(0.98)
"""What a scored day counts one scored day later in the running back-test."""
_LONGEST = max(TESTED)
_Z80 = 1.2815515655446004

Part = TypeVar("Part", Habits, Mixture)


class StateUnreadable(ValueError):
    """These bytes were not written by pack() of this version."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """N series on the evening of the day `through`.

    `last` is each one's last value and `since` the days that it is old (both nan before the first). `lately`
    [_LONGEST, N] remembers `last` of the evenings before, and `score` [5, N] is the running back-test: how
    many forecast days were scored, and then, the latest counting most, their weight, their errors, the last
    value's errors, and those that the 80 % band held.
    """

    through: np.datetime64
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
        return self.take(np.arange(len(self)))

    def take(self, which: npt.NDArray[np.int64]) -> "Fleet":
        """Some of the series, in this order."""
        return Fleet(
            through=self.through,
            habits=_each(self.habits, which),
            mixture=_each(self.mixture, which),
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
    """The whole of N histories, [N, T] from `first_day` on, nan where a day has no value; a kind's code each.

    `jumps` [N, T] is what known events may do (see events.jumps_of). A series' numbers are the same to the bit
    alone or among others.
    """
    days = np.ascontiguousarray(values.T)
    weekday = _weekday(first_day)
    own = habits(days, weekday)
    ready = own.standardised(days, weekday).astype(np.float32)
    moved = None if jumps is None or not jumps.any() else jumps.T.astype(np.float32)
    count = len(codes)
    fleet = Fleet(
        through=first_day - np.timedelta64(1, "D"),
        habits=own,
        mixture=mixture.start(count),
        adaptive=_adaptive(codes, learnt),
        last=np.full(count, np.nan),
        since=np.full(count, np.nan, np.float32),
        lately=np.full((_LONGEST, count), np.nan, np.float32),
        score=np.zeros((5, count), np.float32),
    )
    number = int(fleet.through.astype(np.int64))
    for day, (value, standard) in enumerate(zip(days, ready, strict=True)):
        _live(fleet, number + 1 + day, value, standard, None if moved is None else moved[day])
    return _standing(fleet, first_day + np.timedelta64(len(days) - 1, "D"))


def advance(fleet: Fleet, values: Values, jumps: Values | None = None) -> Fleet:
    """One day on, without the days before: the same arithmetic as estimate(), whose habits are kept.

    `values` [N], nan where the day has none. The fleet given stays as it is.
    """
    on = fleet.copy()
    day = fleet.through + np.timedelta64(1, "D")
    standard = fleet.habits.standardised(values, _weekday(day)).astype(np.float32)
    moved = None if jumps is None or not jumps.any() else jumps.astype(np.float32)
    _live(on, int(day.astype(np.int64)), values, standard, moved)
    return _standing(on, day)


def spread(fleet: Fleet, horizon: int) -> tuple[Values, Values]:
    """Mean and standard deviation [N, H] of the next days, in the kind's unit, before any calibration."""
    return _ahead(fleet, _weekday(fleet.through), np.arange(1, horizon + 1))


def bands(fleet: Fleet, horizon: int) -> Band:
    """Mean and calibrated bands [N, H] of the next days, in the kind's unit."""
    return calibration.band(fleet.adaptive, *spread(fleet, horizon))


def paths(fleet: Fleet, one: int, horizon: int, draws: int, seed: int) -> Values:
    """Draws [draws, H] of one series' next days together, each day as wide as its calibrated 80 % band."""
    alone = fleet.take(np.array([one]))
    mean, sd = spread(alone, horizon)
    band = calibration.band(alone.adaptive, mean, sd)
    standard = mixture.draw(alone.mixture, horizon, draws, np.random.default_rng(seed)).astype(np.float64)
    centre, variance = mixture.moments(alone.mixture, np.arange(1, horizon + 1))
    away = (standard - centre[0]) / np.sqrt(variance[0])
    drawn: Values = band.mean[0] + away * ((band.high80 - band.mean)[0] / _Z80)
    return drawn


def pack(fleet: Fleet) -> list[bytes]:
    """Each series as bytes that unpack() gives back to the bit; little-endian, beginning with LAYOUT."""
    rows = np.empty(len(fleet), _PACKED)
    rows["layout"] = LAYOUT
    rows["own"][:, 0] = fleet.habits.centre
    rows["own"][:, 1] = fleet.habits.scale
    rows["own"][:, 2:9] = fleet.habits.weekday.T
    rows["own"][:, 9] = fleet.last
    parts = [getattr(fleet.mixture, each.name) for each in fields(Mixture)]
    parts += [fleet.since, fleet.lately, fleet.score]
    flat = [part.reshape(-1, len(fleet)).T for part in parts]
    rows["rest"] = np.concatenate([*flat, calibration.to_rows(fleet.adaptive)], axis=1)
    data, size = rows.tobytes(), _PACKED.itemsize
    return [data[at : at + size] for at in range(0, len(data), size)]


def unpack(blobs: Sequence[bytes], through: date) -> Fleet:
    """The fleet whose series pack() wrote on the evening of `through`. Raises StateUnreadable."""
    if any(len(blob) != _PACKED.itemsize or blob[0] != LAYOUT for blob in blobs):
        raise StateUnreadable(f"layout {LAYOUT} is {_PACKED.itemsize} bytes")
    count = len(blobs)
    rows = np.frombuffer(b"".join(blobs), _PACKED)
    own, rest = rows["own"], np.ascontiguousarray(rows["rest"].T)
    at = 0

    def next_(*shape: int) -> Floats:
        nonlocal at
        size = int(np.prod(shape))
        part = rest[at : at + size].reshape(*shape, count) if shape else rest[at]
        at += size
        return part.copy()

    models = len(MODELS)
    filters = Mixture(
        x=next_(2, models),
        p=next_(3, models),
        square=next_(models),
        evidence=next_(models),
        opening=next_(models),
        product=next_(models),
        freedom=next_(),
        seen=next_(),
    )
    since, lately, score = next_(), next_(_LONGEST), next_(5)
    return Fleet(
        through=np.datetime64(through, "D"),
        habits=Habits(own[:, 0].copy(), own[:, 1].copy(), np.ascontiguousarray(own[:, 2:9].T)),
        mixture=filters,
        adaptive=calibration.from_rows(np.ascontiguousarray(rest[at:].T)),
        last=own[:, 9].copy(),
        since=since,
        lately=lately,
        score=score,
    )


def _live(fleet: Fleet, day: int, value: Values, standard: Floats, jump: Floats | None) -> None:
    """One day in place: settles what was promised for it, learns from it, promises anew in the evening."""
    known = ~np.isnan(value)
    _score(fleet, day, value)
    calibration.learn(fleet.adaptive, day, value)
    mixture.step(fleet.mixture, standard, jump)
    if day % mixture.BLOCK == 0:
        mixture.close_block(fleet.mixture)
    fleet.last[known] = value[known]
    fleet.since[...] = np.where(known, 0, fleet.since + 1)
    fleet.lately[day % _LONGEST] = fleet.last
    mean, sd = _ahead(fleet, (day + 3) % 7, np.array(TESTED))
    nothing = np.isnan(fleet.last)
    mean[nothing], sd[nothing] = np.nan, np.nan
    calibration.promise(fleet.adaptive, day, mean, sd)


def _score(fleet: Fleet, day: int, value: Values) -> None:
    mean, _ = calibration.due(fleet.adaptive, day)
    held = calibration.held(fleet.adaptive, day, value)[:, :, 0]
    known = np.isfinite(mean) & np.isfinite(value)[:, None]
    before = fleet.lately[(day - np.array(TESTED)) % _LONGEST].T
    score = fleet.score
    score[1:] *= np.where(known.any(axis=1), _MEMORY, np.float32(1))
    for at in range(len(TESTED)):
        scored = known[:, at]
        score[0] += scored
        score[1] += scored
        score[2] += np.where(scored, np.abs(value - mean[:, at]), 0)
        score[3] += np.where(scored, np.abs(value - before[:, at]), 0)
        score[4] += scored & held[:, at]


def _ahead(fleet: Fleet, weekday: int, horizons: npt.NDArray[np.int64]) -> tuple[Values, Values]:
    mean, variance = mixture.moments(fleet.mixture, horizons)
    own = fleet.habits
    scale, centre = own.scale[:, None], own.centre[:, None]
    return mean * scale + centre + own.weekday[(weekday + horizons) % 7].T, np.sqrt(variance) * scale


def _standing(fleet: Fleet, through: np.datetime64) -> Fleet:
    return Fleet(through, *(getattr(fleet, each.name) for each in fields(Fleet)[1:]))


def _each(part: Part, which: npt.NDArray[np.int64]) -> Part:
    return type(part)(*(getattr(part, each.name)[..., which] for each in fields(part)))


def _adaptive(codes: Sequence[str], learnt: Factors) -> Adaptive:
    own = [calibration.start(code, 1, learnt) for code in codes]
    return calibration.from_rows(np.concatenate([calibration.to_rows(each) for each in own]))


def _weekday(day: np.datetime64) -> int:
    """Monday is 0; the day that numpy counts from was a Thursday."""
    return (int(day.astype("datetime64[D]").astype(np.int64)) + 3) % 7


_REST = len(MODELS) * 9 + 2 + 1 + _LONGEST + 5 + calibration.WIDTH
_PACKED = np.dtype([("layout", "u1"), ("own", "<f8", (10,)), ("rest", "<f4", (_REST,))])
