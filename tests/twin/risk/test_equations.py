"""The equations at their edges: ranges, bands, what is missing, what would change a risk."""

import math

import pytest
from hypothesis import given as every
from hypothesis import strategies as some

from tests.twin.risk.given import HEALTHY, given
from twin.risk import body_mass, kidney, liver, prevent, score2
from twin.risk.data import load
from twin.risk.given import Given, wanted

PERSON = {
    **HEALTHY,
    "sex": "female",
    "age": 50,
    "total_cholesterol": 240,
    "hdl": 45,
    "sbp": 160,
    "bmi": 35,
    "egfr": 90,
    "smoking": True,
    "bp_medicine": True,
    "statin": False,
    "region": "low",
}


def total(**changed):
    return prevent.score(given(PERSON, **changed), 10, "total_cvd")


@pytest.mark.parametrize(
    ("code", "value", "fits"),
    [
        ("age", 29, False),
        ("age", 30, True),
        ("age", 79, True),
        ("age", 80, False),
        ("total_cholesterol", 129.9, False),
        ("total_cholesterol", 130, True),
        ("total_cholesterol", 320, True),
        ("total_cholesterol", 320.1, False),
        ("hdl", 19.9, False),
        ("hdl", 20, True),
        ("hdl", 100, True),
        ("hdl", 100.1, False),
        ("sbp", 89.9, False),
        ("sbp", 90, True),
        ("sbp", 200, True),
        ("sbp", 200.1, False),
        ("bmi", 18.4, False),
        ("bmi", 18.5, True),
        ("bmi", 39.99, True),
        ("bmi", 40, False),
        ("egfr", 14.9, False),
        ("egfr", 15, True),
        ("egfr", 150, True),
        ("egfr", 150.1, False),
    ],
)
def test_prevent_refuses_by_name_what_is_out_of_range(code, value, fits):
    for score in prevent.scores(given(PERSON, **{code: value})):
        if score.code.startswith("prevent_30y") and code == "age":
            continue
        assert (score.value is not None) is fits
        assert [refusal.name for refusal in score.refused] == ([] if fits else [wanted(code).name])


@pytest.mark.parametrize(("age", "fits"), [(30, True), (59, True), (60, False), (79, False)])
def test_prevent_of_30_years_is_for_people_up_to_59(age, fits):
    score = prevent.score(given(PERSON, age=age), 30, "ascvd")
    assert (score.value is not None) is fits
    assert [refusal.why for refusal in score.refused] == (
        [] if fits else ["The score is for 30 to 59 years."]
    )


@pytest.mark.parametrize(
    "code",
    ["sex", "age", "total_cholesterol", "hdl", "sbp", "diabetes", "smoking", "egfr", "bp_medicine", "statin"],
)
def test_prevent_names_what_is_missing(code):
    score = total(**{code: None})
    assert (score.value, score.missing, score.refused) == (None, (wanted(code).name,), ())


def test_prevent_asks_only_for_what_a_model_uses():
    assert total(bmi=None).value == total().value
    failure = prevent.score(given(PERSON, total_cholesterol=None, hdl=None, statin=None), 10, "heart_failure")
    assert failure.value == prevent.score(given(PERSON), 10, "heart_failure").value
    assert prevent.score(given(PERSON, bmi=None), 10, "heart_failure").missing == ("Body mass index",)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        (
            {"cardiovascular_disease": True},
            "The equations are for people without known cardiovascular disease.",
        ),
        ({"sex": "other"}, "The score knows female and male only."),
        ({"smoking": 1.0}, "This is neither yes nor no."),
        ({"sbp": math.nan}, "This is no number."),
        ({"sbp": math.inf}, "This is no number."),
        ({"sbp": "high"}, "This is no number."),
        ({"egfr": 0.0}, "This is not possible."),
        ({"sbp": 900}, "This is not possible."),
    ],
)
def test_prevent_refuses_with_the_reason(changed, why):
    score = total(**changed)
    assert score.value is None
    assert [refusal.why for refusal in score.refused] == [why]


def test_unit_that_cannot_be_converted_is_refused():
    score = prevent.score(given(PERSON, units={"sbp": "furlong"}), 10, "total_cvd")
    assert [refusal.why for refusal in score.refused] == ["It cannot be converted into mm[Hg]."]


def test_prevent_says_which_verification_stands_behind_which_outcome():
    said = {score.code: score.verification for score in prevent.scores(Given({}))}
    assert said["prevent_10y_total_cvd"].startswith("two independent sources")
    assert (
        said["prevent_30y_chd"]
        == said["prevent_10y_stroke"]
        == "one source (preventr table) + published example"
    )
    assert len(said) == 10


def test_prevent_uses_every_coefficient_of_its_file():
    values = given(PERSON).inputs
    terms = prevent._terms({code: one.value for code, one in values.items()})
    for models in load("prevent")["models"].values():
        for horizon in models.values():
            for model in horizon.values():
                assert {part for name in model for part in name.split("_x_")} - terms.keys() == set()


