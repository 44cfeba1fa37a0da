"""Whether a new or imported medicine is safe to prescribe for this person, so far as can be told. Pure.

What is found is a prompt to think, never a refusal: every finding can be overridden, with a reason. What
could not be checked is said beside it, for no finding is not the same as no danger.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from twin.scores.gene_notices import Finding as GeneFinding
from twin.scores.gene_notices import notices
from twin.scores.genes import Genotype
from twin.scores.ingredients import (
    Sameness,
    allergy_classes_of,
    allergy_source_of,
    classes_of,
    ingredients_of,
    sameness,
    shared_words,
)
from twin.scores.medicine_names import Medicine, Wanted, is_one_of, is_swallowed, medicines_file

DATA = Path(__file__).parent / "data"

NO_INTERACTIONS = (
    "Interactions are not checked: no list of them with an open licence is known that Pollux may ship."
)


class Check(StrEnum):
    """What a medicine is held against."""

    ALLERGIES = "allergies"
    SAME_INGREDIENT = "same ingredient"
    SAME_CLASS = "same class"
    GENES = "genes"
    KIDNEYS = "kidneys"
    INTERACTIONS = "interactions"


class Severity(StrEnum):
    """How much a finding weighs, the most first."""

    STOP = "stop"
    WARN = "warn"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Allergy:
    """An allergy or intolerance that is on file and was neither refuted nor entered in error."""

    text: str
    system: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Egfr:
    """An estimate of kidney function in mL/min/1.73 m2, and the person's day of the creatinine."""

    value: float
    on: date


