"""What speaks against a medicine for this patient, as far as who asks may know it. Writes nothing."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID

from backend.access import Access
from backend.models import Patient
from backend.queries import zone_history_of
from backend.rules import ALL_TOPICS, Need, Topic
from reminders.models import MedicationPlan, PlanStatus
from reminders.prescribing import Allergy, Check, Checked, Egfr, NotChecked, Person, check
from reminders.queries import current_of, medicine_of, name_of, with_current
from twin.intake.items import RecordType
from twin.models import Record
from twin.queries.days import known_days
from twin.queries.gene_notices import genotypes_of
from twin.queries.medicines import listed_medicines
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
    shared = access.standing.topics(Need.READ)
    found = check_imported(access.patient, medicine, shared=shared, plan=plan, now=now)
    closed = {one for one, topics in NEEDED.items() if not shared.issuperset(topics)}
    if not closed:
        return found
    kept = [one for one in found.not_checked if one.check not in closed]
    kept += [NotChecked(one, "This is not shared with you.") for one in Check if one in closed]
    looked_at = tuple(one for one in found.looked_at if one not in closed)
    return replace(found, looked_at=looked_at, not_checked=tuple(kept))


def check_imported(
    patient: Patient,
    medicine: Medicine,
    *,
    shared: Collection[Topic] = ALL_TOPICS,
    plan: UUID | None = None,
    now: datetime,
) -> Checked:
    """The same for a worker, who acts on the patient; of the topics `shared` alone."""
    today = now.astimezone(zone_history_of(patient.id)).date()
    plans = with_current(MedicationPlan.objects.filter(patient=patient, status=PlanStatus.ACTIVE))
    if plan is not None:
        plans = plans.exclude(id=plan)
    person = Person(
        allergies=_allergies(patient) if Topic.RECORDS in shared else (),
        in_use=[*(medicine_of(current_of(one)) for one in plans), *_listed(patient, medicine, now)],
        genotypes=genotypes_of(patient) if Topic.GENES in shared else (),
        egfr=_egfr(patient, today) if Topic.RECORDS in shared else None,
    )
    return check(medicine, person, today)


def _allergies(patient: Patient) -> list[Allergy]:
    rows = Record.objects.filter(patient=patient, type=RecordType.ALLERGY).exclude(status__in=NO_ALLERGY)
    return [Allergy(*said) for said in rows.order_by("id").values_list("text", "system", "code")]


def _listed(patient: Patient, medicine: Medicine, now: datetime) -> list[Medicine]:
    """The medicines of the records that are not this one, and that no plan stands for."""
    plans = with_current(MedicationPlan.objects.filter(patient=patient))
    planned = {name_of(medicine_of(current_of(plan))) for plan in plans} | {name_of(medicine)}
    return [one for one in listed_medicines(patient, now) if name_of(one) not in planned]


def _egfr(patient: Patient, today: date) -> Egfr | None:
    first = today - timedelta(days=EGFR_DAYS)
    days = known_days(patient.id, dict.fromkeys(("creatinine", "egfr"), EGFR_DAYS), today)
    measured = {
        code: [Measured(one.value, one.day, one.source) for one in rows if one.day > first]
        for code, rows in days.items()
    }
    results = kidney_results(
        measured.get("creatinine", ()), measured.get("egfr", ()), patient.birth_date, patient.sex
    )
    newest = max(results, key=lambda one: one.on, default=None)
    return None if newest is None else Egfr(newest.value, newest.on)
