"""What rooms offer each other without importing each other; filled by each room when it is ready."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from backend.models import User


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of a patient's page that its own room serves at `url_name`, given the patient's id."""

    slug: str
    title: str
    url_name: str
    order: int


@dataclass(frozen=True, slots=True)
class Login:
    """A demo account, as it is shown to whoever tries the product."""

    email: str
    password: str
    name: str
    what: str


# Answers a row as its JSON view to a person who may see it, else None.
LiveView = Callable[[User, UUID], Mapping[str, object] | None]
# Seeds demo data up to `now`, saying what it does; does nothing the second time. Answers the logins.
Seeder = Callable[[datetime, Callable[[str], None]], list[Login]]


# Brings what counts in a patient's days up to the zone that the patient has now; in the caller's transaction.
ZoneFollower = Callable[[UUID], None]


@dataclass(slots=True)
class Ports:
    """The registries."""

    panels: list[Panel] = field(default_factory=list)
    live_views: dict[str, LiveView] = field(default_factory=dict)
    seeders: list[Seeder] = field(default_factory=list)
    zone_followers: list[ZoneFollower] = field(default_factory=list)


ports = Ports()
