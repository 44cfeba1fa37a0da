"""How bands are learnt from people: the factors that would have held for them, kind by kind."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasting.ours import bands
from forecasting.series import DailySeries, Origin, origins
from twin.forecast.band import Band, Values
from twin.forecast.calibration import BUCKETS, LEVELS, Factors

HORIZON = BUCKETS[-1][1]
NORMAL = Factors("normal distribution", {}, np.tile([1.2816, 1.96], (len(BUCKETS), 1)))

# A kind that few people have leans on all kinds together, as if so many people more had been like them.
_LEANING = 5
_PASSES = 3
_ALL_KINDS = ""

Logs = dict[str, Values]


@dataclass(frozen=True, slots=True)
class _Truths:
    """Every day that came after an origin: which origin, how many days later, and what."""

    origin: npt.NDArray[np.int64]
    step: npt.NDArray[np.int64]
    value: Values
    code: npt.NDArray[np.str_]
    bucket: npt.NDArray[np.int64]
    people: dict[str, int]


def learn(series: Sequence[DailySeries], version: str) -> Factors:
    """The factors that held for these people: split conformal prediction on errors in units of our bands.

    Every series moves its own factor meanwhile as it does in the product. First each bucket of days ahead
    gets what bands of a normal distribution lack; what is still lacking then is one number for a kind. The
    same series give the same factors. Lei et al. 2018, JASA 113, 1094.
    """
    evenings = [origin for one in series for origin in origins(one, horizon=HORIZON)]
    truths = _truths(evenings)
    logs = {code: np.log(NORMAL.pooled) for code in (_ALL_KINDS, *truths.people)}
    for turn in range(_PASSES):
        band = bands(evenings, _factors(logs, version), HORIZON)
        lacking = _quantiles(_scaled(truths, band), truths)
        for code, log in logs.items():
            logs[code] = log + (lacking[code] if turn == 0 else lacking[code].mean(axis=0))
    return _factors(logs, version)


def _truths(evenings: Sequence[Origin]) -> _Truths:
    origin = np.repeat(np.arange(len(evenings)), [len(each.truth) for each in evenings])
    step = np.concatenate([each.steps for each in evenings])
    codes = np.array([each.series.kind.code for each in evenings])
    people = {
        str(code): len({e.series.who for e in evenings if e.series.kind.code == code}) for code in codes
    }
    return _Truths(
        origin=origin,
        step=step,
        value=np.concatenate([each.truth for each in evenings]),
        code=codes[origin],
        bucket=np.searchsorted([last for _, last in BUCKETS], step),
        people=people,
    )


def _scaled(truths: _Truths, band: Band) -> Values:
    """Errors [truth, level] in units of the band's reach to that side of the mean."""
    at = (truths.origin, truths.step - 1)
    mean = band.mean[at]
    above = truths.value > mean
    reaches = [
        np.where(above, high[at] - mean, mean - low[at])
        for low, high in ((band.low80, band.high80), (band.low95, band.high95))
    ]
    reach = np.stack(reaches, axis=-1)
    errors = np.broadcast_to(np.abs(truths.value - mean)[:, None], reach.shape)
    return np.divide(errors, reach, out=np.zeros_like(reach), where=errors > 0)


def _quantiles(scaled: Values, truths: _Truths) -> Logs:
    """Logarithms [bucket, level] of what LEVELS of the errors stay under, for each kind and all alike."""
    own = {
        code: _of(scaled[truths.code == code], truths.bucket[truths.code == code]) for code in truths.people
    }
    all_kinds = np.mean(list(own.values()), axis=0)
    leaning = {
        code: (people * own[code] + _LEANING * all_kinds) / (people + _LEANING)
        for code, people in truths.people.items()
    }
    return leaning | {_ALL_KINDS: all_kinds}


def _of(scaled: Values, bucket: npt.NDArray[np.int64]) -> Values:
    rows = [scaled[bucket == number] for number in range(len(BUCKETS))]
    return np.log([[_conformal(row[:, at], level) for at, level in enumerate(LEVELS)] for row in rows])


def _conformal(errors: Values, level: float) -> float:
    """The error that a new one stays under with this chance, when it is like the others."""
    rank = min(int(np.ceil((len(errors) + 1) * level)), len(errors))
    return float(np.partition(errors, rank - 1)[rank - 1])


def _factors(logs: Logs, version: str) -> Factors:
    table = {code: np.exp(log).round(3) for code, log in logs.items()}
    return Factors(
        version, {code: row for code, row in table.items() if code != _ALL_KINDS}, table[_ALL_KINDS]
    )
