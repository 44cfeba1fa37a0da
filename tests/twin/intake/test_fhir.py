"""FHIR R4: the sample files' facts, every trap of the format, and damage of every sort."""

import io
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.intake import fhir
from twin.intake.fhir.moments import parse_moment
from twin.intake.items import Item, Problem, ProblemCode, Record, RecordType, RefusalCode, Refused, Samples
from twin.kinds import DATA, by_loinc, kind, to_canonical
from twin.series.columns import Flag

SAMPLES = Path(__file__).parents[2] / "samples"
R4 = SAMPLES / "fhir_r4"
STU3 = SAMPLES / "fhir_stu3" / "google_synthea.bundle.json"
BERLIN = ZoneInfo("Europe/Berlin")
PIA = {"resourceType": "Patient", "id": "pia"}
PAUL = {"resourceType": "Patient", "id": "paul"}


def read_raw(raw: bytes, zone: ZoneInfo = BERLIN, person: str | None = None) -> list[Item]:
    return list(fhir.read(io.BytesIO(raw), zone=zone, person=person))


def read(*resources: Any, person: str | None = None, **members: Any) -> list[Item]:
    bundle = {"resourceType": "Bundle", "type": "collection"} | members
    bundle["entry"] = [{"resource": resource} for resource in resources]
    return read_raw(json.dumps(bundle).encode(), person=person)


def coded(code: str, system: str = "http://loinc.org", **more: Any) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]} | more


def quantity(value: Any, code: str = "", **more: Any) -> dict[str, Any]:
    ucum = {"unit": code, "system": "http://unitsofmeasure.org", "code": code} if code else {}
    return {"value": value} | ucum | more


def weight(**changes: Any) -> dict[str, Any]:
    changes = {
        "resourceType": "Observation",
        "id": "w1",
        "status": "final",
        "code": coded("29463-7"),
        "subject": {"reference": "Patient/pia"},
        "effectiveDateTime": "2024-03-01T08:00:00+01:00",
        "valueQuantity": quantity(81.35, "kg"),
    } | changes
    return {key: value for key, value in changes.items() if value is not None}


def samples_of(items: list[Item]) -> dict[str, list[float]]:
    return {item.kind: item.columns.value.tolist() for item in items if isinstance(item, Samples)}


def records_of(items: list[Item]) -> list[Record]:
    return [item for item in items if isinstance(item, Record)]


def problems_of(items: list[Item]) -> list[tuple[ProblemCode, int]]:
    return [(item.code, item.count) for item in items if isinstance(item, Problem)]


