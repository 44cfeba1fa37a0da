"""What rooms offer each other without importing each other; filled by each room when it is ready."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from backend.models import Patient, User
from backend.rules import Need, Topic


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


# Looks at a patient's records of medicines that a file has brought, by their ids, at an instant; in the
# caller's transaction, which acts on the patient and holds her lock.
MedicineFollower = Callable[[UUID, Collection[UUID], datetime], None]


# Answers a row as its JSON view to a person who may see it, else None.
LiveView = Callable[[User, UUID], Mapping[str, object] | None]
# Seeds demo data up to `now`, saying what it does; does nothing the second time. Answers the logins.
Seeder = Callable[[datetime, Callable[[str], None]], list[Login]]


# Brings what counts in a patient's days up to where the patient lived from an instant on, which has changed;
# the second instant is now. In the caller's transaction.
ZoneFollower = Callable[[UUID, datetime, datetime], None]


# Answers what each of these refs is now, in these topics: {ref: body as JSON}. One that is gone is left out.
# The refs of a page come together, so that it can take one query.
Resolver = Callable[[Patient, Collection[str], Collection[Topic]], Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Synced:
    """A type of refs in the log that clients keep copies of, and what it takes to be told of them."""

    resolve: Resolver
    need: Need = Need.READ


# A room's own part of a patient's export: its members' names and their bytes, chunk by chunk. A worker asks,
# outside any transaction. Only what is of a format that intake reads comes back from an export.
Exporter = Callable[[UUID], Iterable[tuple[str, Iterable[bytes]]]]


@dataclass(frozen=True, slots=True)
class Telling:
    """Somebody is to be told of something, once by a channel: what a channel needs to know, and no more.

    `id` is the same at every try, so that who is told can know it again. `notice` is the type of what it is
    about, `ref` which one; `severity` is a word of the twin's warnings.
    """

    id: UUID
    person: UUID
    email: str
    notice: str
    ref: UUID
    patient: UUID
    severity: str


class Outcome(StrEnum):
    """What became of one try to tell somebody."""

    SENT = "sent"
    FAILED = "failed"  # it may go better in a while
    UNREACHABLE = "unreachable"  # this person cannot be told this way at all


class Sender(Protocol):
    """A channel by which people are told. Takes no transaction and less than half a minute."""

    name: str

    def send(self, telling: Telling) -> Outcome:
        """Hands it over; whatever it raises counts as FAILED."""
        ...


# A device has shown the person what a notice was about, at an instant; whether she may see that at all.
Displayed = Callable[[User, UUID, datetime], bool]


@dataclass(frozen=True, slots=True)
class CriticalDose:
    """How often in a row a medicine that must not be left out was not taken; 0 times if it was.

    The last time was at `at`. `key` names its plan, as long as there is one.
    """

    key: str
    medicine: str
    missed: int
    at: datetime


# Answers how each critical medicine of a patient is taken, in the caller's transaction. Who changes the
# answer marks the patient's warnings stale.
CriticalDoses = Callable[[UUID], Iterable[CriticalDose]]


@dataclass(slots=True)
class Ports:
    """The registries."""

    panels: list[Panel] = field(default_factory=list)
    live_views: dict[str, LiveView] = field(default_factory=dict)
    synced: dict[str, Synced] = field(default_factory=dict)
    seeders: list[Seeder] = field(default_factory=list)
    zone_followers: list[ZoneFollower] = field(default_factory=list)
    medicine_followers: list[MedicineFollower] = field(default_factory=list)
    exporters: dict[str, Exporter] = field(default_factory=dict)
    senders: dict[str, Sender] = field(default_factory=dict)
    displayed: dict[str, Displayed] = field(default_factory=dict)
    critical_doses: list[CriticalDoses] = field(default_factory=list)


ports = Ports()