@pytest.mark.parametrize(
    ("percent", "expected"),
    [
        (0.0, "low"),
        (4.999, "low"),
        (5.0, "borderline"),
        (7.499, "borderline"),
        (7.5, "intermediate"),
        (19.99, "intermediate"),
        (20.0, "high"),
        (99.0, "high"),
    ],
)
def test_prevent_bands_begin_at_their_cut_points(percent, expected):
    assert prevent._band(percent).code == expected


def test_levers_are_the_equation_with_one_input_elsewhere_and_the_largest_first():
    score = total()
    said = {lever.name: (lever.from_, lever.to, lever.value_then) for lever in score.levers}
    assert said == {
        "Smoking now": (True, False, pytest.approx(total(smoking=False).value)),
        "Systolic blood pressure": (160.0, 120, pytest.approx(total(sbp=120).value)),
        "Total cholesterol": (240.0, 180.0, pytest.approx(total(total_cholesterol=180).value)),
    }
    then = [lever.value_then for lever in score.levers]
    assert then == sorted(then)
    assert all(value < score.value for value in then)
    failure = prevent.score(given(PERSON), 10, "heart_failure")
    assert "Body mass index" in {lever.name for lever in failure.levers}


def test_what_stands_at_its_point_has_no_lever():
    assert total(smoking=False, sbp=120, total_cholesterol=180).levers == ()


people = some.fixed_dictionaries(
    {
        "sex": some.sampled_from(["female", "male"]),
        "age": some.integers(30, 59),
        "total_cholesterol": some.floats(130, 320),
        "hdl": some.floats(20, 100),
        "sbp": some.floats(90, 190),
        "bmi": some.floats(18.5, 39.9),
        "egfr": some.floats(15, 150),
        "smoking": some.booleans(),
        "diabetes": some.booleans(),
        "bp_medicine": some.booleans(),
        "statin": some.booleans(),
    }
)


@every(people, some.sampled_from(prevent.YEARS), some.sampled_from(prevent.OUTCOMES), some.floats(0.1, 10))
def test_higher_pressure_never_lowers_prevent_above_110(person, years, outcome, more):
    person["sbp"] = max(person["sbp"], 110.0)
    higher = {**person, "sbp": person["sbp"] + more}
    low, high = (prevent.risk(values, years, outcome) for values in (person, higher))
    assert 0 < low < high < 1


@every(people, some.sampled_from(prevent.YEARS), some.sampled_from(prevent.OUTCOMES))
def test_smoking_and_diabetes_never_lower_prevent(person, years, outcome):
    for code in ("smoking", "diabetes"):
        without, with_it = (prevent.risk({**person, code: value}, years, outcome) for value in (False, True))
        assert without < with_it


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"diabetes": True}, "Diabetes"),
        ({"kidney_disease": True}, "Chronic kidney disease"),
        ({"familial_hypercholesterolaemia": True}, "Familial hypercholesterolaemia"),
        ({"age": 39}, "Age"),
        ({"age": 90}, "Age"),
        ({"region": "middle"}, "Risk region of the country"),
    ],
)
def test_score2_is_not_for_everybody_and_says_for_whom_not(changed, name):
    score = score2.score(given(PERSON, **changed))
    assert score.value is None
    assert [refusal.name for refusal in score.refused] == [name]


def test_score2_refuses_a_part_of_cholesterol_above_the_whole():
    score = score2.score(given(PERSON, total_cholesterol=60, hdl=70))
    assert [(one.name, one.why) for one in score.refused] == [
        ("HDL cholesterol", "It cannot be above total cholesterol.")
    ]


@pytest.mark.parametrize(
    "code", ["region", "age", "sex", "smoking", "sbp", "total_cholesterol", "hdl", "diabetes"]
)
def test_score2_names_what_is_missing(code):
    assert score2.score(given(PERSON, **{code: None})).missing == (wanted(code).name,)


@pytest.mark.parametrize(
    ("age", "code"), [(40, "score2"), (69, "score2"), (70, "score2_op"), (89, "score2_op")]
)
def test_from_70_on_it_is_score2_op_and_says_that_it_is_checked_less(age, code):
    score = score2.score(given(PERSON, age=age))
    assert score.code == code
    weaker = "SCORE2-OP: no published result of it has been reproduced here."
    assert (weaker in score.notes) is (code == "score2_op")


@pytest.mark.parametrize(
    ("age", "percent", "expected"),
    [
        (49, 2.49, "low_to_moderate"),
        (49, 2.5, "high"),
        (49, 7.5, "very_high"),
        (50, 4.99, "low_to_moderate"),
        (69, 5.0, "high"),
        (69, 10.0, "very_high"),
        (70, 7.49, "low_to_moderate"),
        (70, 7.5, "high"),
        (89, 15.0, "very_high"),
    ],
)
def test_score2_bands_move_with_age(age, percent, expected):
    assert score2._band(age, percent).code == expected


