"""AR2 as Nightscout publishes it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.forecast.ar2 import ar2

MINUTES = (5, 30, 60, 120)


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        # 140 * exp(-0.723 ln(before/140) + 1.716 ln(now/140)), by hand.
        (140.0, 140.0, 140.0),
        (100.0, 110.0, 140 * (100 / 140) ** -0.723 * (110 / 140) ** 1.716),
        (180.0, 170.0, 140 * (180 / 140) ** -0.723 * (170 / 140) ** 1.716),
    ],
)
def test_ar2_one_step_is_the_published_formula(before, now, expected):
    (forecast,) = ar2(np.array([before]), np.array([now]), MINUTES)
    assert forecast[0] == pytest.approx(expected)


def test_ar2_goes_on_from_its_own_last_value():
    (forecast,) = ar2(np.array([100.0]), np.array([110.0]), (5, 10))
    (after,) = ar2(np.array([110.0]), forecast[:1], (5,))
    assert forecast[1] == pytest.approx(after[0])


@given(st.floats(1, 1000), st.floats(1, 1000))
def test_ar2_stays_within_its_limits(before, now):
    forecast = ar2(np.array([before]), np.array([now]), MINUTES)
    assert ((forecast >= 36) & (forecast <= 400)).all()
