"""What is in a medicine, which class it is of, and by what two are the same."""

import json

import pytest

from twin.kinds import DATA
from twin.scores.ingredients import (
    allergy_classes_of,
    allergy_source_of,
    classes_of,
    ingredients_of,
    sameness,
    shared_words,
)
from twin.scores.medicine_names import Medicine, is_swallowed

ATC = "http://www.whocc.no/atc"
ATC_OID = "urn:oid:2.16.840.1.113883.6.73"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"


@pytest.mark.parametrize(
    ("text", "ingredients", "classes"),
    [
        ("Ramipril 5 mg", {"ramipril"}, ["ace_inhibitor"]),
        ("Ramipril-HCT 5/25", {"ramipril", "hydrochlorothiazid"}, ["ace_inhibitor", "thiazide"]),
        ("Candesartán 8 mg", {"candesartan"}, ["arb"]),
        ("Amoxicillin/Clavulanic acid", {"amoxicillin"}, ["penicillin"]),
        ("Insulin glargine 100 IU", {"insulin glargin"}, ["insulin"]),
        ("Insulin", {"insulin"}, ["insulin"]),
        ("Cotrimoxazol forte", {"sulfamethoxazol"}, ["sulfonamide"]),
        ("Acetylsalicylic acid 100", {"aspirin"}, []),
        ("metoprolol succinate 47.5 MG Extended Release Oral Tablet", {"metoprolol"}, ["beta_blocker"]),
        ("Doxycyclin", {"doxycyclin"}, ["tetracycline"]),
        ("Escitalopram", {"escitalopram"}, ["ssri"]),
        ("Esomeprazole", {"esomeprazol"}, ["ppi"]),
        ("Alendronsäure 70", {"alendronic"}, ["bisphosphonate"]),
        ("Nystatin", set(), []),
        ("Aripiprazole", set(), []),
        ("Carbamazepine", {"carbamazepin"}, []),
        ("April", set(), []),
        ("", set(), []),
    ],
)
def test_ingredients_and_classes_are_known_by_name(text, ingredients, classes):
    assert ingredients_of(Medicine(text)) == ingredients
    assert [one.id for one in classes_of(Medicine(text))] == classes


@pytest.mark.parametrize(
    ("system", "code", "ingredients", "classes"),
    [
        (ATC, "C10AA05", {"atorvastatin"}, ["statin"]),
        (ATC_OID, "C10AA05", {"atorvastatin"}, ["statin"]),
        (RXNORM, "83367", {"atorvastatin"}, []),
        (ATC, "B01AF01", set(), ["anticoagulant"]),
        (ATC, "N03AX09", set(), ["N03AX"]),
        (ATC, "N03", set(), []),
        ("urn:other", "C10AA05", set(), []),
    ],
)
def test_ingredients_and_classes_are_known_by_code(system, code, ingredients, classes):
    medicine = Medicine("Brand", system, code)
    assert ingredients_of(medicine) == ingredients
    assert [one.id for one in classes_of(medicine)] == classes


@pytest.mark.parametrize(
    ("one", "other", "by"),
    [
        (("Brand", RXNORM, "860975"), ("Other", RXNORM, "860975"), "code"),
        (("Brand", RXNORM, "860975"), ("Other", "urn:other", "860975"), None),
        (("Brand", ATC, "C10AA05"), ("Other", ATC_OID, "C10AA05"), "code"),
        (("Brand", ATC, "C10AA05"), ("Atorvastatin 20 mg",), "ingredient"),
        (
            ("Brand", RXNORM, "1", ((ATC, "C10AA05"),)),
            ("Other", "urn:other", "1", ((ATC, "C10AA05"),)),
            "code",
        ),
        (("Brand", RXNORM, "1", ((ATC, "C10AA05"),)), ("Atorvastatin",), "ingredient"),
        (("Paracetamol 500",), ("Acetaminophen 325 mg",), "ingredient"),
        (("Ramipril 5 mg",), ("Ramipril-HCT 5/25",), "ingredient"),
        (("Ramipril",), ("Enalapril",), None),
        (("Glucophage 850",), ("Glucophage XR 500",), "name"),
        (("Glucophage 850",), ("Metformin 850",), None),
        (("Vitamin B12",), ("Vitamin C",), None),
        (("Calcium carbonate",), ("Calcium acetate",), None),
        (("Calcium carbonate 500",), ("Calcium carbonate 1000",), "name"),
        (("Brand A", ATC, "N03AX09"), ("Brand B", ATC, "N03AX14"), None),
        (("Insulin glargine",), ("Insulin aspart",), None),
        (("",), ("",), None),
        (("", RXNORM, ""), ("", RXNORM, ""), None),
    ],
)
def test_sameness_is_by_code_then_ingredient_then_name(one, other, by):
    assert sameness(Medicine(*one), Medicine(*other)) == by
    assert sameness(Medicine(*other), Medicine(*one)) == by


@pytest.mark.parametrize(
    ("substance", "classes"),
    [
        (Medicine("Penicillin"), ["penicillin"]),
        (Medicine("allergic to penicillins, rash"), ["penicillin"]),
        (Medicine("Beta-lactam antibiotics"), ["penicillin", "cephalosporin"]),
        (Medicine("Sulfa drugs"), ["sulfonamide"]),
        (Medicine("NSAIDs"), ["nsaid"]),
        (Medicine("Aspirin"), ["nsaid"]),
        (Medicine("Amoxicillin"), []),
        (Medicine("", ATC, "J01C"), ["penicillin"]),
        (Medicine("", ATC, "J01CA04"), []),
    ],
)
def test_allergies_to_a_class_are_known_by_its_words_or_its_group(substance, classes):
    assert [one.id for one in allergy_classes_of(substance)] == classes


def test_an_allergy_to_aspirin_is_one_to_painkillers_of_its_kind_by_a_source():
    (nsaid,) = allergy_classes_of(Medicine("Aspirin"))
    assert "especially in people allergic to aspirin" in allergy_source_of(nsaid, Medicine("ASS 100"))
    assert allergy_source_of(nsaid, Medicine("NSAID")) is None


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ("Allergy to latanoprost", "Xalatan (latanoprost)", {"latanoprost"}),
        ("Drug allergy", "Allergy tablets", set()),
        ("Sodium benzoate", "Sodium valproate", set()),
        ("Zinc", "Zinc", set()),
    ],
)
def test_shared_words_are_those_that_tell(one, other, shared):
    assert shared_words(Medicine(one), Medicine(other)) == shared


def test_what_is_rubbed_in_or_dropped_is_not_swallowed():
    assert [is_swallowed(Medicine(text)) for text in ("Ibuprofen gel", "Timolol eye drops", "Gelonida")] == [
        False,
        False,
        True,
    ]


def test_every_class_says_what_two_of_it_come_to():
    rows = json.loads((DATA / "medicines.json").read_text("utf-8"))["classes"]
    assert {row["twice"] for row in rows} <= {"usual", "note", "warn", "stop"}
    assert all(("allergy_also" in row) == ("allergy_source" in row) for row in rows)
    assert len({row["id"] for row in rows}) == len(rows)
