"""What records say, by code and by word, and what they leave open."""

from datetime import UTC, date
from pathlib import Path

import pytest

from twin.demo import records as demo
from twin.intake import fhir
from twin.intake.items import Record
from twin.risk.data import load
from twin.risk.facts import SILENT, Said, facts, next_change, said_of

TODAY = date(2026, 6, 30)
SNOMED, ICD10 = "http://snomed.info/sct", "http://hl7.org/fhir/sid/icd-10-cm"
CPT = "http://www.ama-assn.org/go/cpt"
ATC, RXNORM = "http://www.whocc.no/atc", "http://www.nlm.nih.gov/research/umls/rxnorm"


OF_SCREENING = (
    "breast_cancer_history",
    "bilateral_mastectomy",
    "cervical_cancer_history",
    "hysterectomy_with_cervix_removed",
    "colorectal_cancer_history",
    "total_colectomy",
    "lung_cancer_history",
    "osteoporosis",
    "hiv",
    "hepatitis_b",
    "hepatitis_c",
)


def condition(text="", *codes, status="active", starts_on=date(2020, 5, 1)):
    return Said("condition", codes, text, status, starts_on)


def procedure(text="", *codes, status="completed", starts_on=date(2020, 5, 1)):
    return Said("procedure", codes, text, status, starts_on)


def medicine(text="", *codes, status="active", starts_on=date(2020, 5, 1), ends_on=None):
    return Said("medication", codes, text, status, starts_on, ends_on)


def values(*records):
    return {code: one.value for code, one in facts(records, TODAY).items()}


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (condition("x", (SNOMED, "44054006")), "diabetes"),
        (condition("x", (ICD10, "E11.9")), "diabetes"),
        (condition("x", (ICD10, "E119")), "diabetes"),
        (condition("x", ("urn:oid:2.16.840.1.113883.6.90", "E10.65")), "diabetes"),
        (condition("x", ("http://example.org/own", "7"), (SNOMED, "44054006")), "diabetes"),
        (condition("Type 2 diabetes mellitus"), "diabetes"),
        (condition("TYPE 2 DIABETES, diet only"), "diabetes"),
        (condition("x", (ICD10, "I10")), "hypertension"),
        (condition("Essential (primary) hypertension"), "hypertension"),
        (condition("x", (ICD10, "I48.91")), "atrial_fibrillation"),
        (condition("x", (ICD10, "I50.22")), "heart_failure"),
        (condition("x", (ICD10, "I63.9")), "stroke"),
        (condition("x", (ICD10, "I21.4")), "vascular_disease"),
        (condition("x", (ICD10, "I70.0")), "vascular_disease"),
        (condition("x", (ICD10, "N18.31")), "kidney_disease"),
        (condition("Chronic kidney disease, stage G3a A2"), "kidney_disease"),
        (condition("x", (ICD10, "E78.01")), "familial_hypercholesterolaemia"),
        (condition("x", (ICD10, "I10"), status="resolved"), "hypertension"),
        (medicine("Atorvastatin 20 mg tablet"), "statin"),
        (medicine("x", (ATC, "C10AA05")), "statin"),
        (medicine("x", (RXNORM, "83367")), "statin"),
        (medicine("Lisinopril 20 mg tablet"), "bp_medicine"),
        (medicine("x", (ATC, "C09AA03")), "bp_medicine"),
        (medicine("amlodipine 5 MG / atorvastatin 10 MG Oral Tablet", (RXNORM, "597967")), "statin"),
        (medicine("amlodipine 5 MG / atorvastatin 10 MG Oral Tablet", (RXNORM, "597967")), "bp_medicine"),
        (medicine("Lisinopril", ends_on=TODAY), "bp_medicine"),
        (condition("x", (ICD10, "E10.9")), "type1_diabetes"),
        (condition("Type 2 diabetes mellitus"), "type2_diabetes"),
        (condition("x", (ICD10, "C50.911"), status="resolved"), "breast_cancer_history"),
        (condition("x", (ICD10, "Z90.13")), "bilateral_mastectomy"),
        (procedure("x", (SNOMED, "27865001")), "bilateral_mastectomy"),
        (procedure("x", (CPT, "58150")), "hysterectomy_with_cervix_removed"),
        (procedure("Total abdominal hysterectomy"), "hysterectomy_with_cervix_removed"),
        (procedure("x", (CPT, "44150")), "total_colectomy"),
        (condition("x", (ICD10, "C20")), "colorectal_cancer_history"),
        (condition("x", (ICD10, "M81.0")), "osteoporosis"),
        (condition("x", (ICD10, "B18.2")), "hepatitis_c"),
        (condition("x", (SNOMED, "8517006")), "ever_smoked"),
    ],
)
def test_record_says_yes_of_its_day(record, code):
    found = facts([record], TODAY)[code]
    assert (found.value, found.on) == (True, date(2020, 5, 1))
    assert found.source.startswith(f"{record.type}: {record.text}")


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (condition("Type 2 diabetes mellitus", (SNOMED, "38341003")), "diabetes"),
        (condition("No diabetes mellitus"), "diabetes"),
        (condition("Family history of type 2 diabetes"), "diabetes"),
        (condition("Diabetes mellitus, ruled out"), "diabetes"),
        (condition("Diabetes insipidus"), "diabetes"),
        (condition("Diabetes mellitus, gestational"), "diabetes"),
        (condition("x", (ICD10, "E11.9"), status="refuted"), "diabetes"),
        (condition("x", (ICD10, "E11.9"), status="entered-in-error"), "diabetes"),
        (condition("x", (ICD10, "E11.9"), starts_on=date(2026, 7, 1)), "diabetes"),
        (condition("x", (ICD10, "O24.4")), "diabetes"),
        (condition("Hypertension, pulmonary"), "hypertension"),
        (condition("x", (ICD10, "I27.20")), "hypertension"),
        (condition("x", (ICD10, "I48.92")), "atrial_fibrillation"),
        (condition("Lisinopril"), "bp_medicine"),
        (medicine("Nystatin 100,000 units"), "statin"),
        (medicine("x", (ATC, "C02KX01")), "bp_medicine"),
        (medicine("Lisinopril 20 mg", status="stopped"), "bp_medicine"),
        (medicine("Lisinopril 20 mg", status="on-hold"), "bp_medicine"),
        (medicine("Lisinopril 20 mg", ends_on=date(2026, 6, 29)), "bp_medicine"),
        (medicine("Lisinopril 20 mg", status="not-taken"), "bp_medicine"),
        (medicine("Timolol 0.5 % eye drops"), "bp_medicine"),
    ],
)
def test_record_that_only_looks_like_it_says_nothing(record, code):
    other = [condition("Asthma", (ICD10, "J45.9")), medicine("Paracetamol 500 mg")]
    found = facts([record, *other], TODAY)[code]
    assert (found.value, found.on, found.source) == (False, None, SILENT)


