"""Who is due for what, why and since when; what satisfied it; and until when the answer stands."""

import json
from datetime import date, timedelta
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.screening import (
    Choice,
    Decision,
    Done,
    Person,
    Status,
    next_change,
    parse_rules,
    screenings,
    shipped_rules,
    state,
    states,
)
from reminders.screening.days import after_months, birthday, season_after
from reminders.screening.rule_file import DATA, NUMBERS
from twin.risk.facts import SILENT
from twin.risk.result import Input

TODAY = date(2026, 11, 23)
MAMMOGRAM, FIT, COLONOSCOPY = ("cpt", "77067"), ("cpt", "82274"), ("cpt", "45378")
ZOSTER, FLU, HBA1C = ("cvx", "187"), ("cvx", "140"), ("loinc", "4548-4")


def so(value=True, on=None, source="a record"):
    return Input("", value, "", on, source)


def done(on, code, said=False):
    return Done(on, (code,), "a record", said)


def woman(*events, born_on=date(1970, 5, 10), sex="female", **more):
    facts = {name: one if isinstance(one, Input) else so(one) for name, one in more.pop("known", {}).items()}
    return Person(born_on, sex, facts, events, **more)


def about(rule, person, *decisions, on=TODAY):
    found = screenings(person, shipped_rules(), decisions, on=on)
    return next(one for one in found if one.rule.id == rule)


def test_every_rule_is_answered_in_its_order():
    found = screenings(woman(), shipped_rules(), (), on=TODAY)
    assert [one.rule for one in found] == list(shipped_rules().rules)


@pytest.mark.parametrize(
    ("rule", "person", "why"),
    [
        ("breast_mammography", woman(sex="male"), "For women only."),
        ("breast_mammography", woman(born_on=date(1951, 11, 23)), "Up to age 74."),
        ("breast_mammography", woman(known={"bilateral_mastectomy": True}), "Not with: Both breasts removed"),
        ("vax_mmr", woman(born_on=date(1956, 12, 31)), "For people born in 1957 or later."),
        ("dm_foot", woman(known={"diabetes": False}), "Only with: Diabetes."),
        ("obesity", woman(known={"bmi": 29.9}), "Body mass index: only from 30 on."),
        ("lung_ldct", woman(known={"ever_smoked": False}), "Pack-years of smoking: only from 20 on."),
        (
            "lung_ldct",
            woman(known={"pack_years": 30}, quit_on=date(2011, 11, 22)),
            "Up to 15 years after the end of smoking.",
        ),
    ],
)
def test_a_rule_is_not_for_somebody_and_says_why(rule, person, why):
    found = about(rule, person)
    assert (found.status, found.next_on) == (Status.NOT_FOR_YOU, None)
    assert found.why[0].startswith(why)


def test_who_is_too_young_learns_from_when_on():
    found = about("colorectal", woman(born_on=date(1981, 11, 24)))
    assert (found.status, found.why, found.next_on) == (
        Status.NOT_FOR_YOU,
        ("From age 45 on.",),
        date(2026, 11, 24),
    )
    assert about("colorectal", woman(born_on=date(1981, 11, 23))).status is Status.DUE


def test_due_says_why_since_when_and_what_would_rule_it_out():
    found = about("breast_mammography", woman())
    assert (found.status, found.since) == (Status.DUE, date(2010, 5, 10))
    assert found.why == ("For women.", "From age 40 to 74.", "Nothing of it is on file.")
    assert found.unless == ("Both breasts removed", "Breast cancer, now or in the past")


def test_records_that_are_silent_still_leave_what_would_rule_it_out():
    silent = so(False, source=SILENT)
    found = about("hiv", woman(known={"hiv": silent}))
    assert (found.status, found.unless) == (Status.DUE, ("HIV infection",))
    assert about("hiv", woman(known={"hiv": False})).unless == ()


def test_up_to_date_says_what_satisfied_it_and_when_next():
    event = done(date(2025, 3, 1), MAMMOGRAM)
    found = about("breast_mammography", woman(event, done(date(2022, 3, 1), MAMMOGRAM)))
    assert (found.status, found.evidence, found.proof) == (Status.UP_TO_DATE, (event,), "mammography")
    assert found.next_on == date(2027, 3, 1)


def test_on_the_day_on_which_it_expires_it_is_due_again_since_that_day():
    event = done(date(2024, 11, 23), MAMMOGRAM)
    assert about("breast_mammography", woman(event), on=date(2026, 11, 22)).status is Status.UP_TO_DATE
    found = about("breast_mammography", woman(event))
    assert (found.status, found.since, found.evidence) == (Status.DUE, TODAY, (event,))
    assert "The last was on 2024-11-23, which held until 2026-11-23." in found.why


