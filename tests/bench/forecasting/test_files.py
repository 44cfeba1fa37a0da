"""Any file of the shape of the shipped ones can be scored, and whose days taught the bands is seen to."""

import csv
import gzip

import numpy as np
import pytest
from forecasting import daily, explanation, glucose, ours
from forecasting.series import HORIZON, SHIPPED, known_again, origins, read_daily

from twin.forecast import calibration

HEADER = "source,person,kind,day,value\n"
START = np.datetime64("2026-01-01")


def written(tmp_path, rows):
    path = tmp_path / "daily.csv"
    path.write_text(HEADER + "".join(f"{','.join(map(str, row))}\n" for row in rows))
    return path


def somebody_shipped():
    """The rows of one person whose days are in the shipped file."""
    with gzip.open(SHIPPED, "rt", newline="") as file:
        return [
            (row["kind"], row["day"], row["value"])
            for row in csv.DictReader(file)
            if (row["source"], row["person"]) == ("lifesnaps", "L05")
        ]


def evenings(path):
    return [evening for one in read_daily(path) for evening in list(origins(one))[:2]]


def test_people_who_taught_the_bands_are_known_again_under_another_name(tmp_path):
    path = written(tmp_path, [("else", "where", *row) for row in somebody_shipped()])
    assert known_again(read_daily(path), read_daily(SHIPPED)) == {("else", "where"): ("lifesnaps", "L05")}
    shipped = ours.quantiles(ours.bands(evenings(path), calibration.SHIPPED, HORIZON))
    assert (daily.without_them(evenings(path)) != shipped).any()


def test_strangers_are_nobody_known_and_get_the_shipped_bands(tmp_path):
    chance = np.random.default_rng(1)
    rows = [("s", "p", "rhr", START + day, 60 + round(chance.normal(), 1)) for day in range(50)]
    strangers = evenings(written(tmp_path, rows))
    assert known_again([strangers[0].series], read_daily(SHIPPED)) == {}
    shipped = ours.quantiles(ours.bands(strangers, calibration.SHIPPED, HORIZON))
    assert (daily.without_them(strangers) == shipped).all()


@pytest.mark.parametrize("days", [0, 1, 40])
def test_daily_file_that_bears_no_score_says_so(tmp_path, days):
    path = written(tmp_path, [("s", "p", "weight_kg", START + 20 * day, 80) for day in range(days)])
    (row,) = daily.rows(path, quick=True)
    assert row.holds
    assert row.what == "daily: daily.csv has no series that is long enough"


@pytest.mark.parametrize("values", [[], [80.0], [80.0] * 60])
def test_series_that_prophet_cannot_fit_are_not_compared_with_it(tmp_path, values):
    path = written(tmp_path, [("s", "p", "weight_kg", START + day, each) for day, each in enumerate(values)])
    assert explanation.likeness(read_daily(path), most=5) == []


@pytest.mark.parametrize("readings", [0, 1, 20])
def test_glucose_file_that_bears_no_score_says_so(tmp_path, readings):
    path = tmp_path / "cgm.csv"
    at = np.datetime64("2026-01-01T08:00:00") + 300 * np.arange(readings)
    path.write_text("source,person,at,mg_dl\n" + "".join(f"s,p,{each},100\n" for each in at))
    (row,) = glucose.rows(path)
    assert row.holds
    assert row.what == "glucose: cgm.csv has no reading with two hours of others before and after it"


def test_glucose_file_of_one_stranger_is_scored_at_every_horizon(tmp_path):
    path = tmp_path / "cgm.csv"
    at = np.datetime64("2026-01-01T08:00:00") + 300 * np.arange(100)
    values = 120 + 30 * np.sin(np.arange(100) / 9)
    rows = [f"s,p,{each},{value:.0f}\n" for each, value in zip(at, values, strict=True)]
    path.write_text("source,person,at,mg_dl\n" + "".join(rows))
    assert len(glucose.rows(path)) == 15
