"""Which limits hold for one patient's kind."""

from datetime import date
from uuid import UUID

import numpy as np
import pytest

from twin.forecast.limits import Limit, Range, guideline_limit, guideline_limits, limits_of
from twin.forecast.progress import Aim
from twin.forecast.windows import Window
from twin.kinds import KINDS

ID = UUID(int=7)


def named(code, range_=None, goal=None):
    return [(limit.basis, limit.side, limit.value) for limit in limits_of(KINDS[code], range_, goal)]


HOME, SEVERE = ("guideline", "above", 135.0), ("guideline", "above", 180.0)


@pytest.mark.parametrize(
    ("code", "range_", "expected"),
    [
        ("sbp", None, [HOME, SEVERE]),
        ("sbp", Range(ID, None, 150.0), [("threshold", "above", 150.0)]),
        ("sbp", Range(ID, 100.0, None), [("threshold", "below", 100.0), HOME, SEVERE]),
        ("sbp", Range(ID, 100.0, 150.0), [("threshold", "below", 100.0), ("threshold", "above", 150.0)]),
        ("weight", None, []),
        ("weight", Range(ID, None, 82.0), [("threshold", "above", 82.0)]),
    ],
)
def test_limits_of_a_clinician_take_the_place_of_a_guidelines_on_their_side(code, range_, expected):
    assert named(code, range_) == expected


@pytest.mark.parametrize(("direction", "side"), [("at_least", "below"), ("at_most", "above")])
def test_limit_of_a_goal_is_where_a_week_falls_back(direction, side):
    goal = (ID, Aim(direction, 8_000.0, date(2026, 6, 1), None, None))
    (limit,) = limits_of(KINDS["steps"], None, goal)
    assert (limit.side, limit.value, limit.rule, limit.window) == (side, 8_000.0, str(ID), Window(7))
    assert not limit.passed(np.array([8_000.0]))[0]


@pytest.mark.parametrize(
    ("side", "at", "expected"),
    [
        ("above", True, [False, True, True, False]),
        ("above", False, [False, False, True, False]),
        ("below", True, [True, True, False, False]),
        ("below", False, [True, False, False, False]),
    ],
)
def test_passed_at_the_limit_is_said_by_the_limit(side, at, expected):
    limit = Limit("guideline", "rule", side, 2.0, Window(), at=at)
    assert limit.passed(np.array([1.0, 2.0, 3.0, np.nan])).tolist() == expected


def test_guideline_limits_are_possible_days_of_kinds_that_are_forecast_and_say_who_says_so():
    every = [(KINDS[code], limit) for code, limits in guideline_limits().items() for limit in limits]
    assert len(every) == len({limit.rule for _, limit in every}) == 12
    for kind, limit in every:
        assert kind.forecast
        assert kind.hard[0] < limit.value < kind.hard[1]
        assert "" not in (limit.title, limit.source, limit.verification)
        assert guideline_limit(limit.rule) is limit
    assert guideline_limit(str(ID)) is None
