"""The newest reading and the tiles made of it."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from twin.series.columns import Columns, Flag
from twin.state import DaySummary, Reading, newest, snapshot
from twin.state.baseline import Baseline

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 23, 21, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)


def series(*samples):
    start, duration, value = zip(*samples, strict=True)
    return Columns(np.array(start, np.int64), np.array(duration, np.int64), np.array(value, np.float64))


def summaries(values, *, last=TODAY):
    first = last - timedelta(days=len(values) - 1)
    return [
        DaySummary(first + timedelta(days=n), value, value, value, 1, "watch", 1)
        for n, value in enumerate(values)
    ]


def tile(code, reading, days, now=NOW, baseline=None):
    baselines = {} if baseline is None else {code: baseline}
    (only,) = snapshot({code: reading}, {code: days}, baselines, zone=BERLIN, now=now)["tiles"]
    return only


def habit(code, centre, spread, *, by_weekday=None, last=TODAY - timedelta(days=1)):
    return Baseline(code, centre, spread, by_weekday, 80, last - timedelta(days=90), last)


def test_newest_is_the_sample_that_ended_last_of_any_source():
    sources = {"a": series((0, 9_000, 1.0), (5_000, 0, 2.0)), "b": series((8_000, 0, 3.0))}
    assert newest(sources) == Reading(1.0, datetime(1970, 1, 1, 0, 0, 9, tzinfo=UTC), "a")


def test_newest_of_nothing_is_none():
    assert newest({}) is None
    assert newest({"a": Columns(np.array([], np.int64), np.array([], np.int64), np.array([]))}) is None


def test_snapshot_of_a_measured_kind_shows_the_newest_reading():
    reading = Reading(152.0, datetime(2026, 11, 23, 6, 30, tzinfo=UTC), "cuff")
    assert tile("sbp", reading, summaries([120.0, 130.0, 140.0])) == {
        "kind": "sbp",
        "title": "Systolic blood pressure",
        "system": "heart",
        "topic": "vitals",
        "unit": "mm[Hg]",
        "decimals": 0,
        "value": 152.0,
        "at": "2026-11-23T06:30:00Z",
        "source": "cuff",
        "flag": None,
        "bound": None,
        "manual": False,
        "day": "2026-11-23",
        "growing": False,
        "mean_28": 130.0,
        "usual": None,
        "sparkline": [("2026-11-21", 120.0), ("2026-11-22", 130.0), ("2026-11-23", 140.0)],
    }


@pytest.mark.parametrize(
    ("flags", "bound", "manual"),
    [
        (Flag.CENSORED_LOW | Flag.SOFT_RANGE, "below", False),
        (Flag.CENSORED_HIGH, "above", False),
        (Flag.MANUAL, None, True),
        (0, None, False),
    ],
)
def test_snapshot_of_a_devices_limit_or_a_typed_in_value_says_so(flags, bound, manual):
    columns = replace(series((0, 0, 90.0), (1_000, 0, 40.0)), flags=np.array([0, flags], np.uint8))
    shown = tile("glucose_cgm", newest({"sensor": columns}), summaries([90.0]))
    assert (shown["value"], shown["bound"], shown["manual"]) == (40.0, bound, manual)


def test_snapshot_of_a_counted_kind_shows_its_day_and_leaves_today_out_of_the_mean():
    shown = tile("steps", Reading(12.0, NOW, "phone"), summaries([8000.0, 7000.0, 6000.0, 500.0]))
    assert (shown["value"], shown["source"], shown["mean_28"]) == (500.0, "watch", 7000.0)
    assert shown["growing"]


def test_snapshot_counts_28_days_into_the_mean_and_30_into_the_sparkline():
    shown = tile("sbp", Reading(120.0, NOW, "cuff"), summaries([200.0] * 10 + [120.0] * 28))
    assert shown["mean_28"] == 120.0
    assert len(shown["sparkline"]) == 30


def test_snapshot_of_old_data_shows_the_reading_and_no_mean():
    shown = tile("sbp", Reading(120.0, NOW, "cuff"), summaries([120.0], last=date(2025, 1, 1)))
    assert (shown["value"], shown["day"], shown["mean_28"], shown["sparkline"]) == (
        120.0,
        "2025-01-01",
        None,
        [],
    )


@pytest.mark.parametrize(("value", "flag"), [(79.0, "low"), (80.0, None), (200.0, None), (201.0, "high")])
def test_snapshot_flags_a_value_outside_the_soft_range(value, flag):
    assert tile("sbp", Reading(value, NOW, "cuff"), summaries([value]))["flag"] == flag


def test_snapshot_counts_days_by_the_patients_own_date():
    after_midnight = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    shown = tile("steps", Reading(1.0, after_midnight, "phone"), summaries([8000.0] * 3), now=after_midnight)
    assert shown["mean_28"] == 8000.0
    assert not shown["growing"]


def test_snapshot_holds_the_newest_day_against_what_is_usual():
    shown = tile(
        "sbp", Reading(152.0, NOW, "cuff"), summaries([120.0, 136.0]), baseline=habit("sbp", 124.0, 4.0)
    )
    assert shown["usual"] == {
        "low": 116.0,
        "high": 132.0,
        "days": 80,
        "day": "2026-11-23",
        "value": 136.0,
        "deviation": 3.0,
    }


def test_snapshot_holds_a_growing_total_against_nothing():
    steps = habit("steps", 8000.0, 1000.0, by_weekday=(500.0,) + (0.0,) * 5 + (-500.0,))
    reading = Reading(12.0, NOW, "phone")
    usual = tile("steps", reading, summaries([8500.0, 900.0]), baseline=steps)["usual"]
    assert (usual["day"], usual["value"], usual["deviation"]) == ("2026-11-22", 8500.0, 1.0)
    usual = tile("steps", reading, summaries([900.0]), baseline=steps)["usual"]
    assert (usual["low"], usual["high"]) == (6500.0, 10500.0)
    assert (usual["day"], usual["value"], usual["deviation"]) == ("2026-11-23", None, None)


def test_snapshot_holds_no_night_of_what_is_measured_without_a_pause_against_whole_days():
    pulse = habit("heart_rate", 72.0, 4.0)
    shown = tile("heart_rate", Reading(52.0, NOW, "watch"), summaries([76.0, 54.0]), baseline=pulse)
    assert (shown["usual"]["day"], shown["usual"]["value"], shown["usual"]["deviation"]) == (
        "2026-11-22",
        76.0,
        1.0,
    )
    assert shown["value"] == 52.0


def test_snapshot_calls_nothing_usual_by_a_baseline_of_long_ago():
    old = habit("sbp", 124.0, 4.0, last=TODAY - timedelta(days=60))
    assert tile("sbp", Reading(152.0, NOW, "cuff"), summaries([152.0]), baseline=old)["usual"] is None


def test_snapshot_of_two_days_shows_no_mean():
    assert tile("hba1c", Reading(7.4, NOW, "laboratory"), summaries([7.6, 7.4]))["mean_28"] is None


def test_snapshot_is_json_in_the_catalogues_order_and_skips_kinds_without_days():
    reading = Reading(80.0, NOW, "scale")
    built = snapshot(
        {"weight": reading, "heart_rate": reading, "spo2": reading},
        {"weight": summaries([80.0]), "heart_rate": summaries([80.0]), "spo2": []},
        {},
        zone=BERLIN,
        now=NOW,
    )
    assert [shown["kind"] for shown in built["tiles"]] == ["heart_rate", "weight"]
    assert json.loads(json.dumps(built))["built_at"] == "2026-11-23T21:00:00Z"
