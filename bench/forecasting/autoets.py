"""AutoETS of statsforecast, run by .venv-rivals: series in, quantiles out, as JSON. Knows nothing of Pollux.

Standard input: {"series": [[value a day, no gaps], …], "season": 7, "horizon": 14, "levels": [50, 80, 95]}.
Standard output: a list a series of a list a day: mean, then low and high of each level.
"""

import json
import os
import sys
from typing import Any

os.environ["NIXTLA_ID_AS_COL"] = "1"

import pandas as pd
from statsforecast import StatsForecast
from statsforecast.models import AutoETS


def answers(asked: dict[str, Any]) -> list[list[list[float]]]:
    """The forecasts in the order of the series."""
    frames = [
        pd.DataFrame({"unique_id": number, "ds": range(len(values)), "y": values})
        for number, values in enumerate(asked["series"])
    ]
    engine = StatsForecast(models=[AutoETS(season_length=asked["season"])], freq=1, n_jobs=2)
    told = engine.forecast(df=pd.concat(frames), h=asked["horizon"], level=asked["levels"])
    columns = ["AutoETS"]
    for level in asked["levels"]:
        columns += [f"AutoETS-lo-{level}", f"AutoETS-hi-{level}"]
    return [rows[columns].to_numpy().tolist() for _, rows in told.groupby("unique_id", sort=True)]


if __name__ == "__main__":
    json.dump(answers(json.load(sys.stdin)), sys.stdout)
