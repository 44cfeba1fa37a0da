"""The one table Role x Need, row by row, and what several grants add up to."""

from pathlib import Path

import pytest

from backend.rules import (
    ALL_TOPICS,
    NO_TOPICS,
    OWNER,
    STRANGER,
    TABLE,
    Grant,
    Need,
    Role,
    Standing,
    Topic,
    standing,
)

VITALS, GLUCOSE, GENES = frozenset({Topic.VITALS}), frozenset({Topic.GLUCOSE}), frozenset({Topic.GENES})


@pytest.mark.parametrize(
    ("need", "self", "caregiver", "clinician", "emergency"),
    [
        (Need.SEE, True, True, True, True),
        (Need.READ, True, True, True, True),
        (Need.ACT, True, True, True, False),
        (Need.SHARE, True, False, False, False),
        (Need.PROFILE, True, False, False, False),
    ],
)
def test_table_allows_each_role_what_it_says(need, self, caregiver, clinician, emergency):
    expected = {
        Role.SELF: self,
        Role.CAREGIVER: caregiver,
        Role.CLINICIAN: clinician,
        Role.EMERGENCY: emergency,
    }
    assert {role: Standing(role, VITALS, VITALS).may(need) for role in Role} == expected
    assert not STRANGER.may(need)


def test_table_has_a_row_for_every_need():
    assert set(TABLE) == set(Need)


@pytest.mark.parametrize(
    ("held", "need", "expected"),
    [
        (OWNER, Need.READ, ALL_TOPICS),
        (OWNER, Need.ACT, ALL_TOPICS),
        (STRANGER, Need.READ, NO_TOPICS),
        (Standing(Role.CAREGIVER, VITALS | GLUCOSE, VITALS), Need.READ, VITALS | GLUCOSE),
        (Standing(Role.CAREGIVER, VITALS | GLUCOSE, VITALS), Need.ACT, VITALS),
        (Standing(Role.CAREGIVER, VITALS, VITALS), Need.SHARE, NO_TOPICS),
        (Standing(Role.EMERGENCY, ALL_TOPICS, NO_TOPICS), Need.READ, ALL_TOPICS),
        (Standing(Role.EMERGENCY, ALL_TOPICS, NO_TOPICS), Need.ACT, NO_TOPICS),
    ],
)
def test_topics_are_those_in_which_the_need_is_met(held, need, expected):
    assert held.topics(need) == expected


@pytest.mark.parametrize(
    ("grants", "expected"),
    [
        ([], STRANGER),
        ([Grant(Role.CAREGIVER, VITALS, NO_TOPICS)], Standing(Role.CAREGIVER, VITALS, NO_TOPICS)),
        (
            [Grant(Role.CLINICIAN, VITALS, VITALS), Grant(Role.CLINICIAN, GLUCOSE, NO_TOPICS)],
            Standing(Role.CLINICIAN, VITALS | GLUCOSE, VITALS),
        ),
        (
            [Grant(Role.EMERGENCY, ALL_TOPICS, NO_TOPICS), Grant(Role.CLINICIAN, VITALS, VITALS)],
            Standing(Role.CLINICIAN, ALL_TOPICS, VITALS),
        ),
        ([Grant(Role.EMERGENCY, GENES, NO_TOPICS)], Standing(Role.EMERGENCY, GENES, NO_TOPICS)),
    ],
)
def test_standing_is_the_union_of_grants_under_the_strongest_ordinary_role(grants, expected):
    assert standing(grants) == standing(reversed(grants)) == expected


def test_page_about_access_says_what_the_table_says():
    """docs/access.md answers `no` exactly where the table does."""
    page = (Path(__file__).parents[2] / "docs" / "access.md").read_text()
    rows = [line.strip("|").split("|") for line in page.splitlines() if line.startswith("|")][2:]
    said = [[cell.strip() != "no" for cell in cells[1:]] for cells in rows]
    roles = (Role.SELF, Role.CAREGIVER, Role.CLINICIAN, Role.EMERGENCY)
    assert said == [[role in TABLE[need] for role in roles] for need in Need]