def milliseconds(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def test_read_of_blood_pressure_takes_both_components_under_either_panel_code() -> None:
    def pressure(panel: str, at: str) -> dict[str, Any]:
        parts = [("8480-6", 122.45876888709122), ("8462-4", 86.929055068346)]
        return weight(
            id=panel,
            code=coded(panel),
            effectiveDateTime=at,
            valueQuantity=None,
            component=[
                {"code": coded(code), "valueQuantity": quantity(value, "mm[Hg]")} for code, value in parts
            ],
        )

    items = read(
        PIA, pressure("55284-4", "2024-03-01T08:00:00Z"), pressure("85354-9", "2024-03-02T08:00:00Z")
    )

    assert samples_of(items) == {"sbp": [122.45876888709122] * 2, "dbp": [86.929055068346] * 2}
    assert (records_of(items), problems_of(items)) == ([], [])


@pytest.mark.parametrize(
    ("written", "unit"),
    [
        (quantity(16.2, "kPa"), "kPa"),
        (quantity(180, "[lb_av]", unit="lbs"), "[lb_av]"),
        ({"value": 81.35, "unit": "kg"}, "kg"),
        (
            {"value": 81.35, "unit": "kilogram", "system": "http://snomed.info/sct", "code": "258683005"},
            "kilogram",
        ),
        ({"value": 81.35, "code": "kg"}, "kg"),
        ({"value": 81.35}, ""),
    ],
)
def test_read_gives_the_ucum_code_or_else_the_unit_as_written(written: dict[str, Any], unit: str) -> None:
    (samples,) = read(PIA, weight(valueQuantity=written))

    assert isinstance(samples, Samples)
    assert (samples.unit, samples.columns.value.tolist()) == (unit, [float(written["value"])])


@pytest.mark.parametrize(
    ("comparator", "flag"),
    [
        ("<", Flag.CENSORED_LOW),
        ("<=", Flag.CENSORED_LOW),
        (">", Flag.CENSORED_HIGH),
        (">=", Flag.CENSORED_HIGH),
    ],
)
def test_read_flags_a_value_that_is_only_a_bound(comparator: str, flag: Flag) -> None:
    (samples,) = read(PIA, weight(valueQuantity=quantity(90, "kg", comparator=comparator)))

    assert isinstance(samples, Samples)
    assert samples.columns.flags is not None
    assert samples.columns.flags.tolist() == [flag]


@pytest.mark.parametrize(
    ("times", "start", "duration", "offset"),
    [
        ({}, "2024-03-01T07:00:00+00:00", 0, [60]),
        ({"effectiveDateTime": "2024-03-01T07:00:00Z"}, "2024-03-01T07:00:00+00:00", 0, None),
        ({"effectiveDateTime": "2024-03-01T07:00:00.1239Z"}, "2024-03-01T07:00:00.123+00:00", 0, None),
        ({"effectiveDateTime": "2024-03-01T08:00:00"}, "2024-03-01T07:00:00+00:00", 0, None),
        ({"effectiveDateTime": "2024-03-31"}, "2024-03-30T23:00:00+00:00", 23 * 3_600_000, None),
        (
            {"effectiveDateTime": None, "effectiveInstant": "2024-03-01T07:00:00Z"},
            "2024-03-01T07:00:00+00:00",
            0,
            None,
        ),
        (
            {
                "effectiveDateTime": None,
                "effectivePeriod": {"start": "2024-03-01T07:00:00Z", "end": "2024-03-01T07:15:00Z"},
            },
            "2024-03-01T07:00:00+00:00",
            15 * 60_000,
            None,
        ),
        (
            {"effectiveDateTime": None, "effectivePeriod": {"start": "2024-03-01", "end": "2024-03-02"}},
            "2024-02-29T23:00:00+00:00",
            48 * 3_600_000,
            None,
        ),
        (
            {"effectiveDateTime": None, "effectivePeriod": {"start": "2024-03-01T07:00:00Z"}},
            "2024-03-01T07:00:00+00:00",
            0,
            None,
        ),
    ],
)
def test_read_places_a_sample_where_its_time_says(
    times: dict[str, Any], start: str, duration: int, offset: list[int] | None
) -> None:
    (samples,) = read(PIA, weight(**times))

    assert isinstance(samples, Samples)
    columns = samples.columns
    assert (columns.start.tolist(), columns.duration.tolist()) == ([milliseconds(start)], [duration])
    assert (None if columns.offset is None else columns.offset.tolist()) == offset


@pytest.mark.parametrize(
    ("times", "start"),
    [
        ({"effectiveDateTime": "2024-03"}, "2024-02-29T23:00:00+00:00"),
        ({"effectiveDateTime": "2024"}, "2023-12-31T23:00:00+00:00"),
        ({"effectiveDateTime": None}, None),
        ({"effectiveDateTime": "last spring"}, None),
        ({"effectiveDateTime": "2024-02-30"}, None),
        ({"effectiveDateTime": "9999-12-31"}, None),
        (
            {"effectiveDateTime": None, "effectivePeriod": {"start": "2024-03-02", "end": "2024-03-01"}},
            "2024-03-01T23:00:00+00:00",
        ),
    ],
)
def test_read_without_a_day_keeps_a_record_and_says_so(times: dict[str, Any], start: str | None) -> None:
    record, problem = read(PIA, weight(**times))

    assert isinstance(record, Record)
    assert isinstance(problem, Problem)
    assert record.start == (None if start is None else datetime.fromisoformat(start))
    assert record.body["valueQuantity"]["value"] == 81.35
    assert (problem.code, problem.count, problem.place) == (ProblemCode.BAD_TIME, 1, "Observation/w1")


@pytest.mark.parametrize("status", ["final", "amended", "corrected"])
def test_read_of_a_settled_value_is_a_sample(status: str) -> None:
    assert samples_of(read(PIA, weight(status=status))) == {"weight": [81.35]}


@pytest.mark.parametrize("status", ["preliminary", "registered", "unknown", None])
def test_read_of_an_unsettled_value_is_a_record(status: str | None) -> None:
    (record,) = read(PIA, weight(status=status))

    assert isinstance(record, Record)
    assert (record.type, record.status) == (RecordType.OBSERVATION, status or "")


@pytest.mark.parametrize(
    "withdrawn",
    [
        weight(status="entered-in-error"),
        weight(status="cancelled"),
        {"resourceType": "Procedure", "status": "entered-in-error"},
        {"resourceType": "Condition", "verificationStatus": coded("entered-in-error")},
        {"resourceType": "AllergyIntolerance", "verificationStatus": coded("entered-in-error")},
    ],
)
def test_read_of_what_was_entered_in_error_stores_nothing(withdrawn: dict[str, Any]) -> None:
    items = read(PIA, withdrawn)

    assert problems_of(items) == [(ProblemCode.ENTERED_IN_ERROR, 1)]
    assert len(items) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"code": coded("3094-0")},
        {"code": coded("29463-7", system="http://example.org")},
        {"code": {"text": "Body weight"}},
        {"valueQuantity": None, "valueCodeableConcept": coded("1", text="heavy")},
        {"valueQuantity": None, "valueString": "81 kg"},
        {"valueQuantity": None, "dataAbsentReason": coded("unknown")},
        {"valueQuantity": None},
        {"focus": [{"reference": "Patient/foetus"}]},
        {
            "code": {
                "coding": [{"system": "http://loinc.org", "code": code} for code in ("29463-7", "8302-2")]
            }
        },
    ],
)
def test_read_of_an_observation_that_is_no_known_number_is_a_whole_record(changes: dict[str, Any]) -> None:
    observation = weight(**changes)

    (record,) = read(PIA, observation)

    assert isinstance(record, Record)
    assert record.body == observation


