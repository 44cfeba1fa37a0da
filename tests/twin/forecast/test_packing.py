"""A fleet's state as bytes and back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from twin.forecast import fleet
from twin.forecast.packing import LAYOUT, StateUnreadable, pack, unpack

MONDAY = np.datetime64("2026-01-05")


def noise(days):
    return np.random.default_rng(1).normal(120, 5, (1, days))


@settings(deadline=None, max_examples=25)
@given(
    arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(1, 30)), elements=st.floats(-1e6, 1e6)),
    st.booleans(),
)
def test_unpack_of_pack_is_the_fleet_to_the_bit(values, gaps):
    if gaps:
        values = np.where(np.arange(values.shape[1]) % 3 == 0, np.nan, values)
    states = fleet.estimate(["sbp"] * len(values), MONDAY, values)
    blobs = pack(states)
    again = unpack(blobs, states.through)
    assert pack(again) == blobs
    on, on_again = (fleet.advance(each, values[:, :1]) for each in (states, again))
    assert pack(on_again) == pack(on)
    assert (fleet.bands(on, 28).low95 == fleet.bands(on_again, 28).low95).all()


def test_a_packed_series_is_small_and_names_its_layout():
    (blob,) = pack(fleet.estimate(["sbp"], MONDAY, noise(30)))
    assert len(blob) < 2000
    assert blob[0] == LAYOUT


@pytest.mark.parametrize("spoil", [lambda _: b"", lambda blob: blob[:-1], lambda blob: b"\xff" + blob[1:]])
def test_unpack_of_what_pack_did_not_write_is_refused(spoil):
    (blob,) = pack(fleet.estimate(["sbp"], MONDAY, noise(30)))
    with pytest.raises(StateUnreadable):
        unpack([blob, spoil(blob)], (MONDAY + 29).item())
