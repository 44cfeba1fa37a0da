"""Reads over a clinician's whole panel of patients: who is to be looked at first."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from itertools import chain
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from backend.models import Patient, User
from backend.rules import Need
from backend.scope import visible_patients
from twin.models import Concern
from twin.warnings.finding import Severity

ANY_SIGN = "any"
"""Instead of the name of one early sign: that there is one."""

FEW = 1_000
"""Patients up to whom it is quicker to rank them all than to walk down everybody's ranks."""

_PAGE = "SELECT patient_id, rank FROM pollux_triage(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom a list is to show. An empty text, and None, leave nobody out.

    `search` is part of a name, `system` one that is not fine, `condition` part of what is on file,
    `early_sign` what points to a disease that is not; born in the days after `born_after` until `born_until`.
    """

    search: str = ""
    system: str = ""
    condition: str = ""
    early_sign: str = ""
    born_after: date | None = None
    born_until: date | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ends: the rank and the patient of its last row. -1 ranks whom nothing is known of."""

    rank: int
    patient: UUID


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of one patient in the topics that the reader may read."""

    severity: Severity | None
    reasons: tuple[str, ...]
    systems: tuple[str, ...]
    early_signs: tuple[str, ...]


_Said = tuple[str, list[str], list[str], list[str]]
"""Of one part: severity, reasons, systems and early signs."""


def triage_page(wanted: Wanted, after: Place | None, most: int, *, few: int = FEW) -> list[Place]:
    """The patients who share with the actor, whom to look at first coming first; of the next `most`.

    Each stands where the worst of what the actor may read stands. In the open transaction, before
    it is narrowed to anybody.
    """
    filters = [wanted.search.lower(), wanted.system, wanted.condition.lower(), wanted.early_sign]
    place = [None, None] if after is None else [after.rank, after.patient]
    with connection.cursor() as cursor:
        cursor.execute(_PAGE, [*filters, wanted.born_after, wanted.born_until, *place, most, few])
        return [Place(rank, patient) for patient, rank in cursor.fetchall()]


def standings_in(patients: Collection[UUID]) -> dict[UUID, Standing]:
    """What is known of each of these, of what the actor may see, in one query."""
    found: defaultdict[UUID, list[_Said]] = defaultdict(list)
    rows = Concern.objects.filter(patient__in=patients).order_by("-rank", "part")
    for patient, severity, reasons, systems, early_signs in rows.values_list(
        "patient_id", "severity", "reasons", "systems", "early_signs"
    ):
        found[patient].append((severity, reasons, systems, early_signs))
    return {patient: _standing(several) for patient, several in found.items()}


def looked_after(user: User) -> QuerySet[Patient]:
    """Everybody who shares something with the user."""
    return visible_patients(user, Need.SEE).exclude(user=user)


def _standing(several: Iterable[_Said]) -> Standing:
    severities, reasons, systems, early_signs = zip(*several, strict=True)
    return Standing(
        severity=max((Severity(one) for one in severities if one), key=lambda one: one.rank, default=None),
        reasons=_once(chain.from_iterable(reasons)),
        systems=_once(chain.from_iterable(systems)),
        early_signs=_once(chain.from_iterable(early_signs)),
    )


def _once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