def test_without_records_of_a_sort_nothing_is_known():
    assert values() == {}
    assert values(medicine("Paracetamol")) == {"statin": False, "bp_medicine": False}
    assert "diabetes" in values(condition("Asthma"))
    assert "statin" not in values(condition("Asthma"))


def test_any_cardiovascular_disease_is_one_of_its_parts():
    assert values(condition("x", (ICD10, "I50.9")))["cardiovascular_disease"] is True
    assert values(condition("Asthma"))["cardiovascular_disease"] is False


def test_medicine_that_was_once_taken_counts_as_ever():
    said = values(medicine("Lisinopril", status="stopped"))
    assert (said["bp_medicine"], said["bp_medicine_ever"]) == (False, True)
    assert "bp_medicine_ever" not in values(medicine("Paracetamol"))


def smoking(code, on):
    return Said("observation", (("http://loinc.org", "72166-2"), (SNOMED, code)), "Smoking", "final", on)


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([smoking("449868002", date(2020, 1, 1))], True),
        ([smoking("266919005", date(2020, 1, 1))], False),
        ([smoking("449868002", date(2020, 1, 1)), smoking("8517006", date(2024, 1, 1))], False),
        ([smoking("449868002", date(2025, 1, 1)), smoking("8517006", date(2024, 1, 1))], True),
        ([smoking("449868002", date(2024, 1, 1)), smoking("8517006", date(2024, 1, 1))], True),
        ([condition("Smoker", (SNOMED, "77176002"))], True),
        ([smoking("266927001", date(2024, 1, 1)), condition("Asthma")], None),
    ],
)
def test_smoking_is_what_the_newest_record_says(records, expected):
    assert values(*records).get("smoking") is expected


