"""The shipped factors are what the shipped series teach, and an easy population teaches what it must."""

import numpy as np
import pytest
import train_daily
from forecasting import learning
from forecasting.series import SHIPPED, DailySeries, read_daily

from twin.kinds import KINDS


def test_training_again_gives_the_shipped_file():
    assert train_daily.document(read_daily(SHIPPED)) + "\n" == train_daily.FILE.read_text(encoding="utf-8")


def test_learn_of_pure_noise_finds_the_normal_distribution():
    noise = np.random.default_rng(5)
    days = np.datetime64("2026-01-01") + np.arange(90)
    everybody = [
        DailySeries("s", str(person), "rhr", KINDS["resting_heart_rate"], days, noise.normal(60, 3, 90))
        for person in range(40)
    ]
    # Beyond a fortnight the models fear drifts that never come, and the factor takes that back.
    fortnight = learning.learn(everybody, "test").of("resting_heart_rate")[:3]
    assert fortnight[:, 0] == pytest.approx([1.28] * 3, abs=0.12)
    assert fortnight[:, 1] == pytest.approx([1.96] * 3, abs=0.2)
