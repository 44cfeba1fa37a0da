"""Plans that come with prescriptions in files: understood, or waiting for somebody to say when."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q

from backend.changes import Entry, record_changes
from backend.models import Patient
from backend.queries import zone_history_of
from backend.rules import Topic
from reminders.dosage_text import Dosage, Unparsed, read_dosage
from reminders.models import MedicationPlan, Origin, PlanStatus, PlanVersion
from reminders.queries import current_of, medicine_named, medicine_of, name_of, with_current
from reminders.services.planning import plan_ahead
from reminders.services.plans import USUAL_REPEAT, USUAL_WINDOW
from reminders.services.prescribing import check_imported
from reminders.timing import body_of
from twin.models import Record
from twin.scores.medicine_names import Medicine
from twin.state.medicines import ENDED, NEVER_TAKEN

FRESH = timedelta(days=90)
"""A prescription that is older waits for somebody to say that it still holds: records keep them active for
years. A working choice."""
LONGEST_TEXT = 2000


def follow_medicines(patient_id: UUID, records: Collection[UUID], now: datetime) -> None:
    """Makes a plan of each of these records that runs, and of which there never was one.

    One whose dosage is understood, that is fresh, and against which nothing speaks is active; any other waits
    for a person. Of several of one medicine the newest counts, and none where a plan of it is open. In a
    transaction that acts on the patient and holds her lock.
    """
    rows = (
        Record.objects.filter(Q(ends_at=None) | Q(ends_at__gt=now), patient=patient_id, id__in=list(records))
        .exclude(status__in=ENDED | NEVER_TAKEN)
        .exclude(medication_plans__isnull=False)
        .order_by("-starts_at", "id")
    )
    prescriptions = [row for row in rows if _instructions(row.body) is not None]
    if not prescriptions:
        return
    patient = Patient.objects.get(id=patient_id)
    today = now.astimezone(zone_history_of(patient_id)).date()
    known = {name_of(medicine) for medicine in _planned(patient)}
    made = []
    for row in prescriptions:
        medicine = medicine_named(row.text, _codes(row))
        if name_of(medicine) in known:
            continue
        known.add(name_of(medicine))
        plan = _plan(patient, row, medicine, today, now)
        if plan is not None:
            made.append(plan)
    entries = [Entry(Topic.MEDICATION, f"plan/{plan.id}") for plan in made]
    record_changes(patient_id, [*entries, *(plan_ahead(patient_id, now=now) if made else ())])


def _plan(
    patient: Patient, row: Record, medicine: Medicine, today: date, now: datetime
) -> MedicationPlan | None:
    """The plan of a prescription; None where its own words say that it is over."""
    dosage = read_dosage(_instructions(row.body) or [])
    zone = zone_history_of(patient.id)
    authored = row.starts_at.astimezone(zone).date() if row.starts_at else today
    starts_on = dosage.start or authored if isinstance(dosage, Dosage) else authored
    ends_on = _end(dosage, starts_on)
    if ends_on is not None and ends_on < max(today, starts_on):
        return None
    findings = check_imported(patient, medicine, now=now).findings
    is_safe = not any(one.override_needs_reason for one in findings)
    is_active = isinstance(dosage, Dosage) and starts_on >= today - FRESH and is_safe
    plan = MedicationPlan.objects.create(
        patient=patient,
        origin=Origin.RECORD,
        record=row,
        status=PlanStatus.ACTIVE if is_active else PlanStatus.WAITING,
        made_at=now,
    )
    words = dosage.text if isinstance(dosage, Unparsed) else _words(row.body)
    PlanVersion.objects.create(
        patient=patient,
        plan=plan,
        number=1,
        medicine=row.text[:200] or row.code or "A medicine without a name",
        codes=_codes(row),
        amount=dosage.amount if isinstance(dosage, Dosage) else None,
        unit=dosage.unit[:40] if isinstance(dosage, Dosage) else "",
        prescriber=_prescriber(row.body)[:200],
        timing=body_of(dosage.timing) if isinstance(dosage, Dosage) else None,
        dosage_text=(words or "Nothing came with it about when it is taken.")[:LONGEST_TEXT],
        starts_on=starts_on,
        ends_on=ends_on,
        window_minutes=USUAL_WINDOW,
        repeat_minutes=USUAL_REPEAT,
        findings=[asdict(one) for one in findings],
        written_at=now,
    )
    return plan


def _planned(patient: Patient) -> Iterable[Medicine]:
    open_ = MedicationPlan.objects.filter(patient=patient).exclude(status=PlanStatus.ENDED)
    return [medicine_of(current_of(plan)) for plan in with_current(open_)]


def _codes(row: Record) -> list[dict[str, str]]:
    return [{"system": row.system, "code": row.code}] if row.code else []


def _instructions(body: Any) -> list[Mapping[str, Any]] | None:
    """The dosage instructions of a prescription or statement of FHIR; None of anything else."""
    if not isinstance(body, dict):
        return None
    field = {"MedicationRequest": "dosageInstruction", "MedicationStatement": "dosage"}.get(
        str(body.get("resourceType"))
    )
    if field is None:
        return None
    found = body.get(field)
    return found if isinstance(found, list) else []


def _end(dosage: Dosage | Unparsed, starts_on: date) -> date | None:
    if isinstance(dosage, Unparsed):
        return None
    return dosage.end or (starts_on + timedelta(days=dosage.days - 1) if dosage.days else None)


def _words(body: Any) -> str:
    texts = [row.get("text") for row in _instructions(body) or [] if isinstance(row, dict)]
    return "; ".join(text for text in texts if isinstance(text, str))


def _prescriber(body: Mapping[str, Any]) -> str:
    requester = body.get("requester")
    name = requester.get("display") if isinstance(requester, dict) else None
    return name if isinstance(name, str) else ""
