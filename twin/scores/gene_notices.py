"""What a person's genes say of the medicines on her list, for her clinician. Pure.

A notice is a prompt to think, with its evidence and its limits. The patient reads `for_patient` and no more.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from twin.scores.genes import GeneCall, Genotype, call, pharmacogenetics

_RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
_ATC = frozenset({"http://www.whocc.no/atc", "urn:oid:2.16.840.1.113883.6.73"})


class Finding(StrEnum):
    """What a notice comes to, the most pressing first."""

    PROMPT = "prompt"  # the phenotype asks for thought
    NOT_TOLD = "not told"  # the guideline asks for this gene, and the files do not tell it
    NOTHING = "nothing"  # the gene is known, and nothing here is to be said of it


@dataclass(frozen=True, slots=True)
class Medicine:
    """A medicine as the list has it: its words, and its code where it has one."""

    text: str
    system: str = ""
    code: str = ""


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
    """The guideline's names of what is in a medicine, by its code or by its words."""
    words = f" {_plain(medicine.text)} "
    return [
        row["name"]
        for row in pharmacogenetics()["medicines"]
        if (medicine.system == _RXNORM and medicine.code == row["rxnorm"])
        or (medicine.system in _ATC and medicine.code in row["atc"])
        or _pattern(row["name"]).search(words)
    ]


@cache
def _pattern(name: str) -> re.Pattern[str]:
    """The name as a word of its own, also as other languages end it: codein, codeine, codeina."""
    return re.compile(rf" {re.escape(_plain(name).removesuffix('e'))}[aeo]? ")


def _plain(text: str) -> str:
    """Lower case without accents, single spaces for whatever is no letter or digit."""
    bare = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
    return " ".join(re.split(r"[^a-z0-9]+", bare)).strip()


@cache
def _pairs() -> Mapping[str, Sequence[Mapping[str, Any]]]:
    pairs: dict[str, list[Mapping[str, Any]]] = {}
    for pair in pharmacogenetics()["pairs"]:
        pairs.setdefault(pair["medicine"], []).append(pair)
    return pairs


def _notice(pair: Mapping[str, Any], written: str, found: GeneCall) -> Notice:
    data = pharmacogenetics()
    prompt = next(
        (
            row
            for row in data["prompts"]
            if row["gene"] == pair["gene"]
            and pair["medicine"] in row["medicines"]
            and found.phenotype in row["phenotypes"]
        ),
        None,
    )
    if prompt is not None:
        finding = Finding.PROMPT
    else:
        finding = Finding.NOT_TOLD if found.phenotype is None else Finding.NOTHING
    checked = (
        found.verification if prompt is None else f"{prompt['verification']}; gene: {found.verification}"
    )
    return Notice(
        gene=pair["gene"],
        medicine=pair["medicine"],
        written=written,
        finding=finding,
        diplotype=found.diplotype,
        phenotype=found.phenotype,
        prompt=None if prompt is None else prompt["prompt"],
        for_patient=data["for_patient"],
        level=f"CPIC level {pair['level']}",
        guideline=pair["guideline"],
        limits=(*found.limits, data["cautions"]["routes"]),
        source=found.source,
        verification=checked,
    )