def test_of_several_ways_the_one_that_holds_longest_says_when_next():
    found = about("colorectal", woman(done(date(2026, 6, 1), FIT), done(date(2020, 6, 1), COLONOSCOPY)))
    assert (found.proof, found.next_on) == ("colonoscopy", date(2030, 6, 1))
    lapsed = about("colorectal", woman(done(date(2024, 6, 1), FIT), done(date(2010, 6, 1), COLONOSCOPY)))
    assert (lapsed.status, lapsed.since) == (Status.DUE, date(2025, 6, 1))


def test_after_the_last_one_for_the_age_there_is_no_next():
    found = about("breast_mammography", woman(done(date(2026, 1, 1), MAMMOGRAM), born_on=date(1952, 5, 10)))
    assert (found.status, found.next_on) == (Status.UP_TO_DATE, None)


def test_what_lies_ahead_satisfies_nothing_before_its_day():
    person = woman(done(date(2026, 12, 1), MAMMOGRAM))
    assert about("breast_mammography", person).status is Status.DUE
    assert about("breast_mammography", person, on=date(2026, 12, 1)).status is Status.UP_TO_DATE
    assert next_change(person, shipped_rules(), (), on=TODAY) == date(2026, 12, 1)


def test_her_own_word_counts_and_is_marked_and_a_record_of_the_day_stands_above_it():
    word, record = done(date(2025, 3, 1), MAMMOGRAM, said=True), done(date(2025, 3, 1), MAMMOGRAM)
    assert about("breast_mammography", woman(word)).evidence == (word,)
    assert about("breast_mammography", woman(word, record)).evidence == (record,)
    assert about("breast_mammography", woman(record, word)).evidence == (record,)


def test_doses_of_one_day_count_once_and_the_next_is_not_given_too_soon():
    one, again = done(date(2026, 10, 31), ZOSTER), Done(date(2026, 10, 31), (ZOSTER,), "another record")
    found = about("vax_rzv", woman(one, again))
    assert (found.status, found.had, found.doses) == (Status.DUE, 1, 2)
    assert (found.not_before, found.evidence) == (date(2026, 12, 31), (one,))
    assert "1 of 2 doses." in found.why
    both = about("vax_rzv", woman(one, done(date(2025, 1, 1), ZOSTER)))
    assert (both.status, both.next_on, len(both.evidence)) == (Status.UP_TO_DATE, None, 2)


def test_of_two_products_the_one_that_wants_least_more_is_counted():
    first = woman(done(date(2026, 1, 1), ("cvx", "189")), known={"hepatitis_b_immune": False})
    assert (about("vax_hepb", first).had, about("vax_hepb", first).doses) == (1, 2)


def test_a_season_begins_in_august_and_ends_what_was_given_before():
    person = woman(done(date(2026, 7, 31), FLU))
    assert about("vax_influenza", person, on=date(2026, 7, 31)).next_on == date(2026, 8, 1)
    found = about("vax_influenza", person)
    assert (found.status, found.since) == (Status.DUE, date(2026, 8, 1))
    assert about("vax_influenza", woman(done(date(2026, 8, 1), FLU))).next_on == date(2027, 8, 1)


def test_a_repeat_without_an_interval_may_be_talked_about():
    found = about(
        "osteoporosis_65", woman(done(date(2025, 1, 31), ("cpt", "77080")), born_on=date(1950, 1, 1))
    )
    assert (found.status, found.next_on, found.repeat_on) == (Status.UP_TO_DATE, None, date(2027, 1, 31))


def test_a_fact_shortens_the_interval_and_where_it_is_not_known_that_is_said():
    event = done(date(2026, 7, 23), HBA1C)
    known = {"diabetes": True, "therapy_changed": False}
    plain = about("dm_a1c", woman(event, known=known))
    assert (plain.status, plain.unless) == (Status.UP_TO_DATE, ("HbA1c above the goal",))
    short = about("dm_a1c", woman(event, known=known | {"a1c_above_goal": True}))
    assert (short.status, short.since) == (Status.DUE, date(2026, 10, 23))
    assert "Every 3 months: HbA1c above the goal." in short.why


