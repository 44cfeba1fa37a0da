"""Who is to be looked at first: what is known of a part of a patient, as one number and in words. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from twin.warnings.finding import Severity


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """An alert that is not over; somebody sees to one that is acknowledged."""

    title: str
    severity: Severity
    acknowledged: bool


@dataclass(frozen=True, slots=True)
class Deviation:
    """How far a kind's newest value lies from what is usual for the person, in robust SDs."""

    title: str
    distance: float


@dataclass(frozen=True, slots=True)
class Ahead:
    """A limit that a kind may pass: the chance, and the day by which it is as likely as not, if any.

    `passed` says that it is passed already.
    """

    title: str
    probability: float
    expected_on: date | None
    passed: bool = False


@dataclass(frozen=True, slots=True)
class Risk:
    """A score in a band; `percent` where it is a chance within ten years."""

    title: str
    band: str
    to_watch: bool
    percent: float | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What bears on the order, of one topic, or of all that several topics say only together.

    `early_warning` is NEWS2's total, the lowest that it can be.
    """

    alerts: tuple[OpenAlert, ...] = ()
    early_warning: int | None = None
    deviation: Deviation | None = None
    ahead: Ahead | None = None
    risks: tuple[Risk, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part stands among those of all patients: a higher rank comes first; `reasons`, worst first."""

    rank: int
    reasons: tuple[str, ...]
    parts: tuple[int, ...] = field(compare=False, repr=False)


# How many steps each part has, from the one that weighs most. A part never outweighs one before it.
ALERT_STEPS, MOST_ALERTS, MOST_EARLY_WARNING = 9, 99, 20
FARTHEST = 9.9
"""Robust SDs beyond which one value is as far off as another."""
TOLD_FROM = 2.0
"""Robust SDs, and half a chance, from which on a deviation and a limit ahead are worth a word."""
LIKELY = 0.5


def place(known: Known) -> Place:
    """The order: worst open alert, one that nobody sees to first; how many; NEWS2; deviation; limit; risk.

    It compares part by part, as words are compared letter by letter, so that no sum of small things hides
    a large one. Nothing known ranks 0.
    """
    worst = max((_step(alert) for alert in known.alerts), default=0)
    distance = abs(known.deviation.distance) if known.deviation else 0.0
    parts = (
        (worst, ALERT_STEPS),
        (min(len(known.alerts), MOST_ALERTS), MOST_ALERTS + 1),
        (min(known.early_warning or 0, MOST_EARLY_WARNING), MOST_EARLY_WARNING + 1),
        (round(10 * min(distance, FARTHEST)), 100),
        (round(100 * known.ahead.probability) if known.ahead else 0, 101),
        (_risk(known.risks), 101),
    )
    rank = 0
    for value, steps in parts:
        rank = rank * steps + value
    return Place(rank, tuple(_reasons(known)), tuple(value for value, _ in parts))


def _step(alert: OpenAlert) -> int:
    """1 to 8: each severity once for what somebody sees to, and once for what waits."""
    return 2 * alert.severity.rank + (1 if alert.acknowledged else 2)


def _risk(risks: Sequence[Risk]) -> int:
    """The greatest chance; a band to watch without one is more than none."""
    greatest = max((one.percent for one in risks if one.percent is not None), default=0.0)
    return max(round(min(greatest, 100.0)), int(any(one.to_watch for one in risks)))


def _reasons(known: Known) -> list[str]:
    several = sorted(known.alerts, key=_step, reverse=True)
    reasons = [alert.title + (", seen to" if alert.acknowledged else "") for alert in several[:2]]
    if len(several) > 2:
        reasons.append(f"{len(several) - 2} more open")
    if known.early_warning:
        reasons.append(f"NEWS2 at least {known.early_warning}")
    if known.deviation and abs(known.deviation.distance) >= TOLD_FROM:
        side = "above" if known.deviation.distance > 0 else "below"
        reasons.append(f"{known.deviation.title} well {side} what is usual")
    if known.ahead and known.ahead.passed:
        reasons.append(known.ahead.title)
    elif known.ahead and known.ahead.probability >= LIKELY:
        by = f" by {known.ahead.expected_on:%-d %B}" if known.ahead.expected_on else ""
        reasons.append(f"{known.ahead.title}: {round(100 * known.ahead.probability)} % likely{by}")
    for one in sorted(known.risks, key=lambda one: one.percent or 0.0, reverse=True):
        if one.to_watch:
            share = "" if one.percent is None else f", {round(one.percent)} %"
            reasons.append(f"{one.title}: {one.band}{share}")
    return reasons
