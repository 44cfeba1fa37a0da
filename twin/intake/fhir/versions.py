"""Tells FHIR R4 from the versions that look like it. Pure."""

from collections.abc import Callable
from typing import Any

_DSTU2, _STU3, _EARLIER, _R5 = "DSTU2", "STU3", "STU3 or DSTU2", "R5"

# The first number of fhirVersion; 4 is R4 and R4B, which differ in nothing that is read here.
_NUMBERS = {"0": "DSTU1", "1": _DSTU2, "3": _STU3, "5": _R5, "6": "R6"}

# Resource types that R4 does not have.
_TYPES = {
    **dict.fromkeys(
        ("MedicationOrder", "DiagnosticOrder", "Conformance", "Order", "OrderResponse", "DeviceUseRequest"),
        _DSTU2,
    ),
    **dict.fromkeys(
        ("ProcedureRequest", "ReferralRequest", "DeviceComponent", "BodySite", "ProcessRequest"), _EARLIER
    ),
    **dict.fromkeys(("Sequence", "ExpansionProfile"), _STU3),
    **dict.fromkeys(
        ("Transport", "GenomicStudy", "DeviceAssociation", "DeviceDispense", "NutritionIntake"), _R5
    ),
}

Test = Callable[[Any], bool]


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _is_there(value: Any) -> bool:
    return value is not None


# Elements whose name or shape another version has and R4 has not, by resource type, most telling first.
_TELLS: dict[str, tuple[tuple[str, Test, str], ...]] = {
    "Condition": (
        ("dateRecorded", _is_there, _DSTU2),
        ("assertedDate", _is_there, _STU3),
        ("context", _is_there, _STU3),
        ("clinicalStatus", _is_text, _EARLIER),
        ("verificationStatus", _is_text, _EARLIER),
    ),
    "AllergyIntolerance": (
        ("substance", _is_there, _DSTU2),
        ("assertedDate", _is_there, _STU3),
        ("clinicalStatus", _is_text, _STU3),
        ("verificationStatus", _is_text, _STU3),
        ("type", _is_object, _R5),
    ),
    "Observation": (
        ("comments", _is_there, _DSTU2),
        ("context", _is_there, _STU3),
        ("comment", _is_there, _STU3),
        ("related", _is_there, _EARLIER),
        ("triggeredBy", _is_there, _R5),
        ("bodyStructure", _is_there, _R5),
    ),
    "MedicationRequest": (("context", _is_there, _STU3), ("medication", _is_object, _R5)),
    "MedicationStatement": (
        ("wasNotTaken", _is_there, _DSTU2),
        ("taken", _is_text, _STU3),
        ("medication", _is_object, _R5),
    ),
    "Immunization": (
        ("wasNotGiven", _is_there, _DSTU2),
        ("notGiven", _is_there, _STU3),
        ("date", _is_there, _EARLIER),
    ),
    "Procedure": (
        ("notPerformed", _is_there, _DSTU2),
        ("notDone", _is_there, _STU3),
        ("context", _is_there, _STU3),
        ("occurrenceDateTime", _is_there, _R5),
        ("occurrencePeriod", _is_there, _R5),
    ),
    "DiagnosticReport": (("context", _is_there, _STU3), ("codedDiagnosis", _is_there, _EARLIER)),
    "Encounter": (("class", _is_text, _DSTU2), ("class", _is_list, _R5), ("actualPeriod", _is_there, _R5)),
    "Patient": (("animal", _is_there, _EARLIER),),
}


def other_version(resource: dict[str, Any]) -> str | None:
    """The name of the FHIR version that a resource gives away, and where; None when it may be R4 (or R4B)."""
    kind = resource.get("resourceType")
    stated = resource.get("fhirVersion")
    if isinstance(stated, str) and stated.split(".")[0] in _NUMBERS:
        return f"FHIR {_NUMBERS[stated.split('.')[0]]} (fhirVersion {stated})"
    if not isinstance(kind, str):
        return None
    if kind in _TYPES:
        return f"FHIR {_TYPES[kind]} (it has a {kind})"
    for element, test, version in _TELLS.get(kind, ()):
        if test(resource.get(element)):
            return f"FHIR {version} (by {kind}.{element})"
    return None
