"""Garmin: answers of Garmin Connect, and the FIT files of its devices and others."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import fitdecode
from manifest import Comparison, Facts, Found, Series, moment

from facts.comparing import Comparisons, held, refused, same, unkept


def garmin_connect(found: Found, facts: Facts) -> Comparisons:
    if "samples" in facts:
        heart = found.of("heart_rate")
        yield from same(
            facts,
            restingHeartRate=found.of("resting_heart_rate").values[0],
            samples=len(heart) + found.counted("not_measured"),
            null_samples=found.counted("not_measured"),
            first_utc=heart.first,
            last_utc=heart.last,
        )
        day = found.of("resting_heart_rate")
        yield from _local_day(day, facts, facts["startGMT"], facts["startLocal"])
        yield held(facts["samples"] + 1, found)
        return
    night = found.of("sleep_duration")
    yield from same(
        facts,
        sleepTimeSeconds=night.sum * 3600,
        deepSleepSeconds=found.of("sleep_stage_deep").sum * 60,
        lightSleepSeconds=found.of("sleep_stage_light").sum * 60,
        remSleepSeconds=found.of("sleep_stage_rem").sum * 60,
        sleepStartTimestampGMT=night.starts[0],
        sleepEndTimestampGMT=int(night.end.timestamp() * 1000),
    )
    east = facts["sleepStartTimestampLocal"] - facts["sleepStartTimestampGMT"]
    yield Comparison("sleepStartTimestampLocal", east // 60_000, _offset(night))
    body = json.loads(found.path.read_text(encoding="utf-8"))
    told = body.get("dailySleepDTO", body)
    averages = sum(told.get(name) is not None for name in ("averageSpO2Value", "averageRespirationValue"))
    stages = ("sleepTimeSeconds", "deepSleepSeconds", "lightSleepSeconds", "remSleepSeconds")
    yield from unkept(facts, "awakeSleepSeconds", "calendarDate")
    yield held(averages + len(stages), found)


def _local_day(day: Series, facts: Facts, gmt: str, local: str) -> Comparisons:
    yield Comparison("startGMT", gmt, day.first)
    shown = day.first + timedelta(minutes=_offset(day))
    yield Comparison("startLocal", local, shown)
    yield from same(facts, calendarDate=shown.date().isoformat())


def _offset(series: Series) -> int:
    return 0 if series.columns.offset is None else int(series.columns.offset[0])


DESCRIPTIVE = {
    "file_id", "file_creator", "device_info", "device_settings", "user_profile", "hrm_profile",
    "bike_profile", "connectivity", "activity", "sport", "training_settings", "zones_target",
    "developer_data_id", "field_description", "monitoring_info",
}  # fmt: skip
"""Messages that describe a file, its device or its owner, and are read to understand the others."""


def fit(found: Found, facts: Facts) -> Comparisons:
    messages = {name: count for name, count in facts["messages"].items() if name not in DESCRIPTIVE}
    heart = found.series.get("heart_rate")
    undated = found.counted("bad_time", "heart_rate")
    if heart is not None:
        yield from same(
            facts,
            hr_min=min(heart.values),
            hr_max=max(heart.values),
            hr_mean=heart.mean,
            hr_first=[heart.first, heart.values[0]],
            hr_last=[heart.last, heart.values[-1]],
            duplicate_record_timestamps=heart.repeated,
            first_timestamp_utc=heart.first,
            last_timestamp_utc=heart.last,
            gaps_over_60s=int((heart.steps > 60_000).sum()),
        )
    else:
        # Their device did not know the date, or no heart rate is in them.
        dates = ("first_timestamp_utc", "last_timestamp_utc", "duplicate_record_timestamps", "gaps_over_60s")
        yield from unkept(facts, *dates, "hr_min", "hr_max", "hr_mean", "hr_first", "hr_last")
    beats = found.count("heart_rate") + undated
    yield from same(facts, hr_samples=beats)
    if "record" in messages:
        yield Comparison("messages record", messages["record"], beats + found.counted("not_measured"))
    others = {
        name.replace("message ", "unknown_"): n for name, n in found.examples("unsupported_resource").items()
    }
    read = {"record", "session", "monitoring", "weight_scale", "hrv"}
    yield Comparison("messages", {name: n for name, n in messages.items() if name not in read}, others)
    yield Comparison("sessions", *_sessions(found, facts))
    scale = facts.get("weight_scale", [])
    if scale:
        weights = found.of("weight")
        told = list(zip(map(moment, weights.starts), weights.values, strict=True))
        yield Comparison("weight_scale", [[row["time"], row["weight_kg"]] for row in scale], told)
    if not found.series and not found.records:
        yield refused("nothing_usable", found)
    if "decode_error" in facts:
        yield Comparison("decode_error", 1, found.counted("malformed"))
        yield Comparison("without_crc_check", facts["without_crc_check"]["messages"], facts["messages"])
    # A scale weighs fat too. Beside its messages, a wrong sum and a session without a date are told.
    said = ("decode_error" in facts) + sum(found.examples("bad_time").get(one, 0) for one in UNDATED)
    count = sum(count for name, count in messages.items() if name != "hrv")
    yield held(count + len(scale) + _beat_intervals(found.path, messages) + said, found)


UNDATED = ("a session without a date",)


def _beat_intervals(path: Path, messages: dict[str, int]) -> int:
    if "hrv" not in messages:
        return 0
    with fitdecode.FitReader(str(path)) as frames:
        told = [frame for frame in frames if isinstance(frame, fitdecode.FitDataMessage)]
        fields = [field for frame in told if frame.name == "hrv" for field in frame.fields]
        return sum(value is not None for field in fields for value in field.value or ())


def _sessions(found: Found, facts: Facts) -> tuple[list[Any], list[Any]]:
    rows, told = [], []
    sessions = facts.get("sessions", [])
    for session, record in zip(sessions, found.records, strict=True):
        is_dated = "-" in session["start_time"]
        rows.append([session["sport"], session["start_time"] if is_dated else None])
        told.append([record.text.lower(), record.start])
    return rows, told
