"""Scores that add up points: the sum, or between what it lies while some of it is not known. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """The points of one part, and how few and many it can have; None while it is not known."""

    points: float | None
    least: float
    most: float


def total(parts: Iterable[Part]) -> tuple[float | None, float, float]:
    """The sum, or None where a part is not known, and the ends between which it lies."""
    every = list(parts)
    low = sum(part.least if part.points is None else part.points for part in every)
    high = sum(part.most if part.points is None else part.points for part in every)
    known = all(part.points is not None for part in every)
    return (low if known else None), low, high


def banded(value: float, bands: Sequence[tuple[str, float]]) -> str:
    """The code of the last band that begins at the value or below it; bands are in rising order."""
    return next(code for code, begins in reversed(bands) if value >= begins)
