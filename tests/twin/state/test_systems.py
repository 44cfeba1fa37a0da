"""The eight body systems: which state, and why. Old data is never fine."""

import json
from datetime import date, timedelta

import numpy as np
import pytest

from twin.kinds import KINDS, BodySystem
from twin.state.facts import Facts, SystemFinding, SystemLimit, SystemScore, Trend, facts_of, together, trend
from twin.state.systems import NOW, RECENT, RECENT_OF_LAST, TITLES, Reason, State, systems

TODAY = date(2026, 11, 30)
HEART, MIND = BodySystem.HEART, BodySystem.MIND
PHQ9 = SystemScore("phq9", "PHQ-9", MIND, "moderate", True, TODAY, 14)


def tile(code, value=None, *, ago=0, flag=None, deviation=None, growing=False):
    kind = KINDS[code]
    day = (TODAY - timedelta(days=ago)).isoformat()
    value = sum(kind.soft) / 2 if value is None else value
    usual = {"low": 1.0, "high": 2.0, "days": 80, "day": day, "value": value, "deviation": deviation}
    return {
        "kind": code,
        "title": kind.title,
        "system": kind.system.value,
        "decimals": kind.decimals,
        "value": value,
        "flag": flag,
        "growing": growing,
        "day": day,
        "usual": usual if deviation is not None else None,
    }


def limit(code="sbp", *, basis="guideline", passed=True, probability=1.0, expected_on=None):
    return SystemLimit(code, basis, "High pressure", "above", 135.0, passed, probability, expected_on)


def finding(severity, *of):
    return SystemFinding("rule", "Pressure is high", severity, of or (HEART,))


def one(system, tiles=(), today=TODAY, **facts):
    return next(each for each in systems(tiles, Facts(**facts), today=today) if each.system is system)


def heart(*tiles, **facts):
    found = one(HEART, tiles, **facts)
    return found.state.value, [reason.text for reason in found.reasons]


def test_systems_are_eight_in_their_order_each_with_a_title():
    found = systems([], Facts(), today=TODAY)
    assert [each.system for each in found] == list(BodySystem) == list(TITLES)
    assert {each.state for each in found} == {State.NOT_ENOUGH_DATA}
    assert found[0].reasons == (Reason(State.NOT_ENOUGH_DATA, "There is no data of it."),)


def test_every_kind_of_the_catalogue_belongs_to_a_system():
    found = systems([tile(code) for code in KINDS], Facts(), today=TODAY)
    assert {kind.kind for each in found for kind in each.kinds} == set(KINDS)
    assert {each.state for each in found} == {State.FINE}


def test_system_with_recent_data_in_which_nothing_stands_out_is_fine():
    assert heart(tile("sbp"), tile("dbp"), tile("resting_heart_rate", deviation=2.9)) == (
        "fine",
        ["Nothing stands out in Systolic blood pressure, Diastolic blood pressure and Resting heart rate."],
    )


@pytest.mark.parametrize(
    ("severity", "state"),
    [("critical", "act"), ("urgent", "act"), ("caution", "watch"), ("information", "fine")],
)
def test_open_warnings_decide_by_their_severity(severity, state):
    found = heart(tile("sbp"), findings=[finding(severity)])
    assert found[0] == state
    assert f"Pressure is high ({severity})." in found[1]
    assert one(BodySystem.LUNGS, [tile("spo2")], findings=[finding(severity)]).state is State.FINE


def test_open_warning_counts_without_any_data():
    assert heart(findings=[finding("urgent")])[0] == "act"
    assert heart(findings=[finding("information")])[0] == "not_enough_data"


@pytest.mark.parametrize(
    ("told", "ago", "state"),
    [
        (limit(), 0, "watch"),
        (limit(basis="threshold"), 0, "watch"),
        (limit(basis="goal"), 0, "fine"),
        (limit(), RECENT.days, "watch"),
        (limit(), RECENT.days + 1, "not_enough_data"),
        (limit(passed=False, probability=0.6, expected_on=date(2026, 12, 9)), 0, "watch"),
        (limit(passed=False, probability=0.4), 0, "fine"),
        (limit("dbp"), 0, "fine"),
    ],
)
def test_limits_decide_by_whose_they_are_and_how_new_the_data_is(told, ago, state):
    assert heart(tile("sbp", ago=ago), limits=[told])[0] == state


def test_limits_are_told_of_in_words():
    assert heart(tile("sbp", ago=5), limits=[limit()])[1] == [
        "High pressure (limit 135), by values of 25 November 2026."
    ]
    assert heart(tile("sbp", ago=NOW.days), limits=[limit(basis="threshold")])[1] == [
        "Systolic blood pressure above a clinician's limit (limit 135)."
    ]
    ahead = limit(passed=False, probability=0.6, expected_on=date(2026, 12, 9))
    assert heart(tile("sbp"), limits=[ahead])[1] == [
        "High pressure (limit 135) is likely by 9 December 2026."
    ]


