"""Which of a record's edits stands, when several people wrote it out of each other's sight. Pure.

The rule needs no clock in common beyond the editors' own, and gives the same winner whatever the order in
which edits arrive: an edit made on what stands follows it; of edits made on the same older version the later
one stands, and the others are kept as lost.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Edit:
    """What somebody wrote, when by the clock of her device, and when it came to us.

    `number` is the version that it became; of one that became none, the version that it was made on.
    """

    number: int
    said: Mapping[str, Any]
    editor: UUID | None
    edited_at: datetime
    received_at: datetime

    @property
    def at(self) -> datetime:
        """When it counts as written: a clock that is ahead of ours wins nothing by it."""
        return min(self.edited_at, self.received_at)


class Outcome(StrEnum):
    """What becomes of an edit."""

    REPEATED = "repeated"  # it came before: nothing changes
    AGREES = "agrees"  # it says what stands already
    STANDS = "stands"  # it was made on what stood, and follows it
    WINS = "wins"  # it was made on something older and is the latest of all: what stood is lost
    LOST = "lost"  # it was made on something older, and what stands is later


def decide(current: Edit, earlier: Iterable[Edit], incoming: Edit) -> Outcome:
    """What becomes of an edit while `current` stands; `earlier` are all others that are known, lost ones too.

    It is measured against what its editor cannot have seen, and may be the older one by its clock where she
    has seen everything. Of two written in the same instant the one that came first stands. Only a clock that
    is ahead lets the order of arrival decide: nobody can know when it was really written.
    """
    known = [current, *earlier]
    if any(_signature(edit) == _signature(incoming) for edit in known):
        return Outcome.REPEATED
    if incoming.said == current.said:
        return Outcome.AGREES
    if incoming.number == current.number:
        return Outcome.STANDS
    # What stands may be of a slow clock, written upon something later that is unseen just as well.
    unseen = [current, *(edit for edit in known if edit.number > incoming.number)]
    return Outcome.WINS if incoming.at > max(edit.at for edit in unseen) else Outcome.LOST


def _signature(edit: Edit) -> tuple[UUID | None, datetime, Mapping[str, Any]]:
    return edit.editor, edit.edited_at, edit.said
