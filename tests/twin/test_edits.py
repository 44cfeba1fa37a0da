"""Edits made out of each other's sight: which stands, whatever the order in which they arrive."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import make
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.edits import Edit, Outcome, decide

PIA, DORA = UUID(int=1), UUID(int=2)
NOON = make.at("2026-03-01T12:00")
RECEIVED = make.at("2026-03-02T12:00")


def edit(number: int, text: str, minute: int = 0, editor: UUID = PIA, received: datetime = RECEIVED) -> Edit:
    return Edit(number, {"text": text}, editor, NOON + timedelta(minutes=minute), received)


FIRST = edit(1, "first", 0)
SECOND = edit(2, "second", 10)


@pytest.mark.parametrize(
    ("incoming", "outcome"),
    [
        (edit(2, "third", 20), Outcome.STANDS),
        (edit(2, "third", 5), Outcome.STANDS),  # a slow clock, but it has seen what stands
        (edit(1, "third", 20), Outcome.WINS),
        (edit(1, "third", 5), Outcome.LOST),
        (edit(1, "third", -5), Outcome.LOST),
        (edit(1, "third", 10), Outcome.LOST),  # of two in one instant the first to come stands
        (edit(7, "third", 20), Outcome.WINS),  # made on what a restored backup has lost
        (edit(7, "third", 5), Outcome.LOST),
        (edit(1, "second", 10), Outcome.REPEATED),
        (edit(2, "second", 10), Outcome.REPEATED),
        (edit(1, "first", 0), Outcome.REPEATED),
        (edit(1, "second", 10, DORA), Outcome.AGREES),
        (edit(1, "second", 5), Outcome.AGREES),
        (edit(2, "second", 30), Outcome.AGREES),
        (edit(2, "first", 30), Outcome.STANDS),  # setting back is an edit too
        (edit(1, "first", 0, DORA), Outcome.LOST),
    ],
)
def test_edit_of_a_record_at_version_two(incoming, outcome):
    assert decide(SECOND, [FIRST], incoming) is outcome


def test_clock_that_is_ahead_wins_nothing_by_it():
    ahead = edit(2, "ahead", 60 * 24 * 365)
    assert ahead.at == RECEIVED
    assert decide(ahead, [FIRST], edit(1, "honest", 60)) is Outcome.LOST
    # What came a minute later, from a clock that is as far ahead, was written later for all that we know.
    after = edit(1, "after", 60 * 24 * 365, received=RECEIVED + timedelta(minutes=1))
    assert decide(ahead, [FIRST], after) is Outcome.WINS


def test_clocks_that_are_slow_are_compared_with_each_other_and_not_with_what_they_saw():
    for stands, incoming, outcome in [(-60, -50, Outcome.WINS), (-50, -60, Outcome.LOST)]:
        assert decide(edit(2, "second", stands), [FIRST], edit(1, "third", incoming)) is outcome


def test_edit_on_what_stands_counts_as_later_than_all_it_has_seen():
    """Written by a slow clock upon the second: an edit from between the two must not beat it."""
    slow, between = edit(2, "slow", -60), edit(1, "between", 5)
    assert decide(SECOND, [FIRST], slow) is Outcome.STANDS
    assert decide(replace(slow, number=3), [FIRST, SECOND], between) is Outcome.LOST
    assert decide(SECOND, [FIRST], between) is Outcome.LOST


def arrive(edits: Sequence[Edit]) -> tuple[Edit, list[Edit], list[Edit]]:
    """What stands after these edits of version 1, what else is known of the record, and what of it lost."""
    current, earlier, lost = edit(1, "original", 2000), [], []
    for incoming in edits:
        match decide(current, earlier, incoming):
            case Outcome.STANDS | Outcome.WINS as outcome:
                lost += [current] if outcome is Outcome.WINS else []
                earlier.append(current)
                current = replace(incoming, number=current.number + 1)
            case Outcome.LOST:
                lost.append(incoming)
                earlier.append(incoming)
            case Outcome.AGREES:
                earlier.append(replace(incoming, number=current.number))
            case Outcome.REPEATED:
                pass
    return current, earlier, lost


edits_of_version_one = st.lists(
    st.builds(edit, st.just(1), st.sampled_from("abcd"), st.integers(0, 1000), st.sampled_from([PIA, DORA])),
    min_size=1,
    max_size=6,
    unique_by=lambda one: one.edited_at,
)


@given(edits_of_version_one, st.data())
def test_winner_is_the_latest_whatever_the_order_and_nothing_is_lost(edits, data):
    current, earlier, lost = arrive(data.draw(st.permutations(edits)))
    assert current.said == max(edits, key=lambda one: one.edited_at).said
    assert {text(one) for one in [current, *earlier]} == {"original", *map(text, edits)}
    # Whoever wrote something else than what stands finds it among what lost.
    assert {text(one) for one in edits} - {text(current)} <= {text(one) for one in lost}


@given(edits_of_version_one, st.data())
def test_sending_edits_again_changes_nothing(edits, data):
    again = data.draw(st.permutations(edits))
    assert arrive([*edits, *again]) == arrive(edits)


def text(one: Edit) -> str:
    return one.said["text"]
