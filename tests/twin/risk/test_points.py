"""Scores that add up points, whole and in part, and the questionnaires."""

from datetime import date

import pytest
from hypothesis import given as every
from hypothesis import strategies as some

from tests.twin.risk.given import HEALTHY, given
from twin.risk import findrisc, questionnaires, sepsis, stroke
from twin.risk.data import load
from twin.risk.given import wanted

ASKED = {
    **HEALTHY,
    "sex": "male",
    "age": 50,
    "bmi": 31,
    "waist": 100,
    "active_daily": False,
    "vegetables_daily": False,
    "bp_medicine_ever": True,
    "high_glucose_ever": False,
    "family_diabetes": "none",
}
ON = date(2026, 6, 30)


@pytest.mark.parametrize(
    ("item", "values", "points"),
    [
        ("age", {"age": 44}, 0),
        ("age", {"age": 45}, 2),
        ("age", {"age": 54}, 2),
        ("age", {"age": 55}, 3),
        ("age", {"age": 64}, 3),
        ("age", {"age": 65}, 4),
        ("bmi", {"bmi": 24.99}, 0),
        ("bmi", {"bmi": 25}, 1),
        ("bmi", {"bmi": 30}, 1),
        ("bmi", {"bmi": 30.01}, 3),
        ("waist", {"waist": 93.9, "sex": "male"}, 0),
        ("waist", {"waist": 94, "sex": "male"}, 3),
        ("waist", {"waist": 102, "sex": "male"}, 3),
        ("waist", {"waist": 102.1, "sex": "male"}, 4),
        ("waist", {"waist": 79.9, "sex": "female"}, 0),
        ("waist", {"waist": 80, "sex": "female"}, 3),
        ("waist", {"waist": 88.1, "sex": "female"}, 4),
        ("family_diabetes", {"family_diabetes": "second_degree"}, 3),
        ("family_diabetes", {"family_diabetes": "first_degree"}, 5),
        ("high_glucose_ever", {"high_glucose_ever": True}, 5),
        ("active_daily", {"active_daily": True}, 0),
        ("vegetables_daily", {"vegetables_daily": False}, 1),
    ],
)
def test_findrisc_points_begin_at_their_limits(item, values, points):
    assert findrisc.points(item, values) == points


@pytest.mark.parametrize(
    ("total", "label"),
    [
        (0, "low"),
        (6, "low"),
        (7, "slightly_elevated"),
        (11, "slightly_elevated"),
        (12, "moderate"),
        (14, "moderate"),
        (15, "high"),
        (20, "high"),
        (21, "very_high"),
        (26, "very_high"),
    ],
)
def test_findrisc_bands_begin_at_their_limits(total, label):
    assert findrisc._row(total)["label"] == label


@pytest.mark.parametrize("item", [*findrisc.ITEMS, "sex"])
def test_findrisc_in_part_is_a_range_around_what_it_would_be(item):
    whole, partial = (findrisc.score(given(ASKED, **more)) for more in ({}, {item: None}))
    assert (partial.value, partial.band, partial.missing) == (None, None, (wanted(item).name,))
    assert partial.low <= whole.value <= partial.high
    assert partial.low < partial.high


def test_findrisc_of_nothing_is_its_whole_range():
    score = findrisc.score(given(HEALTHY))
    assert [score.low, score.high] == load("findrisc")["range"]


def test_findrisc_refuses_people_who_have_diabetes():
    score = findrisc.score(given(ASKED, diabetes=True))
    assert (score.value, score.low) == (None, None)
    assert [one.why for one in score.refused] == ["FINDRISC is not for people with diagnosed diabetes."]


def test_findrisc_levers_take_the_points_of_what_can_be_changed():
    score = findrisc.score(given(ASKED))
    assert [(lever.name, lever.to, lever.value_then) for lever in score.levers] == [
        ("Body mass index", "below 25", score.value - 3),
        ("Waist circumference", "below 94", score.value - 3),
        ("At least 30 minutes of physical activity a day", True, score.value - 2),
        ("Vegetables, fruit or berries every day", True, score.value - 1),
    ]
    ideal = findrisc.score(given(ASKED, bmi=22, waist=80, active_daily=True, vegetables_daily=True))
    assert ideal.levers == ()


AF = {
    "atrial_fibrillation": True,
    "sex": "female",
    "age": 70,
    "heart_failure": False,
    "hypertension": True,
    "diabetes": False,
    "stroke": False,
    "vascular_disease": False,
}


@pytest.mark.parametrize(
    ("changed", "vasc", "va"),
    [
        ({}, 3, 2),
        ({"age": 64}, 2, 1),
        ({"age": 65}, 3, 2),
        ({"age": 74}, 3, 2),
        ({"age": 75}, 4, 3),
        ({"sex": "male"}, 2, 2),
        ({"stroke": True}, 5, 4),
    ],
)
def test_stroke_points(changed, vasc, va):
    assert [score.value for score in stroke.scores(given(AF, **changed))] == [vasc, va]


