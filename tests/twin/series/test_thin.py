import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.series.thin import thin


def noisy(count):
    x = 1_700_000_000_000 + 60_000 * np.arange(count, dtype=np.int64)
    return x, np.random.default_rng(7).normal(75, 9, count)


@pytest.mark.parametrize("points", [4, 5, 100, 1000, 9_999])
def test_thin_keeps_ends_and_extremes_within_the_number(points):
    x, y = noisy(10_000)

    kept = thin(x, y, points)

    assert len(kept) <= points
    assert (np.diff(kept) > 0).all()
    assert {0, len(x) - 1, int(y.argmin()), int(y.argmax())} <= set(kept.tolist())


def test_thin_keeps_each_stretchs_extremes():
    x, y = noisy(10_000)

    kept = set(thin(x, y, 202).tolist())

    for low in range(0, 10_000, 100):
        assert {low + int(y[low : low + 100].argmin()), low + int(y[low : low + 100].argmax())} <= kept


@pytest.mark.parametrize("count", [0, 1, 2, 500])
def test_thin_few_samples_are_all_kept(count):
    assert thin(*noisy(count), 500).tolist() == list(range(count))


@pytest.mark.parametrize("points", [8, 15, 16, 100, 1000])
def test_thin_keeps_what_is_marked_within_the_number(points):
    x, y = noisy(10_000)
    marked = np.zeros(len(x), np.bool_)
    marked[[1_234, 7_777]] = True
    y[[1_234, 7_777]] = 75.0

    kept = thin(x, y, points, marked)

    assert len(kept) <= points
    assert (np.diff(kept) > 0).all()
    assert {1_234, 7_777, 0, len(x) - 1, int(y.argmin()), int(y.argmax())} <= set(kept.tolist())


def test_thin_of_marked_samples_only_keeps_the_extremes():
    x, y = noisy(10_000)
    kept = thin(x, y, 100, np.ones(len(x), np.bool_))
    assert len(kept) <= 100
    assert {int(y.argmin()), int(y.argmax())} <= set(kept.tolist())


def test_thin_gap_stays_a_gap():
    x, y = noisy(10_000)
    x[5_000:] += 10**9

    kept = x[thin(x, y, 100)]

    assert not ((kept > x[4_999]) & (kept < x[5_000])).any()
    assert {int(x[0]), int(x[-1])} <= set(kept.tolist())


def test_thin_all_at_one_instant_keeps_the_extremes():
    y = np.array([3.0, 1.0, 9.0, 2.0, 4.0, 5.0])

    assert thin(np.zeros(6, np.int64), y, 4).tolist() == [0, 1, 2, 5]


def test_thin_constant_series_is_thinned():
    x, _ = noisy(1000)

    assert 2 <= len(thin(x, np.full(1000, 70.0), 10)) <= 10


def test_thin_too_few_points_to_draw_are_refused():
    with pytest.raises(ValueError, match="4"):
        thin(*noisy(10), 3)


@given(
    st.lists(st.tuples(st.integers(-(2**40), 2**40), st.floats(-1e9, 1e9)), min_size=1, max_size=80),
    st.integers(4, 40),
)
def test_thin_any_series_keeps_ends_and_extremes(samples, points):
    x, y = (np.array(column) for column in zip(*sorted(samples), strict=True))

    kept = thin(x, y, points)

    assert len(kept) <= max(points, 4)
    assert {0, len(x) - 1} <= set(kept.tolist())
    assert (y[kept].min(), y[kept].max()) == (y.min(), y.max())
