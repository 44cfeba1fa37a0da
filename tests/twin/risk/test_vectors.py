"""Every score gives the results of tests/vectors, or of the folder that POLLUX_VECTORS names."""

import pytest

from tests.twin.risk.given import HEALTHY, given
from tests.vector_cases import vector_cases
from twin.risk import body_mass, findrisc, kidney, liver, prevent, questionnaires, score2, sepsis, stroke

PREVENT_NAMES = {"tc": "total_cholesterol", "dm": "diabetes", "smk": "smoking", "bptx": "bp_medicine"}
YES_NO = {"dm", "smk", "bptx", "statin"}
SIMPLE = vector_cases("risk_simple")


def of_score(*codes):
    return [case for case in SIMPLE if case["score"] in codes]


def prevent_given(values):
    named = {
        PREVENT_NAMES.get(name, name): bool(value) if name in YES_NO else value
        for name, value in values.items()
    }
    return given(HEALTHY, **named)


@pytest.mark.parametrize("case", vector_cases("prevent"), ids=lambda case: case["id"])
def test_prevent_vectors(case):
    person, expected = prevent_given(case["input"]), case["expected"]
    for score in prevent.scores(person):
        _, years, outcome = score.code.split("_", 2)
        wanted = expected.get(years.removesuffix("y"))
        if "error" in expected or wanted is None:
            name = expected.get("error", "age").split(" ")[0]
            names = {"age": "Age", "sbp": "Systolic blood pressure", "bmi": "Body mass index"}
            assert score.value is None
            assert names.get(name, score.refused[0].name) in {refusal.name for refusal in score.refused}
        elif outcome in wanted:
            assert score.value == pytest.approx(100 * wanted[outcome], abs=1e-3)


@pytest.mark.parametrize("case", vector_cases("score2"), ids=lambda case: case["id"])
def test_score2_vectors(case):
    values = dict(case["input"])
    person = given(
        HEALTHY,
        total_cholesterol=values.pop("tc_mmol"),
        hdl=values.pop("hdl_mmol"),
        smoking=bool(values.pop("smoking")),
        diabetes=bool(values.pop("diabetes")),
        units={"total_cholesterol": "mmol/L", "hdl": "mmol/L"},
        **values,
    )
    score = score2.score(person)
    assert score.value == pytest.approx(case["expected"]["risk_pct_1dp"], abs=0.051)
    assert score.code == ("score2_op" if values["age"] >= 70 else "score2")


@pytest.mark.parametrize("case", of_score("ckd_epi_2021"), ids=lambda case: case["id"])
def test_ckd_epi_vectors(case):
    values, expected = case["input"], case["expected"]
    score = kidney.score(given(creatinine=values["scr"], age=values["age"], sex=values["sex"]))
    assert (score.value, score.band.code) == (expected["egfr"], expected["stage"])
    exact = kidney.egfr(values["scr"], values["age"], values["sex"])
    assert exact == pytest.approx(expected.get("egfr_1dp", exact), abs=0.051)


@pytest.mark.parametrize("case", of_score("fib4"), ids=lambda case: case["id"])
def test_fib4_vectors(case):
    assert liver.score(given(case["input"])).value == pytest.approx(case["expected"]["fib4"], abs=0.00501)


@pytest.mark.parametrize("case", of_score("bmi"), ids=lambda case: case["id"])
def test_bmi_vectors(case):
    score = body_mass.score(given(case["input"], units={"height": "m"}))
    assert score.value == pytest.approx(case["expected"]["bmi"], abs=0.0501)
    assert score.band.code == case["expected"]["class"]


@pytest.mark.parametrize("case", of_score("findrisc"), ids=lambda case: case["id"])
def test_findrisc_vectors(case):
    values = dict(case["input"])
    person = given(
        HEALTHY,
        waist=values.pop("waist_cm"),
        active_daily=bool(values.pop("active_30min_daily")),
        vegetables_daily=bool(values.pop("vegetables_daily")),
        bp_medicine_ever=bool(values.pop("bp_medication_ever")),
        high_glucose_ever=bool(values.pop("high_glucose_ever")),
        **values,
    )
    score = findrisc.score(person)
    assert (score.value, score.band.code) == (case["expected"]["total"], case["expected"]["band"])


@pytest.mark.parametrize("case", of_score("cha2ds2_vasc"), ids=lambda case: case["id"])
def test_cha2ds2_vasc_vectors(case):
    values, expected = dict(case["input"]), case["expected"]
    age, sex = values.pop("age"), values.pop("sex")
    values["stroke"] = values.pop("stroke_tia_te")
    facts = {code: bool(value) for code, value in values.items()}
    vasc, va = stroke.scores(given(facts, age=age, sex=sex, atrial_fibrillation=True))
    assert (vasc.value, va.value) == (expected["vasc"], expected["va"])
    rate = expected.get("vasc_stroke_pct_per_year")
    assert rate is None or f"about {rate} % a year" in vasc.notes[1]


@pytest.mark.parametrize(
    "case", of_score("phq9", "gad7", "cat_copd", "act_asthma"), ids=lambda case: case["id"]
)
def test_questionnaire_vectors(case):
    expected = case["expected"]
    score = questionnaires.score(case["score"], case["input"]["items"], None, "test")
    assert score.value == expected["total"]
    if "band" in expected:
        assert (score.band and score.band.code) == expected["band"]
    if "safety_flag" in expected:
        assert (score.flags == (questionnaires.CRISIS,)) is expected["safety_flag"]


@pytest.mark.parametrize("case", of_score("qsofa"), ids=lambda case: case["id"])
def test_qsofa_vectors(case):
    values = case["input"]
    person = given(resp_rate=values["resp_rate"], sbp=values["sbp"], altered_mentation=values["altered"])
    score = sepsis.score(person)
    assert score.value == case["expected"]["total"]
    assert (score.band.code == "positive") is case["expected"]["positive"]


def test_every_vector_is_of_a_known_score():
    known = {"ckd_epi_2021", "fib4", "bmi", "findrisc", "cha2ds2_vasc", "qsofa", *questionnaires.CODES}
    assert {case["score"] for case in SIMPLE} - known == set()
