"""Early signs: each at its limits, against the diagnosis on file, against silence, and in calm words."""

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest

from twin.risk.data import load
from twin.risk.facts import Said, facts
from twin.risk.kidney_course import Result
from twin.risk.result import Input
from twin.state.summary import DaySummary
from twin.warnings.early_signs import MOST_EVIDENCE, early_signs, early_signs_file
from twin.warnings.known import Known

TODAY = date(2026, 6, 30)
SOMETHING_ELSE = facts([Said("condition", (), "Hay fever", "active", date(2020, 5, 1))], TODAY)
DIAGNOSES = {
    "diabetes": "Type 2 diabetes mellitus",
    "hypertension": "Essential hypertension",
    "kidney_disease": "Chronic kidney disease, stage G3a",
}


def day(ago, value, *, high=None):
    on = TODAY - timedelta(days=ago)
    return DaySummary(on, value, value, value if high is None else high, 1, "Clinic", 1)


def results(code, *pairs):
    """Results of one kind, each as how many days ago and its value."""
    return {code: [day(ago, value) for ago, value in sorted(pairs, reverse=True)]}


def egfr(*pairs):
    return [Result(TODAY - timedelta(days=ago), value, "Clinic") for ago, value in pairs]


def pressure(*weeks, days=3):
    """Weeks of home readings, each systolic and diastolic, the newest first; None is no readings."""
    found = {"sbp": [], "dbp": []}
    for week, pair in reversed(list(enumerate(weeks))):
        for number in reversed(range(days)):
            for code, value in zip(found, pair or (), strict=False):
                found[code].append(day(7 * week + number, value))
    return found


def codes(days=None, *, kidneys=(), age=60, on_file=SOMETHING_ELSE):
    known = Known(age=age, days=days or {}, egfr=kidneys, on_file=on_file)
    return [sign.code for sign in early_signs(known, today=TODAY)]


FALLING = egfr(*((365 * year, 64 + 2.5 * year) for year in range(5)))
HIGH = (136, 80)
EXAMPLES = {
    "hba1c_diabetes_range": {"days": results("hba1c", (9, 6.5))},
    "hba1c_raised": {"days": results("hba1c", (9, 5.7))},
    "hba1c_rising": {"days": results("hba1c", (200, 5.0), (100, 5.3), (9, 5.5))},
    "fasting_glucose_diabetes_range": {"days": results("glucose_fasting", (9, 126))},
    "fasting_glucose_raised": {"days": results("glucose_fasting", (9, 100))},
    "fasting_glucose_rising": {"days": results("glucose_fasting", (200, 80), (100, 88), (9, 95))},
    "random_glucose_diabetes_range": {"days": results("glucose", (60, 200), (9, 210))},
    "blood_pressure_above_target": {"days": pressure(HIGH, HIGH, HIGH, HIGH)},
    "egfr_below_60": {"kidneys": egfr((93, 59), (0, 58))},
    "egfr_falling": {"kidneys": FALLING},
    "albuminuria_lasting": {"days": results("uacr", (93, 30), (0, 40))},
}


def test_every_sign_of_the_file_has_an_example():
    assert list(EXAMPLES) == [row["code"] for row in early_signs_file()["signs"]]


@pytest.mark.parametrize("code", EXAMPLES)
def test_sign_holds_with_its_source_and_its_evidence(code):
    example = EXAMPLES[code]
    known = Known(60, example.get("days", {}), example.get("kidneys", ()), SOMETHING_ELSE)
    (sign,) = early_signs(known, today=TODAY)
    assert sign.code == code
    assert len(code) <= 40
    assert sign.source
    assert sign.verification
    assert 1 <= len(sign.evidence) <= MOST_EVIDENCE
    assert all(isinstance(one, Input) and one.on is not None for one in sign.evidence)
    assert [one.on for one in sign.evidence] == sorted((one.on for one in sign.evidence), reverse=True)
    assert not sign.is_silent
    assert re.search(r"The records of conditions that are here do not name [a-z ]+\.$", sign.text)
    assert re.findall(r"\bhas (?!been\b)|[{}]|_", sign.text) == []


