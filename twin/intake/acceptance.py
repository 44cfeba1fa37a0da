"""What of a reader's samples may be stored: one unit, possible values, plausible times. Pure."""

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


def accept(samples: Samples, *, now: datetime) -> tuple[Samples, list[Problem]]:
    """The samples that may be stored, in the kind's canonical unit, and a problem for each sort of refusal.

    Values outside the soft range are kept and flagged. What is refused is counted once, under the first of:
    unknown kind, unknown unit, not a number, implausible time, out of range.
    """
    try:
        known = kind(samples.kind)
        values = to_canonical(known, samples.unit, samples.columns.value)
    except UnknownKind:
        return _nothing(samples, ProblemCode.UNKNOWN_KIND, samples.kind)
    except UnknownUnit:
        return _nothing(samples, ProblemCode.UNKNOWN_UNIT, samples.unit or "no unit")

    columns = samples.columns
    verdicts = judge(known, values)
    refusals = (
        (ProblemCode.NOT_A_NUMBER, ~np.isfinite(values)),
        (ProblemCode.IMPLAUSIBLE_TIME, ~_is_plausible(columns, now)),
        (ProblemCode.OUT_OF_RANGE, verdicts == Verdict.REJECT),
    )
    kept = np.ones(len(columns), np.bool_)
    problems = []
    for code, refused in refusals:
        if (kept & refused).any():
            problems.append(_problem(samples, code, kept & refused))
            kept &= ~refused
    flags = _flagged(columns.flags, _is_suspect(known, values, verdicts))
    accepted = Columns(columns.start, columns.duration, values, columns.offset, flags)
    if problems:
        accepted = accepted.take(kept)
    return Samples(samples.kind, samples.source, known.unit, accepted), problems


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


def _nothing(samples: Samples, code: ProblemCode, example: str) -> tuple[Samples, list[Problem]]:
    refused = np.ones(len(samples.columns), np.bool_)
    empty = Samples(samples.kind, samples.source, samples.unit, samples.columns.take(~refused))
    if not len(samples.columns):
        return empty, []
    problem = _problem(samples, code, refused)
    return empty, [Problem(code, example, problem.place, problem.count, problem.kind)]


def _problem(samples: Samples, code: ProblemCode, refused: npt.NDArray[np.bool_]) -> Problem:
    first = int(np.argmax(refused))
    start, value = int(samples.columns.start[first]), float(samples.columns.value[first])
    example = f"{value!r} {samples.unit}".strip()
    if code is ProblemCode.IMPLAUSIBLE_TIME:
        example = f"{_instant(start)}, for {int(samples.columns.duration[first])} ms"
    return Problem(code, example, _instant(start), int(refused.sum()), samples.kind)


def _instant(milliseconds: int) -> str:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds")
    except (OverflowError, ValueError, OSError):
        return f"{milliseconds} ms after 1970"