@dataclass(frozen=True, slots=True)
class Person:
    """What a medicine is held against. `in_use` are the medicines on the list beside it.

    `genotypes` is empty where no gene file is there, `egfr` None where none could be worked out.
    """

    allergies: Sequence[Allergy] = ()
    in_use: Sequence[Medicine] = ()
    genotypes: Sequence[Genotype] = ()
    egfr: Egfr | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to think of. `about` is what of the person it is: an allergy, a medicine, a gene, an eGFR."""

    check: Check
    severity: Severity
    sentence: str
    about: str
    source: str
    verification: str
    override_needs_reason: bool = True


@dataclass(frozen=True, slots=True)
class NotChecked:
    """What could not be checked, wholly or in part, and why."""

    check: Check
    why: str


@dataclass(frozen=True, slots=True)
class Checked:
    """The findings, what weighs most first; what was looked at; and what could not be, or not wholly."""

    findings: tuple[Finding, ...]
    looked_at: tuple[Check, ...]
    not_checked: tuple[NotChecked, ...]


def check(medicine: Medicine, person: Person, today: date) -> Checked:
    """Everything that is known to speak against a medicine for this person.

    Raises ValueError for a medicine without words and code.
    """
    if not _name(medicine):
        raise ValueError("A medicine has a name or a code.")
    findings = [
        *_allergies(medicine, person.allergies),
        *_twice(medicine, person.in_use),
        *_genes(medicine, person.genotypes),
        *_kidneys(medicine, person.egfr),
    ]
    findings.sort(key=lambda finding: list(Severity).index(finding.severity))
    not_checked = tuple(_not_checked(medicine, person, today))
    missing = {Check.INTERACTIONS}
    if not person.genotypes:
        missing.add(Check.GENES)
    if person.egfr is None:
        missing.add(Check.KIDNEYS)
    return Checked(tuple(findings), tuple(one for one in Check if one not in missing), not_checked)


def _allergies(medicine: Medicine, allergies: Iterable[Allergy]) -> Iterator[Finding]:
    for allergy in allergies:
        found = _allergy(medicine, allergy)
        if found is not None:
            yield found


def _allergy(medicine: Medicine, allergy: Allergy) -> Finding | None:
    substance = Medicine(allergy.text, allergy.system, allergy.code)
    said, name = _name(substance), _name(medicine)
    on_file = f"An allergy to {said} is on file"
    by = sameness(substance, medicine)
    if by in (Sameness.CODE, Sameness.INGREDIENT):
        return _of_record(Check.ALLERGIES, Severity.STOP, f"{on_file}, and it is in {name}.", said)
    own = classes_of(medicine)
    named = next((one for one in allergy_classes_of(substance) if one in own), None)
    if named is not None:
        return _of_record(
            Check.ALLERGIES,
            Severity.STOP,
            f"{on_file}, and {name} is one of the {named.title}.",
            said,
            source=allergy_source_of(named, substance),
        )
    related = next((one for one in classes_of(substance) if one in own), None)
    if related is not None:
        sentence = f"{on_file}, which is one of the {related.title}, as {name} is."
        return _of_record(Check.ALLERGIES, Severity.WARN, sentence, said)
    if by is Sameness.NAME or shared_words(substance, medicine):
        sentence = f"{on_file}, and {name} has a word of it in its name."
        return _of_record(Check.ALLERGIES, Severity.STOP, sentence, said)
    return None


def _twice(medicine: Medicine, in_use: Iterable[Medicine]) -> Iterator[Finding]:
    for other in in_use:
        is_apart = is_swallowed(medicine) != is_swallowed(other)
        used = f"{_name(other)} is in use already"
        by = sameness(medicine, other)
        if by is not None:
            severity = Severity.NOTE if is_apart else Severity.WARN
            sentence = f"{used} and holds the same ingredient, by its {by.value}."
            yield _of_record(Check.SAME_INGREDIENT, severity, sentence, _name(other))
            continue
        theirs = classes_of(other)
        both = [one for one in classes_of(medicine) if one in theirs and one.twice != "usual"]
        if both:
            worst = min(both, key=lambda one: list(Severity).index(Severity(one.twice)))
            severity = Severity.NOTE if is_apart else Severity(worst.twice)
            sentence = f"{used} and is one of the {worst.title} too."
            yield _of_record(Check.SAME_CLASS, severity, sentence, _name(other))


def _genes(medicine: Medicine, genotypes: Sequence[Genotype]) -> Iterator[Finding]:
    for notice in notices(genotypes, [medicine]):
        if notice.finding is GeneFinding.PROMPT and notice.prompt is not None:
            yield Finding(
                Check.GENES,
                Severity.WARN,
                notice.prompt,
                f"{notice.gene}: {notice.phenotype}",
                f"{notice.guideline}; {notice.source}",
                notice.verification,
            )


def _kidneys(medicine: Medicine, egfr: Egfr | None) -> Iterator[Finding]:
    if egfr is None:
        return
    for row in _kidney_rules_of(medicine):
        bands = sorted(row["bands"], key=lambda band: band["below"])
        band = next((band for band in bands if egfr.value < band["below"]), None)
        if band is None:
            continue
        is_clearance = row["measure"] != "egfr"
        note = f" {_kidney_limits()['clearance_note']}" if is_clearance else ""
        yield Finding(
            Check.KIDNEYS,
            Severity(band["severity"]),
            f"{band['text']}{note}",
            f"eGFR {egfr.value:.0f} on {egfr.on.isoformat()}",
            "; ".join(row["sources"]),
            f"{_kidney_limits()['verification']}; {len(row['sources'])} sources, of {row['date']}",
        )


def _not_checked(medicine: Medicine, person: Person, today: date) -> Iterator[NotChecked]:
    if not person.allergies:
        yield NotChecked(Check.ALLERGIES, "No allergy is on file. That does not say that there is none.")
    wordless = sum(not allergy.text.strip() for allergy in person.allergies)
    if wordless:
        why = f"Allergies on file without words were held against codes only: {wordless}."
        yield NotChecked(Check.ALLERGIES, why)
    if _is_strange(medicine):
        for one in (Check.ALLERGIES, Check.SAME_INGREDIENT, Check.SAME_CLASS):
            yield NotChecked(one, _strange([medicine]))
    strangers = [one for one in person.in_use if _is_strange(one)]
    if strangers:
        yield NotChecked(Check.SAME_INGREDIENT, _strange(strangers))
    yield from _genes_not_checked(medicine, person.genotypes)
    yield from _kidneys_not_checked(medicine, person.egfr, today)
    yield NotChecked(Check.INTERACTIONS, NO_INTERACTIONS)


def _is_strange(medicine: Medicine) -> bool:
    return not ingredients_of(medicine) and not classes_of(medicine)


def _strange(medicines: Iterable[Medicine]) -> str:
    names = "; ".join(_name(one) for one in medicines)
    return f"Compared by words and code only, for it is not known what is in: {names}."


def _genes_not_checked(medicine: Medicine, genotypes: Sequence[Genotype]) -> Iterator[NotChecked]:
    if not genotypes:
        yield NotChecked(Check.GENES, "No gene file is there.")
    for notice in notices(genotypes, [medicine]):
        if notice.finding is GeneFinding.NOT_TOLD:
            why = f"A guideline asks for {notice.gene} with {notice.medicine}; the gene files do not tell it."
            yield NotChecked(Check.GENES, why)


def _kidneys_not_checked(medicine: Medicine, egfr: Egfr | None, today: date) -> Iterator[NotChecked]:
    rules = _kidney_rules_of(medicine)
    if egfr is None:
        limits = " This medicine has limits of kidney function." if rules else ""
        yield NotChecked(Check.KIDNEYS, f"No eGFR is known.{limits}")
    elif today - egfr.on > timedelta(days=_kidney_limits()["old_after_days"]):
        yield NotChecked(Check.KIDNEYS, f"The eGFR is of {egfr.on.isoformat()}, more than a year ago.")
    if not rules:
        yield NotChecked(Check.KIDNEYS, "No limit of kidney function is on file for this medicine.")


def _of_record(
    check_: Check, severity: Severity, sentence: str, about: str, *, source: str | None = None
) -> Finding:
    return Finding(
        check_,
        severity,
        sentence,
        about,
        "; ".join(filter(None, ("The person's own records", source))),
        medicines_file()["verification"],
    )


def _name(medicine: Medicine) -> str:
    return medicine.text.strip() or next((code for _, code in medicine.codes), "")


def _kidney_rules_of(medicine: Medicine) -> list[Mapping[str, Any]]:
    if not is_swallowed(medicine):
        return []
    return [row for row in _kidney_limits()["rules"] if is_one_of(medicine, _wanted(row["id"]))]


@cache
def _kidney_limits() -> Mapping[str, Any]:
    data: Mapping[str, Any] = json.loads((DATA / "kidney_limits.json").read_text(encoding="utf-8"))
    return data


@cache
def _wanted(rule: str) -> Wanted:
    row = next(row for row in _kidney_limits()["rules"] if row["id"] == rule)
    return Wanted(names=tuple(row["names"]), endings=tuple(row["endings"]), atc=tuple(row["atc"]))
