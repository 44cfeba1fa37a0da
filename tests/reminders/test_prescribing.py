"""What speaks against a medicine, at every edge; and that what could not be checked is said."""

import json
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.prescribing import DATA, Allergy, Check, Egfr, Person, Severity, check
from twin.scores.genes import Genotype
from twin.scores.medicine_names import Medicine

TODAY = date(2026, 12, 1)
ATC = "http://www.whocc.no/atc"
POOR = [Genotype("rs4244285", "AA"), Genotype("rs4986893", "GG"), Genotype("rs12248560", "CC")]


def found(medicine, *, allergies=(), in_use=(), egfr=None, genotypes=(), on=TODAY):
    medicine = medicine if isinstance(medicine, Medicine) else Medicine(medicine)
    person = Person(
        allergies=[one if isinstance(one, Allergy) else Allergy(one) for one in allergies],
        in_use=[one if isinstance(one, Medicine) else Medicine(one) for one in in_use],
        genotypes=genotypes,
        egfr=None if egfr is None else Egfr(egfr, on),
    )
    return check(medicine, person, TODAY)


def findings(medicine, **said):
    return [(one.check, one.severity) for one in found(medicine, **said).findings]


@pytest.mark.parametrize(
    ("medicine", "allergy", "severity"),
    [
        ("Amoxicillin 500", "Amoxicillin", "stop"),
        ("Amoxicillin 500", "Penicillin", "stop"),
        ("Amoxicillin 500", "beta-lactams", "stop"),
        ("Amoxicillin 500", "Flucloxacillin, hives", "warn"),
        ("Amoxicillin 500", "Cefuroxime", None),
        ("Amoxicillin 500", "Peanut", None),
        ("Amoxicillin 500", "No known drug allergies", None),
        ("Amoxicillin 500", Allergy("", ATC, "J01C"), "stop"),
        ("Amoxicillin 500", Allergy("", ATC, "J01CA01"), "warn"),
        (Medicine("Brand", ATC, "J01CA04"), "Penicillin", "stop"),
        (Medicine("Brand", ATC, "J01CA04"), Allergy("", ATC, "J01CA04"), "stop"),
        ("Ibuprofen 400", "Aspirin", "stop"),
        ("Aspirin 100", "Ibuprofen", None),
        ("Paracetamol 500", "acetaminophen", "stop"),
        ("Xalatan (latanoprost) eye drops", "Latanoprost", "stop"),
        ("Cotrimoxazole", "Sulfa", "stop"),
        ("Ramipril", "ACE inhibitors", "stop"),
        ("Ramipril", "Enalapril, cough", "warn"),
    ],
)
def test_allergies_to_a_substance_or_its_class_are_found(medicine, allergy, severity):
    expected = [] if severity is None else [(Check.ALLERGIES, Severity(severity))]
    assert findings(medicine, allergies=[allergy]) == expected


def test_an_allergy_is_said_in_a_sentence_with_its_source():
    (finding,) = found("Ibuprofen 400", allergies=["Aspirin"]).findings
    assert finding.sentence == (
        "An allergy to Aspirin is on file, and Ibuprofen 400 is one of the anti-inflammatory painkillers."
    )
    assert finding.source.startswith("The person's own records; US labels")
    assert "memory" in finding.verification
    assert finding.override_needs_reason


@pytest.mark.parametrize(
    ("medicine", "other", "expected"),
    [
        ("Ramipril 5 mg", "Ramipril 10 mg", ("same ingredient", "warn")),
        ("Ramipril 5 mg", "Ramipril-HCT", ("same ingredient", "warn")),
        ("Ramipril 5 mg", "Enalapril", ("same class", "warn")),
        ("Ramipril 5 mg", "Candesartan", None),
        ("Apixaban 5 mg", "Warfarin", ("same class", "stop")),
        ("Ibuprofen 400", "Ibuprofen gel", ("same ingredient", "note")),
        ("Ibuprofen 400", "Diclofenac gel", ("same class", "note")),
        ("Ibuprofen 400", "Diclofenac 50", ("same class", "warn")),
        ("Insulin aspart", "Insulin glargine", None),
        ("Tegrelux", "Vantorin", None),
        (Medicine("Brand A", ATC, "N03AX09"), Medicine("Brand B", ATC, "N03AX14"), ("same class", "warn")),
        (Medicine("Brand A", ATC, "N03AX09"), Medicine("Brand B", ATC, "N03AG01"), None),
    ],
)
def test_what_is_in_use_already_is_found_by_ingredient_and_class(medicine, other, expected):
    assert findings(medicine, in_use=[other]) == ([] if expected is None else [tuple(expected)])


