"""Known events as Prophet's regressors: which of them the days can tell apart, and what each did. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from twin.forecast.band import Days
from twin.forecast.trend import Fit, Period

STEPS = frozenset({"medicine_started", "medicine_changed", "medicine_stopped"})
"""The types that last; an event of any other type is over after its days."""
LEAST_DAYS_OF_STEP = 7
"""A whole week on either side, or the week's pattern would pass for what the event did."""
LEAST_DAYS_OF_PULSE = 3
MOST_EVENTS = 12

_Held = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class KnownEvent:
    """Something in a person's life; `id` is whatever the caller knows it by."""

    id: Any
    type: str
    starts_on: date
    ends_on: date | None
    text: str

    @property
    def period(self) -> Period:
        """The days on which it may show."""
        lasts = self.type in STEPS
        return Period(self.starts_on, self.ends_on if lasts else self.ends_on or self.starts_on)

    @property
    def least(self) -> int:
        """How many days with a value it needs, and how many without it."""
        return LEAST_DAYS_OF_STEP if self.type in STEPS else LEAST_DAYS_OF_PULSE

    def shows_in(self, days: Days) -> bool:
        """Whether it begins on one of these consecutive days, or is a pulse that reaches them."""
        until = self.starts_on if self.type in STEPS else self.ends_on or self.starts_on
        return bool(days[0] <= np.datetime64(until, "D") and np.datetime64(self.starts_on, "D") <= days[-1])


@dataclass(frozen=True, slots=True)
class Effect:
    """How much higher values were in an event's days, with a 95 % range, or `reason`: why that is unknown."""

    event: KnownEvent
    effect: float | None
    low: float | None
    high: float | None
    reason: str = ""

    @classmethod
    def unknown(cls, event: KnownEvent, reason: str) -> "Effect":
        """That of an event of which the days say nothing."""
        return cls(event, None, None, None, reason)


@dataclass(frozen=True, slots=True)
class Weighing:
    """Some events beside the days of a series. `fitted` are the places of those that get a column in its fit.

    `reasons` has an entry an event, which is empty where the days can tell what it did.
    """

    events: tuple[KnownEvent, ...]
    fitted: tuple[int, ...]
    reasons: tuple[str, ...]

    @property
    def periods(self) -> list[Period]:
        """What the fit is to be made with."""
        return [self.events[place].period for place in self.fitted]

    def told(self, found: Fit, shown: Days) -> list[Effect]:
        """What each event that shows in these days did, read off a fit with these periods."""
        return [
            Effect.unknown(event, reason) if reason else _effect(event, found, self.fitted.index(place))
            for place, (event, reason) in enumerate(zip(self.events, self.reasons, strict=True))
            if event.shows_in(shown)
        ]


def weigh(events: Sequence[KnownEvent], days: Days) -> Weighing:
    """Which events a fit to these days with a value can weigh.

    Of two that hold on nearly the same days the fit gets one column, so that neither is given the other's
    effect, and neither is told.
    """
    reasons = ["" for _ in events]
    held = [event.period.holds(days) for event in events]
    newest_first = sorted(range(len(events)), key=lambda place: events[place].starts_on, reverse=True)
    most = min(MOST_EVENTS, len(days) // LEAST_DAYS_OF_STEP)
    for place in newest_first[most:]:
        reasons[place] = f"Of so many events only the latest {most} can be weighed at once."
    fitted: list[int] = []
    for place in newest_first[:most]:
        reasons[place] = _too_few(events[place].least, held[place])
        if reasons[place]:
            continue
        for other in fitted:
            if _differ(held[place], held[other]) < max(events[place].least, events[other].least):
                reasons[place] = reasons[other] = "It cannot be told apart from another event of these days."
                break
        else:
            fitted.append(place)
    return Weighing(tuple(events), tuple(fitted), tuple(reasons))


def _too_few(least: int, held: _Held) -> str:
    inside, outside = int(held.sum()), int((~held).sum())
    if inside < least:
        return f"{_values(inside)} in its days: it takes {least} to tell."
    if outside < least:
        return f"{_values(outside)} outside its days: it takes {least} to tell."
    return ""


def _differ(one: _Held, other: _Held) -> int:
    """On how many days two differ, or would if one were turned round, which a level cannot tell from it."""
    apart = int((one != other).sum())
    return min(apart, len(one) - apart)


def _effect(event: KnownEvent, found: Fit, column: int) -> Effect:
    combination = found.effect(column)
    return Effect(event, found.known(combination)[0], *found.range95(combination))


def _values(number: int) -> str:
    return f"Only {number} day with a value" if number == 1 else f"Only {number} days with a value"