@pytest.mark.parametrize("row", early_signs_file()["signs"], ids=lambda row: row["code"])
def test_sign_is_none_with_the_diagnosis_on_file_and_says_so_where_no_records_are(row):
    example = EXAMPLES[row["code"]]
    said = Said("condition", (), DIAGNOSES[row["without"]], "active", date(2020, 5, 1))
    assert codes(**example, on_file=facts([said], TODAY)) == []
    silent = Known(60, example.get("days", {}), example.get("kidneys", ()))
    (sign,) = early_signs(silent, today=TODAY)
    assert sign.is_silent
    assert sign.text.endswith("is known cannot be told.")
    assert codes(**example, age=18) == [row["code"]]
    assert codes(**example, age=17) == []


def test_sign_is_held_against_what_is_only_suspected():
    suspected = Said("condition", (), "Type 2 diabetes mellitus", "provisional", date(2020, 5, 1))
    known = Known(60, results("hba1c", (9, 6.5)), (), facts([suspected], TODAY))
    (sign,) = early_signs(known, today=TODAY)
    assert sign.is_silent


@pytest.mark.parametrize(
    ("days", "found"),
    [
        (results("hba1c", (9, 5.69)), []),
        (results("hba1c", (9, 6.49)), ["hba1c_raised"]),
        (results("hba1c", (9, 6.4999999999)), ["hba1c_diabetes_range"]),
        (results("hba1c", (9, 6.7), (2, 5.6)), []),
        (results("hba1c", (9, 5.6), (2, 6.7)), ["hba1c_diabetes_range"]),
        (results("hba1c", (1095, 6.5)), ["hba1c_diabetes_range"]),
        (results("hba1c", (1096, 6.5)), []),
        (results("hba1c", (-1, 6.5)), []),
        (results("hba1c", (180, 5.0), (90, 5.2), (0, 5.5)), ["hba1c_rising"]),
        (results("hba1c", (179, 5.0), (90, 5.2), (0, 5.5)), []),
        (results("hba1c", (180, 5.0), (90, 5.2), (0, 5.49)), []),
        (results("hba1c", (180, 5.0), (0, 5.5)), []),
        (results("hba1c", (360, 5.4), (270, 5.0), (180, 5.4), (90, 5.3), (0, 5.6)), []),
        (results("hba1c", (200, 5.4), (100, 5.6), (0, 6.0)), ["hba1c_raised", "hba1c_rising"]),
        (results("hba1c", (200, 5.9), (100, 6.2), (0, 6.6)), ["hba1c_diabetes_range"]),
        (results("glucose_fasting", (9, 99.9)), []),
        (results("glucose_fasting", (9, 125.9)), ["fasting_glucose_raised"]),
        (results("glucose_fasting", (180, 80), (90, 85), (0, 94.9)), []),
        (results("glucose", (60, 199.9), (9, 210)), []),
        (results("glucose", (90, 200), (9, 210)), []),
        (results("glucose", (89, 200), (9, 210)), ["random_glucose_diabetes_range"]),
        ({"glucose": [day(8, 140, high=205), day(3, 120, high=201)]}, ["random_glucose_diabetes_range"]),
        (results("glucose_cgm", (60, 250), (9, 250)), []),
        (results("uacr", (92, 30), (0, 40)), []),
        (results("uacr", (200, 35), (90, 29.9), (0, 40)), []),
        (results("uacr", (200, 35), (0, 29.9)), []),
        ({}, []),
    ],
)
def test_signs_of_single_results_hold_from_their_limits_on(days, found):
    assert codes(days) == found