@every(
    some.sampled_from(["low", "moderate", "high", "very_high"]),
    some.integers(40, 89),
    some.sampled_from(["female", "male"]),
    some.floats(90, 190),
    some.floats(3, 8),
    some.floats(0.8, 2.5),
)
def test_score2_rises_with_pressure_and_smoking(region, age, sex, sbp, total_mmol, hdl_mmol):
    person = {
        "region": region,
        "age": age,
        "sex": sex,
        "sbp": sbp,
        "total_cholesterol": total_mmol / 0.02586,
        "hdl": hdl_mmol / 0.02586,
        "smoking": False,
        "diabetes": False,
    }
    risk = score2.risk(person)
    assert 0 < risk < 1
    assert risk < score2.risk({**person, "sbp": sbp + 5})
    # Its own interaction with age turns the sign of smoking in the late eighties.
    assert age > 85 or risk < score2.risk({**person, "smoking": True})


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (90, "G1"),
        (89, "G2"),
        (60, "G2"),
        (59, "G3a"),
        (45, "G3a"),
        (44, "G3b"),
        (30, "G3b"),
        (29, "G4"),
        (15, "G4"),
        (14, "G5"),
        (0, "G5"),
    ],
)
def test_stages_begin_at_their_limits(value, code):
    assert kidney.stage(value).code == code


@pytest.mark.parametrize(("ratio", "code"), [(0, "A1"), (29.9, "A1"), (30, "A2"), (300, "A2"), (300.1, "A3")])
def test_albuminuria_of_300_is_still_a2(ratio, code):
    assert kidney.albuminuria(ratio).code == code


def test_next_stage_is_the_one_below_and_none_after_the_last():
    assert kidney.next_stage(71)[0].code == "G3a"
    assert kidney.next_stage(71)[1] == 60
    assert kidney.next_stage(14) is None


@every(
    some.floats(0.2, 19), some.integers(18, 100), some.sampled_from(["female", "male"]), some.floats(0.01, 1)
)
def test_egfr_falls_with_creatinine_and_age(creatinine, age, sex, more):
    value = kidney.egfr(creatinine, age, sex)
    assert kidney.egfr(creatinine + more, age, sex) < value
    assert kidney.egfr(creatinine, age + 1, sex) < value


@pytest.mark.parametrize(("value", "creatinine"), [(0.19, "refused"), (20.1, "refused")])
def test_egfr_refuses_creatinine_out_of_range(value, creatinine):
    score = kidney.score(given(creatinine=value, age=50, sex="male"))
    assert [refusal.name for refusal in score.refused] == ["Creatinine"]


def test_egfr_that_was_reported_is_staged_and_says_so():
    score = kidney.score(given(egfr=44.6, age=50, sex="male"))
    assert (score.value, score.band.code) == (45, "G3a")
    assert "As it was reported; by which equation is not known." in score.notes


@pytest.mark.parametrize(
    ("age", "ast", "expected"),
    [
        (64, 29.24, "low"),
        (64, 29.25, "indeterminate"),
        (65, 44.3, "low"),
        (65, 44.4, "indeterminate"),
        (50, 76.8, "indeterminate"),
        (50, 77, "high"),
    ],
)
def test_fib4_bands_and_the_low_cut_off_of_older_people(age, ast, expected):
    # Of ALT 36 and platelets 240 the index is age * AST / 1440.
    values = {"age": age, "ast": ast, "alt": 36, "platelets": 240}
    assert liver.score(given(values)).band.code == expected


@pytest.mark.parametrize("code", ["age", "ast", "alt", "platelets"])
def test_fib4_names_what_is_missing_and_refuses_nothing_at_all(code):
    values = {"age": 50, "ast": 40, "alt": 36, "platelets": 200}
    assert liver.score(given(values, **{code: None})).missing == (wanted(code).name,)
    assert [one.name for one in liver.score(given(values, **{code: 0})).refused] == [wanted(code).name]


def test_fib4_says_that_it_is_poor_below_35():
    values = {"age": 34, "ast": 40, "alt": 36, "platelets": 200}
    assert "FIB-4 is poor below 35 years." in liver.score(given(values)).notes
    assert len(liver.score(given(values, age=35)).notes) == 1


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (18.49, "underweight"),
        (18.5, "normal"),
        (24.99, "normal"),
        (25, "overweight"),
        (30, "obesity_1"),
        (35, "obesity_2"),
        (40, "obesity_3"),
    ],
)
def test_classes_of_body_mass_begin_at_their_limits(value, code):
    assert body_mass.class_of(value).code == code


def test_body_mass_index_is_of_adults_and_may_have_been_reported():
    grown = {"weight": 70, "height": 175}
    assert body_mass.score(given(grown, age=18)).band.code == "normal"
    assert [one.name for one in body_mass.score(given(grown, age=17)).refused] == ["Age"]
    assert body_mass.score(given(bmi=31.0)).band.code == "obesity_1"
    assert body_mass.score(given(bmi=31.0, **grown)).band.code == "normal"
    assert body_mass.score(given(weight=70)).missing == ("Height",)
    assert [one.name for one in body_mass.score(given(weight=70, height=90)).refused] == ["Height"]
