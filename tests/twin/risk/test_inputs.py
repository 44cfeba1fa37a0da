"""From readings, records and answers to what scores want, and why something is not there."""

from datetime import date, timedelta

import pytest

from twin.risk import catalogue
from twin.risk.data import load
from twin.risk.facts import SILENT
from twin.risk.inputs import Answered, Measured, gather, kidney_results
from twin.risk.result import Input

TODAY = date(2026, 6, 30)
AGES = load("ages")


def measured(value, days_ago=0):
    return Measured(value, TODAY - timedelta(days=days_ago), "device")


def answered(value, days_ago=0):
    return Answered(value, TODAY - timedelta(days=days_ago), "app")


def gathered(readings=None, facts=None, answers=None, age=50, sex="female"):
    return gather(
        age=age, sex=sex, readings=readings or {}, facts=facts or {}, answers=answers or {}, today=TODAY
    )


def fact(value, on=None, source="condition: x"):
    return Input("Diabetes", value, "", on, source if value else SILENT)


def test_reading_becomes_an_input_with_its_day_and_source():
    given = gathered({"sbp": measured(142, 3)})
    assert given.inputs["sbp"] == Input("Systolic blood pressure", 142, "mm[Hg]", date(2026, 6, 27), "device")
    assert given.inputs["age"].value == 50
    assert "hdl" not in given.inputs


@pytest.mark.parametrize(
    ("days_ago", "why"),
    [
        (365, None),
        (366, "the last is of 2025-06-29, more than 365 days ago"),
        (-1, "it is of 2026-07-01, a day to come"),
    ],
)
def test_reading_that_is_too_old_or_to_come_is_missing_and_says_its_day(days_ago, why):
    given = gathered({"sbp": measured(142, days_ago)})
    assert given.absent.get("sbp") == why
    assert ("sbp" in given.inputs) is (why is None)
    prevent = catalogue.scores(given)[0]
    named = "Systolic blood pressure"
    assert (f"{named}: {why}" in prevent.missing) is (why is not None)


@pytest.mark.parametrize(
    ("sex", "there"), [("female", True), ("male", True), ("other", True), ("unknown", False)]
)
def test_sex_that_is_not_known_is_missing(sex, there):
    assert ("sex" in gathered(sex=sex).inputs) is there


def test_body_mass_index_is_worked_out_unless_the_reported_one_is_newer():
    both = {"weight": measured(70, 5), "height": measured(175, 4000)}
    assert gathered(both).inputs["bmi"].value == 22.86
    assert gathered(both).inputs["bmi"].on == date(2026, 6, 25)
    assert gathered({**both, "bmi": measured(24.0, 6)}).inputs["bmi"].value == 22.86
    assert gathered({**both, "bmi": measured(24.0, 4)}).inputs["bmi"].value == 24.0
    assert "bmi" in gathered({**both, "weight": measured(70, 366)}).absent


def test_egfr_is_worked_out_of_creatinine_unless_the_reported_one_is_newer():
    creatinine = {"creatinine": measured(1.0, 5)}
    assert gathered(creatinine).inputs["egfr"].value == 69
    assert gathered(creatinine).inputs["egfr"].source == "creatinine, CKD-EPI 2021"
    assert gathered({**creatinine, "egfr": measured(88, 5)}).inputs["egfr"].value == 69
    assert gathered({**creatinine, "egfr": measured(88, 4)}).inputs["egfr"].value == 88
    assert "egfr" not in gathered(creatinine, sex="other").inputs


@pytest.mark.parametrize(
    ("found", "said", "value"),
    [
        (None, None, None),
        (None, answered(True), True),
        (fact(True, date(2014, 5, 6)), None, True),
        (fact(True, date(2014, 5, 6)), answered(False), True),
        (fact(False), answered(True), True),
        (fact(False), answered(False, 10), False),
        (fact(False), None, False),
        (None, answered(False, 366), None),
        (None, answered(True, 3660), True),
    ],
)
def test_records_and_answers_about_a_condition(found, said, value):
    given = gathered(facts={"diabetes": found} if found else {}, answers={"diabetes": said} if said else {})
    there = given.inputs.get("diabetes")
    assert (there and there.value) is value or (there is None and value is None)


@pytest.mark.parametrize(
    ("found", "said", "value"),
    [
        (fact(True, date(2016, 3, 15)), None, True),
        (fact(True, date(2016, 3, 15)), answered(False, 10), False),
        (fact(True, date(2026, 6, 25)), answered(False, 10), True),
    ],
)
def test_medicine_that_runs_for_years_counts_and_the_later_word_stands(found, said, value):
    given = gathered(facts={"statin": found}, answers={"statin": said} if said else {})
    assert given.inputs["statin"].value is value


def test_smoking_on_record_grows_old():
    old = {"smoking": Input("Smoking now", False, "", date(2020, 1, 1), "observation: Never smoker")}
    assert "smoking" in gathered(facts=old).absent


def test_every_input_has_its_age_and_each_age_its_input():
    assert AGES["days"].keys() == load("handling")["inputs"].keys() - {"age", "sex"}
    assert set(AGES["lasting"]) < AGES["days"].keys()


def test_person_about_whom_everything_is_known_has_every_score():
    readings = {
        "sbp": measured(142),
        "total_cholesterol": measured(220, 200),
        "hdl": measured(50, 200),
        "weight": measured(80),
        "height": measured(170, 2000),
        "waist": measured(95),
        "creatinine": measured(0.9, 30),
        "ast": measured(25, 30),
        "alt": measured(28, 30),
        "platelets": measured(250, 30),
    }
    no = ("diabetes", "hypertension", "cardiovascular_disease", "kidney_disease", "heart_failure", "stroke",
          "familial_hypercholesterolaemia", "vascular_disease", "bp_medicine", "bp_medicine_ever", "statin",
          "smoking", "high_glucose_ever", "active_daily", "vegetables_daily")  # fmt: skip
    answers = {code: answered(False) for code in no}
    answers |= {"family_diabetes": answered("none"), "region": answered("low")}
    answers["atrial_fibrillation"] = answered(True)
    scores = catalogue.scores(gathered(readings, answers=answers))
    assert [score.code for score in scores if score.value is None] == []
    assert len({score.code for score in scores}) == len(scores) == 17


def test_nobody_about_whom_nothing_is_known_has_a_score():
    for score in catalogue.scores(gathered(sex="unknown")):
        assert score.value is None
        assert score.missing
        assert score.source
        assert score.verification


def test_kidney_results_are_of_one_equation_only():
    creatinine = [measured(1.0, 365), measured(1.1, 0)]
    reported = [measured(88.0, 400), measured(80.0, 200), measured(75.0, 10)]
    worked_out = kidney_results(creatinine, reported[:2], date(1976, 1, 1), "female")
    assert [(one.on, round(one.value, 1)) for one in worked_out] == [
        (date(2025, 6, 30), 69.1),
        (date(2026, 6, 30), 61.2),
    ]
    assert kidney_results(creatinine, reported, date(1976, 1, 1), "female")[0].value == 88.0
    assert kidney_results(creatinine, [], date(1976, 1, 1), "other") == []