def test_read_of_a_partly_known_panel_gives_samples_and_the_record() -> None:
    items = read(PIA, weight(component=[{"code": coded("1234-5"), "valueQuantity": quantity(1, "g")}]))

    assert samples_of(items) == {"weight": [81.35]}
    assert [record.identity for record in records_of(items)] == ["Observation/w1"]


def test_read_of_a_value_that_is_no_number_says_so() -> None:
    (problem,) = read(PIA, weight(valueQuantity=quantity("heavy", "kg")))

    assert problem == Problem(ProblemCode.NOT_A_NUMBER, "heavy", "Observation/w1", 1, "weight")


def test_read_of_a_value_with_a_modifier_goes_no_further() -> None:
    items = read(PIA, weight(modifierExtension=[{"url": "http://example.org/not", "valueBoolean": True}]))

    assert problems_of(items) == [(ProblemCode.UNSUPPORTED_RESOURCE, 1)]


@pytest.mark.parametrize(
    ("changes", "source"),
    [
        ({"device": {"display": "Scale 3"}}, "Scale 3"),
        ({"meta": {"source": "https://clinic.example/ehr#a1b2"}}, "https://clinic.example/ehr"),
        ({"meta": {"source": "#a1b2"}}, "Health record"),
        ({"performer": [{"display": "Dr Who"}]}, "Health record"),
    ],
)
def test_read_names_a_source_that_stays_the_same(changes: dict[str, Any], source: str) -> None:
    (samples,) = read(PIA, weight(**changes))

    assert isinstance(samples, Samples)
    assert samples.source == source


RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
RAMIPRIL = coded("35296", RXNORM, text="Ramipril")


@pytest.mark.parametrize(
    ("prescription", "code", "text"),
    [
        ({"medicationCodeableConcept": RAMIPRIL}, "35296", "Ramipril"),
        (
            {
                "contained": [{"resourceType": "Medication", "id": "m", "code": RAMIPRIL}],
                "medicationReference": {"reference": "#m"},
            },
            "35296",
            "Ramipril",
        ),
        ({"medicationReference": {"reference": "Medication/med1"}}, "860975", "Metformin"),
        ({"medicationReference": {"reference": "urn:uuid:7"}}, "860975", "Metformin"),
        ({"medicationReference": {"reference": "Medication/gone", "display": "Aspirin"}}, "", "Aspirin"),
        ({"medicationReference": {"reference": "Medication/gone"}}, "", "Medication/gone"),
    ],
)
def test_read_of_a_prescription_names_the_medicine(
    prescription: dict[str, Any], code: str, text: str
) -> None:
    request = {"resourceType": "MedicationRequest", "id": "r", "status": "active", "authoredOn": "2024-03-01"}
    metformin = {
        "resourceType": "Medication",
        "id": "med1",
        "code": coded("860975", RXNORM, text="Metformin"),
    }
    bundle = {
        "resourceType": "Bundle",
        "entry": [{"resource": request | prescription}, {"fullUrl": "urn:uuid:7", "resource": metformin}],
    }

    (record,) = read_raw(json.dumps(bundle).encode())

    assert isinstance(record, Record)
    assert (record.type, record.code, record.text, record.topic) == (
        RecordType.MEDICATION,
        code,
        text,
        "medication",
    )
    assert record.start == datetime.fromisoformat("2024-02-29T23:00:00+00:00")


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (
            {
                "resourceType": "Condition",
                "id": "c",
                "code": coded("44054006", "http://snomed.info/sct", text="Diabetes"),
                "clinicalStatus": coded("active"),
                "onsetDateTime": "2011-05",
                "abatementPeriod": {"start": "2020-01-01", "end": "2020-02-01"},
            },
            (
                "condition",
                "Diabetes",
                "active",
                "2011-04-30T22:00:00+00:00",
                "2019-12-31T23:00:00+00:00",
                "records",
            ),
        ),
        (
            {
                "resourceType": "Condition",
                "id": "c",
                "code": coded("F32.1", "http://hl7.org/fhir/sid/icd-10-cm"),
                "clinicalStatus": coded("active"),
                "verificationStatus": coded("refuted"),
            },
            ("condition", "F32.1", "refuted", None, None, "mental_health"),
        ),
        (
            {
                "resourceType": "AllergyIntolerance",
                "id": "a",
                "code": {"text": "Peanut"},
                "type": "allergy",
                "clinicalStatus": coded("active"),
                "patient": {"reference": "Patient/pia"},
            },
            ("allergy", "Peanut", "active", None, None, "records"),
        ),
        (
            {
                "resourceType": "Immunization",
                "id": "i",
                "vaccineCode": coded("115", text="Tdap"),
                "status": "not-done",
                "occurrenceDateTime": "2020-01-01T12:00:00Z",
            },
            ("immunization", "Tdap", "not-done", "2020-01-01T12:00:00+00:00", None, "records"),
        ),
        (
            {
                "resourceType": "Procedure",
                "id": "p",
                "code": {"text": "Colonoscopy"},
                "status": "completed",
                "performedPeriod": {"start": "2020-01-01T12:00:00Z", "end": "2020-01-01T13:00:00Z"},
            },
            (
                "procedure",
                "Colonoscopy",
                "completed",
                "2020-01-01T12:00:00+00:00",
                "2020-01-01T13:00:00+00:00",
                "records",
            ),
        ),
        (
            {
                "resourceType": "DiagnosticReport",
                "id": "d",
                "code": {"text": "BRCA"},
                "status": "final",
                "category": [coded("GE")],
            },
            ("report", "BRCA", "final", None, None, "genes"),
        ),
        (
            {
                "resourceType": "MedicationRequest",
                "id": "m",
                "medicationCodeableConcept": {"text": "Ibuprofen"},
                "status": "active",
                "doNotPerform": True,
            },
            ("medication", "Ibuprofen", "do-not-perform", None, None, "medication"),
        ),
        (
            {
                "resourceType": "Observation",
                "id": "o",
                "status": "final",
                "code": coded("44261-6", text="PHQ-9"),
                "valueInteger": 12,
            },
            ("observation", "PHQ-9", "final", None, None, "mental_health"),
        ),
    ],
)
def test_read_of_a_clinical_fact_is_a_record(resource: dict[str, Any], expected: tuple[Any, ...]) -> None:
    (record,) = read(PIA, resource)

    assert isinstance(record, Record)
    found = (record.type.value, record.text, record.status, record.start, record.end, record.topic)
    type_, text, status, start, end, topic = expected
    times = [None if edge is None else datetime.fromisoformat(edge) for edge in (start, end)]
    assert found == (type_, text, status, *times, topic)
    assert record.identity == f"{resource['resourceType']}/{resource['id']}"
    assert record.body == resource


