"""Prophet behind its door: quiet, tidy and the same in every process."""

import subprocess
import sys
import tempfile

import numpy as np
import pytest

from twin.forecast.trend import TrendFailed, weekly_trend, weekly_trend_band

DAYS = np.datetime64("2026-01-01") + np.arange(60)
AHEAD = DAYS[-1] + np.arange(1, 15)
VALUES = 80 + np.sin(np.arange(60) / 3)

PRINT_BAND = """
import numpy as np
from twin.forecast.trend import weekly_trend_band
days = np.datetime64("2026-01-01") + np.arange(60)
band = weekly_trend_band(days, 80 + np.sin(np.arange(60) / 3), days[-1] + np.arange(1, 15), seed=3)
print(band.low95.tobytes().hex(), band.mean.tobytes().hex())
"""


def test_weekly_trend_band_in_another_process_gives_the_same_bits():
    done = subprocess.run([sys.executable, "-c", PRINT_BAND], capture_output=True, text=True, check=True)
    band = weekly_trend_band(DAYS, VALUES, AHEAD, seed=3)
    assert done.stdout.split() == [band.low95.tobytes().hex(), band.mean.tobytes().hex()]
    assert done.stderr == ""


def test_weekly_trend_is_the_centre_of_its_band():
    band = weekly_trend_band(DAYS, VALUES, AHEAD, seed=3)
    assert (weekly_trend(DAYS, VALUES, AHEAD) == band.mean).all()


def test_weekly_trend_band_of_another_seed_moves_only_the_band():
    one, two = (weekly_trend_band(DAYS, VALUES, AHEAD, seed=seed) for seed in (1, 2))
    assert (one.mean == two.mean).all()
    assert (one.low80 != two.low80).any()
    assert one.low80 == pytest.approx(two.low80, abs=0.5)


def test_weekly_trend_leaves_no_files_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    weekly_trend(DAYS, VALUES, AHEAD)
    assert list(tmp_path.iterdir()) == []


def test_weekly_trend_of_values_prophet_refuses_raises_trend_failed():
    with pytest.raises(TrendFailed, match="ValueError"):
        weekly_trend(DAYS, np.full(60, np.inf), AHEAD)


def test_importing_the_forecast_does_not_load_prophet():
    code = "import sys, twin.forecast; print('prophet' in sys.modules or 'pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
