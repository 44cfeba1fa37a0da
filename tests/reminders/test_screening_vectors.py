"""The vectors of screening, through the rules that are shipped."""

from datetime import date
from math import ceil, floor

import pytest

from reminders.screening import Done, Person, Status, screenings, shipped_rules
from reminders.screening.days import birthday
from reminders.screening.rule_file import NUMBERS
from tests.vector_cases import vector_cases
from twin.risk.result import Input

CASES = vector_cases("screening")
SYSTEMS = {
    "CPT": "cpt",
    "HCPCS": "hcpcs",
    "CVX": "cvx",
    "SNOMED": "snomed",
    "http://loinc.org": "loinc",
    "local": "local",
}
NAMES = {"current_smoker": "smoking", "cvd_history": "cardiovascular_disease", "on_statin": "statin"}
ALWAYS_AGO = date(1900, 1, 1)


def known(given, on):
    """The vectors know everything: what they do not name is not so, or nothing."""
    facts = {NAMES.get(code, code) for code in given["facts"]}
    diagnosed = birthday(on, -floor(given.get("years_since_dx", 0)))
    found = {
        code: Input(code, code in facts, "", diagnosed if "diabetes" in code else None, "a vector")
        for code in shipped_rules().facts
    }
    for code in NUMBERS:
        found[code] = Input(code, given.get(code, 0), "", on, "a vector")
    return found


def person(given):
    on = date.fromisoformat(given["as_of"])
    quit_years = given.get("years_since_quit")
    return Person(
        born_on=date.fromisoformat(given["birth_date"]),
        sex=given["sex"],
        known=known(given, on),
        done=tuple(
            Done(date.fromisoformat(one["date"]), (code(one),), "a vector") for one in given["history"]
        ),
        quit_on=ALWAYS_AGO if quit_years is None else birthday(on, -ceil(quit_years)),
    )


def code(one):
    found = shipped_rules().code(SYSTEMS[one["system"]], one["code"])
    return (SYSTEMS[one["system"]], one["code"]) if found is None else found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_screening_vectors(case):
    found = screenings(
        person(case["input"]), shipped_rules(), (), on=date.fromisoformat(case["input"]["as_of"])
    )
    assert Status.UNKNOWN not in {one.status for one in found}
    due = sorted(one.rule.id for one in found if one.status is Status.DUE)
    assert due == sorted(case["expected"]["due"])