def test_identity_without_an_id_is_the_full_url_or_the_content() -> None:
    note = {"resourceType": "Condition", "code": {"text": "Gout"}}
    bundle = {
        "resourceType": "Bundle",
        "entry": [{"fullUrl": "urn:uuid:1", "resource": note}, {"resource": note}],
    }

    named, unnamed = records_of(read_raw(json.dumps(bundle).encode()))

    assert named.identity == "urn:uuid:1"
    assert unnamed.identity == records_of(read_raw(json.dumps(note).encode()))[0].identity
    assert unnamed.identity.startswith("Condition#")


@pytest.mark.parametrize(
    ("patient", "reference"),
    [
        ({"resource": PIA}, "Patient/pia"),
        ({"resource": PIA}, "Patient/pia/_history/3"),
        ({"resource": PIA}, "https://ehr.example/fhir/Patient/pia"),
        ({"fullUrl": "urn:uuid:5", "resource": {"resourceType": "Patient"}}, "urn:uuid:5"),
        ({"resource": {"resourceType": "Patient", "id": "5"}}, "urn:uuid:5"),
        (
            {"fullUrl": "https://a.example/fhir/Patient/pia", "resource": PIA},
            "https://a.example/fhir/Patient/pia",
        ),
    ],
)
def test_read_knows_the_patient_by_each_way_to_refer_to_her(patient: dict[str, Any], reference: str) -> None:
    entries = [{"resource": weight(subject={"reference": reference})}, patient]

    items = read_raw(json.dumps({"resourceType": "Bundle", "entry": entries}).encode())

    assert samples_of(items) == {"weight": [81.35]}


@pytest.mark.parametrize(
    "subject",
    [
        {"reference": "Patient/paul"},
        {"reference": "urn:uuid:paul"},
        {"reference": "Group/family"},
        {"identifier": {"system": "urn:mrn", "value": "2"}},
        {"display": "Paul"},
        {"reference": "#other"},
    ],
)
def test_read_stores_nothing_of_somebody_else(subject: dict[str, Any]) -> None:
    items = read(PIA, weight(), weight(id="w2", valueQuantity=quantity(50, "kg"), subject=subject))

    assert samples_of(items) == {"weight": [81.35]}
    assert problems_of(items) == [(ProblemCode.OTHER_PATIENT, 1)]


def test_read_of_an_absolute_reference_to_another_server_is_somebody_else() -> None:
    entries = [
        {"fullUrl": "https://a.example/fhir/Patient/pia", "resource": PIA},
        {"resource": weight(subject={"reference": "https://b.example/fhir/Patient/pia"})},
    ]

    items = read_raw(json.dumps({"resourceType": "Bundle", "entry": entries}).encode())

    assert problems_of(items) == [(ProblemCode.OTHER_PATIENT, 1)]


