"""Calls of the variants that Pollux looks for, and what they are as records. Pure."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from twin.intake.genetics.layouts import Layout
from twin.intake.items import Record, RecordType

DBSNP = "http://www.ncbi.nlm.nih.gov/snp"

_DATA = Path(__file__).parents[2] / "data" / "genetics.json"
_ALLELES = "ACGTDI"
# One letter: a chromosome that a person has once. D and I: a deletion and an insertion.
_SHORT = frozenset(
    [allele.encode() for allele in _ALLELES] + [(a + b).encode() for a in _ALLELES for b in _ALLELES]
)
_LONG = re.compile(rb"[ACGT]{3,}(/[ACGT]+)?|[ACGT]+/[ACGT]+")
_HALVES = frozenset(
    half for allele in _ALLELES for gap in "0-" for half in ((allele + gap).encode(), (gap + allele).encode())
)
_MOST_PROBES = 16
_MOST_DIGITS = 9
_NO_CALLS = frozenset((b"--", b"-", b"00", b"0")) | _HALVES


def is_call(genotype: bytes) -> bool:
    """Whether a genotype names one allele or two."""
    return genotype in _SHORT or bool(_LONG.fullmatch(genotype))


def is_no_call(genotype: bytes) -> bool:
    """Whether a genotype says that the laboratory could not tell it, or not all of it."""
    return genotype in _NO_CALLS


class Calls:
    """What a file says of each variant of the panel; a variant may have several probes."""

    def __init__(self) -> None:
        self._rows: dict[bytes, list[tuple[bytes, bytes, bytes]]] = {}

    def take(self, rsid: bytes, chromosome: bytes, position: bytes, genotype: bytes) -> bool:
        """Takes note of one row of the panel; False when the file has said the same before."""
        rows, row = self._rows.setdefault(rsid, []), (chromosome, position, genotype)
        if row in rows or len(rows) >= _MOST_PROBES:
            return False
        rows.append(row)
        return True

    def records(self, layout: Layout) -> Iterator[Record]:
        """A record of each variant that the file names, in the order in which it first did."""
        for rsid, rows in self._rows.items():
            yield _record(rsid.decode(), PANEL[rsid], rows, layout)


def _record(rsid: str, gene: str, rows: list[tuple[bytes, bytes, bytes]], layout: Layout) -> Record:
    called = [genotype for _, _, genotype in rows if is_call(genotype)]
    # Probes that contradict each other tell nothing; the order of two alleles is none.
    agreed = len({bytes(sorted(genotype)) for genotype in called}) == 1
    genotype = called[0].decode() if agreed else ""
    chromosome, position, _ = rows[0]
    body: dict[str, Any] = {
        "rsid": rsid,
        "gene": gene,
        "genotype": genotype or None,
        "genotypes": [written.decode() for _, _, written in rows],
        "chromosome": chromosome.decode("utf-8", "replace"),
        "position": int(position) if position.isdigit() and len(position) <= _MOST_DIGITS else None,
        "build": layout.build,
        "provider": layout.provider,
    }
    return Record(
        type=RecordType.VARIANT,
        identity=rsid,
        system=DBSNP,
        code=rsid,
        text=f"{gene} {rsid}: {genotype or 'no call'}",
        status="called" if genotype else "no-call",
        start=None,
        end=None,
        body=body,
        topic="genes",
        source=layout.provider,
    )


def _panel() -> Mapping[bytes, str]:
    catalogue = json.loads(_DATA.read_text(encoding="utf-8"))
    rows = catalogue["variants"] + catalogue["other_variants"]
    return MappingProxyType({row["rsid"].encode(): row["gene"] for row in rows})


PANEL = _panel()
"""The gene of each variant that is lifted into a record, by its rs number."""
