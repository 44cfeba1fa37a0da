"""Answers of the Web APIs of iHealth and Withings: the file read once more, by plain code."""

from collections import Counter

from manifest import Facts, Found

from facts.comparing import Comparisons, body_of, plainly
from twin.kinds import KINDS


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
