"""Reads of genes, and of what they say of medicines."""

from datetime import datetime

from backend.models import Patient
from twin.intake.items import RecordType
from twin.models import Record
from twin.queries.medicines import listed_medicines
from twin.scores.gene_notices import Notice, notices
from twin.scores.genes import Genotype, genotype_of


def gene_notices_of(patient: Patient, now: datetime) -> list[Notice]:
    """What the patient's genes say of the medicines on her list that have not ended."""
    return notices(genotypes_of(patient), listed_medicines(patient, now))


def genotypes_of(patient: Patient) -> list[Genotype]:
    """The variants that the patient's gene files told."""
    variants = Record.objects.filter(patient=patient, type=RecordType.VARIANT)
    return [genotype_of(body) for body in variants.values_list("body", flat=True) if "rsid" in body]
