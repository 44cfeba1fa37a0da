"""Trees as arrays, walked as their grower would."""

import numpy as np
import pytest

from twin.forecast.trees import Trees

NAN = np.nan
# Feature 1 up to 5: feature 0 up to 0 (leaf 0, leaf 1), else leaf 2; and a second tree of one question.
TWO = Trees(
    feature=np.array([[1, 0], [0, 0]], np.uint8),
    threshold=np.array([[5, 0], [2, 0]], np.float32),
    left=np.array([[1, ~0], [~0, 0]], np.int8),
    right=np.array([[~2, ~1], [~1, 0]], np.int8),
    missing_left=np.array([[True, False], [False, False]]),
    leaf=np.array([[10, 20, 30], [1, 2, 0]], np.float32),
)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ([0, 5], [10, 1]),
        ([1, 5], [20, 1]),
        ([3, 6], [30, 2]),
        ([0, NAN], [10, 1]),
        ([NAN, 5], [20, 2]),
        ([NAN, NAN], [20, 2]),
    ],
)
def test_values_follow_the_answers_to_a_leaf(row, expected):
    assert TWO.values(np.array([row], np.float32)).tolist() == [expected]


def test_values_of_many_rows_are_those_of_each():
    rows = np.random.default_rng(1).normal(3, 3, (50, 2)).astype(np.float32)
    rows[::7, 1] = NAN
    together = TWO.values(rows)
    assert together.tolist() == [TWO.values(rows[place : place + 1])[0].tolist() for place in range(50)]


def test_take_keeps_whole_trees():
    assert TWO.take(slice(1, 2)).values(np.array([[3, 0]], np.float32)).tolist() == [[2]]
