"""NEWS2: the table at its edges, what is missing, stale or not possible, and whom it is not for."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vector_cases import vector_cases
from twin.kinds import KINDS
from twin.risk.result import Band, Flag, Input, Lever, Refusal
from twin.scores.news2 import Consciousness, Reading, Standing, at_rest, news2, spo2_scale

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
KIND_OF = {
    "resp_rate": "resp_rate",
    "spo2": "spo2",
    "sbp": "sbp",
    "pulse": "heart_rate",
    "temperature": "temperature",
}
WELL = {"resp_rate": 16.0, "spo2": 98.0, "sbp": 120.0, "pulse": 70.0, "temperature": 37.0}


def readings(values, *, at=NOW):
    return [
        Reading(KIND_OF[name], value, at, "a cuff") for name, value in values.items() if value is not None
    ]


def scored(values=WELL, *, at=NOW, **said):
    known = {"age": 50, "on_oxygen": False, "consciousness": Consciousness.ALERT} | said
    return news2(readings(values, at=at), now=NOW, **known)


def points(result):
    return {part.parameter: part.points for part in result.parts}


@pytest.mark.parametrize("case", vector_cases("news2"), ids=lambda case: case["id"])
def test_news2_vectors(case):
    told, expected = case["input"], case["expected"]
    values = {name: told["temp" if name == "temperature" else name] for name in WELL}
    acvpu = told["acvpu"]
    result = scored(
        values,
        scale=told["scale"],
        on_oxygen=told["oxygen"],
        consciousness=None if acvpu is None else Consciousness(acvpu),
    )
    assert result.score.value == expected["total"]
    assert {name: points(result)[name] for name in expected.get("parts", {})} == expected.get("parts", {})
    if "level" in expected:
        assert result.level.code == expected["level"]
    if "missing" in expected:
        missing = {part.parameter for part in result.parts if part.standing is Standing.MISSING}
        ours = {"temp": "temperature", "acvpu": "consciousness"}
        assert missing == {ours.get(name, name) for name in expected["missing"]}


@pytest.mark.parametrize(
    ("name", "value", "given"),
    [
        ("temperature", 38.05, 1),
        ("temperature", 38.04, 0),
        ("temperature", 35.05, 1),
        ("temperature", 39.05, 2),
        ("spo2", 95.5, 0),
        ("spo2", 94.5, 1),
        ("resp_rate", 20.5, 2),
        ("resp_rate", 8.4, 3),
        ("sbp", 110.5, 0),
        ("pulse", 90.49, 0),
        ("pulse", 130.5, 3),
    ],
)
def test_news2_rounds_half_up_before_it_scores(name, value, given):
    assert points(scored(WELL | {name: value}))[name] == given


@pytest.mark.parametrize(
    ("target", "scale"), [(None, 1), ((88, 92), 2), ((94, 98), 1), ((88.0, 92.0), 2), ((88, 93), 1)]
)
def test_spo2_scale_is_2_only_for_the_target_of_88_to_92(target, scale):
    assert spo2_scale(target) == scale


def test_news2_says_what_went_in_on_the_patients_day_and_what_would_change_it():
    tokyo = NOW.astimezone(ZoneInfo("Asia/Tokyo"))
    late = tokyo.replace(hour=23, minute=30) - timedelta(days=1)
    result = news2(
        readings(WELL | {"pulse": 112.0, "spo2": 95.0}, at=late),
        now=late + timedelta(hours=1),
        age=50,
        on_oxygen=False,
        consciousness=Consciousness.ALERT,
    )
    assert result.score.value == 3
    assert result.score.band == Band("low", "Low")
    assert result.score.inputs[0] == Input("Respiratory rate", 16.0, "/min", date(2026, 11, 29), "a cuff")
    assert result.score.inputs[-2:] == (
        Input("Air or oxygen", "air", "", date(2026, 11, 30), "asked"),
        Input("Consciousness", "A", "", date(2026, 11, 30), "asked"),
    )
    assert result.score.levers == (
        Lever("Pulse", 112.0, 90.0, 1.0),
        Lever("Oxygen saturation", 95.0, 96.0, 2.0),
    )
    assert result.level.response == "A nurse assesses."


def test_news2_lever_of_too_much_oxygen_on_scale_2_leads_down():
    result = scored(WELL | {"spo2": 97.0}, scale=2, on_oxygen=True)
    assert result.score.levers == (Lever("Oxygen saturation", 97.0, 92.0, 2.0),)


def test_news2_without_a_part_has_a_range_and_no_value():
    result = scored(WELL | {"sbp": None})
    assert (result.score.value, result.score.low, result.score.high) == (None, 0, 3)
    assert result.score.band is None
    assert result.score.missing == ("Systolic blood pressure",)
    assert (result.least.code, result.most.code, result.level) == ("routine", "low_medium", None)


def test_news2_of_nothing_may_be_anything():
    result = news2([], now=NOW, age=50)
    assert (result.score.low, result.score.high) == (0, 20)
    assert len(result.score.missing) == 7
    assert (result.least.code, result.most.code) == ("routine", "high")


def test_news2_in_part_may_be_at_its_level_whatever_is_missing():
    result = scored({"resp_rate": 30.0, "spo2": 85.0, "sbp": 80.0}, consciousness=None)
    assert (result.score.value, result.score.low, result.score.high) == (None, 9, 18)
    assert (result.level.code, result.at_least, result.worst_part) == ("high", 9, 3)
    assert result.score.flags == (
        Flag(
            "single_three",
            "3 points by one part alone: Respiratory rate, Oxygen saturation, Systolic blood pressure",
        ),
    )


def test_news2_that_does_not_know_of_oxygen_weighs_scale_2_both_ways():
    result = scored(WELL | {"spo2": 97.0}, scale=2, on_oxygen=None)
    spo2 = next(part for part in result.parts if part.parameter == "spo2")
    assert (spo2.low, spo2.high, spo2.points) == (0, 3, None)
    assert (result.score.low, result.score.high) == (0, 5)
    assert result.score.missing == ("Air or oxygen",)


def test_news2_takes_the_newest_of_each_kind_up_to_its_age():
    old, fresh = NOW - timedelta(hours=3), NOW - timedelta(hours=1)
    given = [
        *readings(WELL, at=old),
        Reading("heart_rate", 135.0, fresh),
        Reading("heart_rate", 72.0, NOW - timedelta(days=1)),
        Reading("steps", 9.0, NOW),
    ]
    result = news2(given, now=NOW, age=50, on_oxygen=False, consciousness=Consciousness.ALERT)
    assert (result.score.value, result.at_least, result.worst_part) == (3, 3, 3)
    assert result.level.code == "low_medium"
    stale = news2(readings(WELL, at=old), now=NOW, age=50, on_oxygen=False)
    assert stale.score.missing == ("Pulse", "Consciousness")
    assert "Pulse is 3 hours old; up to 2 count." in stale.score.notes
    assert next(part for part in stale.parts if part.parameter == "pulse").standing is Standing.STALE


@pytest.mark.parametrize(
    ("minutes", "kinds"),
    [
        (-1, ["resp_rate", "spo2", "heart_rate"]),
        (0, ["spo2"]),
        (30, ["spo2"]),
        (39, ["spo2"]),
        (40, ["resp_rate", "spo2", "heart_rate"]),
    ],
)
def test_at_rest_leaves_out_pulse_and_breaths_of_a_run_and_of_ten_minutes_after(minutes, kinds):
    run = (NOW - timedelta(hours=1), NOW - timedelta(minutes=30))
    at = run[0] + timedelta(minutes=minutes)
    given_ = readings({"resp_rate": 28.0, "spo2": 97.0, "pulse": 150.0}, at=at)
    assert [one.kind for one in at_rest(given_, [run])] == kinds
    assert at_rest(given_, []) == given_


@pytest.mark.parametrize(("hours", "standing"), [(12, Standing.KNOWN), (12.01, Standing.STALE)])
def test_news2_counts_a_measurement_up_to_its_age_and_no_longer(hours, standing):
    result = scored(at=NOW - timedelta(hours=hours))
    assert next(part for part in result.parts if part.parameter == "sbp").standing is standing


@pytest.mark.parametrize(
    ("reading", "why"),
    [
        (Reading("sbp", 120.0, NOW + timedelta(seconds=1)), "It is of the future."),
        (Reading("sbp", 4.0, NOW), "No person can have this value."),
        (Reading("sbp", float("nan"), NOW), "No person can have this value."),
    ],
)
def test_news2_refuses_a_reading_by_name_and_goes_on_with_an_older_one(reading, why):
    others = readings(WELL | {"sbp": None})
    known = {"now": NOW, "age": 50, "on_oxygen": False, "consciousness": Consciousness.ALERT}
    (refusal,) = news2([*others, reading], **known).score.refused
    assert (refusal.name, refusal.why) == ("Systolic blood pressure", why)
    assert news2([*others, reading], **known).score.value is None
    older = Reading("sbp", 120.0, NOW - timedelta(hours=1))
    assert news2([*others, older, reading], **known).score.value == 0


def test_news2_is_refused_by_name_for_children_and_in_pregnancy():
    child = scored(age=15, pregnant=True)
    assert child.score.refused == (
        Refusal("Age", 15, "NEWS2 is for people of 16 years and older."),
        Refusal("Pregnancy", True, "NEWS2 is not for use in pregnancy."),
    )
    assert (child.score.value, child.score.low, child.parts, child.level) == (None, None, (), None)
    assert (child.at_least, child.worst_part) == (None, None)
    assert scored(age=16, pregnant=False).score.value == 0


values_of = {
    name: st.floats(*KINDS[KIND_OF[name]].hard, allow_nan=False, allow_infinity=False) for name in WELL
}


@given(
    values=st.fixed_dictionaries(values_of),
    unknown=st.sets(st.sampled_from([*WELL, "oxygen", "consciousness"])),
    oxygen=st.booleans(),
    acvpu=st.sampled_from(Consciousness),
    scale=st.sampled_from((1, 2)),
)
def test_news2_range_contains_what_the_score_is_once_everything_is_known(
    values, unknown, oxygen, acvpu, scale
):
    whole = scored(values, scale=scale, on_oxygen=oxygen, consciousness=acvpu)
    part = scored(
        {name: None if name in unknown else value for name, value in values.items()},
        scale=scale,
        on_oxygen=None if "oxygen" in unknown else oxygen,
        consciousness=None if "consciousness" in unknown else acvpu,
    )
    assert whole.score.value == sum(points(whole).values())
    assert 0 <= whole.score.value <= 20
    assert part.least.rank <= whole.level.rank <= part.most.rank
    if unknown:
        assert part.score.value is None
        assert part.score.low <= whole.score.value <= part.score.high
    else:
        assert part.score == whole.score
