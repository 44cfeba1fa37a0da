"""Raw genotypes as 23andMe, AncestryDNA, Living DNA, MyHeritage and FamilyTreeDNA give them. Pure.

A file has some 700,000 rows, and only the variants of the panel become records: the file itself is kept.
"""

import re
from collections.abc import Iterator
from datetime import tzinfo
from functools import partial
from typing import BinaryIO

from twin.intake.gathering import Tally
from twin.intake.genetics.calls import PANEL, Calls, is_call, is_no_call
from twin.intake.genetics.layouts import Layout, is_vcf, layout_of
from twin.intake.items import Item, ProblemCode, RefusalCode, Refused, Remark, RemarkCode

NAME = "genetics"

_HEAD = 64 * 1024
_LONGEST = 64 * 1024
_COLUMN_NAMES = re.compile(rb'"?rsid"?[\t, ]', re.IGNORECASE)


def sniff(head: bytes) -> bool:
    """Whether the first bytes are rows of genotypes, or a VCF, which `read` refuses by name."""
    return is_vcf(head) or layout_of(head) is not None


def read(stream: BinaryIO, *, zone: tzinfo) -> Iterator[Item]:  # noqa: ARG001 - no row has a time
    """A record of each variant of the panel that the file names, called or not, its alleles as they stand.

    Remarks say which build the positions are of, and how many variants the file holds. Raises Refused for a
    VCF, and when not one row can be read.
    """
    head = stream.read(_HEAD)
    stream.seek(0)
    layout = layout_of(head)
    if is_vcf(head):
        raise Refused(
            RefusalCode.UNSUPPORTED_VERSION,
            "This is a VCF, a list of differences from a reference genome, whatever the file is called. "
            "Pollux reads raw genotypes of 23andMe, AncestryDNA, Living DNA, MyHeritage and FamilyTreeDNA.",
        )
    if layout is None:
        raise Refused(RefusalCode.MALFORMED, "No genotypes are in this file.")
    yield from _Reader(layout).items(stream)


class _Reader:
    """One pass over the rows, which holds no more than the panel's."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._calls = Calls()
        self._tally = Tally()

    def items(self, stream: BinaryIO) -> Iterator[Item]:
        variants, no_calls = self._count(stream)
        if not variants:
            raise Refused(RefusalCode.MALFORMED, "No genotypes are in this file.")
        records = list(self._calls.records(self._layout))
        build = f"build {self._layout.build}" if self._layout.build else "not stated"
        yield Remark(RemarkCode.GENOME_BUILD, f"{self._layout.provider}, {build}")
        counts = f"{variants:,} variants, {no_calls:,} no-calls, {len(records):,} kept"
        yield Remark(RemarkCode.VARIANTS_READ, counts)
        yield from records
        yield from self._tally.problems()

    def _count(self, stream: BinaryIO) -> tuple[int, int]:
        """How many rows are genotypes, and how many of them no-calls; takes note of those of the panel."""
        variants = no_calls = 0
        cells_of = self._layout.cells_of
        for line, raw in enumerate(_lines(stream), start=1):
            cells = cells_of(raw)
            if cells is not None and is_call(cells[3]) and raw.endswith((b"\n", b"\r")):
                variants += 1
            elif cells is not None and is_no_call(cells[3]):
                variants += 1
                no_calls += 1
            else:
                self._not_a_row(raw, f"line {line}")
                continue
            if cells[0] in PANEL and not self._calls.take(*cells):
                self._tally.add(ProblemCode.DUPLICATE_ROW, cells[0].decode(), f"line {line}")
        return variants, no_calls

    def _not_a_row(self, raw: bytes, place: str) -> None:
        if not raw.strip() or raw.startswith(b"#") or _COLUMN_NAMES.match(raw):
            return
        # Never with the row as an example: not everybody who reads a report may read genes.
        if raw.endswith((b"\n", b"\r")) or len(raw) == _LONGEST:
            self._tally.add(ProblemCode.MALFORMED, "no genotype", place)
        else:
            self._tally.add(ProblemCode.TRUNCATED, "the file ends in the middle of a row", place)


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Every line; of one longer than 64 KiB only its pieces, which are no rows."""
    return iter(partial(stream.readline, _LONGEST), b"")
