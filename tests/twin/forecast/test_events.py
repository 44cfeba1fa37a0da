"""How far an event lets a series move, and on which days."""

import numpy as np
import pytest

from twin.forecast.events import Jump, jumps_of

MONDAY = np.datetime64("2026-01-05")


@pytest.mark.parametrize(
    ("ends", "at_once"), [(None, [3]), (8, [3, 8])], ids=["one that lasts", "one that ends"]
)
def test_jumps_are_largest_on_the_day_and_fade_within_a_fortnight(ends, at_once):
    days = MONDAY + np.arange(40)
    end = None if ends is None else (MONDAY + ends).item()
    weights = jumps_of([Jump((MONDAY + 3).item(), end, "illness")], days)
    assert sorted(np.argsort(weights)[-len(at_once) :].tolist()) == at_once
    assert (weights[:3] == 0).all()
    assert (weights[max(at_once) + 14 :] == 0).all()
    assert (weights[3 : max(at_once) + 14] > 0).all()


def test_jumps_of_no_events_are_none():
    assert (jumps_of([], MONDAY + np.arange(3)) == 0).all()
