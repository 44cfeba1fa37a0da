"""Calls of genes: the tables against each other, what is absent, contradicts or is of the other strand."""

import json
from datetime import UTC
from itertools import combinations_with_replacement
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.vector_cases import vector_cases
from twin.intake import genetics
from twin.intake.genetics.calls import PANEL
from twin.intake.items import Record
from twin.kinds import DATA
from twin.scores.genes import Genotype, Standing, call, calls, genes, genotype_of, pharmacogenetics

SAMPLES = Path(__file__).parents[2] / "samples" / "genetics"
TABLES = {row["gene"]: row for row in pharmacogenetics()["genes"]}
WITH_PAIRS = [gene for gene in TABLES if "alleles" in TABLES[gene]]


def told(gene, **letters):
    return call(gene, [Genotype(rsid, value) for rsid, value in letters.items()])


@pytest.mark.parametrize("case", vector_cases("genetics"), ids=lambda case: case["id"])
def test_genetics_vectors(case):
    found = told(case["score"], **case["input"])
    said = {
        "diplotype": found.diplotype,
        "phenotype": found.phenotype or found.standing.value,
        "genotype": found.diplotype,
    }
    assert {name: said[name] for name in case["expected"]} == case["expected"]


@pytest.mark.parametrize("gene", WITH_PAIRS)
def test_every_pair_of_alleles_has_one_phenotype_or_none_has(gene):
    row = TABLES[gene]
    pairs = {"/".join(pair) for pair in combinations_with_replacement(row["alleles"], 2)}
    assert set(row.get("phenotypes", ())) in (pairs, set())
    assert set(row.get("activity", row["alleles"])) == set(row["alleles"])
    assert row["reference"] in row["alleles"]


def test_every_variant_is_kept_by_the_import_and_has_its_letters_there():
    catalogue = json.loads((DATA / "genetics.json").read_text(encoding="utf-8"))
    known = {row["rsid"]: row for row in catalogue["variants"] + catalogue["other_variants"]}
    for row in TABLES.values():
        for variant in row["variants"]:
            assert PANEL[variant["rsid"].encode()] == row["gene"]
            letters, kept = variant["letters"], known[variant["rsid"]]
            assert len(letters) == len(set(letters.values())) == 2
            reference = row.get("reference", "*1")
            effect = "D" if kept["effect_base_forward"] == "del" else kept["effect_base_forward"]
            assert letters[effect] != reference
            if "ref37" in kept and effect != "D":
                assert kept["ref37"] in letters


def test_every_gene_of_a_guideline_is_told_or_says_why_not():
    data = pharmacogenetics()
    assert {pair["gene"] for pair in data["pairs"]} <= set(genes()) | set(data["not_told"])
    named = {(pair["gene"], pair["medicine"]) for pair in data["pairs"]}
    assert {(row["gene"], name) for row in data["prompts"] for name in row["medicines"]} <= named
    assert {name for _, name in named} == {row["name"] for row in data["medicines"]}


@pytest.mark.parametrize("row", pharmacogenetics()["prompts"], ids=lambda row: row["prompt"])
def test_every_prompt_is_of_a_phenotype_that_can_be_told(row):
    table = TABLES[row["gene"]]
    possible = {*table.get("phenotypes", {}).values(), *(name for name, _ in table.get("by_activity", ()))}
    assert set(row["phenotypes"]) <= possible | {table.get("homozygous_phenotype")}


