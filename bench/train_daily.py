"""Learns how wide the bands of daily forecasts must be, and writes twin/data/forecast_calibration.json.

The same series always give the same file. Raise VERSION whenever the file changes: states and forecasts of
another version are made anew.
"""

import json

from forecasting import learning, series

from twin.forecast.calibration import LEVELS
from twin.kinds import DATA

VERSION = "1"
MADE_ON = "2026-11-24"
SOURCE = (
    "LifeSnaps (Yfantidou et al. 2022, 10.5281/zenodo.6826682) and "
    "Krone et al. 2020 (10.1371/journal.pone.0232680)"
)
LICENCE = "CC BY 4.0"
FILE = DATA / "forecast_calibration.json"


def document(every: list[series.DailySeries]) -> str:
    """The file's text, learnt from these series."""
    factors = learning.learn(every, VERSION)
    used = [one for one in every if any(series.origins(one, horizon=learning.HORIZON))]
    return json.dumps(
        {
            "version": VERSION,
            "made_on": MADE_ON,
            "source": SOURCE,
            "licence": LICENCE,
            "people": len({one.who for one in used}),
            "series": len(used),
            "levels": LEVELS,
            "pooled": factors.pooled.tolist(),
            "kinds": {code: rows.tolist() for code, rows in sorted(factors.kinds.items())},
        },
        indent=1,
    )


if __name__ == "__main__":
    FILE.write_text(document(series.read_daily(series.SHIPPED)) + "\n", encoding="utf-8")
