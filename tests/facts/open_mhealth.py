"""Open mHealth: data points, one by one and in an archive."""

import json
import zipfile
from collections import Counter
from typing import Any

from manifest import Comparison, Facts, Found

from facts.comparing import Comparisons, body_of, held, same

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