@pytest.mark.parametrize(
    "resources",
    [
        (PIA, PAUL, weight()),
        (weight(), weight(id="w2", subject={"reference": "Patient/paul"})),
    ],
)
def test_read_of_two_people_is_refused_before_anything_is_handed_on(resources: tuple[Any, ...]) -> None:
    with pytest.raises(Refused) as refused:
        read(*resources)

    assert refused.value.code == RefusalCode.SEVERAL_PEOPLE
    assert "2 people" in refused.value.message


def test_read_of_a_named_person_takes_hers_alone() -> None:
    resources = (PIA, PAUL, weight(), weight(id="w2", subject={"reference": "Patient/paul"}))
    raw = json.dumps({"resourceType": "Bundle", "entry": [{"resource": each} for each in resources]}).encode()

    items = read_raw(raw, person="Patient/paul")

    assert fhir.people(io.BytesIO(raw)) == ["Patient/pia", "Patient/paul"]
    assert samples_of(items) == {"weight": [81.35]}
    assert problems_of(items) == [(ProblemCode.OTHER_PATIENT, 1)]
    with pytest.raises(Refused):
        read_raw(raw, person="Patient/rita")


def test_people_without_a_patient_resource_are_the_subjects() -> None:
    subject = {"reference": "https://ehr.example/fhir/Patient/pia/_history/2"}
    raw = json.dumps([weight(subject=subject), weight(subject={"reference": "Device/3"})]).encode()

    assert fhir.people(io.BytesIO(raw)) == ["Patient/pia"]
    assert samples_of(read_raw(raw, person="Patient/pia")) == {"weight": [81.35]}


def test_read_of_the_same_patient_twice_is_one_person() -> None:
    assert samples_of(read(PIA, PIA, weight())) == {"weight": [81.35]}


@pytest.mark.parametrize(
    ("resource", "version"),
    [
        ({"resourceType": "Condition", "clinicalStatus": "active"}, "FHIR STU3 or DSTU2"),
        ({"resourceType": "Condition", "assertedDate": "2018-01-01"}, "FHIR STU3"),
        ({"resourceType": "MedicationRequest", "context": {"reference": "Encounter/1"}}, "FHIR STU3"),
        ({"resourceType": "MedicationOrder"}, "FHIR DSTU2"),
        ({"resourceType": "Observation", "comments": "x"}, "FHIR DSTU2"),
        ({"resourceType": "MedicationRequest", "medication": {"concept": {"text": "x"}}}, "FHIR R5"),
        ({"resourceType": "Procedure", "occurrenceDateTime": "2024-01-01"}, "FHIR R5"),
        ({"resourceType": "Encounter", "class": [{"coding": []}]}, "FHIR R5"),
        ({"resourceType": "CapabilityStatement", "fhirVersion": "3.0.1"}, "FHIR STU3"),
        ({"resourceType": "CapabilityStatement", "fhirVersion": "5.0.0"}, "FHIR R5"),
    ],
)
def test_read_of_another_version_is_refused_by_name(resource: dict[str, Any], version: str) -> None:
    with pytest.raises(Refused) as refused:
        read(PIA, weight(), resource)

    assert refused.value.code == RefusalCode.UNSUPPORTED_VERSION
    assert version in refused.value.message
    assert "Pollux reads FHIR R4" in refused.value.message


@pytest.mark.parametrize("stated", ["4.0.1", "4.3.0"])
def test_read_of_r4_and_r4b_goes_on(stated: str) -> None:
    statement = {"resourceType": "CapabilityStatement", "fhirVersion": stated}

    assert samples_of(read(PIA, weight(), statement)) == {"weight": [81.35]}


