"""What records of medicines say of the days on which something about taking them changed. Pure.

Prescriptions that follow each other are one course: only its beginning, other doses, and its end are changes.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

GAP = timedelta(days=30)
"""A prescription that begins so soon after the last one ended goes on with it: packs are fetched late."""
ENDED = frozenset({"stopped", "completed", "ended", "inactive", "resolved"})
NEVER_TAKEN = frozenset(
    {"entered-in-error", "not-taken", "do-not-perform", "cancelled", "draft", "intended", "refuted"}
)
"""Statuses, FHIR's and typed ones, of records that say of no day that anything was taken."""

_STRENGTH = re.compile(
    r"\d+(?:[.,]\d+)?(?:\s*/\s*\d+(?:[.,]\d+)?)?\s*(?:mg|g|mcg|µg|μg|ug|ml|mmol|iu|ie|units?|%)(?:\s*/\s*(?:ml|h|hr))?(?!\w)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Medicine:
    """One record of a medicine, by the patient's own days; None where the record does not say.

    `dose_changed_on` are the days on which a person wrote another dose into it.
    """

    record: UUID
    topic: str
    text: str
    status: str
    starts_on: date | None
    ends_on: date | None
    dose: str
    dose_changed_on: tuple[date, ...] = ()

    @property
    def runs(self) -> bool:
        """Whether nothing says that it has ended."""
        return self.ends_on is None and self.status not in ENDED


@dataclass(frozen=True, slots=True, order=True)
class MedicineEvent:
    """That a medicine was started, changed or stopped, and the record that says so."""

    on: date
    record: UUID
    type: str
    topic: str
    text: str


def dose_of(text: str, body: Mapping[str, Any]) -> str:
    """How much and how often, as the record says it: equal for equal doses, empty where it says nothing."""
    said = body.get("dosageInstruction") or body.get("dosage")
    strengths = strengths_of(text)
    return json.dumps([strengths, said], sort_keys=True) if strengths or said else ""


def strengths_of(text: str) -> list[str]:
    """The strengths named in a text, in order and without spaces: "5mg"."""
    return [re.sub(r"\s", "", found.group().casefold()) for found in _STRENGTH.finditer(text)]


def without_strengths(text: str) -> str:
    """A text without the strengths that `strengths_of` finds."""
    return _STRENGTH.sub(" ", text)


def is_other_dose(before: str, after: str) -> bool:
    """Whether two doses are both said and differ."""
    return bool(before and after) and before != after


def medicine_events(records: Iterable[Medicine]) -> list[MedicineEvent]:
    """Every start, change and stop that follows from all of one patient's records, in order.

    Records of one name are one medicine, whatever their strengths. A course has begun with its first record;
    it has stopped when nothing of it runs on and the day is known.
    """
    by_name: defaultdict[tuple[str, str], list[Medicine]] = defaultdict(list)
    for one in records:
        if one.status not in NEVER_TAKEN:
            by_name[one.topic, _name(one)].append(one)
    return sorted({event for several in by_name.values() for event in _events_of(several)})


def _name(one: Medicine) -> str:
    name = " ".join(without_strengths(one.text).casefold().split())
    return name or str(one.record)


def _events_of(records: Sequence[Medicine]) -> Iterator[MedicineEvent]:
    course: list[Medicine] = []
    for one in sorted(records, key=lambda one: (one.starts_on or date.min, one.record)):
        ended_on = _end_of(course)
        if one.starts_on and ended_on and one.starts_on > ended_on + GAP:
            yield from _events_of_course(course)
            course = []
        course.append(one)
    yield from _events_of_course(course)


def _end_of(course: Sequence[Medicine]) -> date | None:
    """The last day of a course, if it is over and that day is known."""
    if not course or course[-1].ends_on is None or any(one.runs for one in course):
        return None
    return max(one.ends_on for one in course if one.ends_on)


def _events_of_course(course: Sequence[Medicine]) -> Iterator[MedicineEvent]:
    first, ended_on = course[0], _end_of(course)
    if first.starts_on:
        yield _event(first, first.starts_on, "medicine_started")
    for before, after in pairwise(course):
        if after.starts_on and after.starts_on != first.starts_on and is_other_dose(before.dose, after.dose):
            yield _event(after, after.starts_on, "medicine_changed")
    for one in course:
        for day in one.dose_changed_on:
            if one.starts_on is None or day > one.starts_on:
                yield _event(one, day, "medicine_changed")
    if ended_on:
        last = max((one for one in course if one.ends_on), key=lambda one: (one.ends_on, one.record))
        yield _event(last, ended_on, "medicine_stopped")


def _event(one: Medicine, on: date, type_: str) -> MedicineEvent:
    return MedicineEvent(on, one.record, type_, one.topic, one.text[:200])
