"""Fitbit: Fitabase, minutes, Takeout and the Web API."""

import csv
from datetime import timedelta

from manifest import Comparison, Facts, Found, moment

from facts.comparing import Comparisons, body_of, held, plainly, refused, same


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