def test_read_of_the_published_stu3_bundle_is_refused_by_name() -> None:
    raw = STU3.read_bytes()

    with pytest.raises(Refused) as refused:
        read_raw(raw)

    assert fhir.sniff(raw[:65536])
    assert refused.value.code == RefusalCode.UNSUPPORTED_VERSION
    assert "FHIR STU3" in refused.value.message


def test_read_of_a_history_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        read(PIA, weight(), type="history")

    assert refused.value.code == RefusalCode.UNSUPPORTED_VERSION


def test_read_of_one_page_of_several_says_so() -> None:
    items = read(
        PIA, weight(), type="searchset", link=[{"relation": "next", "url": "https://ehr.example?page=2"}]
    )

    assert samples_of(items) == {"weight": [81.35]}
    assert problems_of(items) == [(ProblemCode.TRUNCATED, 1)]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(weight()),
        json.dumps(weight(), indent=2),
        "\ufeff" + json.dumps(weight()),
        json.dumps(PIA) + "\n" + json.dumps(weight()) + "\n",
        json.dumps([PIA, weight()]),
        json.dumps({"entry": [{"resource": weight()}], "type": "collection", "resourceType": "Bundle"}),
        json.dumps(
            {
                "resourceType": "Bundle",
                "entry": [{"resource": {"resourceType": "Bundle", "entry": [{"resource": weight()}]}}],
            }
        ),
    ],
)
def test_read_of_each_way_to_write_resources_down(text: str) -> None:
    assert fhir.sniff(text.encode())
    assert samples_of(read_raw(text.encode())) == {"weight": [81.35]}


def test_read_counts_what_it_cannot_keep() -> None:
    bundle = {
        "resourceType": "Bundle",
        "entry": [
            {"resource": {"resourceType": "Claim", "id": "1"}},
            {"resource": {"resourceType": "Claim", "id": "2"}},
            {"fullUrl": "urn:uuid:1"},
            "nonsense",
            {"resource": weight()},
        ],
    }

    items = read_raw(json.dumps(bundle).encode())

    assert samples_of(items) == {"weight": [81.35]}
    assert [item for item in items if isinstance(item, Problem)] == [
        Problem(ProblemCode.UNSUPPORTED_RESOURCE, "Claim", "Claim/1", 2),
        Problem(ProblemCode.MALFORMED, "no resource", "entry 3", 2),
    ]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b"garbage",
        b"\xff\xfe{\x00",
        b"[]",
        b'{"resourceType": "Bundle", "entry": [',
        b'{"a": ' + b"[" * 999,
    ],
)
def test_read_of_nothing_readable_is_refused(raw: bytes) -> None:
    with pytest.raises(Refused) as refused:
        read_raw(raw)

    assert refused.value.code == RefusalCode.MALFORMED


def test_read_of_a_truncated_bundle_keeps_what_came_before() -> None:
    raw = (R4 / "synthea_clemente_kreiger.json").read_bytes()

    whole, cut = read_raw(raw), read_raw(raw[: len(raw) // 2])

    assert 0 < sum(map(len, samples_of(cut).values())) < sum(map(len, samples_of(whole).values()))
    assert problems_of(cut)[-1] == (ProblemCode.TRUNCATED, 1)


@pytest.mark.parametrize("sixteenth", range(17))
@pytest.mark.parametrize("name", ["synthea_clemente_kreiger.json", "us_core_Procedure-R4-defib-implant.json"])
def test_read_of_a_damaged_file_ends_in_items_or_a_refusal(name: str, sixteenth: int) -> None:
    raw = (R4 / name).read_bytes()
    place = len(raw) * sixteenth // 16
    for damaged in (
        raw[:place],
        *(raw[:place] + byte + raw[place + 1 :] for byte in (b"\x00", b"\xff", b"}", b'"')),
    ):
        try:
            items = read_raw(damaged)
        except Refused:
            continue
        assert all(isinstance(item, Samples | Record | Problem) for item in items)


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["coding", "code", "value", "reference", "start", "id"]), inner, max_size=2
        )
    ),
    max_leaves=4,
)
KEYS = [
    "code",
    "subject",
    "status",
    "component",
    "valueQuantity",
    "effectiveDateTime",
    "effectivePeriod",
    "meta",
    "device",
    "id",
    "contained",
    "category",
    "identifier",
    "clinicalStatus",
    "medicationReference",
    "onsetPeriod",
    "performedPeriod",
    "vaccineCode",
    "patient",
    "entry",
    "link",
    "resourceType",
]