def test_a_rule_hangs_on_what_is_missing_and_names_it():
    assert about("lung_ldct", woman()).missing == (
        "Pack-years of smoking",
        "The day on which smoking ended",
    )
    assert about("breast_mammography", woman(sex="unknown")).missing == ("Sex",)
    assert about("statin", woman(known={"diabetes": True})).missing == ("Risk of ten years",)
    found = about("dm_eye", woman(known={"diabetes": True}))
    assert (found.status, found.since) == (Status.UNKNOWN, None)
    assert found.missing == ("Type 2 diabetes", "Type 1 diabetes", "The day of the diagnosis")


def test_what_was_done_needs_no_further_question():
    found = about("lung_ldct", woman(done(date(2026, 6, 1), ("cpt", "71271"))))
    assert (found.status, found.next_on) == (Status.UP_TO_DATE, date(2027, 6, 1))
    assert found.missing[0] == "Pack-years of smoking"


def test_one_of_several_facts_is_enough_and_all_have_to_be_known_for_a_no():
    smoker = {"smoking": True, "cvd_risk_10y": 0.12}
    assert about("statin", woman(known=smoker)).status is Status.DUE
    none = {"diabetes": False, "dyslipidaemia": False, "hypertension": False, "smoking": False}
    assert about("statin", woman(known=none)).why[0].startswith("Only with one of: Diabetes")
    del none["dyslipidaemia"]
    assert about("statin", woman(known=none)).status is Status.UNKNOWN


def test_years_count_from_the_earliest_diagnosis():
    known = {
        "diabetes": so(on=date(2021, 11, 24)),
        "type1_diabetes": so(on=date(2024, 1, 1)),
        "type2_diabetes": False,
    }
    found = about("dm_eye", woman(known=known))
    assert (found.status, found.next_on) == (Status.NOT_FOR_YOU, date(2026, 11, 24))
    later = about("dm_eye", woman(known=known), on=date(2026, 11, 24))
    assert (later.status, later.since) == (Status.DUE, date(2026, 11, 24))


def test_up_to_fifteen_years_after_the_last_cigarette_the_day_itself_counts():
    person = woman(known={"pack_years": 20}, quit_on=date(2011, 11, 23))
    assert about("lung_ldct", person).status is Status.DUE
    assert about("lung_ldct", person, on=date(2026, 11, 24)).status is Status.NOT_FOR_YOU
    smoker = woman(known={"pack_years": 20, "smoking": True})
    assert about("lung_ldct", smoker).status is Status.DUE


def decided(choice, on=date(2026, 1, 1), **more):
    return Decision("breast_mammography", choice, on, "Dr Rivers", **more)


def test_what_was_declined_stays_so_until_it_comes_to_be_due_anew():
    event = done(date(2024, 6, 1), MAMMOGRAM)
    found = about("breast_mammography", woman(), decided(Choice.DECLINED, reason="no wish"))
    assert (found.status, found.decision.reason) == (Status.DECLINED, "no wish")
    # She declined when nothing was due: what lapsed later is asked for.
    assert about("breast_mammography", woman(event), decided(Choice.DECLINED)).status is Status.DUE
    until = decided(Choice.DECLINED, until=date(2027, 6, 1))
    lasting = about("breast_mammography", woman(event), until)
    assert (lasting.status, lasting.next_on) == (Status.DECLINED, date(2027, 6, 1))


def test_a_refused_vaccine_is_offered_again_in_the_next_season():
    refusal = Decision("vax_influenza", Choice.DECLINED, date(2026, 10, 1), "herself")
    assert about("vax_influenza", woman(), refusal).status is Status.DECLINED
    assert about("vax_influenza", woman(), refusal, on=date(2027, 8, 1)).status is Status.DUE


def test_what_is_postponed_comes_back_on_its_day():
    later = decided(Choice.POSTPONED, until=date(2026, 12, 1))
    found = about("breast_mammography", woman(), later)
    assert (found.status, found.next_on) == (Status.POSTPONED, date(2026, 12, 1))
    assert about("breast_mammography", woman(), later, on=date(2026, 12, 1)).status is Status.DUE


def test_not_applicable_says_why_and_stands_above_what_was_done():
    person = woman(done(date(2026, 6, 1), MAMMOGRAM))
    found = about("breast_mammography", person, decided(Choice.NOT_APPLICABLE, reason="in palliative care"))
    assert (found.status, found.why) == (Status.NOT_APPLICABLE, ("in palliative care",))