@pytest.mark.parametrize(
    ("gene", "letters", "diplotype", "phenotype"),
    [
        (
            "CYP2C19",
            "rs4244285=GG rs4986893=GG rs12248560=CC rs28399504=AG",
            "*1/*4",
            "Intermediate Metabolizer",
        ),
        ("CYP2C9", "rs1799853=CT rs1057910=AA", "*1/*2", "Intermediate Metabolizer"),
        ("CYP2C9", "rs1799853=CT rs1057910=AC", "*2/*3", "Poor Metabolizer"),
        ("CYP2C9", "rs1799853=TT rs1057910=AA", "*2/*2", "Intermediate Metabolizer"),
        ("CYP2C9", "rs1799853=CC rs1057910=AA", "*1/*1", "Normal Metabolizer"),
        ("TPMT", "rs1800462=CC rs1800460=CT rs1142345=CC", "*3A/*3C", "Poor Metabolizer"),
        ("TPMT", "rs1800462=CG rs1800460=CT rs1142345=CT", "*2/*3A", "Poor Metabolizer"),
        ("TPMT", "rs1800462=CC rs1800460=CT rs1142345=TT", "*1/*3B", "Intermediate Metabolizer"),
        ("NUDT15", "rs116855232=CT", "*1/*3", "Intermediate Metabolizer"),
        ("ABCG2", "rs2231142=TT", "rs2231142 T/rs2231142 T", "Poor Function"),
        (
            "DPYD",
            "rs3918290=CC rs55886062=AA rs67376798=TT rs56038477=CC",
            "Reference/Reference",
            "Normal Metabolizer",
        ),
        (
            "DPYD",
            "rs3918290=CC rs55886062=AA rs67376798=TT rs75017182=GC rs56038477=CT",
            "Reference/HapB3",
            "Intermediate Metabolizer",
        ),
        (
            "DPYD",
            "rs3918290=CT rs55886062=AA rs67376798=AT rs75017182=GG",
            "c.1905+1G>A/c.2846A>T",
            "Poor Metabolizer",
        ),
        ("CYP3A5", "rs776746=CT rs10264272=CT", "*3/*6", "Poor Metabolizer"),
        ("VKORC1", "rs9923231=CT", "-1639G/-1639A", "Lower warfarin need"),
        ("CYP2D6", "rs3892097=TT rs35742686=II", "*4/*4", "Poor Metabolizer"),
        ("CYP2D6", "rs35742686=DD", "*3/*3", "Poor Metabolizer"),
        ("APOE", "rs429358=CT rs7412=CT", "e2/e4", None),
    ],
)
def test_call_of_what_was_tested(gene, letters, diplotype, phenotype):
    found = told(gene, **dict(one.split("=") for one in letters.split()))
    assert (found.standing, found.diplotype, found.phenotype) == (Standing.CALLED, diplotype, phenotype)


@pytest.mark.parametrize(
    ("gene", "letters", "standing"),
    [
        ("CYP2C19", {}, Standing.NOT_TESTED),
        ("CYP2C19", {"rs4244285": "GG", "rs4986893": "GG"}, Standing.NOT_TESTED),
        ("CYP2C19", {"rs4244285": None, "rs4986893": "GG", "rs12248560": "CC"}, Standing.NOT_TESTED),
        ("SLCO1B1", {"rs4149056": None}, Standing.NOT_TESTED),
        ("SLCO1B1", {"rs4149056": "--"}, Standing.NOT_TESTED),
        ("SLCO1B1", {"rs4149056": "T-"}, Standing.NOT_TESTED),
        ("DPYD", {"rs3918290": "CC", "rs55886062": "AA", "rs67376798": "TT"}, Standing.NOT_TESTED),
        ("CYP2C9", {"rs1799853": "TT", "rs1057910": "AC"}, Standing.INDETERMINATE),
        ("SLCO1B1", {"rs4149056": "AG"}, Standing.INDETERMINATE),
        ("SLCO1B1", {"rs4149056": "T"}, Standing.INDETERMINATE),
        ("CYP2D6", {"rs35742686": "CT/C"}, Standing.INDETERMINATE),
        ("CYP2D6", {"rs3892097": "CC", "rs35742686": "II", "rs5030655": "II"}, Standing.INDETERMINATE),
        ("CYP2D6", {"rs3892097": "CT", "rs35742686": "DI"}, Standing.INDETERMINATE),
        ("CYP2D6", {}, Standing.NOT_TESTED),
        ("HLA-B", {}, Standing.NOT_TOLD),
        ("BRCA1", {}, Standing.NOT_TOLD),
    ],
    ids=str,
)
def test_call_of_what_cannot_be_told_is_never_normal(gene, letters, standing):
    found = told(gene, **letters)
    assert (found.standing, found.diplotype, found.phenotype) == (standing, None, None)


def test_call_goes_as_far_as_what_was_tested_allows():
    poor = told("CYP2C19", rs4244285="AA")
    assert (poor.diplotype, poor.phenotype) == ("*2/*2", "Poor Metabolizer")
    assert "Not tested: rs4986893, rs28399504, rs12248560. What was not tested is not normal." in poor.limits
    either = told("CYP2C19", rs4244285="AG", rs4986893="GG")
    assert (either.standing, either.diplotype) == (Standing.CALLED, None)
    assert either.phenotype == "Intermediate Metabolizer"