@given(
    st.sampled_from(
        ["Observation", "Condition", "MedicationRequest", "Patient", "Procedure", "Medication", "Bundle"]
    ),
    st.dictionaries(st.sampled_from(KEYS), ODD, max_size=6),
)
def test_read_of_a_resource_of_odd_shapes_ends_in_items_or_a_refusal(type_: str, odd: dict[str, Any]) -> None:
    resource = weight(valueQuantity=quantity(1, "kg")) | {"resourceType": type_} | odd
    try:
        items = read_raw(json.dumps([resource, PIA]).encode())
    except Refused:
        return
    assert all(isinstance(item, Samples | Record | Problem) for item in items)


@given(st.integers(-2_000_000_000, 4_000_000_000), st.integers(-14 * 60, 14 * 60))
def test_parse_moment_finds_every_instant_again(second: int, offset: int) -> None:
    sign, minutes = "-" if offset < 0 else "+", abs(offset)
    at = datetime.fromtimestamp(second, UTC)
    text = f"{at:%Y-%m-%dT%H:%M:%S}.123{sign}{minutes // 60:02}:{minutes % 60:02}"

    moment = parse_moment(text, BERLIN)

    assert moment.start == moment.end == datetime.fromisoformat(text)
    assert (moment.precise, moment.offset) == (True, offset)


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)))
def test_parse_moment_of_a_day_month_and_year_nest(day: date) -> None:
    of_day, of_month, of_year = (parse_moment(day.isoformat()[:length], BERLIN) for length in (10, 7, 4))

    assert of_year.start <= of_month.start <= of_day.start < of_day.end <= of_month.end <= of_year.end
    assert (of_day.precise, of_month.precise, of_year.precise) == (True, False, False)


@given(st.text())
def test_parse_moment_of_any_text_is_a_moment_or_a_value_error(text: str) -> None:
    try:
        moment = parse_moment(text, BERLIN)
    except ValueError:
        return
    assert moment.start <= moment.end


@pytest.mark.parametrize(
    "text", ["2024-W01-1", "20240301", "2024-03-01 08:00:00", "2024-03-01T25:00:00Z", "24", None]
)
def test_parse_moment_refuses_what_fhir_does_not_write(text: Any) -> None:
    with pytest.raises(ValueError, match=r"FHIR date|must be in"):
        parse_moment(text, BERLIN)


def test_synonyms_are_no_kinds_own_code_and_name_known_kinds() -> None:
    rows = json.loads((DATA / "loinc_synonyms.json").read_text(encoding="utf-8"))["synonyms"]

    assert [row["loinc"] for row in rows if by_loinc(row["loinc"])] == []
    assert len({row["loinc"] for row in rows}) == len(rows)
    assert all(kind(row["kind"]) and row["name"] and row["verification"] for row in rows)


def test_units_of_the_samples_can_all_be_converted() -> None:
    items = read_raw((R4 / "synthea_clemente_kreiger.json").read_bytes())

    for item in items:
        if isinstance(item, Samples):
            assert len(to_canonical(kind(item.kind), item.unit, item.columns.value)) == len(item.columns)


@pytest.mark.parametrize(
    "head", [b"", b"<Bundle xmlns=", b'[{"sgv": 1}]', b'{"entry": [1]}', b"start,kind,value,unit"]
)
def test_sniff_leaves_other_documents_alone(head: bytes) -> None:
    assert not fhir.sniff(head)