@pytest.mark.parametrize("deviation", [3.0, -3.5])
def test_day_far_from_what_is_usual_is_to_watch(deviation):
    assert heart(tile("resting_heart_rate", 71.4, ago=1, deviation=deviation)) == (
        "watch",
        ["Resting heart rate: 71 on 29 November 2026; its own usual range is 1 to 2."],
    )


def test_value_outside_the_usual_range_of_adults_is_to_watch_unless_it_still_grows():
    assert heart(tile("sbp", 205.0, flag="high")) == (
        "watch",
        ["Systolic blood pressure: 205 is above the usual range of adults."],
    )
    assert one(BodySystem.ACTIVITY, [tile("steps", 3.0, flag="low", growing=True)]).state is State.FINE


@pytest.mark.parametrize(
    ("ahead", "state"),
    [
        (Trend("sbp", "rising", True, 190.0, 230.0), "watch"),
        (Trend("sbp", "rising", False, 190.0, 230.0), "fine"),
        (Trend("sbp", "falling", True, 230.0, 190.0), "fine"),
        (Trend("sbp", "rising", True, 120.0, 130.0), "fine"),
    ],
)
def test_trend_is_to_watch_where_it_matters_and_leaves_the_usual_range(ahead, state):
    assert one(HEART, [tile("sbp")], trends=[ahead]).trends == (ahead,)
    assert heart(tile("sbp"), trends=[ahead])[0] == state


@pytest.mark.parametrize(
    ("code", "ago", "state"),
    [
        ("sbp", RECENT.days, "fine"),
        ("sbp", RECENT.days + 1, "not_enough_data"),
        ("ldl", RECENT_OF_LAST.days, "fine"),
        ("ldl", RECENT_OF_LAST.days + 1, "not_enough_data"),
    ],
)
def test_old_data_is_not_fine(code, ago, state):
    assert heart(tile(code, ago=ago))[0] == state


def test_old_data_is_named_with_its_day_whatever_the_state():
    old = f"{KINDS['sbp'].title}: last measured on 1 March 2026."
    assert heart(tile("sbp", ago=274, flag="high", deviation=9.0)) == (
        "not_enough_data",
        ["There is no recent data of it.", old],
    )
    assert heart(tile("sbp", ago=274), tile("dbp")) == (
        "fine",
        [old, "Nothing stands out in Diastolic blood pressure."],
    )


def test_kinds_that_tell_nothing_make_no_system_fine():
    assert one(BodySystem.BODY, [tile("height")]).state is State.NOT_ENOUGH_DATA
    assert one(BodySystem.METABOLISM, [tile("carbs"), tile("insulin")]).state is State.NOT_ENOUGH_DATA


@pytest.mark.parametrize(
    ("days_later", "to_watch", "state"),
    [(0, True, "watch"), (14, True, "watch"), (15, True, "not_enough_data"), (14, False, "fine")],
)
def test_scores_count_as_long_as_they_say_something_of_now(days_later, to_watch, state):
    score = SystemScore("phq9", "PHQ-9", MIND, "moderate", to_watch, TODAY, 14)
    found = one(MIND, today=TODAY + timedelta(days=days_later), scores=[score])
    assert (found.state.value, found.scores) == (state, (score,))


def test_reasons_come_with_the_worst_first():
    found = one(
        HEART,
        [tile("sbp", flag="high"), tile("dbp"), tile("hdl", ago=800)],
        limits=[limit()],
        findings=[finding("information"), finding("caution"), finding("critical")],
    )
    assert [reason.state.value for reason in found.reasons] == [
        "act", *["watch"] * 3, "not_enough_data", *["fine"] * 2,
    ]  # fmt: skip
    assert found.reasons[0].text == "Pressure is high (critical)."


@pytest.mark.parametrize(
    ("change", "reach", "direction", "matters"),
    [(0.0, 1.0, "level", False), (6.0, 9.0, "rising", False), (6.0, 2.0, "rising", True),
     (-6.0, 2.0, "falling", True), (0.5, 0.1, "level", False)],
)  # fmt: skip
def test_trend_goes_from_the_first_week_to_the_last_and_matters_beyond_its_band(
    change, reach, direction, matters
):
    mean = np.concatenate([np.full(7, 60.0), np.full(14, 99.0), np.full(7, 60.0 + change)])
    found = trend(KINDS["resting_heart_rate"], mean, mean - reach, mean + reach)
    assert (found.direction, found.matters) == (direction, matters)
    assert (found.first_week, found.last_week) == (60.0, 60.0 + change)


def test_facts_go_through_json_and_topics_come_together():
    one = Facts(
        findings=(finding("urgent", HEART, MIND),),
        limits=(limit(), limit(expected_on=TODAY)),
        trends=(Trend("sbp", "rising", True, 1.0, 2.0),),
        scores=(PHQ9,),
    )
    assert facts_of(json.loads(json.dumps(one.as_json()))) == one
    assert together([one, Facts(scores=(PHQ9,))]).scores == (PHQ9, PHQ9)
    assert together([]) == Facts()
