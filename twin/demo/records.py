"""The generated patient's clinical facts as FHIR R4 resources: what she has, takes, and had done. Pure.

A code stands only where it could be looked up; elsewhere the words alone do.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from twin.demo import story
from twin.intake.items import Record, RecordType

SNOMED = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
CVX = "http://hl7.org/fhir/sid/cvx"
# FHIR's own mark for what concerns nobody real.
_TEST_DATA = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
    "code": "HTEST",
    "display": "test health data",
}
META = {"tag": [_TEST_DATA]}

_TYPES = {
    "Condition": RecordType.CONDITION,
    "MedicationRequest": RecordType.MEDICATION,
    "AllergyIntolerance": RecordType.ALLERGY,
    "Immunization": RecordType.IMMUNIZATION,
    "Procedure": RecordType.PROCEDURE,
}

Coding = tuple[str, str]
_NO_CODE: Coding = ("", "")


def records(today: date) -> Iterator[Record]:
    """All of her records; the dates of recent ones move with `today`."""
    yield from _conditions(today)
    yield from _medications(today)
    yield from _allergies()
    yield from _immunizations(today)
    yield from _procedures(today)


def _conditions(today: date) -> Iterator[Record]:
    kidney = today - timedelta(days=700)
    for name, coding, text, onset in (
        ("diabetes", (SNOMED, "44054006"), "Type 2 diabetes mellitus", date(2014, 5, 6)),
        ("hypertension", (SNOMED, "38341003"), "Hypertension", date(2011, 9, 20)),
        ("kidney", _NO_CODE, "Chronic kidney disease, stage G3a A2", kidney),
        ("lipids", _NO_CODE, "Mixed hyperlipidaemia", date(2015, 2, 10)),
        ("obesity", (SNOMED, "162864005"), "Body mass index 30+ - obesity", date(2014, 5, 6)),
    ):
        body = {
            "clinicalStatus": _status("condition-clinical", "active"),
            "verificationStatus": _status("condition-ver-status", "confirmed"),
            "code": _concept(coding, text),
            "onsetDateTime": onset.isoformat(),
        }
        yield _record("Condition", name, coding, text, "active", onset, None, body)


def _medications(today: date) -> Iterator[Record]:
    added = today - timedelta(days=story.AMLODIPINE_DAYS_AGO)
    metformin = "Metformin hydrochloride 500 MG Extended Release Oral Tablet"
    for name, coding, text, dose, clock, start, end in (
        ("metformin", (RXNORM, "860975"), metformin, 2, ("08:00", "19:00"), date(2014, 5, 6), None),
        ("lisinopril", _NO_CODE, "Lisinopril 20 mg tablet", 1, ("08:00",), date(2016, 3, 15), None),
        ("atorvastatin", _NO_CODE, "Atorvastatin 20 mg tablet", 1, ("19:00",), date(2015, 2, 10), None),
        ("amlodipine", _NO_CODE, "Amlodipine 5 mg tablet", 1, ("08:00",), added, None),
        (
            "glimepiride",
            _NO_CODE,
            "Glimepiride 2 mg tablet",
            1,
            ("08:00",),
            date(2019, 8, 12),
            today - timedelta(days=640),
        ),
    ):
        status = "active" if end is None else "stopped"
        timing = {
            "repeat": {
                "frequency": len(clock),
                "period": 1,
                "periodUnit": "d",
                "timeOfDay": [f"{at}:00" for at in clock],
                "boundsPeriod": _period(start, end),
            }
        }
        body = {
            "status": status,
            "intent": "order",
            "medicationCodeableConcept": _concept(coding, text),
            "authoredOn": start.isoformat(),
            "dosageInstruction": [
                {
                    "text": f"{dose} tablet{'s' if dose > 1 else ''} at {' and '.join(clock)}",
                    "timing": timing,
                    "doseAndRate": [{"doseQuantity": {"value": dose, "unit": "tablet"}}],
                }
            ],
        }
        if end is not None:
            body["statusReason"] = {"text": "Low blood glucose on two mornings"}
        yield _record("MedicationRequest", name, coding, text, status, start, end, body)


def _allergies() -> Iterator[Record]:
    for name, text, reaction, criticality, onset in (
        ("penicillin", "Penicillin", "Rash with swelling of the lips", "high", date(1987, 1, 1)),
        ("ibuprofen", "Ibuprofen", "Stomach bleeding", "high", date(2012, 10, 1)),
    ):
        body = {
            "clinicalStatus": _status("allergyintolerance-clinical", "active"),
            "verificationStatus": _status("allergyintolerance-verification", "confirmed"),
            "category": ["medication"],
            "criticality": criticality,
            "code": _concept(_NO_CODE, text),
            "onsetDateTime": str(onset.year),
            "reaction": [{"manifestation": [{"text": reaction}]}],
        }
        yield _record("AllergyIntolerance", name, _NO_CODE, text, "active", onset, None, body)


def _immunizations(today: date) -> Iterator[Record]:
    influenza = "Influenza, seasonal, injectable, preservative free"
    # This autumn's dose is not given yet: something for the reminders to find.
    autumn = date(today.year - (1 if today.month > 6 else 2), 10, 14)
    for name, coding, text, given in (
        ("influenza-last", (CVX, "140"), influenza, autumn),
        ("influenza-before", (CVX, "140"), influenza, autumn.replace(year=autumn.year - 1)),
        ("tdap", (CVX, "115"), "Tdap", date(2019, 4, 3)),
        ("pneumococcal", _NO_CODE, "Pneumococcal conjugate vaccine", date(2024, 2, 21)),
        ("zoster-1", _NO_CODE, "Zoster vaccine, recombinant, first dose", date(2023, 6, 7)),
        ("zoster-2", _NO_CODE, "Zoster vaccine, recombinant, second dose", date(2023, 9, 13)),
    ):
        body = {
            "status": "completed",
            "vaccineCode": _concept(coding, text),
            "occurrenceDateTime": given.isoformat(),
            "primarySource": True,
        }
        yield _record("Immunization", name, coding, text, "completed", given, given, body)


def _procedures(today: date) -> Iterator[Record]:
    for name, coding, text, done in (
        # Fourteen months ago: the yearly examination of the eyes is overdue.
        ("eyes", (SNOMED, "134395001"), "Diabetic retinopathy screening", today - timedelta(days=425)),
        ("feet", (SNOMED, "401191002"), "Diabetic foot examination", today - timedelta(days=194)),
        ("colonoscopy", (SNOMED, "73761001"), "Colonoscopy", date(2019, 11, 5)),
        ("mammography", (SNOMED, "24623002"), "Screening mammography", today - timedelta(days=480)),
    ):
        body = {
            "status": "completed",
            "code": _concept(coding, text),
            "performedDateTime": done.isoformat(),
        }
        yield _record("Procedure", name, coding, text, "completed", done, done, body)


def _record(
    resource: str,
    name: str,
    coding: Coding,
    text: str,
    status: str,
    start: date,
    end: date | None,
    body: dict[str, Any],
) -> Record:
    person = "patient" if resource in ("AllergyIntolerance", "Immunization") else "subject"
    head = {"resourceType": resource, "id": f"demo-{name}", "meta": META, person: {"display": story.NAME}}
    return Record(
        type=_TYPES[resource],
        identity=f"{resource}/demo-{name}",
        system=coding[0],
        code=coding[1],
        text=text,
        status=status,
        start=_midnight(start),
        end=_midnight(end) if end else None,
        body=head | body,
        topic="medication" if resource == "MedicationRequest" else "records",
        source=story.SOURCE,
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def _concept(coding: Coding, text: str) -> dict[str, Any]:
    system, code = coding
    return {"coding": [{"system": system, "code": code}], "text": text} if code else {"text": text}


def _status(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": f"http://terminology.hl7.org/CodeSystem/{system}", "code": code}]}


def _period(start: date, end: date | None) -> dict[str, str]:
    return {"start": start.isoformat()} | ({"end": end.isoformat()} if end else {})
