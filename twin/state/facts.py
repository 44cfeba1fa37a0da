"""What is known of a person beside the tiles, by which body systems are judged; plain values. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, timedelta
from typing import Any, Literal

import numpy as np

from twin.kinds import BodySystem, Kind, Values

Severity = Literal["information", "caution", "urgent", "critical"]
TREND_DAYS = 7
"""Days at either end of a forecast that are held against each other: a week has every weekday in it."""


@dataclass(frozen=True, slots=True)
class SystemFinding:
    """An early warning that is open, and the systems that it speaks of."""

    rule: str
    title: str
    severity: Severity
    systems: tuple[BodySystem, ...]


@dataclass(frozen=True, slots=True)
class SystemLimit:
    """A limit of a kind that is `passed`, or may be with this probability, by `expected_on` as likely as not.

    `basis` says whose it is: a goal's, a clinician's threshold's, a guideline's.
    """

    kind: str
    basis: Literal["goal", "threshold", "guideline"]
    title: str
    side: Literal["above", "below"]
    limit: float
    passed: bool
    probability: float
    expected_on: date | None


@dataclass(frozen=True, slots=True)
class SystemScore:
    """A score's band, and whether it is one to watch; it says something of `good_for` days from `on`."""

    code: str
    title: str
    system: BodySystem
    band: str
    to_watch: bool
    on: date
    good_for: int

    def counts_on(self, day: date) -> bool:
        """Whether it says something of that day."""
        return day <= self.on + timedelta(days=self.good_for)


@dataclass(frozen=True, slots=True)
class Trend:
    """Where a forecast goes: the means of its first and last week, and what its 80 % band leaves open there.

    It `matters` when it goes further than that. `direction` is level below one shown decimal.
    """

    kind: str
    direction: Literal["rising", "falling", "level"]
    matters: bool
    first_week: float
    last_week: float


@dataclass(frozen=True, slots=True)
class Facts:
    """Of one topic or several: what systems() takes beside the tiles."""

    findings: Sequence[SystemFinding] = ()
    limits: Sequence[SystemLimit] = ()
    trends: Sequence[Trend] = ()
    scores: Sequence[SystemScore] = ()

    def as_json(self) -> dict[str, Any]:
        """The facts as JSON has them: days in ISO 8601."""
        return {
            name: [
                {key: value.isoformat() if isinstance(value, date) else value for key, value in row.items()}
                for row in map(asdict, getattr(self, name))
            ]
            for name in (field.name for field in fields(self))
        }


def facts_of(said: Mapping[str, Any]) -> Facts:
    """The facts that as_json() wrote; what is not said is none."""
    return Facts(
        findings=tuple(
            SystemFinding(**{**row, "systems": tuple(map(BodySystem, row["systems"]))})
            for row in said.get("findings", ())
        ),
        limits=tuple(
            SystemLimit(**{**row, "expected_on": _day(row["expected_on"])}) for row in said.get("limits", ())
        ),
        trends=tuple(Trend(**row) for row in said.get("trends", ())),
        scores=tuple(
            SystemScore(**{**row, "system": BodySystem(row["system"]), "on": date.fromisoformat(row["on"])})
            for row in said.get("scores", ())
        ),
    )


def together(several: Iterable[Facts]) -> Facts:
    """The facts of several topics as one."""
    rows = list(several)
    return Facts(
        *(tuple(one for facts in rows for one in getattr(facts, field.name)) for field in fields(Facts))
    )


def trend(kind: Kind, mean: Values, low80: Values, high80: Values) -> Trend:
    """Where a daily forecast of a kind goes, from a value a day of its centre and its 80 % band."""
    first, last = float(mean[:TREND_DAYS].mean()), float(mean[-TREND_DAYS:].mean())
    open_ = float(np.mean(high80[-TREND_DAYS:] - low80[-TREND_DAYS:])) / 2
    change = last - first
    moves = abs(change) >= 10.0**-kind.decimals
    direction: Literal["rising", "falling", "level"] = (
        "level" if not moves else "rising" if change > 0 else "falling"
    )
    return Trend(kind.code, direction, moves and abs(change) > open_, first, last)


def _day(said: str | None) -> date | None:
    return None if said is None else date.fromisoformat(said)
