"""From records, readings and answers to what screening goes by."""

from datetime import date

import pytest

from reminders.screening import Done, Status, done_in, kinds_of, person_of, screenings, shipped_rules
from twin.risk.facts import SILENT, Said
from twin.risk.result import Input

TODAY = date(2026, 11, 23)
CPT, CVX, LOINC = "http://www.ama-assn.org/go/cpt", "http://hl7.org/fhir/sid/cvx", "http://loinc.org"
ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"


def record(type_, *codes, text="x", status="completed", on=date(2025, 3, 1), until=None):
    return Said(type_, codes, text, status, on, until)


def person(*records, told=None, **more):
    told = {code: Input(code, value, "", TODAY, "her word") for code, value in (told or {}).items()}
    return person_of(
        shipped_rules(),
        born_on=date(1970, 5, 10),
        sex="female",
        records=records,
        told=told,
        today=TODAY,
        **more,
    )


def test_kinds_of_the_catalogue_are_evidence_by_their_codes():
    assert dict(kinds_of(shipped_rules())) == {
        "sbp": ("loinc", "8480-6"),
        "glucose_fasting": ("loinc", "1558-6"),
        "hba1c": ("loinc", "4548-4"),
        "total_cholesterol": ("loinc", "2093-3"),
        "creatinine": ("loinc", "2160-0"),
        "egfr": ("loinc", "98979-8"),
        "uacr": ("loinc", "9318-7"),
    }


def test_a_record_is_evidence_under_each_of_its_codes_that_counts():
    mammogram = record(
        "procedure", ("http://example.org/own", "7"), (CPT, "77067"), (LOINC, "24606-6"), text="Mammography"
    )
    assert done_in(shipped_rules(), [mammogram]) == [
        Done(date(2025, 3, 1), (("cpt", "77067"), ("loinc", "24606-6")), "procedure: Mammography")
    ]


@pytest.mark.parametrize(
    "said",
    [
        record("procedure", (CPT, "99999")),
        record("procedure", (CPT, "77067"), on=None),
        record("procedure", (CPT, "77067"), status="not-done"),
        record("procedure", (CPT, "77067"), status="preparation"),
        record("immunization", (CVX, "140"), status="entered-in-error"),
        record("observation", (LOINC, "4548-4"), status="cancelled"),
    ],
)
def test_what_is_of_no_rule_or_day_or_was_not_done_is_no_evidence(said):
    assert done_in(shipped_rules(), [said]) == []


def test_a_person_is_gathered_from_records_and_what_was_done_besides():
    shot = Done(date(2026, 10, 1), (("cvx", "140"),), "her word", said=True)
    found = person(
        record("condition", (ICD10, "E11.9"), status="active"),
        record("observation", (LOINC, "4548-4"), status="final"),
        done=[shot],
    )
    assert found.known["type2_diabetes"].value is True
    assert [one.codes for one in found.done] == [(("loinc", "4548-4"),), (("cvx", "140"),)]
    stands = {one.rule.id: one.status for one in screenings(found, shipped_rules(), (), on=TODAY)}
    assert (stands["dm_a1c"], stands["dm_foot"]) == (Status.DUE, Status.DUE)
    assert stands["vax_influenza"] is Status.UP_TO_DATE


def test_records_that_say_yes_stand_above_answers_and_answers_above_silence():
    cancer = record("condition", (ICD10, "C50.9"), status="active")
    assert person(cancer, told={"breast_cancer_history": False}).known["breast_cancer_history"].value is True
    hypertension = record("condition", (ICD10, "I10"), status="active")
    assert person(hypertension).known["breast_cancer_history"].source == SILENT
    told = person(hypertension, told={"breast_cancer_history": False})
    assert told.known["breast_cancer_history"].source == "her word"


def test_of_what_scores_ask_it_counts_what_they_go_by():
    smoker = record(
        "observation", ("http://snomed.info/sct", "77176002"), on=date(2010, 1, 1), status="final"
    )
    assert person(smoker, told={"smoking": False}).known["smoking"].value is False


@pytest.mark.parametrize(("bmi", "obese"), [(29.99, False), (30.0, True), (41, True)])
def test_obesity_follows_from_the_body_mass_index_unless_it_is_known(bmi, obese):
    assert person(told={"bmi": bmi}).known["obesity"].value is obese
    assert person(told={"bmi": bmi, "obesity": True}).known["obesity"].value is True


def test_who_smokes_has_smoked_and_who_does_not_may_have():
    assert person(told={"smoking": True}).known["ever_smoked"].value is True
    assert "ever_smoked" not in person(told={"smoking": False}).known


def test_what_records_say_holds_until_one_of_them_begins_or_ends():
    ahead = record("condition", (ICD10, "E11.9"), status="active", on=date(2027, 1, 1))
    assert person(ahead).known_until == date(2027, 1, 1)
    assert person().known_until is None
