"""What a person's genes say of the medicines on her list, for her clinician. Pure.

A notice is a prompt to think, with its evidence and its limits. The patient reads `for_patient` and no more.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from twin.scores.genes import GeneCall, Genotype, call, pharmacogenetics
from twin.scores.medicine_names import Medicine, Wanted, is_one_of


class Finding(StrEnum):
    """What a notice comes to, the most pressing first."""

    PROMPT = "prompt"  # the phenotype asks for thought
    NOT_TOLD = "not told"  # the guideline asks for this gene, and the files do not tell it
    NOTHING = "nothing"  # the gene is known, and nothing here is to be said of it


@dataclass(frozen=True, slots=True)
class Notice:
    """One gene and one medicine. `prompt` is for clinicians, `for_patient` for the patient.

    `medicine` is the guideline's name, `written` that of the list; `level` CPIC's level of evidence.
    """

    gene: str
    medicine: str
    written: str
    finding: Finding
    diplotype: str | None
    phenotype: str | None
    prompt: str | None
    for_patient: str
    level: str
    guideline: str
    limits: tuple[str, ...]
    source: str
    verification: str


def notices(genotypes: Iterable[Genotype], medicines: Iterable[Medicine]) -> list[Notice]:
    """A notice of each pair of a gene and a listed medicine that a guideline of level A knows.

    Most pressing first, then in the list's order; of medicines that are the same the first counts. Nobody
    whose genes were never read gets any: without genotypes the answer is empty.
    """
    known = list(genotypes)
    if not known:
        return []
    written: dict[str, str] = {}
    for medicine in medicines:
        for name in _names_of(medicine):
            written.setdefault(name, medicine.text)
    found = [
        _notice(pair, text, call(pair["gene"], known))
        for name, text in written.items()
        for pair in _pairs().get(name, ())
    ]
    return sorted(found, key=lambda notice: list(Finding).index(notice.finding))


def _names_of(medicine: Medicine) -> list[str]:
    """The guideline's names of what is in a medicine."""
    return [
        row["name"] for row in pharmacogenetics()["medicines"] if is_one_of(medicine, _wanted(row["name"]))
    ]


@cache
def _wanted(name: str) -> Wanted:
    row = next(row for row in pharmacogenetics()["medicines"] if row["name"] == name)
    return Wanted(
        names=(name,), rxnorm=frozenset({row["rxnorm"]} if row["rxnorm"] else ()), atc=tuple(row["atc"])
    )


@cache
def _pairs() -> Mapping[str, Sequence[Mapping[str, Any]]]:
    pairs: dict[str, list[Mapping[str, Any]]] = {}
    for pair in pharmacogenetics()["pairs"]:
        pairs.setdefault(pair["medicine"], []).append(pair)
    return pairs


def _notice(pair: Mapping[str, Any], written: str, found: GeneCall) -> Notice:
    data = pharmacogenetics()
    prompts = [_prompt(pair, phenotype) for phenotype in found.possible]
    asked = [prompt for prompt in prompts if prompt is not None]
    # What every phenotype asks for that is still possible holds, whichever of them it is.
    is_asked = bool(asked) and len(asked) == len(prompts)
    if is_asked:
        finding = Finding.PROMPT
    else:
        finding = Finding.NOT_TOLD if found.phenotype is None else Finding.NOTHING
    checked = dict.fromkeys(prompt["verification"] for prompt in asked) if is_asked else {}
    return Notice(
        gene=pair["gene"],
        medicine=pair["medicine"],
        written=written,
        finding=finding,
        diplotype=found.diplotype,
        phenotype=" or ".join(found.possible) if is_asked else found.phenotype,
        prompt=_words(found.possible, asked) if is_asked else None,
        for_patient=data["for_patient"],
        level=f"CPIC level {pair['level']}",
        guideline=pair["guideline"],
        limits=(*found.limits, data["cautions"]["routes"]),
        source=found.source,
        verification="; ".join((*checked, f"gene: {found.verification}")),
    )


def _prompt(pair: Mapping[str, Any], phenotype: str) -> Mapping[str, Any] | None:
    prompts: list[Mapping[str, Any]] = pharmacogenetics()["prompts"]
    return next(
        (
            row
            for row in prompts
            if row["gene"] == pair["gene"]
            and pair["medicine"] in row["medicines"]
            and phenotype in row["phenotypes"]
        ),
        None,
    )


def _words(phenotypes: Sequence[str], prompts: Sequence[Mapping[str, Any]]) -> str:
    texts = [prompt["prompt"] for prompt in prompts]
    if len(set(texts)) == 1:
        return str(texts[0])
    return " ".join(f"{phenotype}: {text}" for phenotype, text in zip(phenotypes, texts, strict=True))