def test_a_clinician_may_mean_a_rule_for_whom_the_file_does_not():
    young = woman(born_on=date(1995, 1, 1))
    meant = decided(Choice.APPLICABLE, reason="a mother with breast cancer at 40")
    found = about("breast_mammography", young, meant)
    assert (found.status, found.since) == (Status.DUE, date(2026, 1, 1))
    assert found.why[0] == "a mother with breast cancer at 40 (Dr Rivers)."
    seen = about(
        "breast_mammography", woman(done(date(2026, 3, 1), MAMMOGRAM), born_on=date(1995, 1, 1)), meant
    )
    assert (seen.status, seen.next_on) == (Status.UP_TO_DATE, date(2028, 3, 1))
    taken_back = decided(Choice.NOT_APPLICABLE, on=date(2026, 2, 1), reason="a mistake")
    assert about("breast_mammography", young, meant, taken_back).status is Status.NOT_FOR_YOU
    declined = decided(Choice.DECLINED, on=date(2026, 2, 1))
    assert about("breast_mammography", young, meant, declined).status is Status.DECLINED


def test_the_newest_decision_counts():
    first = decided(Choice.DECLINED)
    second = decided(Choice.POSTPONED, on=date(2026, 2, 1), until=date(2027, 1, 1))
    assert about("breast_mammography", woman(), second, first).status is Status.POSTPONED
    ahead = decided(Choice.POSTPONED, on=date(2027, 2, 1), until=date(2028, 1, 1))
    assert about("breast_mammography", woman(), ahead).status is Status.DUE


def test_a_clinician_sets_the_interval_for_a_while():
    event = done(date(2025, 9, 1), MAMMOGRAM)
    yearly = decided(Choice.INTERVAL, months=12, until=date(2027, 1, 1))
    found = about("breast_mammography", woman(event), yearly)
    assert (found.status, found.since, found.interval) == (Status.DUE, date(2026, 9, 1), yearly)
    after = about("breast_mammography", woman(event), yearly, on=date(2027, 1, 1))
    assert (after.status, after.interval) == (Status.UP_TO_DATE, None)


def test_an_interval_may_be_for_one_way_only():
    person = woman(done(date(2022, 6, 1), COLONOSCOPY), done(date(2026, 3, 1), FIT))
    three = Decision("colorectal", Choice.INTERVAL, TODAY, "Dr Rivers", months=36, proof="colonoscopy")
    found = about("colorectal", person, three)
    assert (found.proof, found.next_on) == ("FIT", date(2027, 3, 1))


@pytest.mark.parametrize(
    ("choice", "more", "why"),
    [
        (Choice.POSTPONED, {}, "until a day"),
        (Choice.POSTPONED, {"until": date(2026, 1, 1)}, "ends after the day"),
        (Choice.NOT_APPLICABLE, {"reason": " "}, "needs a reason"),
        (Choice.APPLICABLE, {}, "needs a reason"),
        (Choice.INTERVAL, {}, "has months"),
        (Choice.INTERVAL, {"months": 0}, "1 to 600 months"),
        (Choice.INTERVAL, {"months": 601}, "1 to 600 months"),
        (Choice.DECLINED, {"months": 12}, "has months"),
        (Choice.DECLINED, {"proof": "FIT"}, "for one proof"),
    ],
)
def test_a_decision_without_what_it_needs_is_refused(choice, more, why):
    with pytest.raises(ValueError, match=why):
        decided(choice, **more)


@pytest.mark.parametrize(
    ("day", "months", "ends"),
    [
        (date(2024, 11, 23), 24, date(2026, 11, 23)),
        (date(2024, 2, 29), 12, date(2025, 3, 1)),
        (date(2026, 1, 31), 1, date(2026, 3, 1)),
        (date(2026, 8, 31), 6, date(2027, 3, 1)),
        (date(2026, 12, 31), 12, date(2027, 12, 31)),
    ],
)
def test_months_end_on_the_same_day_or_with_the_month_that_has_none(day, months, ends):
    assert after_months(day, months) == ends


def test_a_season_begins_on_the_next_first_of_its_month():
    assert season_after(date(2026, 8, 1), 8) == date(2027, 8, 1)
    assert season_after(date(2026, 7, 31), 8) == date(2026, 8, 1)
    assert season_after(date(2026, 12, 31), 1) == date(2027, 1, 1)


def test_birthdays_of_29_february():
    assert birthday(date(2000, 2, 29), 40) == date(2040, 2, 29)
    assert birthday(date(2000, 2, 29), 41) == date(2041, 3, 1)


def test_what_is_known_may_end_and_that_day_is_a_change():
    person = woman(known_until=date(2026, 11, 24))
    assert next_change(person, shipped_rules(), (), on=TODAY) == date(2026, 11, 24)