@pytest.mark.parametrize("code", [code for code in AF if code != "atrial_fibrillation"])
def test_stroke_scores_in_part_are_ranges(code):
    whole, partial = (stroke.scores(given(AF, **more))[0] for more in ({}, {code: None}))
    assert (partial.value, partial.missing) == (None, (wanted(code).name,))
    assert partial.low <= whole.value <= partial.high


def test_stroke_without_sex_still_has_the_score_that_leaves_it_out():
    vasc, va = stroke.scores(given(AF, sex=None))
    assert (vasc.value, vasc.low, vasc.high, va.value) == (None, 2, 3, 2)


@pytest.mark.parametrize(
    ("changed", "code"),
    [({}, "recommended"), ({"age": 60}, "considered"), ({"age": 60, "hypertension": False}, "not_indicated")],
)
def test_cha2ds2_va_says_what_the_guideline_says(changed, code):
    assert stroke.scores(given(AF, **changed))[1].band.code == code


def test_stroke_scores_refuse_people_without_atrial_fibrillation():
    for score in stroke.scores(given(AF, atrial_fibrillation=False)):
        assert (score.value, score.low) == (None, None)
        assert [one.name for one in score.refused] == ["Atrial fibrillation"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"resp_rate": 22, "sbp": 101, "altered_mentation": False}, (1, "negative")),
        ({"resp_rate": 21, "sbp": 100, "altered_mentation": True}, (2, "positive")),
    ],
)
def test_qsofa_points(values, expected):
    score = sepsis.score(given(values))
    assert (score.value, score.band.code) == expected


def test_qsofa_in_part_is_a_range():
    score = sepsis.score(given(resp_rate=25, sbp=95))
    assert (score.value, score.low, score.high, score.missing) == (
        None,
        2,
        3,
        (wanted("altered_mentation").name,),
    )


@pytest.mark.parametrize("code", questionnaires.CODES)
def test_questionnaire_bands_begin_at_their_limits(code):
    content = load(code)
    count, (least, most) = content["items"], content["item_range"]
    for label, low, high in content["bands"]:
        for total in (low, high):
            above, rest = divmod(total - count * least, most - least)
            answers = (
                [most] * above + ([least + rest] if above < count else []) + [least] * (count - above - 1)
            )
            score = questionnaires.score(code, answers, ON, "app")
            assert (score.value, score.band.code) == (total, label)
            assert (score.low, score.high) == (None, None)


@every(some.lists(some.one_of(some.none(), some.integers(0, 3)), min_size=9, max_size=9))
def test_phq9_is_never_falsely_complete_and_item_9_raises_at_once(answers):
    score = questionnaires.score("phq9", answers, ON, "app")
    unanswered = answers.count(None)
    assert (score.value is None) is (unanswered > 2)
    assert len(score.missing) == (unanswered if unanswered > 2 else 0)
    assert (score.flags == (questionnaires.CRISIS,)) is ((answers[8] or 0) > 0)
    if unanswered:
        assert score.low <= (score.low if score.value is None else score.value) <= score.high
    if unanswered == 0:
        assert score.value == sum(answers)


def test_phq9_fills_in_one_or_two_answers_and_says_so():
    score = questionnaires.score("phq9", [1, None, 1, 1, 1, 1, 1, 1, None], ON, "app")
    assert (score.value, score.low, score.high) == (9, 7, 13)
    assert score.notes[1:] == (
        "Question 2 and Question 9 had no answer: filled in with the mean of the others.",
        "Whether there are thoughts of death or self-harm is not known.",
    )
    half = questionnaires.score("phq9", [None, 0, 0, 0, 0, 1, 1, 1, 1], ON, "app")
    assert half.value == 5


def test_gad7_with_an_answer_missing_stays_open():
    score = questionnaires.score("gad7", [3, 3, 3, None, 3, 3, 3], ON, "app")
    assert (score.value, score.low, score.high, score.missing) == (None, 18, 21, ("Question 4",))
    assert score.flags == ()


@pytest.mark.parametrize("answer", [-1, 4])
def test_answer_that_cannot_be_given_is_refused(answer):
    score = questionnaires.score("phq9", [0, answer, *[0] * 7], ON, "app")
    assert (score.value, score.low) == (None, None)
    assert [(one.name, one.value) for one in score.refused] == [("Question 2", answer)]


def test_questionnaire_with_another_number_of_answers_is_an_error():
    with pytest.raises(ValueError, match="phq9 has 9 questions, not 8"):
        questionnaires.score("phq9", [0] * 8, ON, "app")


def test_questions_are_those_of_the_instruments_and_licensed_texts_are_not_there():
    for code, count in (("phq9", 9), ("gad7", 7)):
        asked = questionnaires.questionnaire(code)
        assert [question.number for question in asked.questions] == list(range(1, count + 1))
        assert len({question.loinc for question in asked.questions}) == count
        assert [answer.points for answer in asked.answers] == [0, 1, 2, 3]
        assert "No permission required" in asked.copyright
    assert questionnaires.questionnaire("phq9").questions[8].loinc == "44260-8"
    assert questionnaires.questionnaire("cat_copd") is None
    assert questionnaires.questionnaire("act_asthma") is None
