"""Several days as one number, known and to come."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.forecast.windows import Window, week
from twin.kinds import KINDS

NAN = np.nan


@pytest.mark.parametrize(
    ("window", "past", "expected"),
    [
        (Window(), [1.0, 2.0], 2.0),
        (Window(), [1.0, NAN], NAN),
        (Window(3), [9.0, 1.0, 2.0, 6.0], 3.0),
        (Window(3), [1.0, NAN, 6.0], 3.5),
        (Window(3), [NAN, NAN, NAN], NAN),
        (Window(3), [6.0], 6.0),
        (Window(3, middle=True), [1.0, 90.0, 2.0], 2.0),
        (Window(3, middle=True), [1.0, NAN, 2.0], 1.5),
        (Window(7, middle=True), [NAN, NAN], NAN),
    ],
)
def test_now_is_the_number_of_the_last_days(window, past, expected):
    assert window.now(np.array(past)) == pytest.approx(expected, nan_ok=True)


def test_ahead_counts_known_days_and_those_to_come_together():
    courses = np.array([[4.0, 7.0], [1.0, 1.0]])
    assert Window(3).ahead(np.array([50.0, 1.0, 1.0]), courses).tolist() == [[2.0, 4.0], [1.0, 1.0]]
    assert Window(3).ahead(np.array([NAN, 2.0]), courses).tolist() == [[3.0, 13 / 3], [1.5, 4 / 3]]
    assert Window(3).ahead(np.array([]), courses).tolist() == [[4.0, 5.5], [1.0, 1.0]]
    assert Window(1).ahead(np.array([9.0]), courses).tolist() == courses.tolist()


@given(
    st.lists(st.floats(-1e6, 1e6) | st.just(NAN), max_size=12),
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=9),
    st.integers(1, 8),
    st.booleans(),
)
def test_ahead_is_what_now_will_be(past, days, length, middle):
    window = Window(length, middle)
    ahead = window.ahead(np.array(past), np.array([days]))[0]
    padded = [NAN] * length + past
    later = [window.now(np.array(padded + days[: count + 1])) for count in range(len(days))]
    np.testing.assert_allclose(ahead, later, rtol=1e-9, atol=1e-6)


def test_week_of_what_adds_up_is_a_mean_and_else_a_median():
    assert {code: week(KINDS[code]).middle for code in ("steps", "sleep_duration", "weight", "sbp")} == {
        "steps": False,
        "sleep_duration": False,
        "weight": True,
        "sbp": True,
    }