def test_where_nothing_can_come_any_more_nothing_changes():
    text = (DATA / "screening.json").read_text(encoding="utf-8")
    whole = json.loads(text)
    whole["rules"] = [rule for rule in whole["rules"] if rule["id"] == "aaa"]
    old = Person(date(1940, 1, 1), "male")
    assert next_change(old, parse_rules(json.dumps(whole)), (), on=TODAY) is None


CODES = sorted(shipped_rules().places)
IDS = [rule.id for rule in shipped_rules().rules]
DAYS = st.dates(date(2012, 1, 1), date(2029, 12, 31))
EVENTS = st.builds(done, DAYS, st.sampled_from(CODES))
FACTS = st.dictionaries(
    st.sampled_from(sorted(shipped_rules().facts)),
    st.builds(so, st.booleans(), st.none() | st.dates(date(2000, 1, 1), TODAY)),
    max_size=12,
)
MEASURES = st.fixed_dictionaries({}, optional={code: st.builds(so, st.floats(0, 60)) for code in NUMBERS})
PEOPLE = st.builds(
    lambda born, sex, facts, numbers, events, quit_on: Person(
        born, sex, facts | numbers, tuple(events), quit_on
    ),
    st.dates(date(1935, 1, 1), date(2015, 1, 1)),
    st.sampled_from(["female", "male", "other"]),
    FACTS,
    MEASURES,
    st.lists(EVENTS, max_size=12),
    st.none() | st.dates(date(2000, 1, 1), TODAY),
)


@st.composite
def decisions_of(draw):
    choice = draw(st.sampled_from(list(Choice)))
    on = draw(st.dates(date(2024, 1, 1), date(2027, 12, 31)))
    until = on + timedelta(days=draw(st.integers(1, 900)))
    return Decision(
        draw(st.sampled_from(IDS)),
        choice,
        on,
        "somebody",
        until=until if choice is Choice.POSTPONED or draw(st.booleans()) else None,
        reason="why",
        months=draw(st.integers(1, 120)) if choice is Choice.INTERVAL else None,
    )


@given(
    person=PEOPLE,
    decisions=st.lists(decisions_of(), max_size=6),
    on=st.dates(date(2026, 1, 1), date(2028, 1, 1)),
    part=st.floats(0, 1),
)
def test_before_the_day_of_its_change_an_answer_stands(person, decisions, on, part):
    found = state(person, shipped_rules(), decisions, on=on)
    assert found.changes_on is None or found.changes_on > on
    until = found.changes_on or on + timedelta(days=3000)
    last = (until - on).days - 1
    for days in {round(last * part), last}:
        later = state(person, shipped_rules(), decisions, on=on + timedelta(days=days))
        assert later.screenings == found.screenings


@given(
    person=PEOPLE,
    decisions=st.lists(decisions_of(), max_size=6),
    on=st.dates(TODAY, date(2029, 12, 31)),
)
def test_what_is_said_of_somebody_holds_together(person, decisions, on):
    for one in screenings(person, shipped_rules(), decisions, on=on):
        assert one.why
        assert (one.status is Status.UNKNOWN) <= bool(one.missing)
        assert (one.status is Status.UP_TO_DATE) <= (len(one.evidence) == one.doses)
        assert one.since is None or one.since <= on
        assert one.next_on is None or one.next_on > on
        assert all(event.on <= on for event in one.evidence)


@given(person=PEOPLE, event=EVENTS, on=DAYS)
def test_more_evidence_never_makes_more_due(person, event, on):
    more = Person(person.born_on, person.sex, person.known, (*person.done, event), person.quit_on)
    before = {
        one.rule.id for one in screenings(person, shipped_rules(), (), on=on) if one.status is Status.DUE
    }
    after = {one.rule.id for one in screenings(more, shipped_rules(), (), on=on) if one.status is Status.DUE}
    assert after <= before


def test_many_people_are_read_one_at_a_time():
    read = []

    def people():
        for number in range(3):
            read.append(number)
            yield number, woman(), (), TODAY

    found = states(people(), shipped_rules())
    key, first = next(found)
    assert (key, read, first) == (0, [0], state(woman(), shipped_rules(), (), on=TODAY))
    assert [key for key, _ in found] == [1, 2]


def test_ten_thousand_people_take_far_less_than_a_minute():
    made_up = woman(
        *(
            done(date(2015, 1, 1) + timedelta(days=37 * place), CODES[place % len(CODES)])
            for place in range(110)
        ),
        known={code: place % 3 == 0 for place, code in enumerate(shipped_rules().facts)} | {"bmi": 31.0},
    )
    began = process_time()
    assert sum(1 for _ in states(((n, made_up, (), TODAY) for n in range(1000)), shipped_rules())) == 1000
    assert process_time() - began < 6
