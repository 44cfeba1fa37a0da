"""What speaks against a medicine for this patient, as far as who asks may know it. Writes nothing."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from backend.access import Access
from backend.queries import zone_history_of
from backend.rules import Need, Topic
from reminders.models import MedicationPlan, PlanStatus
from reminders.prescribing import Allergy, Check, Checked, Egfr, NotChecked, Person, check
from reminders.queries import current_of, medicine_of, with_current
from twin.intake.items import RecordType
from twin.models import Record
from twin.queries import genotypes_of, known_days, listed_medicines
from twin.risk.inputs import Measured, kidney_results
from twin.scores.medicine_names import Medicine

EGFR_DAYS = 730
"""So far back is looked for kidney function; how old it is the findings say."""
NO_ALLERGY = frozenset({"refuted", "entered-in-error"})
NEEDED = {
    Check.ALLERGIES: (Topic.RECORDS,),
    Check.GENES: (Topic.GENES,),
    Check.KIDNEYS: (Topic.RECORDS,),
}
"""The topics of what a medicine is held against, beside the medication itself."""


def check_medicine(*, access: Access, medicine: Medicine, plan: UUID | None = None, now: datetime) -> Checked:
    """What is known to speak against a medicine; `plan` is the plan that is about to be it.

    What is not shared with the person is not looked at, and said not to have been.
    """
    access.topic(Topic.MEDICATION)
    today = now.astimezone(zone_history_of(access.patient.id)).date()
    found = check(medicine, _person(access, plan, now), today)
    shared = access.standing.topics(Need.READ)
    closed = {one for one, topics in NEEDED.items() if not shared.issuperset(topics)}
    if not closed:
        return found
    kept = [one for one in found.not_checked if one.check not in closed]
    kept += [NotChecked(one, "This is not shared with you.") for one in Check if one in closed]
    looked_at = tuple(one for one in found.looked_at if one not in closed)
    return replace(found, looked_at=looked_at, not_checked=tuple(kept))


def _person(access: Access, plan: UUID | None, now: datetime) -> Person:
    """What the person may read of all that counts: the wall shows no more."""
    patient, shared = access.patient, access.standing.topics(Need.READ)
    plans = with_current(MedicationPlan.objects.filter(patient=patient, status=PlanStatus.ACTIVE))
    if plan is not None:
        plans = plans.exclude(id=plan)
    allergies = Record.objects.filter(patient=patient, type=RecordType.ALLERGY, topic__in=shared)
    return Person(
        allergies=[
            Allergy(text, system, code)
            for text, system, code in allergies.exclude(status__in=NO_ALLERGY)
            .order_by("id")
            .values_list("text", "system", "code")
        ],
        in_use=[*(medicine_of(current_of(one)) for one in plans), *_listed(access, now)],
        genotypes=genotypes_of(patient) if Topic.GENES in shared else (),
        egfr=_egfr(access, now),
    )


def _listed(access: Access, now: datetime) -> list[Medicine]:
    """The medicines of the records that no plan stands for."""
    planned = MedicationPlan.objects.filter(patient=access.patient, record__isnull=False)
    own = set(planned.values_list("record", flat=True))
    return listed_medicines(access.patient, now, without=own)


def _egfr(access: Access, now: datetime) -> Egfr | None:
    patient = access.patient
    today = now.astimezone(zone_history_of(patient.id)).date()
    days = known_days(patient.id, dict.fromkeys(("creatinine", "egfr"), EGFR_DAYS), today)
    first = today - timedelta(days=EGFR_DAYS)
    measured = {
        code: [Measured(one.value, one.day, one.source) for one in rows if one.day > first]
        for code, rows in days.items()
    }
    results = kidney_results(
        measured.get("creatinine", ()), measured.get("egfr", ()), patient.birth_date, patient.sex
    )
    newest = max(results, key=lambda one: one.on, default=None)
    return None if newest is None else Egfr(newest.value, newest.on)
