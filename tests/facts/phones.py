"""What phones gather: Apple Health, Google Fit, Health Connect."""

import json
from collections import Counter
from typing import Any

from manifest import Comparison, Facts, Found, moment

from facts.comparing import Comparisons, held, refused, same, unkept
from twin.kinds import KINDS

APPLE_TYPES = {one.healthkit: one.code for one in KINDS.values() if one.healthkit}
APPLE_TYPES["HKCategoryTypeIdentifierSleepAnalysis"] = "sleep_duration"


def apple_health(found: Found, facts: Facts) -> Comparisons:
    counts = {name: found.count(APPLE_TYPES[name]) for name in facts["by_type_top_level"]}
    starts = [series.first for series in found.series.values()]
    offsets: Counter[str] = Counter()
    for series in found.series.values():
        east = [] if series.columns.offset is None else series.columns.offset.tolist()
        offsets.update(f"{'-' if at < 0 else '+'}{abs(at) // 60:02}{abs(at) % 60:02}" for at in east)
    others = found.examples("unsupported_resource")
    tallies = found.upload.report["samples"].values()
    yield from same(
        facts,
        by_type_top_level=counts,
        records_top_level=sum(counts.values()),
        records_total_incl_nested=sum(map(len, found.series.values())),
        distinct_samples_after_dedup=sum(tally["stored"] for tally in tallies),
        unique_top_level=sum(tally["stored"] for tally in tallies),
        correlations=others.get("Correlation", 0),
        workouts=others.get("Workout", 0),
        activity_summaries=others.get("ActivitySummary", 0),
        clinical_records=others.get("ClinicalRecord", 0),
        utc_offsets_seen=dict(offsets),
        first_start_utc=min(starts),
        last_end_utc=max(series.end for series in found.series.values()),
    )
    if "sum_steps_watch_only" in facts:
        steps = found.of("steps")
        worn = [value for value, source in zip(steps.values, steps.sources, strict=True) if source == "Watch"]
        yield from same(facts, sum_steps_watch_only=sum(worn))
    yield Comparison("first_of_each_type", *_firsts(found, facts))
    beside = ("records_total_incl_nested", "workouts", "activity_summaries", "clinical_records")
    yield held(sum(facts[name] for name in beside) + len(facts.get("zip_members", [""])) - 1, found)


def _firsts(found: Found, facts: Facts) -> tuple[list[Any], list[Any]]:
    rows, told = [], []
    for first in facts["first_of_each_type"]:
        series = found.of(APPLE_TYPES[first["type"]])
        is_sleep = first["unit"] is None
        end = series.columns.start[0] + series.columns.duration[0]
        rows.append([first["start_utc"], first["end_utc"], first["source"].replace("\xa0", " ")])
        told.append([moment(series.starts[0]), moment(int(end)), series.sources[0]])
        if not is_sleep:
            rows[-1].append(first["value"])
            told[-1].append(found.as_written(APPLE_TYPES[first["type"]]))
    return rows, told


GOOGLE_TYPES = {
    "com.google.step_count.delta": "steps",
    "com.google.heart_rate.bpm": "heart_rate",
    "com.google.weight": "weight",
}


def google_fit(found: Found, facts: Facts) -> Comparisons:
    unknown = found.examples("unknown_kind")
    counts = {
        name: found.count(GOOGLE_TYPES[name]) if name in GOOGLE_TYPES else unknown.get(name, 0)
        for name in facts["data_types"]
    }
    yield from same(facts, data_types=counts, points=sum(counts.values()))
    yield held(facts["points"], found)
    if not found.series:
        yield refused("nothing_usable", found)
        yield from unkept(facts, *facts)
        return
    (series,) = found.series.values()
    ends = (series.columns.start + series.columns.duration).tolist()
    for name, place in (("first_point", 0), ("last_point", -1)):
        point = facts[name]
        (value,) = (number for value in point["value"] for number in value.values())
        told = [moment(series.starts[place]), moment(ends[place]), series.values[place]]
        yield Comparison(name, [point["start"], point["end"], value], told)
    yield from same(
        facts,
        first_start_utc=series.first,
        last_end_utc=series.end,
        sum_steps=series.sum,
        duplicates_same_interval_and_type=len(series) - len(set(zip(series.starts, ends, strict=True))),
    )


def google_data_sources(found: Found, facts: Facts) -> Comparisons:
    yield refused("nothing_usable", found)
    yield from same(facts, data_sources=found.counted("unsupported_resource"))
    yield Comparison("types", facts["data_sources"], sum(facts["types"].values()))
    yield held(facts["data_sources"], found)


def health_connect(found: Found, facts: Facts) -> Comparisons:
    heart = found.of("heart_rate")
    yield from same(
        facts,
        hr_samples=len(heart),
        hr_mean=heart.mean,
        first_utc=heart.first,
        last_utc=heart.last,
        steps_records=found.count("steps"),
        weight_kg=found.of("weight").sum,
        bp=[found.of("sbp").sum, found.of("dbp").sum],
        glucose_mgdl=found.of("glucose").sum,
        sleep_h=found.of("sleep_duration").sum,
    )
    # The steps of two apps stay two, so that they are compared and never added.
    yield Comparison("steps_true_total", [1200, 1100], found.of("steps").values)
    yield Comparison("sources of steps", 2, len(set(found.of("steps").sources)))
    yield from unkept(facts, "stages")
    records = json.loads(found.path.read_text(encoding="utf-8"))["records"]
    stages = sum(len(record.get("stages", ())) for record in records)
    yield Comparison("hr_records", facts["hr_records"], sum("samples" in record for record in records))
    values = facts["steps_records"] + len(["weight", "glucose", *facts["bp"]])
    yield held(facts["hr_samples"] + values + 2 * stages, found)