@pytest.mark.parametrize(
    ("medicine", "egfr", "severity"),
    [
        ("Metformin 850", 29.9, "stop"),
        ("Metformin 850", 30, "warn"),
        ("Metformin 850", 44.9, "warn"),
        ("Metformin 850", 45, None),
        (Medicine("Janumet", ATC, "A10BD07"), 20, "stop"),
        ("Ibuprofen 400", 29, "stop"),
        ("Ibuprofen 400", 59, "warn"),
        ("Ibuprofen 400", 60, None),
        ("Ibuprofen gel", 20, None),
        ("Nitrofurantoin", 44, "stop"),
        ("Nitrofurantoin", 45, None),
        ("Alendronic acid 70", 34, "warn"),
        ("Alendronic acid 70", 35, None),
        ("Rivaroxaban 20", 14, "stop"),
        ("Rivaroxaban 20", 29, "warn"),
        ("Rivaroxaban 20", 30, None),
        ("Dabigatran 150", 29, "stop"),
        ("Dabigatran 150", 30, None),
        ("Ramipril", 10, None),
    ],
)
def test_limits_of_kidney_function_hold_below_their_number(medicine, egfr, severity):
    expected = [] if severity is None else [(Check.KIDNEYS, Severity(severity))]
    assert findings(medicine, egfr=egfr) == expected


def test_a_limit_in_creatinine_clearance_says_that_egfr_is_only_near_it():
    (clearance,) = found("Rivaroxaban", egfr=14).findings
    (egfr,) = found("Metformin", egfr=14).findings
    assert "only near it" in clearance.sentence
    assert "only near it" not in egfr.sentence
    assert egfr.about == "eGFR 14 on 2026-12-01"
    assert "FDA" in egfr.source
    assert egfr.verification.startswith("Excerpt read, not reviewed by a clinician")


def test_every_limit_is_named_by_two_sources():
    rules = json.loads((DATA / "kidney_limits.json").read_text("utf-8"))["rules"]
    assert all(len(row["sources"]) >= 2 and date.fromisoformat(row["date"]) for row in rules)
    assert {band["severity"] for row in rules for band in row["bands"]} <= set(Severity)


def test_genes_of_the_person_speak_up():
    checked = found("Clopidogrel 75", genotypes=POOR)
    assert [(one.check, one.severity, one.about) for one in checked.findings] == [
        (Check.GENES, Severity.WARN, "CYP2C19: Poor Metabolizer")
    ]
    assert checked.findings[0].source.startswith("https://cpicpgx.org/")
    assert Check.GENES in checked.looked_at


def test_genes_that_a_guideline_asks_for_and_no_file_tells_are_said():
    checked = found("Abacavir", genotypes=POOR)
    assert checked.findings == ()
    assert [one.why for one in checked.not_checked if one.check is Check.GENES] == [
        "A guideline asks for HLA-B with abacavir; the gene files do not tell it."
    ]


def why_not(medicine, **said):
    checked = found(medicine, **said)
    return {one.check.value: one.why for one in checked.not_checked}, set(checked.looked_at)


def test_what_could_not_be_checked_is_said():
    why, looked_at = why_not("Metformin")
    assert why == {
        "allergies": "No allergy is on file. That does not say that there is none.",
        "genes": "No gene file is there.",
        "kidneys": "No eGFR is known. This medicine has limits of kidney function.",
        "interactions": "Interactions are not checked: no list of them with an open licence is known that "
        "Pollux may ship.",
    }
    assert looked_at == {Check.ALLERGIES, Check.SAME_INGREDIENT, Check.SAME_CLASS}


@pytest.mark.parametrize(("days", "is_old"), [(365, False), (366, True)])
def test_an_old_egfr_is_used_and_said_to_be_old(days, is_old):
    on = TODAY - timedelta(days=days)
    checked = found("Metformin", egfr=20, on=on)
    assert [one.check for one in checked.findings] == [Check.KIDNEYS]
    assert any("more than a year" in one.why for one in checked.not_checked) is is_old
    assert Check.KIDNEYS in checked.looked_at


def test_a_medicine_nothing_is_known_of_says_so():
    why, _ = why_not("Wonderdrug", allergies=["Peanut"], in_use=["Elixir"], egfr=90)
    assert why["same class"] == (
        "Compared by words and code only, for it is not known what is in: Wonderdrug."
    )
    assert why["kidneys"] == "No limit of kidney function is on file for this medicine."
    assert why["same ingredient"].endswith("Elixir.")
    wordless, _ = why_not("Ramipril", allergies=[Allergy("", "urn:other", "1")])
    assert wordless["allergies"].endswith("codes only: 1.")


def test_a_medicine_of_no_name_and_no_code_is_refused():
    with pytest.raises(ValueError, match="name or a code"):
        found(" ")


def test_findings_begin_with_what_weighs_most():
    several = findings("Ibuprofen 400", allergies=["Aspirin"], in_use=["Diclofenac gel", "Naproxen"], egfr=50)
    assert [severity for _, severity in several] == ["stop", "warn", "warn", "note"]


words = st.lists(st.text(max_size=30), max_size=4)


@given(st.text(min_size=1, max_size=40).filter(str.strip), words, words, st.none() | st.floats(1, 200))
def test_whatever_a_list_holds_interactions_are_never_said_to_be_checked(medicine, allergies, in_use, egfr):
    checked = found(medicine, allergies=allergies, in_use=in_use, egfr=egfr)
    assert Check.INTERACTIONS not in checked.looked_at
    assert checked.not_checked[-1].check is Check.INTERACTIONS
    assert all(one.override_needs_reason and one.sentence and one.source for one in checked.findings)
