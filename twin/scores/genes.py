"""What raw genotypes say of genes that matter for medicines: diplotype and phenotype, or why neither. Pure.

The tables lie in pharmacogenetics.json. What was not tested is never taken for normal.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import product
from typing import Any

from twin.kinds import DATA

_BUILD = 37
_COPIES = 2
_NO_CALL = frozenset("-0")
"""Letters of what the laboratory could not tell, in whole or in half."""


class Standing(StrEnum):
    """How far a gene can be told."""

    CALLED = "called"
    INDETERMINATE = "indeterminate"  # tested, but what was read fits no pair of known alleles
    NOT_TESTED = "not tested"  # what decides is absent or was not called
    NOT_TOLD = "cannot be told"  # by no such file


@dataclass(frozen=True, slots=True)
class Genotype:
    """One variant as a file has it: the letters as they stand, "AG"; None or "--" where it was not called."""

    rsid: str
    letters: str | None
    build: int | None = _BUILD


@dataclass(frozen=True, slots=True)
class GeneCall:
    """What is known of one gene; `phenotype` may be known without `diplotype`, where every pair has it.

    `possible` are the phenotypes that what was read leaves open, the known one alone where there is one.
    `genotypes` are the variants that were read, by rs number; `untested` those of the table that were not,
    and whose allele no other variant tells.
    """

    gene: str
    standing: Standing
    diplotype: str | None
    phenotype: str | None
    possible: tuple[str, ...]
    genotypes: Mapping[str, str]
    untested: tuple[str, ...]
    limits: tuple[str, ...]
    source: str
    verification: str


def genotype_of(body: Mapping[str, Any]) -> Genotype:
    """The genotype in the body of a record of a variant, as the import writes it."""
    return Genotype(body["rsid"], body.get("genotype"), body.get("build"))


def genes() -> Sequence[str]:
    """Every gene that can be told."""
    return tuple(_genes())


def call(gene: str, genotypes: Iterable[Genotype]) -> GeneCall:
    """What a person's genotypes say of one gene, of which not all need be known.

    Letters are those of the forward strand; other letters, or one letter alone, are not used, and a limit
    says so. Files that contradict each other on a variant leave it untested.
    """
    row = _genes().get(gene)
    if row is None:
        return _not_told(gene)
    read = _read(row, genotypes)
    if "homozygotes" in row:
        return _homozygote(row, read)
    if read.is_strange:
        return _said(row, read, Standing.INDETERMINATE)
    if not read.counts:
        return _said(row, read, Standing.NOT_TESTED)
    diplotypes = {_diplotype(row, counts) for counts in _completions(row, read.counts)} - {None}
    phenotypes = {_phenotype(row, diplotype) for diplotype in diplotypes if diplotype}
    if not diplotypes:
        return _said(row, read, Standing.INDETERMINATE)
    possible = tuple(sorted(phenotype for phenotype in phenotypes if phenotype))
    diplotype = diplotypes.pop() if len(diplotypes) == 1 else None
    is_called = diplotype is not None or len(possible) == 1
    standing = Standing.CALLED if is_called else Standing.NOT_TESTED
    return _said(row, read, standing, diplotype, possible)


def calls(genotypes: Iterable[Genotype]) -> list[GeneCall]:
    """What is known of every gene that can be told."""
    known = list(genotypes)
    return [call(gene, known) for gene in genes()]


@cache
def pharmacogenetics() -> Mapping[str, Any]:
    """The tables, as they lie in the file."""
    data: dict[str, Any] = json.loads((DATA / "pharmacogenetics.json").read_text(encoding="utf-8"))
    return data


@cache
def _genes() -> Mapping[str, Mapping[str, Any]]:
    return {row["gene"]: row for row in pharmacogenetics()["genes"]}


@dataclass(frozen=True, slots=True)
class _Read:
    """By rs number how many of each allele were read, the letters, and what stood in the way."""

    counts: Mapping[str, Counter[str]]
    letters: Mapping[str, str]
    is_strange: bool
    limits: tuple[str, ...]


def _read(row: Mapping[str, Any], genotypes: Iterable[Genotype]) -> _Read:
    cautions = pharmacogenetics()["cautions"]
    wanted = {variant["rsid"]: variant for variant in row["variants"]}
    said: dict[str, set[str]] = {}
    is_of_build = True
    for one in genotypes:
        if one.rsid in wanted and one.letters and _NO_CALL.isdisjoint(one.letters):
            # The order of two letters is none; anything longer is shown as it stands.
            pair = len(one.letters) == _COPIES
            said.setdefault(one.rsid, set()).add("".join(sorted(one.letters)) if pair else one.letters)
            is_of_build = is_of_build and one.build == _BUILD
    counts: dict[str, Counter[str]] = {}
    letters: dict[str, str] = {}
    limits: list[str] = []
    is_strange = False
    for rsid, variant in wanted.items():
        match sorted(said.get(rsid, ())):
            case []:
                continue
            case [read]:
                known = variant["letters"]
                if len(read) == _COPIES and set(read) <= known.keys():
                    counts[rsid] = Counter(known[letter] for letter in read)
                    letters[rsid] = read
                else:
                    is_strange = is_strange or variant["needed"]
                    limits.append(cautions["strand"].format(rsid=rsid, letters=read))
            case _:
                limits.append(cautions["contradiction"].format(rsid=rsid))
    if said and not is_of_build:
        limits.append(cautions["build"])
    return _Read(counts, letters, is_strange, tuple(limits))


def _completions(row: Mapping[str, Any], counts: Mapping[str, Counter[str]]) -> Iterable[Mapping[str, int]]:
    """By allele how often it may be there: as read, and whatever a needed variant may be that was not."""
    found: dict[str, int] = {}
    open_: set[str] = set()
    for variant in row["variants"]:
        (allele,) = _marks(variant) - {row["reference"]}
        if variant["rsid"] in counts:
            # Of variants that mark the same allele each one is enough.
            found[allele] = max(found.get(allele, 0), counts[variant["rsid"]][allele])
        elif variant["needed"]:
            open_.add(allele)
    open_ -= found.keys()
    for guess in product(range(_COPIES + 1), repeat=len(open_)):
        yield found | dict(zip(sorted(open_), guess, strict=True))


def _diplotype(row: Mapping[str, Any], counts: Mapping[str, int]) -> str | None:
    """The two alleles in the table's order; None where more than two would be needed."""
    found = Counter({allele: number for allele, number in counts.items() if number})
    together = row.get("together")
    if together:
        both = min(found[allele] for allele in together["of"])
        found.subtract(dict.fromkeys(together["of"], both))
        found[together["allele"]] += both
    missing = _COPIES - found.total()
    if missing < 0:
        return None
    found[row["reference"]] += missing
    order: list[str] = row["alleles"]
    return "/".join(sorted(found.elements(), key=order.index))


