"""What of a reader's samples may be stored: one unit, possible values, plausible times. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from twin.intake.items import Problem, ProblemCode, Samples
from twin.kinds import DayRule, Kind, UnknownKind, UnknownUnit, Verdict, judge, kind, to_canonical
from twin.series.columns import Columns, Flag

EARLIEST = -2_208_988_800_000
"""1900-01-01T00:00Z in milliseconds since the epoch: nobody's measurement is older."""
LONGEST = 366 * 86_400_000
"""Milliseconds: a sample spans a year at most."""

_AHEAD = 86_400_000  # clocks run fast and zones are mistaken, by a day at most


@dataclass(frozen=True, slots=True)
class Examined:
    """Samples in the kind's canonical unit, all of them; which are `kept`, and which are refused for what.

    Each sample is kept or refused, for one reason. Where the unit is unknown the samples are as given.
    """

    samples: Samples
    kept: npt.NDArray[np.bool_]
    refused: list[tuple[ProblemCode, npt.NDArray[np.bool_]]]

    @property
    def accepted(self) -> Columns:
        """Those that are kept."""
        columns = self.samples.columns
        return columns if self.kept.all() else columns.take(self.kept)

    def but_none(self, code: ProblemCode) -> "Examined":
        """The same, but what was kept is refused for this."""
        if not self.kept.any():
            return self
        return Examined(self.samples, np.zeros_like(self.kept), [*self.refused, (code, self.kept)])


def accept(samples: Samples, *, now: datetime) -> tuple[Samples, list[Problem]]:
    """The samples that may be stored, in the kind's own unit, and a problem for each sort of refusal."""
    examined = examine(samples, now=now)
    problems = [_problem(samples, code, refused) for code, refused in examined.refused]
    same = examined.samples
    return Samples(same.kind, same.source, same.unit, examined.accepted), problems


def examine(samples: Samples, *, now: datetime, withdrawn: npt.NDArray[np.bool_] | None = None) -> Examined:
    """What may be stored and what not, sample by sample.

    Values outside the soft range are kept and flagged. What is refused is refused for the first of: unknown
    kind, unknown unit, not a number, implausible time, out of range. Where `withdrawn`, values say nothing.
    """
    try:
        known = kind(samples.kind)
        values = to_canonical(known, samples.unit, samples.columns.value)
    except UnknownKind:
        return _nothing(samples, ProblemCode.UNKNOWN_KIND)
    except UnknownUnit:
        return _nothing(samples, ProblemCode.UNKNOWN_UNIT)

    columns = samples.columns
    if withdrawn is not None:
        values = np.where(withdrawn, known.soft[0], values)
    verdicts = judge(known, values)
    refusals = (
        (ProblemCode.NOT_A_NUMBER, ~np.isfinite(values)),
        (ProblemCode.IMPLAUSIBLE_TIME, ~_is_plausible(columns, now)),
        (ProblemCode.OUT_OF_RANGE, verdicts == Verdict.REJECT),
    )
    kept = np.ones(len(columns), np.bool_)
    refused = []
    for code, is_refused in refusals:
        if is_refused.any() and (is_refused & kept).any():
            refused.append((code, is_refused & kept))
            kept &= ~is_refused
    flags = _flagged(columns.flags, _is_suspect(known, values, verdicts))
    examined = Columns(columns.start, columns.duration, values, columns.offset, flags)
    return Examined(Samples(samples.kind, samples.source, known.unit, examined), kept, refused)


def _is_plausible(columns: Columns, now: datetime) -> npt.NDArray[np.bool_]:
    latest = int(now.timestamp() * 1000) + _AHEAD
    plausible: npt.NDArray[np.bool_] = (
        (columns.start >= EARLIEST)
        & (columns.start <= latest)
        & (columns.duration >= 0)
        & (columns.duration <= LONGEST)
        & (columns.start + columns.duration <= latest)
    )
    return plausible


def _is_suspect(
    kind: Kind, values: npt.NDArray[np.float64], verdicts: npt.NDArray[np.uint8]
) -> npt.NDArray[np.bool_]:
    suspect: npt.NDArray[np.bool_] = verdicts == Verdict.WARN
    if kind.daily in (DayRule.SUM, DayRule.DURATION):
        # The soft range is a day's: a part of the day may be as small as it likes.
        suspect &= values > kind.soft[1]
    return suspect


def _flagged(
    flags: npt.NDArray[np.uint8] | None, suspect: npt.NDArray[np.bool_]
) -> npt.NDArray[np.uint8] | None:
    if not suspect.any():
        return flags
    soft = suspect.astype(np.uint8) * np.uint8(Flag.SOFT_RANGE)
    return soft if flags is None else flags | soft


def _nothing(samples: Samples, code: ProblemCode) -> Examined:
    every = np.ones(len(samples.columns), np.bool_)
    return Examined(samples, ~every, [(code, every)] if len(every) else [])


def _problem(samples: Samples, code: ProblemCode, refused: npt.NDArray[np.bool_]) -> Problem:
    first = int(np.argmax(refused))
    start, value = int(samples.columns.start[first]), float(samples.columns.value[first])
    example = f"{value!r} {samples.unit}".strip()
    match code:
        case ProblemCode.UNKNOWN_KIND:
            example = samples.kind
        case ProblemCode.UNKNOWN_UNIT:
            example = samples.unit or "no unit"
        case ProblemCode.IMPLAUSIBLE_TIME:
            example = f"{_instant(start)}, for {int(samples.columns.duration[first])} ms"
    return Problem(code, example, _instant(start), int(refused.sum()), samples.kind)


def _instant(milliseconds: int) -> str:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds")
    except (OverflowError, ValueError, OSError):
        return f"{milliseconds} ms after 1970"
