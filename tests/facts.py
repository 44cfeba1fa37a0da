"""What Pollux says of a file, in the words of a manifest: one witness a format, facts beside findings.

`held` is how many things the file holds, counted without Pollux: from the manifest's facts where they tell,
else from the file by plain code. Each of them must be accounted for.
"""

import csv
import json
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import fitdecode
import numpy as np
from lxml import etree
from manifest import Comparison, Facts, Found, Series, Witness, moment

from twin.intake.fhir.codes import kind_of
from twin.kinds import KINDS

Comparisons = Iterator[Comparison]

DRESS = {
    "bom", "bundle_type", "columns", "comment_lines", "component_values", "crlf", "data_source",
    "date_column", "date_format", "delimiter", "file_id", "first_row", "head", "header", "header_rows",
    "ids_unique", "last_distance_m", "last_row", "lines", "locale", "note", "observation_status",
    "observations_with_components", "offsets", "order", "patient", "patient_rows", "preamble_lines",
    "sample_interval_s", "schema", "shape", "time", "time_is", "time_zone", "top_codes", "top_keys",
    "trap", "unit", "units", "value_kinds", "version", "zip_members",
}  # fmt: skip
"""Facts of how a file is written, of what is in it and not kept, or words about it."""


def same(facts: Facts, **told: Any) -> Comparisons:
    """The facts of these names, where the manifest has them."""
    return (Comparison(name, facts[name], value) for name, value in told.items() if name in facts)


def held(fact: int, found: Found, name: str = "held") -> Comparison:
    return Comparison(name, fact, found.accounted_for)


def refused(code: str, found: Found) -> Comparison:
    return Comparison("refusal", code, found.refusal)


def unkept(facts: Facts, *names: str) -> Comparisons:
    """Facts of what Pollux does not keep of this file."""
    return (Comparison(name, facts[name], facts[name]) for name in names if name in facts)


def minutes(milliseconds: float) -> float:
    return milliseconds / 60_000


# Tables.