@pytest.mark.parametrize(
    ("weeks", "holds"),
    [
        (pressure((135, 70), (135, 70), (135, 70), (135, 70)), True),
        (pressure((134.9, 85), (134.9, 85), (134.9, 85), (134.9, 85)), True),
        (pressure((134.9, 84.9), *[(150, 95)] * 8), False),
        (pressure(HIGH, HIGH, HIGH), False),
        (pressure(HIGH, HIGH, HIGH, (120, 70), HIGH), False),
        (pressure(HIGH, None, HIGH, None, HIGH, None, HIGH), True),
        (pressure(*[None] * 8, HIGH, HIGH, HIGH, HIGH), True),
        (pressure(*[None] * 9, HIGH, HIGH, HIGH, HIGH), False),
        (pressure(HIGH, HIGH, HIGH, HIGH, days=2), False),
        (pressure((136,), (136,), (136,), (136,)), True),
    ],
)
def test_pressure_is_a_sign_after_four_weeks_at_the_limit(weeks, holds):
    assert codes(weeks) == (["blood_pressure_above_target"] if holds else [])


def test_pressure_says_its_newest_week_and_that_a_medicine_is_on_the_list():
    medicine = Said("medication", (), "Ramipril 5 mg", "active", date(2025, 1, 1))
    other = Said("condition", (), "Hay fever", "active", date(2020, 5, 1))
    known = Known(60, pressure((138.4, 87), *[HIGH] * 3), (), facts([medicine, other], TODAY))
    (sign,) = early_signs(known, today=TODAY)
    assert sign.text == (
        "The mean at home was at 135/85 mmHg or above in each of the last 4 weeks with enough readings; in "
        "the newest it was 138/87 mmHg, over 3 days. The records of conditions that are here do not name "
        "high blood pressure. A medicine that lowers blood pressure is on the list."
    )
    assert [(one.name, one.value) for one in sign.evidence] == [
        ("Systolic blood pressure", 138.4),
        ("Diastolic blood pressure", 87.0),
    ]


@pytest.mark.parametrize(
    ("kidneys", "found"),
    [
        (egfr((92, 55), (0, 55)), []),
        (egfr((93, 59.4), (0, 59.4)), ["egfr_below_60"]),
        (egfr((93, 59.5), (0, 59.4)), []),
        (egfr((200, 55), (150, 61), (0, 55)), []),
        (egfr((200, 55), (0, 61)), []),
        (egfr((1300, 55), (1097, 55)), []),
        (egfr((0, 55), (93, 55)), ["egfr_below_60"]),
        (egfr(*((365 * year, 92 + 0.2 * year) for year in range(5))), []),
        (egfr(*((365 * year, 93 + 2.5 * year) for year in range(5))), []),
        (egfr(*((365 * year, 75 + 2.5 * year) for year in range(5))), []),
        (egfr(*((365 * year, 70 + year % 2) for year in range(5))), []),
    ],
)
def test_signs_of_kidneys(kidneys, found):
    assert codes(kidneys=kidneys) == found


def test_falling_kidneys_say_how_fast_and_when_the_next_stage_would_come():
    known = Known(60, {}, FALLING, SOMETHING_ELSE)
    (sign,) = early_signs(known, today=TODAY)
    assert sign.text.startswith(
        "eGFR falls by 2.5 mL/min/1.73 m² a year (95 % interval 2.5 to 2.5). If it went on so, stage G3a "
        "would come about February 2028."
    )
    later = [replace(one, on=one.on - timedelta(days=366)) for one in FALLING]
    assert early_signs(replace(known, egfr=later), today=TODAY) == ()


def test_limits_of_stages_are_those_of_the_files_of_the_equation():
    signs = {row["code"]: row for row in early_signs_file()["signs"]}
    equation = load("ckd_epi_2021")
    assert signs["egfr_below_60"]["below"] == {code: low for code, low, _ in equation["kdigo_g"]}["G2"]
    a2 = {code: low for code, low, _ in equation["kdigo_a_mg_per_g"]}["A2"]
    assert signs["albuminuria_lasting"]["at_least"] == a2
