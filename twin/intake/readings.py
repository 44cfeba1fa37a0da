"""What readers of single entries find in one: values that were measured, or why there is none. Pure."""

from dataclasses import dataclass

from twin.intake.gathering import Batches, Tally
from twin.intake.items import ProblemCode
from twin.kinds import KINDS


@dataclass(frozen=True, slots=True)
class Reading:
    """One measured value in the file's unit; start and duration in milliseconds."""

    kind: str
    unit: str
    start: int
    duration: int
    value: float


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a part of an entry is no reading, in the terms of a Problem."""

    code: ProblemCode
    example: object
    kind: str = ""
    sort: str = ""


def gather(
    found: Reading | Flaw,
    place: str,
    batches: Batches,
    tally: Tally,
    *,
    source: str,
    offset: int | None,
    flags: int,
) -> None:
    """Adds a reading to the batches, a flaw to the tally; the rest as Batches.add() takes it.

    A zero of a kind that nobody alive has none of was not measured.
    """
    match found:
        case Flaw(code, example, kind, sort):
            tally.add(code, example, place, kind=kind, sort=sort)
        case Reading(kind, unit, value=0) if KINDS[kind].hard[0] > 0:
            tally.add(ProblemCode.NOT_MEASURED, f"0 {unit}", place, kind=kind)
        case Reading(kind, unit, start, duration, value):
            batches.add(kind, source, unit, start, duration, value, offset=offset, flags=flags)
