"""Sick days: which medicines are meant, in which order, and that nothing tells anybody to stop."""

import pytest

from twin.scores.medicine_names import Medicine
from twin.warnings.sick_days import Act, _data, sick_days

ATC = "http://www.whocc.no/atc"


def rules_of(*medicines):
    found = sick_days(medicines)
    return [] if found is None else [rule.id for rule in found.rules]


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("Metformin 850 mg", ["metformin"]),
        ("Ramipril 5 mg", ["ace_inhibitor"]),
        ("Candesartán 8 mg", ["arb"]),
        ("Sacubitril/Valsartan", ["arb"]),
        ("Empagliflozin 10 mg", ["sglt2_inhibitor"]),
        ("Empagliflozin/Metformin", ["metformin", "sglt2_inhibitor"]),
        ("Ramipril-HCT", ["ace_inhibitor"]),
        ("Furosemid 40 mg", ["diuretic"]),
        ("Semaglutide", ["glp1_agonist"]),
        ("Gliclazide MR", ["sulfonylurea"]),
        ("Ibuprofen 400", ["nsaid"]),
        ("Insulin glargine", ["insulin"]),
        ("Prednisolon 5 mg", ["steroid"]),
        ("Hydrocortisone 1 % cream", []),
        ("Ibuprofen gel", []),
        ("Amlodipine 5 mg, since April", []),
        ("Octreotide", []),
        ("", []),
    ],
)
def test_sick_days_know_a_medicine_by_its_name(text, rules):
    assert rules_of(Medicine(text)) == rules


@pytest.mark.parametrize(
    ("code", "rules"),
    [
        ("C09AA05", ["ace_inhibitor"]),
        ("C09CA01", ["arb"]),
        ("C03CA01", ["diuretic"]),
        ("A10AE04", ["insulin"]),
        ("C10AA01", []),
    ],
)
def test_sick_days_know_a_medicine_by_its_class(code, rules):
    assert rules_of(Medicine("Brand", ATC, code)) == rules
    assert rules_of(Medicine("Brand", "urn:other", code)) == []


def test_sick_days_begin_with_what_is_never_stopped_and_name_each_medicine_once():
    found = sick_days(
        [
            Medicine("Ramipril 5 mg"),
            Medicine("Insulin aspart"),
            Medicine("Ramipril 5 mg"),
            Medicine("Enalapril"),
        ]
    )
    assert [(rule.act, rule.medicines) for rule in found.rules] == [
        (Act.NEVER_STOP, ("Insulin aspart",)),
        (Act.ASK_TO_PAUSE, ("Ramipril 5 mg", "Enalapril")),
    ]
    assert "24 to 48 hours" in found.again
    assert found.rules[1].verification.startswith("3 sources.")
    assert "Haden Vale" in found.rules[1].source


def test_sick_days_of_other_medicines_are_none():
    assert sick_days([]) is None
    assert sick_days([Medicine("Levothyroxine")]) is None


@pytest.mark.parametrize("row", _data()["rules"], ids=lambda row: row["id"])
def test_every_rule_asks_and_names_two_sources(row):
    asks = "Never stop" in row["text"] if row["act"] == "never_stop" else "sk today" in row["text"]
    assert asks
    assert len(row["said_by"]) >= 2
    assert set(row["said_by"]) <= _data()["sources"].keys()