def test_earliest_of_several_records_is_the_day_and_long_texts_are_cut():
    late = condition("Hypertension " * 20, (ICD10, "I10"), starts_on=date(2024, 1, 1))
    early = condition("y" * 200, (ICD10, "I10"), starts_on=date(2010, 1, 1))
    undated = condition("z", (ICD10, "I10"), starts_on=None)
    found = facts([late, early, undated], TODAY)["hypertension"]
    assert found.on == date(2010, 1, 1)
    assert len(found.source) == len("condition: ") + 80


def test_every_code_says_where_it_was_seen():
    content = load("facts")
    for row in content["facts"].values():
        for code in [*row.get("codes", ()), *row.get("not_codes", ())]:
            assert code["system"] in content["systems"]
            assert ("code" in code) != ("begins" in code)
            assert ("verification" in code) != ("seen_in" in code)
            assert code.get("seen_in", "Diabetes") in content["value_sets"]


def read(record):
    return said_of(
        record_type=record.type.value,
        system=record.system,
        code=record.code,
        text=record.text,
        status=record.status,
        body=record.body,
        starts_on=record.start and record.start.date(),
        ends_on=record.end and record.end.date(),
    )


def test_records_of_the_demo_say_what_she_has_and_takes():
    said = values(*(read(record) for record in demo.records(TODAY)))
    assert said == {
        "diabetes": True,
        "hypertension": True,
        "atrial_fibrillation": False,
        "heart_failure": False,
        "stroke": False,
        "vascular_disease": False,
        "cardiovascular_disease": False,
        "kidney_disease": True,
        "familial_hypercholesterolaemia": False,
        "statin": True,
        "bp_medicine": True,
        "bp_medicine_ever": True,
        "type1_diabetes": False,
        "type2_diabetes": True,
        **dict.fromkeys(OF_SCREENING, False),
    }


def test_answer_of_an_observation_is_read_from_a_fhir_file():
    sample = Path(__file__).parents[2] / "samples/fhir_r4/synthea_clemente_kreiger.json"
    with sample.open("rb") as stream:
        records = [item for item in fhir.read(stream, zone=UTC) if isinstance(item, Record)]
    found = facts([read(record) for record in records], TODAY)["smoking"]
    assert (found.value, found.on is not None) == (False, True)


@pytest.mark.parametrize("word", ["provisional", "differential", "unconfirmed", "refuted"])
def test_diagnosis_that_is_only_suspected_does_not_count(word):
    said = said_of(
        record_type="condition",
        system=ICD10,
        code="E11.9",
        text="Type 2 diabetes mellitus",
        status="active",
        body={"verificationStatus": {"coding": [{"system": "v", "code": word}]}},
        starts_on=None,
        ends_on=None,
    )
    assert facts([said, condition("Asthma")], TODAY)["diabetes"].value is False


@pytest.mark.parametrize(
    "body", [{}, {"code": 5}, {"code": {"coding": 5}}, {"code": {"coding": [5, {"code": 5}]}}]
)
def test_body_that_is_no_fhir_gives_no_more_codes(body):
    said = said_of(
        record_type="condition",
        system="s",
        code="1",
        text="x",
        status="",
        body=body,
        starts_on=None,
        ends_on=None,
    )
    assert said.codes == (("s", "1"),)


def test_a_type_of_diabetes_rules_out_the_other_and_without_one_neither_is_known():
    assert values(condition("x", (ICD10, "E10.9")))["type2_diabetes"] is False
    assert "type1_diabetes" not in values(condition("x", (SNOMED, "73211009")))


def test_a_non_smoker_may_have_smoked_and_who_never_did_has_not():
    assert "ever_smoked" not in values(condition("x", (SNOMED, "8392000")))
    assert values(condition("x", (SNOMED, "266919005")))["ever_smoked"] is False


def test_records_speak_anew_when_one_begins_or_the_day_after_one_ends():
    later = condition("x", (ICD10, "I10"), starts_on=date(2026, 9, 1))
    ending = medicine("Lisinopril", ends_on=date(2026, 8, 31))
    assert next_change([later], TODAY) == date(2026, 9, 1)
    assert next_change([ending, condition("x", (ICD10, "I10"))], TODAY) == date(2026, 9, 1)
    assert next_change([medicine("Lisinopril", ends_on=date(2026, 6, 29))], TODAY) is None
    assert next_change([], TODAY) is None
