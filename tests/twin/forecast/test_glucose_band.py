"""Bands that hold as often as they say, for one person."""

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.forecast.glucose_band import LEVELS, MINUTES, PACE, Bands, BandUnreadable, held

MINUTE = 60_000
NAN = np.nan
FRESH = Bands.of_anybody().pack()
SAID = np.tile([80.0, 90.0, 100.0, 110.0, 120.0], (len(MINUTES), 1))


def test_held_keeps_each_band_inside_the_wider_one():
    raw = np.array([[[90.0, 95.0, 100.0, 104.0, 105.0]]])
    told = held(raw, np.array([[2.0, 0.5]]))[0, 0]
    assert told.tolist() == [90.0, 90.0, 100.0, 108.0, 108.0]


def test_held_stays_inside_the_hard_range():
    raw = np.array([[[10.0, 21.0, 25.0, 590.0, 700.0]]])
    assert held(raw, np.ones((1, 2)))[0, 0].tolist() == [20.0, 21.0, 25.0, 590.0, 600.0]


def promised(*minutes):
    bands = Bands.of_anybody()
    for minute in minutes:
        bands = bands.promise(minute * MINUTE, SAID)
    return bands


@pytest.mark.parametrize(
    ("truth", "moves"),
    [
        (100.0, (-0.20, -0.05)),
        (90.0, (-0.20, -0.05)),
        (85.0, (0.80, -0.05)),
        (115.0, (0.80, -0.05)),
        (79.0, (0.80, 0.95)),
        (NAN, (0.0, 0.0)),
    ],
)
def test_learn_moves_what_is_due_by_whether_the_truth_lay_outside(truth, moves):
    bands = promised(0)
    learnt = bands.learn(bands.due(30 * MINUTE), np.full((1, 3), truth))
    assert learnt.stretch[0] == pytest.approx(np.array(moves) * PACE)
    assert not learnt.stretch[1:].any()
    assert learnt.promised["waits"].tolist() == [[False, True, True]]


def test_promises_are_forgotten_once_every_truth_has_come():
    bands = promised(0, 60)
    learnt = bands.learn(bands.due(120 * MINUTE), np.full((2, 3), 100.0))
    assert learnt.promised["at"].tolist() == [60 * MINUTE]
    assert learnt.due(179 * MINUTE).tolist() == [[False, False, False]]


def test_learn_of_nothing_due_is_the_same():
    bands = promised(0)
    assert bands.learn(bands.due(29 * MINUTE), np.full((1, 3), 500.0)) is bands


def test_bands_settle_where_they_hold_as_often_as_they_say():
    random = np.random.default_rng(7)
    bands, inside = Bands.of_anybody(), []
    raw = np.tile([-2.0, -1.3, 0.0, 1.3, 2.0], (3, 1)) * 5 + 100
    for step in range(4_000):
        truth = 100 + 15 * random.normal(size=(1, 3))
        said = held(raw, np.exp(bands.stretch))
        bands = bands.promise(step * 120 * MINUTE, said)
        ends = said[:, [1, 3]], said[:, [0, 4]]
        inside.append([(low <= truth[0]) & (truth[0] <= high) for low, high in (pair.T for pair in ends)])
        bands = bands.learn(bands.due((step + 1) * 120 * MINUTE), truth)
    assert np.mean(inside[500:], axis=(0, 2)) == pytest.approx(LEVELS, abs=0.01)


@given(st.lists(st.integers(0, 10_000), max_size=12), st.integers(0, 20_000))
def test_pack_and_unpack_give_the_same_back(minutes, now):
    bands = promised(*minutes)
    bands = bands.learn(bands.due(now * MINUTE), np.full((len(minutes), 3), 85.0))
    again = Bands.unpack(bands.pack())
    assert again.pack() == bands.pack()
    assert (again.through, again.stretch.tolist()) == (bands.through, bands.stretch.tolist())


@given(st.binary(max_size=300))
def test_unpack_of_other_bytes_says_so_or_reads_bands(blob):
    with suppress(BandUnreadable):
        assert np.isfinite(Bands.unpack(blob).stretch).all()


@pytest.mark.parametrize(
    "blob", [b"", b"\x02" + Bands.of_anybody().pack()[1:], Bands.of_anybody().pack()[:-1]]
)
def test_unpack_of_another_layout_is_refused(blob):
    with pytest.raises(BandUnreadable):
        Bands.unpack(blob)
