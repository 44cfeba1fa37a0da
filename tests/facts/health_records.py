"""Health records in FHIR."""

from typing import Any

import numpy as np
from manifest import Comparison, Facts, Found, moment

from facts.comparing import Comparisons, held, refused, same, unkept
from twin.intake.fhir.codes import kind_of

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
