"""Files become series in the catalogue's units; only evenings with enough before and after are origins."""

import gzip

import numpy as np
import pytest
from forecasting.series import Known, evenly, in_folds, origins, read_daily

HEADER = "source,person,kind,day,value\n"
START = np.datetime64("2026-01-01")


def series(tmp_path, days, *, kind="rhr"):
    rows = [f"s,p,{kind},{START + day},{50 + day % 7}\n" for day in days]
    (tmp_path / "daily.csv").write_text(HEADER + "".join(rows))
    (one,) = read_daily(tmp_path / "daily.csv")
    return one


def evenings(one):
    return [int((origin.known.at - START).astype(int)) for origin in origins(one)]


@pytest.mark.parametrize(
    ("name", "code", "value"),
    [
        ("rhr", "resting_heart_rate", 60.0),
        ("sleep_min", "sleep_duration", 1.0),
        ("bp_pulse", "heart_rate", 60.0),
        ("floors", "floors", 60.0),
        ("sneezes", "sneezes", 60.0),
    ],
)
def test_read_daily_names_kinds_and_units_as_the_catalogue_does(tmp_path, name, code, value):
    with gzip.open(tmp_path / "daily.csv.gz", "wt") as file:
        file.write(f"{HEADER}s,p,{name},2026-01-01,60\n")
    (one,) = read_daily(tmp_path / "daily.csv.gz")
    assert (one.name, one.kind.code, one.values.tolist()) == (name, code, [value])


def test_read_daily_unknown_kind_has_no_bounds(tmp_path):
    assert series(tmp_path, [0], kind="sneezes").kind.hard == (-np.inf, np.inf)


def test_read_daily_leaves_out_what_no_body_can_show(tmp_path):
    (tmp_path / "daily.csv").write_text(f"{HEADER}s,p,rhr,2026-01-01,60\ns,p,rhr,2026-01-02,-5\n")
    (one,) = read_daily(tmp_path / "daily.csv")
    assert one.values.tolist() == [60.0]


def test_read_daily_puts_days_in_order_and_keeps_the_later_of_two(tmp_path):
    (tmp_path / "daily.csv").write_text(
        f"{HEADER}s,p,rhr,2026-01-02,61\ns,p,rhr,2026-01-01,60\ns,p,rhr,2026-01-02,62\ns,p,rhr,2026-01-03,\n"
    )
    (one,) = read_daily(tmp_path / "daily.csv")
    assert one.values.tolist() == [60.0, 62.0]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (range(34), []),
        (range(35), [27]),
        (range(60), [27, 34, 41, 48, 55]),
        # On the second the last value is four days old; after the third nothing comes for a fortnight.
        ([*range(31), *range(35, 42), *range(60, 64)], [27]),
        # After a gap of a year only what is recent counts.
        ([*range(40), *range(500, 527)], [27, 34]),
    ],
)
def test_origins_have_enough_before_and_after_them(tmp_path, days, expected):
    assert evenings(series(tmp_path, days)) == expected


def test_origin_knows_nothing_of_what_comes_after_it(tmp_path):
    first = next(origins(series(tmp_path, range(60))))
    assert isinstance(first.known, Known)
    assert (first.known.days[-1], len(first.known.values)) == (START + 27, 28)
    assert (first.steps.tolist(), first.truth[0]) == (list(range(1, 15)), 50 + 28 % 7)


def test_evenly_keeps_the_first_and_the_last(tmp_path):
    every = list(origins(series(tmp_path, range(200))))
    some = evenly(every, 3)
    assert [some[0], some[-1], len(some)] == [every[0], every[-1], 3]
    assert evenly(every, 1000) == every


def test_in_folds_deals_each_person_into_one_fold_whatever_the_order(tmp_path):
    rows = [f"s,p{person},{kind},2026-01-01,1\n" for person in range(9) for kind in ("rhr", "steps")]
    (tmp_path / "daily.csv").write_text(HEADER + "".join(rows))
    every = read_daily(tmp_path / "daily.csv")
    folds = in_folds(every, 3)
    assert folds == in_folds(every[::-1], 3)
    assert sorted(folds.values()) == [0, 0, 0, 1, 1, 1, 2, 2, 2]
