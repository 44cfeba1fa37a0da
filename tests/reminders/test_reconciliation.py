"""Two lists side by side: what matches, in what it differs, and that every line has to be decided."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.reconciliation import Choice, Decision, Line, NotReconciled, decided, side_by_side
from twin.scores.medicine_names import Medicine

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"


def lines(*said):
    """Of (name, dose, timing), the ids a, b, c."""
    return [
        Line("abcdefghijk"[place], one if isinstance(one, Medicine) else Medicine(one), *rest)
        for place, (one, *rest) in enumerate(said)
    ]


def stands(before, after):
    return [
        (pair.key, pair.standing.value, [one.value for one in pair.differences])
        for pair in side_by_side(lines(*before), lines(*after))
    ]


@pytest.mark.parametrize(
    ("before", "after", "differences"),
    [
        (("Ramipril 5 mg", "1 tablet", "08:00"), ("Ramipril 5mg", "1  Tablet", "08:00"), []),
        (("Ramipril 5 mg", "1 tablet"), ("Ramipril", "5,0 mg"), []),
        (("Ramipril 2,50 mg",), ("Ramipril 2.5 mg",), []),
        (("Ramipril 5 mg",), ("Ramipril 10 mg",), ["dose"]),
        (("Ramipril 5 mg", "1 tablet"), ("Ramipril 5 mg", "2 tablets"), ["dose"]),
        (("Ramipril 5 mg", "1 tablet"), ("Ramipril", "1 tablet"), ["dose"]),
        (("Ramipril 100 mg",), ("Ramipril 10 mg",), ["dose"]),
        (("Ramipril 1 mg",), ("Ramipril 1.000 mg",), ["dose"]),  # a thousand, in some countries
        (("Ramipril 1,000 mg",), ("Ramipril 1.000 mg",), ["dose"]),
        (("Ramipril", "", "08:00"), ("Ramipril", "", "08:00 20:00"), ["timing"]),
        (("Ramipril", "", "08:00"), ("Ramipril", "", ""), ["timing"]),
        (("Ramipril 5 mg", "", "08:00"), ("Ramipril 10 mg", "", "20:00"), ["dose", "timing"]),
        (("Ramipril 5 mg",), ("Ramipril-HCT 5 mg",), ["ingredients"]),
        (("Paracetamol 500 mg",), ("Acetaminophen 500 mg",), []),
        ((Medicine("Brand", RXNORM, "1"),), (Medicine("Other", RXNORM, "1"),), []),
        (("Glucophage 500 mg",), ("Glucophage 850 mg",), ["dose"]),
    ],
)
def test_one_medicine_on_both_lists_is_the_same_or_changed(before, after, differences):
    standing = "changed" if differences else "same"
    assert stands([before], [after]) == [(("a", "a"), standing, differences)]


def test_what_is_on_one_list_alone_comes_in_the_order_of_the_lists():
    assert stands([("Ramipril",), ("Metformin",)], [("Apixaban",), ("Metformin",), ("Bisoprolol",)]) == [
        (("a", None), "only before", []),
        (("b", "b"), "same", []),
        ((None, "a"), "only after", []),
        ((None, "c"), "only after", []),
    ]


@pytest.mark.parametrize(
    ("before", "after", "keys"),
    [
        (["Warfarin 3 mg", "Warfarin 5 mg"], ["Warfarin 5 mg", "Warfarin 3 mg"], [("a", "b"), ("b", "a")]),
        (["Warfarin 3 mg"], ["Warfarin 5 mg", "Warfarin 3 mg"], [("a", "b"), (None, "a")]),
        (["Ramipril"], ["Ramipril-HCT", "Ramipril"], [("a", "b"), (None, "a")]),
        (["Ramipril", "Ramipril"], ["Ramipril"], [("a", "a"), ("b", None)]),
        ([], [], []),
    ],
)
def test_of_several_lines_of_one_medicine_those_that_differ_least_are_matched(before, after, keys):
    pairs = side_by_side(lines(*((one,) for one in before)), lines(*((one,) for one in after)))
    assert [pair.key for pair in pairs] == keys


def test_a_code_matches_before_a_name_does():
    before = lines((Medicine("Ramipril 5 mg", RXNORM, "1"),))
    after = lines(("Ramipril 5 mg",), (Medicine("Tritace 10 mg", RXNORM, "1"),))
    assert [pair.key for pair in side_by_side(before, after)] == [("a", "b"), (None, "a")]


def test_side_by_side_refuses_an_id_that_is_there_twice():
    with pytest.raises(ValueError, match="twice"):
        side_by_side([Line("a", Medicine("Ramipril"))] * 2, [])


def the_list():
    return side_by_side(
        lines(("Ramipril 5 mg",), ("Metformin",), ("Aspirin",)),
        lines(("Ramipril 10 mg",), ("Metformin",), ("Apixaban",)),
    )


CHANGED, SAME, ONLY_BEFORE, ONLY_AFTER = ("a", "a"), ("b", "b"), ("c", None), (None, "c")
KEEP, CHANGE, STOP = Choice(Decision.KEEP), Choice(Decision.CHANGE), Choice(Decision.STOP)


def choices(**said):
    return {CHANGED: CHANGE, SAME: KEEP, ONLY_BEFORE: STOP, ONLY_AFTER: KEEP} | said.pop("but", {})


def to(text, **said):
    return Choice(Decision.CHANGE, to=Line("new", Medicine(text), **said))


@pytest.mark.parametrize(
    ("but", "in_use"),
    [
        ({}, ["Ramipril 10 mg", "Metformin", None, "Apixaban"]),
        ({CHANGED: KEEP}, ["Ramipril 5 mg", "Metformin", None, "Apixaban"]),
        ({CHANGED: to("Ramipril 7.5 mg")}, ["Ramipril 7.5 mg", "Metformin", None, "Apixaban"]),
        ({CHANGED: STOP, ONLY_AFTER: STOP}, [None, "Metformin", None, None]),
        ({SAME: to("Metformin 850 mg")}, ["Ramipril 10 mg", "Metformin 850 mg", None, "Apixaban"]),
        ({ONLY_BEFORE: KEEP}, ["Ramipril 10 mg", "Metformin", "Aspirin", "Apixaban"]),
        ({ONLY_AFTER: to("Apixaban 2.5 mg")}, ["Ramipril 10 mg", "Metformin", None, "Apixaban 2.5 mg"]),
    ],
)
def test_decided_lines_are_kept_changed_or_stopped(but, in_use):
    found = decided(the_list(), choices(but=but))
    assert [one.line and one.line.medicine.text for one in found] == in_use


@pytest.mark.parametrize(
    ("key", "choice", "field", "why"),
    [
        (SAME, CHANGE, "to", "changes nothing"),
        (ONLY_BEFORE, CHANGE, "to", "has to be said"),
        (ONLY_AFTER, CHANGE, "to", "has to be said"),
        (CHANGED, to("Ramipril 5 mg"), "to", "changes nothing"),
        (CHANGED, to("Enalapril 5 mg"), "to", "Another medicine"),
        (CHANGED, Choice(Decision.STOP, to=Line("new", Medicine("Ramipril"))), "to", "Only what is changed"),
        (("z", None), KEEP, "key", "no such line"),
    ],
)
def test_a_decision_that_contradicts_itself_is_refused_with_its_field(key, choice, field, why):
    with pytest.raises(NotReconciled, match=why) as refused:
        decided(the_list(), choices(but={key: choice}))
    assert [(one.key, one.field) for one in refused.value.problems] == [(key, field)]


def test_no_line_is_left_undecided():
    with pytest.raises(NotReconciled) as refused:
        decided(the_list(), {SAME: KEEP})
    assert [one.key for one in refused.value.problems] == [CHANGED, ONLY_BEFORE, ONLY_AFTER]
    assert {one.reason for one in refused.value.problems} == {"This line is not decided."}


names = st.lists(
    st.sampled_from(["Ramipril 5 mg", "Ramipril 10 mg", "Metformin", "Apixaban", "X", ""]), max_size=8
)


@given(names, names)
def test_side_by_side_has_every_line_once(before, after):
    pairs = side_by_side(lines(*((one,) for one in before)), lines(*((one,) for one in after)))
    for side, said in (("before", before), ("after", after)):
        ids = [getattr(pair, side).id for pair in pairs if getattr(pair, side)]
        assert sorted(ids) == [line.id for line in lines(*((one,) for one in said))]
    kept = decided(pairs, {pair.key: KEEP for pair in pairs})
    assert [one.pair for one in kept] == pairs
