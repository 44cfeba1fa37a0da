"""The course of a series through a limit: where it begins to hold, and where it ends."""

import numpy as np
import pytest

from twin.warnings.course import Needs, course

MINUTE = 60_000


def follow(signs: str, needs: Needs, at: list[int] | None = None):
    """Values beyond (x), doubtfully so (?), in between (-) and calm (.), a minute apart unless said."""
    instants = np.array(at if at is not None else range(len(signs)), np.int64) * MINUTE
    beyond = np.array([sign in "x?" for sign in signs], np.bool_)
    calm = np.array([sign == "." for sign in signs], np.bool_)
    doubtful = np.array([sign == "?" for sign in signs], np.bool_)
    return course(instants, beyond, calm, needs, doubtful=doubtful)


@pytest.mark.parametrize(
    ("signs", "holds"),
    [
        ("", False),
        (".", False),
        ("-", False),
        ("x", True),
        ("x.", False),
        ("x-", True),
        ("x-.", False),
        ("x.-", False),
        (".x", True),
        ("x.x", True),
        ("x.x-", True),
    ],
)
def test_one_value_begins_it_and_a_calm_one_ends_it(signs, holds):
    assert follow(signs, Needs()).holds is holds


@pytest.mark.parametrize(
    ("signs", "holds"),
    [
        ("xx", False),
        ("xxx", True),
        ("xx-x", False),
        ("xx.x", False),
        ("xxx-x", True),
        ("x.xxx", True),
        ("xxx-x.", False),
    ],
)
def test_three_in_a_row_begin_it(signs, holds):
    assert follow(signs, Needs(readings=3)).holds is holds


@pytest.mark.parametrize(
    ("at", "holds"),
    [([0, 5], False), ([0, 10], True), ([0, 5, 10], True), ([0, 31], False), ([0, 31, 41], True)],
)
def test_values_begin_it_that_last_and_leave_no_gap(at, holds):
    needs = Needs(readings=2, length=10 * MINUTE, gap=30 * MINUTE)
    assert follow("x" * len(at), needs, at).holds is holds


@pytest.mark.parametrize(
    ("signs", "holds"), [("?", False), ("??", True), ("?x", True), ("x?", True), ("?.?", False)]
)
def test_a_doubtful_value_counts_only_beside_a_second(signs, holds):
    assert follow(signs, Needs()).holds is holds


def test_course_names_the_values_it_began_with_and_the_last_calm_one():
    followed = follow("xx..xxx", Needs(readings=2))
    assert (followed.run.tolist(), followed.calm) == ([4, 5, 6], 3)
