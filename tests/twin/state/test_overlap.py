"""Which of several sources counts, hour by hour."""

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.state.overlap import HOUR, one_at_a_time

MINUTE = HOUR // 60


def every(minutes, *, first, until):
    """Local times from one hour of the day to another."""
    return np.arange(first * HOUR, until * HOUR, minutes * MINUTE, dtype=np.int64)


def hours(local, mask):
    return sorted({int(at) for at in local[mask] // HOUR})


def test_one_at_a_time_leaves_a_single_source_alone():
    assert one_at_a_time({"a": every(5, first=0, until=24)})["a"].all()


def test_one_at_a_time_gives_the_day_to_the_source_with_most_hours():
    local = {"long": every(15, first=0, until=24), "dense": every(1, first=8, until=20)}
    counts = one_at_a_time(local)
    assert counts["long"].all()
    assert not counts["dense"].any()


def test_one_at_a_time_at_equal_hours_takes_the_denser_source_then_the_first_name():
    local = {"a": every(15, first=0, until=24), "b": every(5, first=0, until=24)}
    assert not one_at_a_time(local)["a"].any()
    same = every(5, first=0, until=24)
    assert one_at_a_time({"b": same, "a": same})["a"].all()


def test_one_at_a_time_hands_over_within_a_day():
    local = {"old": every(5, first=0, until=14), "new": every(5, first=13, until=24)}
    counts = one_at_a_time(local)
    assert hours(local["old"], counts["old"]) == list(range(14))
    assert hours(local["new"], counts["new"]) == list(range(14, 24))


def test_one_at_a_time_follows_the_priority_where_that_source_has_data():
    local = {"watch": every(5, first=0, until=24), "strap": every(1, first=18, until=19)}
    counts = one_at_a_time(local, ["strap"])
    assert counts["strap"].all()
    assert hours(local["watch"], counts["watch"]) == [*range(18), *range(19, 24)]


def test_one_at_a_time_decides_each_day_anew():
    local = {
        "a": np.concatenate([every(5, first=0, until=24), every(5, first=30, until=31)]),
        "b": np.concatenate([every(5, first=3, until=5), every(5, first=24, until=48)]),
    }
    counts = one_at_a_time(local)
    assert hours(local["a"], counts["a"]) == list(range(24))
    assert hours(local["b"], counts["b"]) == list(range(24, 48))


def test_one_at_a_time_of_nothing_is_nothing():
    assert one_at_a_time({}) == {}
    none = np.array([], np.int64)
    assert [len(mask) for mask in one_at_a_time({"a": none, "b": none}).values()] == [0, 0]


times = st.lists(st.integers(-3 * 24 * 60, 3 * 24 * 60), max_size=60).map(
    lambda minutes: np.array(sorted(minutes), np.int64) * MINUTE
)


@given(st.dictionaries(st.sampled_from("abcd"), times), st.lists(st.sampled_from("abcd"), unique=True))
def test_one_at_a_time_gives_every_hour_with_data_to_exactly_one_source(local, priority):
    counts = one_at_a_time(local, priority)
    owners = defaultdict(set)
    for name, mask in counts.items():
        for hour in hours(local[name], mask):
            owners[hour].add(name)
            assert mask[local[name] // HOUR == hour].all()
    assert set(owners) == {int(at) for name in local for at in local[name] // HOUR}
    assert all(len(names) == 1 for names in owners.values())


@pytest.mark.parametrize("shift", [0, 1, 7])
def test_one_at_a_time_is_the_same_on_every_day(shift):
    local = {"a": every(5, first=0, until=10), "b": every(5, first=8, until=24)}
    moved = {name: at - shift * 24 * HOUR for name, at in local.items()}
    for name, mask in one_at_a_time(local).items():
        assert (mask == one_at_a_time(moved)[name]).all()
