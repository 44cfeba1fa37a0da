"""Notices: which medicine is meant, what is said of it, and that nothing is said of genes never read."""

import pytest

from twin.scores.gene_notices import Finding, notices
from twin.scores.genes import Genotype
from twin.scores.medicine_names import Medicine

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ATC = "http://www.whocc.no/atc"
POOR = [Genotype("rs4244285", "AA"), Genotype("rs4986893", "GG"), Genotype("rs12248560", "CC")]
NORMAL = [Genotype("rs4244285", "GG"), Genotype("rs4986893", "GG"), Genotype("rs12248560", "CC")]


def test_a_notice_says_what_stands_behind_it():
    (notice,) = notices(POOR, [Medicine("Clopidogrel 75 mg")])
    assert (notice.gene, notice.medicine, notice.written) == ("CYP2C19", "clopidogrel", "Clopidogrel 75 mg")
    assert (notice.finding, notice.diplotype, notice.phenotype) == (
        Finding.PROMPT,
        "*2/*2",
        "Poor Metabolizer",
    )
    assert notice.prompt.startswith("Less effect is expected.")
    assert notice.level == "CPIC level A, final"
    assert notice.guideline == "https://cpicpgx.org/guidelines/guideline-for-clopidogrel-and-cyp2c19/"
    assert "not diagnostic" in notice.limits[0]
    assert "two sources" in notice.verification
    assert "talk to who prescribed it" in notice.for_patient
    assert "prasugrel" not in notice.for_patient


@pytest.mark.parametrize(
    ("genotypes", "text", "finding"),
    [
        (NORMAL, "clopidogrel", Finding.NOTHING),
        ([Genotype("rs4149056", "CT")], "clopidogrel", Finding.NOT_TOLD),
        ([Genotype("rs4149056", "CT")], "Simvastatin", Finding.PROMPT),
        ([Genotype("rs4149056", "TT")], "Simvastatin", Finding.NOTHING),
        (POOR, "abacavir", Finding.NOT_TOLD),
        (POOR, "codeine", Finding.NOT_TOLD),
        ([Genotype("rs3892097", "TT")], "codeine", Finding.PROMPT),
    ],
)
def test_a_notice_is_a_prompt_only_where_the_gene_asks_for_one(genotypes, text, finding):
    assert [notice.finding for notice in notices(genotypes, [Medicine(text)])] == [finding]


def test_a_prompt_that_holds_for_all_that_is_possible_is_given_before_all_is_known():
    (same,) = notices([Genotype("rs4244285", "AG")], [Medicine("clopidogrel")])
    assert (same.finding, same.diplotype) == (Finding.PROMPT, None)
    assert same.phenotype == "Intermediate Metabolizer or Poor Metabolizer"
    assert same.prompt.count("guideline") == 1
    thiopurine = [
        notice
        for notice in notices([Genotype("rs1800462", "CG")], [Medicine("azathioprine")])
        if notice.gene == "TPMT"
    ]
    assert [notice.finding for notice in thiopurine] == [Finding.PROMPT]
    assert "Poor Metabolizer: Grave risk" in thiopurine[0].prompt
    (open_,) = notices([Genotype("rs4244285", "GG")], [Medicine("clopidogrel")])
    assert (open_.finding, open_.phenotype, open_.prompt) == (Finding.NOT_TOLD, None, None)


@pytest.mark.parametrize(
    ("medicine", "names"),
    [
        (Medicine("Plavix", RXNORM, "32968"), ["clopidogrel"]),
        (Medicine("Plavix", ATC, "B01AC04"), ["clopidogrel"]),
        (Medicine("Inegy", ATC, "C10BA02"), ["simvastatin"]),
        (Medicine("Plavix", RXNORM, "32969"), []),
        (Medicine("Plavix", "urn:other", "32968"), []),
        (Medicine("CLOPIDOGREL BISULFATE 75 MG ORAL TABLET"), ["clopidogrel"]),
        (Medicine("Omeprazol 20 mg Kapseln"), ["omeprazole"]),
        (Medicine("Esomeprazol 20 mg"), []),
        (Medicine("Codeína/Paracetamol"), ["codeine"]),
        (Medicine("Escitalopram"), ["escitalopram"]),
        (Medicine("peginterferon alfa-2a"), ["peginterferon alfa-2a"]),
        (Medicine("Metformin 850 mg"), []),
        (Medicine(""), []),
    ],
    ids=str,
)
def test_a_medicine_is_known_by_its_code_or_by_its_name_as_a_word(medicine, names):
    assert sorted({notice.medicine for notice in notices(POOR, [medicine])}) == names


def test_several_genes_of_one_medicine_are_several_notices_the_most_pressing_first():
    genotypes = [
        Genotype("rs9923231", "TT"),
        Genotype("rs1799853", "CC"),
        Genotype("rs1057910", "AA"),
    ]
    found = notices(genotypes, [Medicine("Warfarin"), Medicine("warfarin sodium 5 mg")])
    assert [(notice.gene, notice.finding) for notice in found] == [
        ("VKORC1", Finding.PROMPT),
        ("CYP4F2", Finding.NOT_TOLD),
        ("CYP2C9", Finding.NOTHING),
    ]
    assert {notice.written for notice in found} == {"Warfarin"}


def test_nobody_whose_genes_were_never_read_gets_a_notice():
    assert notices([], [Medicine("clopidogrel")]) == []
    assert notices(POOR, []) == []