def cells(path: Path, *, but: set[str]) -> int:
    """The cells of a table that say something, under its first line."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        return sum(
            bool(cell)
            for row in csv.DictReader(file)
            for name, cell in row.items()
            if name.lower() not in but
        )


def glucose_table(found: Found, facts: Facts) -> Comparisons:
    glucose = found.of("glucose_cgm")
    pairs = set(zip(glucose.starts, glucose.values, strict=True))
    times = Counter(start for start, _ in pairs)
    # A first line, an empty line and a header: what a device showed stands in the file's own order.
    yield from same(
        facts,
        rows=len(glucose),
        first_local=glucose.first,
        last_local=glucose.last,
        days=minutes(np.sum(glucose.steps)) / 1440,
        median_step_min=minutes(float(np.median(glucose.steps))),
        duplicate_timestamps=glucose.repeated,
        exact_duplicate_rows=len(glucose) - len(pairs),
        conflicting_duplicates=sum(count > 1 for count in times.values()),
        gaps_over_15min=int((glucose.steps > 15 * 60_000).sum()),
        longest_gap_h=minutes(glucose.steps.max()) / 60,
        min=min(glucose.values),
        max=max(glucose.values),
        mean=glucose.mean,
        first=glucose.values[0],
        last=glucose.values[-1],
        below_40=sum(value < 40 for value in glucose.values),
        above_400=sum(value > 400 for value in glucose.values),
    )
    yield held(facts["rows"], found)


DAILY_COLUMNS = {
    "resting_hr": "resting_heart_rate",
    "steps": "steps",
    "minutesAsleep": "sleep_duration",
    "rmssd": "hrv_rmssd",
    "spo2": "spo2",
    "full_sleep_breathing_rate": "resp_rate",
    "distance": "distance",
    "bpm": "heart_rate",
}


def daily_table(found: Found, facts: Facts) -> Comparisons:
    resting = found.of("resting_heart_rate")
    steps = found.of("steps")
    unknown = found.examples("unknown_kind")
    nights = found.series.get("sleep_duration")
    days = sorted({moment(start).date() for series in found.series.values() for start in series.starts})
    gaps = [(after - before).days for before, after in pairwise(days)]
    if not found.counted("not_worn"):
        # A day on which nothing was worn is counted, and nobody says which it was.
        yield from same(facts, date_gaps=sum(gap > 1 for gap in gaps), longest_gap_days=max(gaps))
    yield from unkept(facts, "date_gaps", "longest_gap_days")
    non_null = {
        name: unknown.get(name, 0)
        if name not in DAILY_COLUMNS
        else found.count(DAILY_COLUMNS[name])
        + sum(p.count for p in found.problems if p.kind == DAILY_COLUMNS[name] and "column" in p.place)
        for name in facts["non_null"]
    }
    yield from same(
        facts,
        non_null=non_null,
        days=max(non_null.values()),
        first_date=days[0].isoformat(),
        last_date=days[-1].isoformat(),
        calendar_span_days=(days[-1] - days[0]).days + 1,
        first_resting_hr=resting.values[0],
        last_resting_hr=resting.values[-1],
        zero_resting_hr=found.counted("not_worn", "resting_heart_rate"),
        rows_with_zero_steps=found.counted("not_worn", "steps"),
        sum_steps=steps.sum,
        mean_minutes_asleep=nights.mean * 60 if nights else None,
    )
    yield held(sum(facts["non_null"].values()), found)


def hourly_table(found: Found, facts: Facts) -> Comparisons:
    heart = found.of("heart_rate")
    hour = 3_600_000
    yield from same(
        facts,
        rows=len(heart),
        first_local=heart.first,
        last_local=heart.last,
        days=minutes(np.sum(heart.steps)) / 1440,
        duplicate_hours=heart.repeated,
        missing_hours=int(np.sum(heart.steps // hour - 1)),
        hr_mean=heart.mean,
        hr_min=min(heart.values),
        hr_max=max(heart.values),
        glucose_mean=found.of("glucose_cgm").mean,
        sum_steps=found.of("steps").sum,
    )
    yield held(cells(found.path, but={"timestamp", "time", "date", "hour"}), found)


def minute_table(found: Found, facts: Facts) -> Comparisons:
    heart = found.of("heart_rate")
    yield from same(
        facts,
        minutes=len(heart),
        first_local=heart.first,
        last_local=heart.last,
        days=minutes(np.sum(heart.steps)) / 1440,
        mean_of_minutes=heart.mean,
        gaps_over_60min=int((heart.steps > 3_600_000).sum()),
    )
    yield from unkept(facts, "raw_samples")
    yield held(cells(found.path, but={"minute"}), found)


def weights_of_several(found: Found, facts: Facts) -> Comparisons:
    people = {name: found.of_person(name) for name in facts["per_person"]}
    weighed = {name: one.counted("bad_time", "weight") for name, one in people.items()}
    yield refused("several_people", found)
    yield from same(facts, persons=len(people))
    # Days counted from an unnamed one place nothing: no weight has a time.
    weights = {name: own["weights"] for name, own in facts["per_person"].items()}
    yield Comparison("per_person", weights, weighed)
    yield Comparison("rows", facts["rows"], sum(own["days"] for own in facts["per_person"].values()))
    for name, one in people.items():
        others = facts["rows"] - facts["per_person"][name]["days"]
        yield Comparison(f"rows but those of {name}", others, one.counted("other_patient"))


MONITOR_COLUMNS = {
    "heart_rate": ("HR (bpm)", "PULSE (bpm)"),
    "sbp": ("ABPSys (mmHg)", "NBPSys (mmHg)"),
    "dbp": ("ABPDias (mmHg)", "NBPDias (mmHg)"),
    "resp_rate": ("RESP (pm)",),
    "spo2": ("SpO2 (%)",),
}


def monitor_table(found: Found, facts: Facts) -> Comparisons:
    def sums(fact: str) -> dict[str, int]:
        return {kind: sum(facts[fact][name] for name in names) for kind, names in MONITOR_COLUMNS.items()}

    zeros, values = sums("zeros"), sums("non_null")
    yield refused("nothing_usable", found)
    yield Comparison("zeros", zeros, {kind: found.counted("not_measured", kind) for kind in zeros})
    # Seconds from an unnamed start.
    undated = {kind: found.counted("bad_time", kind) for kind in values}
    yield Comparison("non_null", {kind: count - zeros[kind] for kind, count in values.items()}, undated)
    yield from unkept(facts, "hours", "mean", "rows")
    yield held(sum(facts["non_null"].values()), found)


# Glucose sensors.


def clarity(found: Found, facts: Facts) -> Comparisons:
    sensor = found.of("glucose_cgm")
    kinds = {"EGV": len(sensor), "Calibration": found.count("glucose")}
    kinds |= found.examples("unsupported_resource") | {"Exercise": len(found.records)}
    yield from same(
        facts,
        egv=len(sensor),
        numeric=sum(sensor.columns.flags is None or not flag & 12 for flag in _flags(sensor)),
        event_types={name: count for name, count in kinds.items() if count},
        first_local=sensor.first,
        last_local=sensor.last,
        first=sensor.values[0],
        last=sensor.values[-1],
        min=min(sensor.values),
        max=max(sensor.values),
        mean=sensor.mean,
        text_values={},
    )
    yield held(facts["rows"], found, "rows")


def _flags(series: Series) -> list[int]:
    flags = series.columns.flags
    return [0] * len(series) if flags is None else flags.tolist()


def libreview(found: Found, facts: Facts) -> Comparisons:
    glucose = found.of("glucose_cgm")
    yield from same(
        facts,
        historic=len(glucose),
        first_local=glucose.first,
        last_local=glucose.last,
        first=glucose.values[0],
        last=glucose.values[-1],
        mean=glucose.mean,
    )
    yield from unkept(facts, "record_types")
    yield held(facts["rows"], found, "rows")


_CELL = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def ipro(found: Found, facts: Facts) -> Comparisons:
    with zipfile.ZipFile(found.path) as book:
        sheet, texts = (
            etree.fromstring(book.read(f"xl/{name}.xml")) for name in ("worksheets/sheet1", "sharedStrings")
        )
    # Those that hold a space show nothing; a cell names its text by number.
    blanks = {None, *(str(place) for place, text in enumerate(texts) if not "".join(text.itertext()).strip())}
    height, header = facts["shape"][0], len(facts["header_rows"])
    rows = [
        {str(cell.get("r")).rstrip("0123456789") for cell in row if cell.findtext(f"{_CELL}v") not in blanks}
        for row in list(sheet.iter(f"{_CELL}row"))[header:height]
    ]
    count = Counter(chain.from_iterable(rows))
    yield Comparison("BG Reading", count["F"], found.count("glucose"))
    yield Comparison("ISIG Value", count["H"], found.examples("unknown_kind")["ISIG Value"])
    yield Comparison("Sensor Glucose", count["I"], found.count("glucose_cgm"))
    yield held(sum(count[column] for column in "FHIJ") + sum(not {*"FHIJ"} & row for row in rows), found)


def nightscout_entries(found: Found, facts: Facts) -> Comparisons:
    if "sgv" not in facts:
        yield from nightscout_treatments(found, facts)
        return
    sensor = found.of("glucose_cgm")
    yield from same(
        facts,
        sgv=len(sensor),
        types={"sgv": len(sensor)},
        first_utc=sensor.first.replace(microsecond=0),
        last_utc=sensor.last.replace(microsecond=0),
        min=min(sensor.values),
        max=max(sensor.values),
        mean=sensor.mean,
        newest=sensor.values[int(np.argmax(sensor.columns.start))],
        sgv_below_39_are_error_codes=found.counted("error_code"),
        duplicate_dates=sensor.repeated,
    )
    yield from unkept(facts, "directions")
    yield held(facts["documents"], found, "documents")


def nightscout_treatments(found: Found, facts: Facts) -> Comparisons:
    documents = json.loads(found.path.read_text(encoding="utf-8"))
    carbs, insulin = found.series.get("carbs"), found.series.get("insulin")
    starts = [record.start for record in found.records if record.start]
    yield from same(
        facts,
        documents=len(found.records),
        types=dict(
            Counter(
                record.body.get("type") or record.body.get("eventType") or "null" for record in found.records
            )
        ),
        carbs_entries=found.count("carbs"),
        carbs_total_g=carbs.sum if carbs else 0,
        bolus_entries=found.count("insulin"),
        bolus_total_u=insulin.sum if insulin else 0,
        first_created=min(starts).replace(microsecond=0),
        last_created=max(starts).replace(microsecond=0),
    )
    amounts = sum(bool(one.get(name)) for one in documents for name in ("carbs", "insulin"))
    amounts += sum("glucose" in one and one.get("glucoseType") != "Sensor" for one in documents)
    yield held(facts["documents"] + amounts, found)


# Phones and watches.


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


def fitabase(found: Found, facts: Facts) -> Comparisons:
    if "persons" in facts:
        yield from _fitabase_people(found, facts)
        return
    heart = found.of("heart_rate")
    yield from same(
        facts,
        first_local=heart.first,
        last_local=heart.last,
        min_bpm=min(heart.values),
        max_bpm=max(heart.values),
        mean_bpm=heart.mean,
        duplicate_timestamps=heart.repeated,
        gaps_over_10min=int((heart.steps > 600_000).sum()),
    )
    longest = str(timedelta(milliseconds=int(heart.steps.max())))
    yield Comparison("longest_gap", facts["longest_gap"], f"0 days {longest:0>8}")
    for name, place in (("first", 0), ("last", -1)):
        row = [facts[name]["Time"], facts[name]["Value"]]
        yield Comparison(name, row, [moment(heart.starts[place]), heart.values[place]])
    yield held(facts["rows"], found, "rows")


def _fitabase_people(found: Found, facts: Facts) -> Comparisons:
    with found.path.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    people = {row["Id"]: found.of_person(row["Id"]) for row in rows}
    yield refused("several_people", found)
    yield from same(facts, persons=len(people))
    everything = [series for one in people.values() for series in one.series.values()]
    yield from same(facts, first_local=min(series.first for series in everything))
    yield from same(facts, last_local=max(series.last for series in everything))
    if "sum_steps" in facts:
        worn = [one.of("steps") for one in people.values() if one.count("steps")]
        yield from same(
            facts,
            sum_steps=sum(series.sum for series in worn),
            zero_step_days=sum(one.counted("not_worn") for one in people.values()),
        )
        # On three days of those without a step some other activity was entered, and they stay days unworn.
        idle = sum(row["SedentaryMinutes"] == "1440" for row in rows)
        yield Comparison("sedentary_1440_days (not worn)", facts["sedentary_1440_days (not worn)"], idle)
    repeated = sum(one.counted("duplicate_row") for one in people.values())
    yield from same(facts, exact_duplicate_rows=repeated)
    yield Comparison("rows", facts["rows"], len(rows))
    for person, one in people.items():
        own = sum(row["Id"] == person for row in rows)
        most = max([0, *(len(series) for series in one.series.values())])
        told = most + one.counted("not_worn") + one.counted("duplicate_row")
        yield Comparison(f"rows of {person}", own, told)
        yield Comparison(f"rows but those of {person}", facts["rows"] - own, one.counted("other_patient"))


def fitbit_minutes(found: Found, facts: Facts) -> Comparisons:
    heart, steps = found.of("heart_rate"), found.of("steps")
    yield from same(
        facts,
        by_type={"steps": len(steps), "heart rate": len(heart)},
        first_date=min(heart.first, steps.first).date().isoformat(),
        last_date=max(heart.last, steps.last).date().isoformat(),
        sum_steps=steps.sum,
        hr_mean=heart.mean,
    )
    yield held(facts["rows"], found, "rows")


# What the services' interfaces answer: the file read once more, by plain code.


def plainly(found: Found, values: dict[str, list[float]], **problems: int) -> Comparisons:
    """Exactly these values, kind by kind, and exactly these problems."""
    told = {kind: sorted(round(value, 6) for value in series.values) for kind, series in found.series.items()}
    yield Comparison(
        "values",
        {kind: sorted(round(value, 6) for value in own) for kind, own in values.items() if own},
        told,
    )
    counts: Counter[str] = Counter()
    for problem in found.problems:
        counts[problem.code.value] += problem.count
    yield Comparison("problems", {code: count for code, count in problems.items() if count}, dict(counts))
    yield held(sum(map(len, values.values())) + sum(problems.values()), found)


def body_of(found: Found, facts: Facts) -> tuple[Any, Comparisons]:
    body = json.loads(found.path.read_text(encoding="utf-8"))
    return body, same(facts, json=body if isinstance(facts.get("json"), dict | list) else facts.get("json"))


def fitbit_takeout(found: Found, facts: Facts) -> Comparisons:
    body, yes = body_of(found, facts)
    yield from yes
    yield from plainly(found, {"resting_heart_rate": [row["value"]["value"] for row in body]})


def fitbit_api(found: Found, facts: Facts) -> Comparisons:
    body, yes = body_of(found, facts)
    yield from yes
    beats = body.get("activities-heart-intraday", {}).get("dataset", [])
    steps = body.get("activities-steps-intraday", {}).get("dataset", [])
    nights = body.get("sleep", [])
    # The BMI beside them is that of a grown person where they are kilograms.
    weighed = body.get("weight", [])
    yield from plainly(
        found,
        {
            "heart_rate": [row["value"] for row in beats],
            "steps": [
                *(row["value"] for row in steps),
                *(float(day["value"]) for day in body.get("activities-steps", [])),
            ],
            "sleep_duration": [night["minutesAsleep"] / 60 for night in nights],
            "weight": [row["weight"] for row in weighed],
            "bmi": [row["bmi"] for row in weighed],
        },
        unknown_kind=len(body.get("activities-heart", [])),
    )


def ihealth(found: Found, facts: Facts) -> Comparisons:
    body, yes = body_of(found, facts)
    yield from yes
    values: dict[str, list[float]] = {}
    columns = {
        "sbp": ("BPDataList", "HP"),
        "dbp": ("BPDataList", "LP"),
        "spo2": ("BODataList", "BO"),
        "weight": ("WeightDataList", "WeightValue"),
        "bmi": ("WeightDataList", "BMI"),
        "body_fat": ("WeightDataList", "FatValue"),
        "glucose": ("BGDataList", "BG"),
        "steps": ("ARDataList", "Steps"),
        "distance": ("ARDataList", "DistanceTraveled"),
        "sleep_duration": ("SRDataList", "HoursSlept"),
    }
    per = {"sleep_duration": 1 / 60, "distance": 1 if KINDS["distance"].unit == "km" else 1000}
    for kind, (rows, column) in columns.items():
        values[kind] = [row[column] * per.get(kind, 1) for row in body.get(rows, [])]
    values["heart_rate"] = [row["HR"] for row in (*body.get("BPDataList", []), *body.get("BODataList", []))]
    missing = sum(value <= 0 for own in values.values() for value in own)
    positive = {kind: [value for value in own if value > 0] for kind, own in values.items()}
    yield from plainly(found, positive, not_measured=missing)


WITHINGS_TYPES = {1: "weight", 4: "height", 9: "dbp", 10: "sbp", 11: "heart_rate", 71: "temperature"}


def withings(found: Found, facts: Facts) -> Comparisons:
    answer, yes = body_of(found, facts)
    yield from yes
    body = answer["body"]
    values: dict[str, list[float]] = {}
    codes: Counter[str] = Counter()

    def add(kind: str, value: float) -> None:
        values.setdefault(kind, []).append(value)

    for group in body.get("measuregrps", []):
        for measure in group["measures"]:
            kind = WITHINGS_TYPES.get(measure["type"])
            centimetres = 100 if kind == "height" else 1
            if kind is None:
                codes["unknown_kind"] += 1
            else:
                add(kind, measure["value"] * 10 ** measure["unit"] * centimetres)
    series = body.get("series", [])
    stretches = list(series.values()) if isinstance(series, dict) else []
    codes["not_measured"] += sum("steps" not in stretch for stretch in stretches)
    kilo = 0.001 if KINDS["distance"].unit == "km" else 1
    for stretch in (*body.get("activities", []), *(one for one in stretches if "steps" in one)):
        add("steps", stretch["steps"])
        add("distance", stretch["distance"] * kilo)
        add("active_energy", stretch["calories"])
    for night in series if isinstance(series, list) else []:
        if "data" in night:
            parts = {name: night["data"][f"{name}sleepduration"] for name in ("light", "deep")}
            add("sleep_duration", sum(parts.values()) / 3600)
            for name, seconds in parts.items():
                add(f"sleep_stage_{name}", seconds / 60)
        elif night["state"]:
            minute = (night["enddate"] - night["startdate"]) / 60
            add("sleep_duration", minute / 60)
            add({1: "sleep_stage_light", 2: "sleep_stage_deep", 3: "sleep_stage_rem"}[night["state"]], minute)
        else:
            codes["not_sleep"] += 1
    yield from plainly(found, values, **codes)


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


# FIT.


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


# Health records.


RECORDS = {
    "Condition": "condition",
    "MedicationRequest": "medication",
    "Immunization": "immunization",
    "Procedure": "procedure",
    "DiagnosticReport": "report",
}
READ_FOR_OTHERS = ("Patient", "Medication")


def fhir_bundle(found: Found, facts: Facts) -> Comparisons:
    types = found.record_types
    resources = {name: types.get(kind, 0) for name, kind in RECORDS.items()}
    paired = facts["component_values"] - facts["observations_with_components"]
    samples = sum(map(len, found.series.values()))
    resources["Observation"] = types.get("observation", 0) + samples - paired
    resources |= found.examples("unsupported_resource")
    told = {name: count for name, count in resources.items() if count}
    fact = {name: n for name, n in facts["resources"].items() if name not in READ_FOR_OTHERS}
    yield Comparison("resources", fact, told)
    yield from same(
        facts, observations=resources["Observation"], **{name: resources[name] for name in RECORDS}
    )
    starts = [moment(start) for series in found.series.values() for start in series.starts]
    starts += [record.start for record in found.records if record.type == "observation" and record.start]
    yield from same(facts, first_effective_utc=_second(min(starts)), last_effective_utc=_second(max(starts)))
    yield Comparison("examples_last_value", *_last_values(found, facts))
    yield held(sum(fact.values()) + paired, found)


def _last_values(found: Found, facts: Facts) -> tuple[list[Any], list[Any]]:
    """The last value of each code that is of a kind, and when it was measured."""
    rows, told = [], []
    for code, last in facts["examples_last_value"].items():
        value = last["value"]
        for part, quantity in value if isinstance(value, list) else [[code, value]]:
            kind = _loinc_kind(part)
            if kind in found.series and isinstance(quantity, dict):
                series = found.of(kind)
                rows.append([quantity["value"], last["last_effective_utc"]])
                told.append([series.values[int(np.argmax(series.columns.start))], _second(series.last)])
    return rows, told


def _loinc_kind(*codes: str) -> str:
    coding = [{"system": "http://loinc.org", "code": code} for code in codes]
    kind = kind_of({"coding": coding})
    return kind.code if kind else ""


def _second(at: Any) -> Any:
    return at.replace(microsecond=0)


def fhir_resource(found: Found, facts: Facts) -> Comparisons:
    if facts["resourceType"] in READ_FOR_OTHERS:
        yield refused("nothing_usable", found)
        yield from unkept(facts, *facts)
        yield held(0, found)
        return
    yield held(1, found)
    yield from unkept(facts, "components")
    effective = facts.get("effective")
    if found.records:
        (record,) = found.records
        kind = RECORDS.get(facts["resourceType"], "observation")
        yield Comparison("type", kind, record.type.value)
        yield from same(facts, resourceType=record.body["resourceType"])
        yield from same(facts, status=record.body.get("status"))
        if facts.get("code"):
            yield Comparison("code", True, [record.system, record.code] in facts["code"])
        if effective:
            since = effective["start"] if isinstance(effective, dict) else effective
            yield Comparison("effective", since, record.start)
        yield from same(facts, valueQuantity=record.body.get("valueQuantity"))
        return
    ((kind, series),) = found.series.items()
    yield from unkept(facts, "resourceType", "status")
    yield Comparison("code", kind, _loinc_kind(*(code for _, code in facts["code"])))
    yield Comparison("effective", effective, series.first)
    yield Comparison("valueQuantity", facts["valueQuantity"]["value"], series.values[0])


def fhir_stu3(found: Found, facts: Facts) -> Comparisons:
    yield refused("unsupported_version", found)
    yield from unkept(facts, *facts)
    yield held(0, found)


# Open mHealth.


OMH_KINDS = {
    "blood_glucose": "glucose",
    "body_weight": "weight",
    "body_height": "height",
    "heart_rate": "heart_rate",
    "sleep_duration": "sleep_duration",
    "total_sleep_time": "sleep_duration",
    "step_count": "steps",
}
OMH_UNITS = {
    "lb": 0.45359237,
    "g": 0.001,
    "in": 2.54,
    "ft": 30.48,
    "m": 100.0,
    "min": 1 / 60,
    "sec": 1 / 3600,
}


def open_mhealth(found: Found, facts: Facts) -> Comparisons:
    body, yes = body_of(found, facts)
    yield from yes
    values, records = _omh(body, facts["schema"]) if facts["expect"] == "shouldPass" else ({}, {})
    passed = facts["expect"] == "shouldPass" or bool(found.series or found.records)
    yield from same(facts, expect="shouldPass" if passed else "shouldFail")
    if not values and not records:
        yield Comparison("refused", True, found.refusal in ("nothing_usable", "unknown_format"))
    yield Comparison("values", values, {kind: series.values for kind, series in found.series.items()})
    yield Comparison("records", records, found.record_types)
    yield held(0 if found.refusal == "unknown_format" else 1, found)


def _omh(body: Any, schema: str) -> tuple[dict[str, list[float]], dict[str, int]]:
    """What a valid body gives: one value where it names a time and is no statistic, or one record."""
    if schema == "medication-prescription":
        return {}, {"medication": 1}
    schema = body.get("header", {}).get("schema_id", {}).get("name", schema)
    if schema == "physical-activity":
        return ({}, {"activity": 1}) if body.get("body", body) else ({}, {})
    name = next((name for name in OMH_KINDS if name in body), None)
    if name is None or "descriptive_statistic" in body or not _has_time(body.get("effective_time_frame", {})):
        return {}, {}
    kind = OMH_KINDS[name]
    if body.get("temporal_relationship_to_meal") == "fasting":
        kind = "glucose_fasting"
    quantity = body[name] if isinstance(body[name], dict) else {"value": body[name], "unit": ""}
    return {kind: [quantity["value"] * OMH_UNITS.get(quantity["unit"], 1)]}, {}


def _has_time(frame: dict[str, Any]) -> bool:
    interval = frame.get("time_interval", {})
    ends = {"start_date_time", "end_date_time", "duration"} & interval.keys()
    return "date_time" in frame or len(ends) == 2


def open_mhealth_zip(found: Found, facts: Facts) -> Comparisons:
    values: Counter[tuple[str, float]] = Counter()
    records: Counter[str] = Counter()
    with zipfile.ZipFile(found.path) as archive:
        members = archive.namelist()
        for name in members:
            schema, _, expect, _ = name.split("/")
            if expect == "shouldPass":
                given, kept = _omh(json.loads(archive.read(name)), schema)
                values.update((kind, round(value, 6)) for kind, own in given.items() for value in own)
                records.update(kept)
    told = Counter((kind, round(value, 6)) for kind, one in found.series.items() for value in one.values)
    yield Comparison("values", sorted(values.elements()), sorted(told.elements()))
    yield Comparison("records", dict(records), found.record_types)
    expects = Counter(name.split("/")[2] for name in members)
    yield from same(facts, schemas=dict(Counter(name.split("/")[0] for name in members)))
    yield from same(
        facts, members=len(members), shouldPass=expects["shouldPass"], shouldFail=expects["shouldFail"]
    )
    yield held(facts["members"], found)


# Genes.


def genetics(found: Found, facts: Facts) -> Comparisons:
    remarks = {one["code"]: one["text"] for one in found.upload.report["remarks"]}
    variants, no_calls, kept = (
        int(part.split()[0].replace(",", "")) for part in remarks["variants_read"].split(", ")
    )
    rows = [line for line in found.path.read_text().splitlines() if line.strip() and line[0] != "#"]
    rows = [line for line in rows if not line.lower().lstrip('"').startswith(("rsid", "# rsid"))]
    yield Comparison("variants in the file", len(rows), variants)
    yield from same(facts, variants=variants, no_calls=no_calls, kept=kept)
    if "build" in facts:
        yield Comparison("build", True, remarks["genome_build"].endswith(f"build {facts['build']}"))
    yield Comparison("kept as records", kept, len(found.records))
    yield from unkept(
        facts, "first", "last", "by_chromosome", "haploid", "indel", "internal_i_ids", "duplicate_ids"
    )
    if not kept and not found.upload.report["problems"]:
        yield Comparison("status", "stored", found.upload.status)
    yield held(facts.get("kept", 0), found)


def no_format(found: Found, facts: Facts) -> Comparisons:
    yield refused("unknown_format", found)
    yield from unkept(facts, *facts)
    yield held(0, found)


WITNESSES: dict[str, Witness] = {
    "23andme_txt": genetics,
    "apple_health_xml": apple_health,
    "apple_health_zip": apple_health,
    "cgm_two_column_csv": glucose_table,
    "daily_wearable_csv (derived)": daily_table,
    "dexcom_clarity_csv": clarity,
    "dexcom_clarity_tsv": clarity,
    "fhir_r4_bundle": fhir_bundle,
    "fhir_r4_resource": fhir_resource,
    "fhir_stu3_bundle": fhir_stu3,
    "fit": fit,
    "fitbit_api_json": fitbit_api,
    "fitbit_fitabase_csv": fitabase,
    "fitbit_minute_csv": fitbit_minutes,
    "fitbit_takeout_json": fitbit_takeout,
    "garmin_connect_json": garmin_connect,
    "genetics_raw": genetics,
    "google_fit_rest_dataset": google_fit,
    "google_fit_rest_datasources": google_data_sources,
    "health_connect_json": health_connect,
    "hourly_vitals_csv (derived)": hourly_table,
    "ihealth_api_json": ihealth,
    "libreview_csv": libreview,
    "medtronic_ipro_xlsx": ipro,
    "minute_hr_csv (derived)": minute_table,
    "nightscout_entries_json": nightscout_entries,
    "nightscout_treatments_json": nightscout_treatments,
    "open_mhealth_json": open_mhealth,
    "open_mhealth_zip": open_mhealth_zip,
    "physionet_numerics_csv": monitor_table,
    "ppg_waveform_csv": no_format,
    "weight_csv": weights_of_several,
    "wfdb_header": no_format,
    "wfdb_numerics": no_format,
    "withings_api_json": withings,
}
"""By the `format` of a manifest's entry."""
