"""Who may do what: topics, needs, and the one table Role x Need. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Topic(StrEnum):
    """What a patient shares separately."""

    VITALS = "vitals"
    GLUCOSE = "glucose"
    MEDICATION = "medication"
    RECORDS = "records"
    GENES = "genes"
    MENTAL_HEALTH = "mental_health"
    MESSAGES = "messages"


class Level(StrEnum):
    """How far a grant of a topic goes; who may act may also read."""

    READ = "read"
    ACT = "act"


class Role(StrEnum):
    """What somebody is to one patient."""

    SELF = "self"
    CAREGIVER = "caregiver"
    CLINICIAN = "clinician"
    EMERGENCY = "emergency"


class Need(StrEnum):
    """What a view, page, socket command or task wants of one patient."""

    SEE = "see"  # that this person is here: name, age, which topics are shared
    READ = "read"  # rows of the topics that are shared for reading
    ACT = "act"  # adding and changing in the topics that are shared for acting
    SHARE = "share"  # giving and taking back grants, and seeing who looked
    PROFILE = "profile"  # the person's own particulars and settings
    EXPORT = "export"  # everything at once, to take along


ALL_TOPICS = frozenset(Topic)
NO_TOPICS: frozenset[Topic] = frozenset()

TABLE: dict[Need, frozenset[Role]] = {
    Need.SEE: frozenset(Role),
    Need.READ: frozenset(Role),
    Need.ACT: frozenset({Role.SELF, Role.CAREGIVER, Role.CLINICIAN}),
    Need.SHARE: frozenset({Role.SELF}),
    Need.PROFILE: frozenset({Role.SELF}),
    Need.EXPORT: frozenset({Role.SELF}),
}


@dataclass(frozen=True, slots=True)
class Grant:
    """One valid grant as it bears on one person."""

    role: Role
    read: frozenset[Topic]
    act: frozenset[Topic]


@dataclass(frozen=True, slots=True)
class Standing:
    """What one person is to one patient, and for which topics. `role` None is a stranger."""

    role: Role | None
    read: frozenset[Topic]
    act: frozenset[Topic]

    def may(self, need: Need) -> bool:
        """Whether the table allows the need at all; topics narrow it further."""
        return self.role is not None and self.role in TABLE[need]

    def topics(self, need: Need) -> frozenset[Topic]:
        """The topics in which the need is met; empty when it is not."""
        if not self.may(need):
            return NO_TOPICS
        return self.act if need is Need.ACT else self.read


STRANGER = Standing(None, NO_TOPICS, NO_TOPICS)
OWNER = Standing(Role.SELF, ALL_TOPICS, ALL_TOPICS)


def standing(grants: Iterable[Grant]) -> Standing:
    """The union of a person's valid grants.

    The role is the strongest ordinary one; EMERGENCY only when nothing else stands, because it alone
    carries the banner and the loud audit row. Topics opened by an emergency are read-only.
    """
    given = list(grants)
    if not given:
        return STRANGER
    roles = {grant.role for grant in given}
    role = next(role for role in (Role.CLINICIAN, Role.CAREGIVER, Role.EMERGENCY) if role in roles)
    return Standing(
        role,
        frozenset().union(*(grant.read for grant in given)),
        frozenset().union(*(grant.act for grant in given)),
    )
