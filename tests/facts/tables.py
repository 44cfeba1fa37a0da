"""Tables of published data sets, and of one's own."""

import csv
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
from manifest import Comparison, Facts, Found, moment

from facts.comparing import Comparisons, held, minutes, refused, same, unkept


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