def _phenotype(row: Mapping[str, Any], diplotype: str) -> str | None:
    if "activity" not in row:
        phenotype: str | None = row["phenotypes"].get(diplotype)
        return phenotype
    activity = sum(row["activity"][allele] for allele in diplotype.split("/"))
    by_activity: list[tuple[str, float]] = row["by_activity"]
    return next(name for name, least in by_activity if activity >= least)


def _homozygote(row: Mapping[str, Any], read: _Read) -> GeneCall:
    """A gene of which only two copies of one variant without function can be told."""
    for rsid, letter, diplotype in row["homozygotes"]:
        if read.letters.get(rsid) == letter * _COPIES:
            return _said(row, read, Standing.CALLED, diplotype, (row["homozygous_phenotype"],))
    is_tested = read.counts or read.is_strange
    return _said(row, read, Standing.INDETERMINATE if is_tested else Standing.NOT_TESTED)


def _untested(row: Mapping[str, Any], read: _Read) -> tuple[str, ...]:
    told = {
        allele for variant in row["variants"] if variant["rsid"] in read.counts for allele in _marks(variant)
    }
    return tuple(
        variant["rsid"]
        for variant in row["variants"]
        if variant["rsid"] not in read.counts and not _marks(variant) <= told
    )


def _marks(variant: Mapping[str, Any]) -> set[str]:
    """The allele that each letter stands for."""
    return set(variant["letters"].values())


def _said(
    row: Mapping[str, Any],
    read: _Read,
    standing: Standing,
    diplotype: str | None = None,
    possible: tuple[str, ...] = (),
) -> GeneCall:
    data = pharmacogenetics()
    untested = _untested(row, read)
    limits = [data["cautions"]["laboratory"], *row["limits"], *read.limits]
    if untested:
        limits.append(data["cautions"]["untested"].format(rsids=", ".join(untested)))
    pair = diplotype.split("/") if diplotype else []
    note = row.get("notes", {}).get(diplotype)
    if note:
        limits.append(note)
    elif len(set(pair) - {row.get("reference")}) == _COPIES:
        limits.append(data["cautions"]["phase"])
    return GeneCall(
        gene=row["gene"],
        standing=standing,
        diplotype=diplotype,
        phenotype=possible[0] if len(possible) == 1 else None,
        possible=possible,
        genotypes=dict(read.letters),
        untested=untested,
        limits=tuple(limits),
        source=data["sources"][0],
        verification=row["verification"],
    )


def _not_told(gene: str) -> GeneCall:
    data = pharmacogenetics()
    why = data["not_told"].get(gene, "This gene is not looked at.")
    return GeneCall(
        gene=gene,
        standing=Standing.NOT_TOLD,
        diplotype=None,
        phenotype=None,
        possible=(),
        genotypes={},
        untested=(),
        limits=(data["cautions"]["laboratory"], why),
        source=data["sources"][0],
        verification=data["verification"],
    )
