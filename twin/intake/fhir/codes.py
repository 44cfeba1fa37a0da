"""FHIR's CodeableConcept, and the catalogue's kinds by LOINC code. Pure; its data is loinc_synonyms.json."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from twin.kinds import DATA, Kind, by_loinc, kind

LOINC = "http://loinc.org"
_LOINC_NAMES = {LOINC, "https://loinc.org", "urn:oid:2.16.840.1.113883.6.1"}


@dataclass(frozen=True, slots=True)
class Concept:
    """What a CodeableConcept says in one line: its first code, and its text or that code's."""

    system: str
    code: str
    text: str


NOTHING = Concept("", "", "")


def codings(concept: Any) -> Iterator[tuple[str, str, str]]:
    """System, code and display of each coding of a CodeableConcept; malformed ones are passed over."""
    listed = concept.get("coding") if isinstance(concept, dict) else None
    for coding in listed if isinstance(listed, list) else ():
        if isinstance(coding, dict):
            yield text_of(coding, "system"), text_of(coding, "code"), text_of(coding, "display")


def concept_of(concept: Any) -> Concept:
    """A CodeableConcept in one line; NOTHING when it says nothing."""
    own = text_of(concept, "text")
    for system, code, display in codings(concept):
        return Concept(system, code, own or display or code)
    return Concept("", "", own)


def has_code(concept: Any, *wanted: str) -> bool:
    """Whether any coding of a CodeableConcept has one of these codes."""
    return any(code in wanted for _, code, _ in codings(concept))


def kind_of(concept: Any) -> Kind | None:
    """The one kind that the LOINC codes of a CodeableConcept name; None for none, or when two disagree."""
    found = {
        of.code: of
        for system, code, _ in codings(concept)
        if system in _LOINC_NAMES and (of := by_loinc(code) or _SYNONYMS.get(code))
    }
    return next(iter(found.values())) if len(found) == 1 else None


def text_of(holder: Any, key: str) -> str:
    """The text under a key of a JSON object; empty when there is none, or something else."""
    value = holder.get(key) if isinstance(holder, dict) else None
    return value if isinstance(value, str) else ""


def _synonyms() -> Mapping[str, Kind]:
    rows = json.loads((DATA / "loinc_synonyms.json").read_text(encoding="utf-8"))["synonyms"]
    return {row["loinc"]: kind(row["kind"]) for row in rows}


_SYNONYMS = _synonyms()
