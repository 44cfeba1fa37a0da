"""What is known of one person by days and records, as early signs and suggestions look at it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from twin.kinds import KINDS, kind
from twin.risk.body_mass import body_mass_index
from twin.risk.kidney_course import Result
from twin.risk.result import Input
from twin.scores.cgm import Metrics
from twin.state.summary import DaySummary
from twin.warnings.looks import amount

EXACT_TO = 9
"""Decimals to which a value is held against a limit: what has been through another unit is rarely exact."""


@dataclass(frozen=True, slots=True)
class Known:
    """One person on one day of hers.

    `age` is in completed years, `days` are by kind in order, in canonical units. `egfr` is as
    twin.risk.inputs.kidney_results gives it, `on_file` as twin.risk.facts.facts does: a condition that is not
    a key there is one of which no records were there to say anything. `sensor` are the last weeks of a
    glucose sensor, where there are enough.
    """

    age: int
    days: Mapping[str, Sequence[DaySummary]] = field(default_factory=dict)
    egfr: Sequence[Result] = ()
    on_file: Mapping[str, Input] = field(default_factory=dict)
    sensor: Metrics | None = None

    def within(self, code: str, days: int, today: date) -> list[DaySummary]:
        """A kind's days of the last so many, today included and none to come; body mass index worked out."""
        since = today - timedelta(days=days)
        found = self.days.get(code, ())
        if code == "bmi":
            found = self._body_mass() or found
        return [one for one in found if since < one.day <= today]

    def is_on_file(self, fact: str) -> bool:
        """Whether the records say so; silence is no."""
        said = self.on_file.get(fact)
        return said is not None and said.value is True

    def _body_mass(self) -> list[DaySummary]:
        heights = self.days.get("height", ())
        if not heights or heights[-1].value <= 0:
            return []
        made = []
        for one in self.days.get("weight", ()):
            value = round(body_mass_index(one.value, heights[-1].value), 2)
            made.append(DaySummary(one.day, value, value, value, one.count, one.source, one.sources))
        return made


def is_at_least(value: float, limit: float) -> bool:
    """Whether a value is at a limit or above it."""
    return round(value, EXACT_TO) >= limit


def is_below(value: float, limit: float) -> bool:
    """Whether a value is below a limit."""
    return not is_at_least(value, limit)


def said(code: str, value: float) -> str:
    """A value of a kind in words, with its unit."""
    return amount(KINDS[code], value)


def seen(code: str, value: float, on: date, source: str) -> Input:
    """A value of a kind as evidence."""
    one = kind(code)
    return Input(one.title, value, one.unit, on, source)
