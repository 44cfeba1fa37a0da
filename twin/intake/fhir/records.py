"""FHIR resources as records: one clinical fact each, with the resource itself kept whole. Pure."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from twin.intake.fhir.codes import NOTHING, Concept, codings, concept_of, has_code, text_of
from twin.intake.fhir.moments import Span, span_of
from twin.intake.items import Record, RecordType

# Panels and scores of PHQ-9, PHQ-2, GAD-7 and GAD-2: their answers are shared as mental health.
_QUESTIONNAIRES = frozenset(
    {"44249-1", "44261-6", "55757-9", "55758-7", "69737-5", "70274-6", "69725-0", "70272-0"}
)
_ICD10 = "icd-10"


class Medications:
    """The Medication resources of a file, by every name under which a prescription may point to them."""

    def __init__(self) -> None:
        self._concepts: dict[str, Concept] = {}

    def meet(self, resource: dict[str, Any], full_url: str) -> None:
        """Takes note of one Medication; further ones beyond the bound are not remembered."""
        if resource.get("resourceType") == "Medication" and len(self._concepts) < 100_000:
            concept = concept_of(resource.get("code"))
            for name in (full_url, f"Medication/{text_of(resource, 'id')}"):
                self._concepts[name] = concept

    def of(self, prescription: dict[str, Any]) -> Concept:
        """What is prescribed: coded in place, contained, elsewhere in the file, or as displayed."""
        coded = prescription.get("medicationCodeableConcept")
        if coded is not None:
            return concept_of(coded)
        reference = prescription.get("medicationReference")
        target, display = text_of(reference, "reference"), text_of(reference, "display")
        if target.startswith("#"):
            found = _contained_code(prescription, target[1:])
        else:
            found = self._concepts.get(target.split("/_history/")[0], NOTHING)
        return found if found.text else Concept(found.system, found.code, display or target)


def _contained_code(prescription: dict[str, Any], own: str) -> Concept:
    contained = prescription.get("contained")
    for each in contained if isinstance(contained, list) else ():
        if isinstance(each, dict) and each.get("id") == own:
            return concept_of(each.get("code"))
    return NOTHING


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where a resource type keeps what a record asks about."""

    type: RecordType
    concept: str = "code"
    begins: str = ""
    ends: str = ""


_LAYOUTS: Mapping[str, _Layout] = {
    "Condition": _Layout(RecordType.CONDITION, begins="onset", ends="abatement"),
    "AllergyIntolerance": _Layout(RecordType.ALLERGY, begins="onset"),
    "MedicationRequest": _Layout(RecordType.MEDICATION, concept="", begins="authoredOn"),
    "MedicationStatement": _Layout(RecordType.MEDICATION, concept="", begins="effective"),
    "Immunization": _Layout(RecordType.IMMUNIZATION, concept="vaccineCode", begins="occurrence"),
    "Procedure": _Layout(RecordType.PROCEDURE, begins="performed"),
    "DiagnosticReport": _Layout(RecordType.REPORT, begins="effective"),
    "Observation": _Layout(RecordType.OBSERVATION, begins="effective"),
}

KEPT = frozenset(_LAYOUTS)
"""The resource types that become samples or records."""


def record_of(
    resource: dict[str, Any],
    medications: Medications,
    zone: tzinfo,
    source: str,
    full_url: str = "",
    *,
    unreadable: Callable[[str], None],
) -> Record:
    """The record of a resource whose type is in KEPT; `unreadable` is told of each date that cannot be read.

    A year or a month begins with its first instant in `zone`; how exact a date is shows in the body.
    """
    layout = _LAYOUTS[resource["resourceType"]]
    concept = concept_of(resource.get(layout.concept)) if layout.concept else medications.of(resource)
    start, end = _when(resource, layout, zone, unreadable)
    return Record(
        type=layout.type,
        identity=identity_of(resource, full_url),
        system=concept.system,
        code=concept.code,
        text=concept.text,
        status=_status(resource),
        start=start,
        end=end,
        body=resource,
        topic=_topic(resource, layout),
        source=source,
    )


def identity_of(resource: dict[str, Any], full_url: str) -> str:
    """What stays the same when a resource is exported again: its id, its full URL, or else its content."""
    kind, own = resource["resourceType"], text_of(resource, "id")
    if own:
        return f"{kind}/{own}"
    if full_url:
        return full_url
    content = json.dumps(resource, sort_keys=True, ensure_ascii=False)
    return f"{kind}#{hashlib.sha256(content.encode()).hexdigest()}"


def is_in_error(resource: dict[str, Any]) -> bool:
    """Whether the source has withdrawn the resource, or never carried it out as an observation."""
    if has_code(resource.get("verificationStatus"), "entered-in-error"):
        return True
    status = resource.get("status")
    return status == "entered-in-error" or (
        resource.get("resourceType") == "Observation" and status == "cancelled"
    )


def _when(
    resource: dict[str, Any], layout: _Layout, zone: tzinfo, unreadable: Callable[[str], None]
) -> tuple[datetime | None, datetime | None]:
    began = _span(resource, layout.begins, zone, unreadable)
    ended = _span(resource, layout.ends, zone, unreadable) if layout.ends else began
    start = began.start.start if began.start else None
    last = (ended.start if layout.ends else None) or ended.end
    return start, last.start if last else None


def _span(resource: dict[str, Any], stem: str, zone: tzinfo, unreadable: Callable[[str], None]) -> Span:
    # authoredOn is a plain dateTime, not one of several choices.
    holder = {"DateTime": resource[stem]} if stem in resource else resource
    try:
        return span_of(holder, "" if holder is not resource else stem, zone)
    except ValueError as error:
        unreadable(str(error))
        return Span(None, None)


def _status(resource: dict[str, Any]) -> str:
    if has_code(resource.get("verificationStatus"), "refuted"):
        return "refuted"
    if resource.get("doNotPerform") is True:
        return "do-not-perform"
    for _, code, _ in codings(resource.get("clinicalStatus")):
        return code
    return text_of(resource, "status")


def _topic(resource: dict[str, Any], layout: _Layout) -> str:
    if layout.type is RecordType.MEDICATION:
        return "medication"
    for system, code, _ in codings(resource.get("code")):
        if (_ICD10 in system and code.startswith("F")) or code in _QUESTIONNAIRES:
            return "mental_health"
    categories = resource.get("category")
    if any(has_code(category, "GE") for category in (categories if isinstance(categories, list) else ())):
        return "genes"
    return "records"
