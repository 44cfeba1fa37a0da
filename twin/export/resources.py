"""Records and their patient as FHIR R4 resources, which twin.intake.fhir reads back as they were. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from twin.intake.fhir.own import RECORD, can_sign, signed
from twin.intake.fhir.records import KEPT
from twin.intake.items import Record, RecordType

PATIENT = "urn:x-pollux:patient"
"""The system of a patient's identifier."""

_CATEGORIES = "http://terminology.hl7.org/CodeSystem/observation-category"
_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
_ALLERGY = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"

_CONDITION_ENDED = ("resolved", "remission", "inactive")
_REPORT_STATUSES = frozenset(
    {"registered", "partial", "preliminary", "final", "amended", "corrected", "appended", "cancelled"}
)


@dataclass(frozen=True, slots=True)
class _Shape:
    """How R4 spells one type of record: the names of its parts, and the statuses that it allows."""

    resource: str
    concept: str = "code"
    subject: str = "subject"
    when: str = ""
    statuses: frozenset[str] = frozenset()
    otherwise: str = "unknown"
    category: str = ""


_OBSERVATION = _Shape(
    "Observation",
    when="effective",
    statuses=frozenset({"registered", "preliminary", "final", "amended", "corrected", "cancelled"}),
)
_SHAPES: Mapping[RecordType, _Shape] = {
    RecordType.CONDITION: _Shape("Condition"),
    RecordType.ALLERGY: _Shape("AllergyIntolerance", subject="patient"),
    RecordType.MEDICATION: _Shape(
        "MedicationStatement",
        concept="medicationCodeableConcept",
        when="effective",
        statuses=frozenset({"active", "completed", "intended", "stopped", "on-hold", "not-taken"}),
    ),
    RecordType.IMMUNIZATION: _Shape(
        "Immunization",
        concept="vaccineCode",
        subject="patient",
        statuses=frozenset({"completed", "not-done"}),
        otherwise="completed",
    ),
    RecordType.PROCEDURE: _Shape(
        "Procedure",
        when="performed",
        statuses=frozenset({"preparation", "in-progress", "not-done", "on-hold", "stopped", "completed"}),
    ),
    RecordType.REPORT: _Shape("DiagnosticReport", when="effective", statuses=_REPORT_STATUSES),
    RecordType.OBSERVATION: _OBSERVATION,
    RecordType.ACTIVITY: _Shape(
        "Observation", when="effective", statuses=_OBSERVATION.statuses, category="activity"
    ),
    RecordType.TREATMENT: _Shape(
        "Observation", when="effective", statuses=_OBSERVATION.statuses, category="therapy"
    ),
    RecordType.VARIANT: _Shape(
        "Observation", when="effective", statuses=_OBSERVATION.statuses, category="laboratory"
    ),
}


def record_line(record: Record, patient: UUID) -> bytes:
    """A record as one line of NDJSON.

    What came as FHIR goes out as its own resource; of the others one is made. Either way it carries the
    record, so that Pollux reads it back unchanged.
    """
    is_resource = record.body.get("resourceType") in KEPT and can_sign(record.body)
    resource = record.body if is_resource else _resource(record, patient)
    return _line(signed(resource, record))


def patient_line(patient: UUID, *, name: str, sex: str, born: date) -> bytes:
    """The Patient resource as one line of NDJSON."""
    return _line(
        {
            "resourceType": "Patient",
            "id": str(patient),
            "identifier": [{"system": PATIENT, "value": str(patient)}],
            "name": [{"text": name}],
            "gender": sex,
            "birthDate": born.isoformat(),
        }
    )


def _line(resource: Mapping[str, Any]) -> bytes:
    return json.dumps(resource, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _resource(record: Record, patient: UUID) -> dict[str, Any]:
    shape = _SHAPES[record.type]
    resource: dict[str, Any] = {
        "resourceType": shape.resource,
        shape.concept: _concept(record),
        shape.subject: {"reference": f"Patient/{patient}"},
    }
    if record.identity:
        resource["identifier"] = [{"system": RECORD, "value": record.identity}]
    if shape.statuses:
        resource["status"] = record.status if record.status in shape.statuses else shape.otherwise
    if shape.category:
        resource["category"] = [_coded(_CATEGORIES, shape.category)]
    note = record.body.get("note")
    if isinstance(note, str) and note:
        resource |= {"conclusion": note} if record.type is RecordType.REPORT else {"note": [{"text": note}]}
    match record.type:
        case RecordType.CONDITION:
            return resource | _condition(record)
        case RecordType.ALLERGY:
            # Without one the resource would not be valid.
            status = record.status if record.status in ("inactive", "resolved") else "active"
            onset = {"onsetDateTime": _iso(record.start)} if record.start else {}
            return resource | onset | {"clinicalStatus": _coded(_ALLERGY, status)}
        case RecordType.IMMUNIZATION:
            given = {"occurrenceDateTime": _iso(record.start)} if record.start else None
            return resource | (given or {"occurrenceString": "unknown"})
    return resource | _when(shape.when, record)


def _condition(record: Record) -> dict[str, Any]:
    times = {"onsetDateTime": record.start, "abatementDateTime": record.end}
    parts: dict[str, Any] = {name: _iso(at) for name, at in times.items() if at}
    status = record.status
    if record.end and status not in _CONDITION_ENDED:
        status = _CONDITION_ENDED[0]
    if status in (*_CONDITION_ENDED, "active", "recurrence", "relapse"):
        parts["clinicalStatus"] = _coded(_CLINICAL, status)
    return parts


def _when(stem: str, record: Record) -> dict[str, Any]:
    start, end = record.start, record.end
    if start and (end is None or end <= start):
        return {f"{stem}DateTime": _iso(start)}
    period = {name: _iso(at) for name, at in (("start", start), ("end", end)) if at}
    return {f"{stem}Period": period} if period else {}


def _concept(record: Record) -> dict[str, Any]:
    coding = {name: text for name, text in (("system", record.system), ("code", record.code)) if text}
    concept = {"coding": [coding]} if coding else {}
    return concept | {"text": record.text or record.code or record.type.value}


def _coded(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
