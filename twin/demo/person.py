"""What the demo says of one patient: who it is, whom they trust, what to store of them. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from backend.rules import Level, Topic
from backend.zones import ZoneHistory
from twin.intake.items import Item


@dataclass(frozen=True, slots=True)
class Grant:
    """A patient's trust in one person (by e-mail) or one team (by name): exactly one of the two is given."""

    topics: Mapping[Topic, Level]
    to_email: str = ""
    to_team: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """A questionnaire that was answered so many days ago: its points, in the order of its questions."""

    code: str
    days_ago: int
    points: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """A patient with a login. `units` maps a kind to the unit this person reads it in.

    `items(now)` gives what to store, up to the aware instant `now`, as a reader would; `zones(now)` where the
    person lived meanwhile, if not always in `time_zone`.
    """

    name: str
    email: str
    birth_date: date
    sex: str
    time_zone: str
    locale: str
    items: Callable[[datetime], Iterator[Item]]
    units: Mapping[str, str] = field(default_factory=dict)
    grants: tuple[Grant, ...] = ()
    zones: Callable[[datetime], ZoneHistory] | None = None
    answered: tuple[Answered, ...] = ()