def test_call_says_which_phenotypes_are_still_possible():
    some = told("CYP2C19", rs4244285="AG")
    assert (some.standing, some.phenotype) == (Standing.NOT_TESTED, None)
    assert some.possible == ("Intermediate Metabolizer", "Poor Metabolizer")
    assert told("CYP2C19", rs4244285="AA").possible == ("Poor Metabolizer",)
    assert told("CYP2C19").possible == ()


def test_call_does_not_miss_a_variant_whose_allele_another_one_tells():
    letters = {"rs3918290": "CC", "rs55886062": "AA", "rs67376798": "TT"}
    assert told("DPYD", **letters).untested == ("rs75017182", "rs56038477")
    assert told("DPYD", **letters, rs75017182="GG").untested == ()


def test_calls_of_a_file_as_it_is_imported():
    with (SAMPLES / "23andme_panel.txt").open("rb") as file:
        read = [item for item in genetics.read(file, zone=UTC) if isinstance(item, Record)]
    found = {one.gene: one for one in calls(genotype_of(record.body) for record in read)}
    called = {gene: one.diplotype for gene, one in found.items() if one.standing is Standing.CALLED}
    assert called == {"SLCO1B1": "*1/*1"}
    assert found["CYP2C19"].genotypes == {"rs4244285": "AG"}
    assert found["CYP2C19"].untested == ("rs4986893", "rs28399504", "rs12248560")
    assert found["CYP2D6"].standing is Standing.INDETERMINATE


def test_call_says_its_limits():
    star = told("TPMT", rs1800462="CC", rs1800460="CT", rs1142345="CT")
    assert "not diagnostic" in star.limits[0]
    assert any("*3B/*3C" in limit for limit in star.limits)
    both = told("CYP2C9", rs1799853="CT", rs1057910="AC")
    assert any("On which chromosome" in limit for limit in both.limits)
    strand = told("CYP2C19", rs4244285="CT", rs4986893="GG", rs12248560="CC")
    assert "rs4244285 reads CT, which is none of its letters on the forward strand." in strand.limits
    assert strand.genotypes == {"rs4986893": "GG", "rs12248560": "CC"}
    old = call("SLCO1B1", [Genotype("rs4149056", "TT", 36)])
    assert "The file does not say that its letters are those of GRCh37." in old.limits


def test_files_that_agree_count_once_and_files_that_contradict_leave_it_untested():
    same = call("SLCO1B1", [Genotype("rs4149056", "CT"), Genotype("rs4149056", "TC")])
    assert same.phenotype == "Decreased Function"
    other = call("SLCO1B1", [Genotype("rs4149056", "CT"), Genotype("rs4149056", "TT")])
    assert other.standing is Standing.NOT_TESTED
    assert "Files contradict each other on rs4149056." in other.limits


def test_genotype_of_a_records_body():
    body = {"rsid": "rs4149056", "genotype": "CT", "build": 37, "provider": "23andMe", "gene": "SLCO1B1"}
    assert genotype_of(body) == Genotype("rs4149056", "CT", 37)
    assert genotype_of({"rsid": "rs1", "genotype": None, "build": None}) == Genotype("rs1", None, None)


def test_calls_are_of_every_gene():
    assert [found.gene for found in calls([])] == list(genes())
    assert {found.standing for found in calls([])} == {Standing.NOT_TESTED}


@given(data=st.data(), gene=st.sampled_from(WITH_PAIRS))
def test_a_call_in_part_holds_whatever_the_rest_turns_out_to_be(data, gene):
    variants = TABLES[gene]["variants"]
    genotypes = {one["rsid"]: sorted(one["letters"]) for one in variants}
    whole = {rsid: data.draw(st.sampled_from((a + a, a + b, b + b))) for rsid, (a, b) in genotypes.items()}
    # The two variants of HapB3 are inherited together.
    assume(gene != "DPYD" or whole["rs75017182"].count("C") == whole["rs56038477"].count("T"))
    needed = [variant["rsid"] for variant in variants if variant["needed"]]
    unknown = data.draw(st.sets(st.sampled_from(needed)))
    part = told(gene, **{rsid: letters for rsid, letters in whole.items() if rsid not in unknown})
    complete = told(gene, **whole)
    if complete.standing is Standing.CALLED:
        assert part.phenotype in (None, complete.phenotype)
        assert part.diplotype in (None, complete.diplotype)
        assert not part.possible or set(complete.possible) <= set(part.possible)
