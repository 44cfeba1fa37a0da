"""What is written as FHIR is FHIR, and comes back as the record that it was."""

import io
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.rules import Topic
from twin.export.resources import patient_line, record_line
from twin.intake import fhir
from twin.intake.fhir.own import RECORD
from twin.intake.items import Problem, ProblemCode, Record, RecordType

PIA = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
MARCH, MAY = datetime(2026, 3, 1, 8, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)
CONDITION = {
    "resourceType": "Condition",
    "id": "1",
    "code": {"text": "Asthma"},
    "subject": {"reference": "Patient/of-another-hospital"},
}

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
instants = st.none() | st.integers(-(2**31), 2**32).map(lambda second: datetime.fromtimestamp(second, UTC))
facts = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | texts | st.floats(-1e9, 1e9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
records = st.builds(
    Record,
    type=st.sampled_from(RecordType),
    identity=texts,
    system=texts,
    code=texts,
    text=texts,
    status=st.sampled_from(["", "active", "final", "entered-in-error", "odd"]),
    start=instants,
    end=instants,
    body=st.dictionaries(texts, facts, max_size=4)
    | st.dictionaries(texts, facts, max_size=2).map(lambda more: more | CONDITION)
    | st.just(CONDITION | {"extension": [{"url": "x", "valueCode": "y"}]})
    | st.just(CONDITION | {"extension": []})
    | st.just({"note": "Every spring"}),
    topic=st.sampled_from([topic.value for topic in Topic]),
    source=texts,
)


def record(type_: RecordType, **parts) -> Record:
    return Record(
        **{
            "type": type_,
            "identity": "7",
            "system": "",
            "code": "",
            "text": "Something",
            "status": "",
            "start": MARCH,
            "end": None,
            "body": {},
            "topic": "records",
        }
        | parts
    )


def read_back(*lines: bytes) -> list[object]:
    content = b"".join(lines)
    assert fhir.sniff(content)
    return list(fhir.read(io.BytesIO(content), zone=ZoneInfo("Europe/Rome")))


@given(st.lists(records, min_size=1, max_size=4))
def test_records_come_back_as_they_were(written):
    assert read_back(*(record_line(one, PIA) for one in written)) == written


def test_records_of_several_hospitals_come_back_beside_the_patient_of_the_export():
    here = record(RecordType.CONDITION, body=CONDITION)
    there = replace(here, identity="2", body=CONDITION | {"subject": {"reference": "Patient/2"}})
    patient = patient_line(PIA, name="Pía Ö", sex="female", born=date(1963, 4, 5))
    assert read_back(patient, record_line(here, PIA), record_line(there, PIA)) == [here, there]


def test_exports_of_two_people_name_two_people():
    born = date(1963, 4, 5)
    lines = [patient_line(one, name="Pia", sex="female", born=born) for one in (PIA, UUID(int=7))]
    assert len(fhir.people(io.BytesIO(b"".join(lines)))) == 2


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (
            record(RecordType.CONDITION, end=MAY),
            {
                "resourceType": "Condition",
                "onsetDateTime": "2026-03-01T08:00:00+00:00",
                "abatementDateTime": "2026-05-01T00:00:00+00:00",
                # FHIR's con-4: what has abated is over.
                "clinicalStatus": {
                    "coding": [
                        {
                            "system": "http://terminology.hl7.org/CodeSystem/condition-clinical",
                            "code": "resolved",
                        }
                    ]
                },
            },
        ),
        (
            record(RecordType.ALLERGY, text="", code="91935009", system="http://snomed.info/sct"),
            {
                "resourceType": "AllergyIntolerance",
                "patient": {"reference": f"Patient/{PIA}"},
                "code": {
                    "coding": [{"system": "http://snomed.info/sct", "code": "91935009"}],
                    "text": "91935009",
                },
            },
        ),
        (
            record(RecordType.MEDICATION, status="odd", end=MAY),
            {
                "resourceType": "MedicationStatement",
                "status": "unknown",
                "medicationCodeableConcept": {"text": "Something"},
                "effectivePeriod": {
                    "start": "2026-03-01T08:00:00+00:00",
                    "end": "2026-05-01T00:00:00+00:00",
                },
            },
        ),
        (
            record(RecordType.IMMUNIZATION, start=None),
            {"resourceType": "Immunization", "status": "completed", "occurrenceString": "unknown"},
        ),
        (
            record(RecordType.PROCEDURE, status="completed", body={"note": "At home"}),
            {"resourceType": "Procedure", "status": "completed", "note": [{"text": "At home"}]},
        ),
        (
            record(RecordType.REPORT, body={"note": "All well"}),
            {"resourceType": "DiagnosticReport", "conclusion": "All well"},
        ),
        (
            record(RecordType.TREATMENT, body={"insulin": 2}),
            {"resourceType": "Observation", "effectiveDateTime": "2026-03-01T08:00:00+00:00"},
        ),
    ],
)
def test_record_that_did_not_come_as_fhir_becomes_a_resource(written, expected):
    resource = json.loads(record_line(written, PIA))
    assert {name: resource[name] for name in expected} == expected
    assert resource["identifier"] == [{"system": RECORD, "value": "7"}]


def test_resource_that_came_as_fhir_goes_out_as_it_is_with_one_extension_more():
    resource = json.loads(record_line(record(RecordType.CONDITION, body=CONDITION), PIA))
    (mark,) = resource.pop("extension")
    assert resource == CONDITION
    assert "body" not in json.loads(mark["valueString"])


@pytest.mark.parametrize(
    "said",
    [
        None,
        "",
        "no JSON",
        "[]",
        '{"type": "condition"}',
        '{"type": "spell", "topic": "records"}',
        "[" * 100_000,
        json.dumps(
            {"type": "condition", "topic": "records", "start": "2026-03-01T08:00:00"}
            | dict.fromkeys(["identity", "system", "code", "text", "status", "source"], "")
        ),
        json.dumps(
            {"type": "condition", "topic": ["records"]}
            | dict.fromkeys(["identity", "system", "code", "text", "status", "source"], "")
        ),
    ],
)
def test_resource_whose_mark_is_damaged_is_a_problem(said):
    resource = CONDITION | {"extension": [{"url": RECORD, "valueString": said}]}
    (problem,) = read_back(json.dumps(resource).encode())
    assert isinstance(problem, Problem)
    assert (problem.code, problem.place) == (ProblemCode.MALFORMED, "Condition/1")
