"""Whose data a FHIR file holds. Pure. A file of several people is never divided by guessing."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from twin.intake.fhir.codes import text_of

_MOST = 1000
"""Subjects remembered; two are already too many."""


class People:
    """The Patient resources of a file and the subjects of its other resources, told apart by their names.

    A name is a reference as it is written; a Patient resource has several: full URL, id, identifiers.
    """

    def __init__(self) -> None:
        self._patients: list[set[str]] = []
        self._subjects: dict[str, int] = {}

    def meet(self, resource: dict[str, Any], full_url: str) -> None:
        """Takes note of one resource."""
        if resource.get("resourceType") == "Patient":
            names = _names(resource, full_url)
            # A search answer may hold the same patient twice.
            same = [known for known in self._patients if known & names]
            self._patients = [known for known in self._patients if not known & names]
            self._patients.append(names.union(*same))
            del self._patients[_MOST:]
        elif (name := subject(resource)) and _may_be_person(name) and len(self._subjects) < _MOST:
            self._subjects[name] = self._subjects.get(name, 0) + 1

    def names(self) -> list[str]:
        """One name for each person: of the Patient resources, or without any, of the subjects."""
        if self._patients:
            return [
                min(names, key=lambda name: (not name.startswith("Patient/"), name))
                for names in self._patients
            ]
        return [_relative(name) for name in sorted(self._subjects)]

    def owner(self, person: str | None) -> "Owner":
        """The one person whose data is to be read: the only one there is, or the one that `person` names.

        Raises LookupError when nobody, or more than one, fits.
        """
        candidates = self._patients or [{name} for name in self._subjects]
        if person is not None:
            wanted = {person, f"Patient/{person}"}
            candidates = [names for names in candidates if wanted & (names | set(map(_relative, names)))]
            if not candidates:
                raise LookupError(person)
        if len(candidates) > 1:
            raise LookupError("several")
        return Owner(frozenset(candidates[0]) if candidates else frozenset())


class Owner:
    """The person whose data is read."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        self._anywhere = not any(name.startswith(("http://", "https://")) for name in names)

    def has(self, resource: dict[str, Any]) -> bool:
        """Whether a resource is about this person; one that names no subject at all is."""
        name = subject(resource)
        if not name or name in self._names:
            return True
        # A Patient that does not say which server it is from answers to the same id on any.
        return self._anywhere and _relative(name) in self._names


def subject(resource: dict[str, Any]) -> str:
    """The name of whom a resource is about: its reference without a version; empty when nobody is named."""
    reference = resource.get("subject") or resource.get("patient")
    if not isinstance(reference, dict):
        return ""
    text = text_of(reference, "reference").split("/_history/")[0]
    if text.startswith("#"):
        return _contained(resource, text[1:])
    if text:
        return text
    identifier = reference.get("identifier")
    if isinstance(identifier, dict):
        return _identifier(identifier)
    display = text_of(reference, "display")
    return f"display:{display}" if display else ""


def _names(patient: dict[str, Any], full_url: str) -> set[str]:
    names = {full_url} if full_url else set()
    own = text_of(patient, "id")
    if own:
        names |= {f"Patient/{own}", f"urn:uuid:{own}"}
    identifiers = patient.get("identifier")
    names |= {_identifier(each) for each in _objects(identifiers)}
    return names or {_content(patient)}


def _contained(resource: dict[str, Any], own: str) -> str:
    for each in _objects(resource.get("contained")):
        if each.get("id") == own:
            for identifier in _objects(each.get("identifier")):
                return _identifier(identifier)
            return _content({key: value for key, value in each.items() if key != "id"})
    return f"contained:{own}"


def _objects(listed: Any) -> Iterable[dict[str, Any]]:
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _identifier(identifier: dict[str, Any]) -> str:
    return f"identifier:{text_of(identifier, 'system')}|{text_of(identifier, 'value')}"


def _content(resource: dict[str, Any]) -> str:
    return "content:" + hashlib.sha256(json.dumps(resource, sort_keys=True).encode()).hexdigest()


def _relative(name: str) -> str:
    return "/".join(name.split("/")[-2:]) if "/" in name else name


def _may_be_person(name: str) -> bool:
    """Whether a reference can point to a person: it does not name another resource type."""
    parts = _relative(name).split("/")
    return len(parts) < 2 or parts[0] == "Patient"
