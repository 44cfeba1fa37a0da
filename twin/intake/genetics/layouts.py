"""How providers lay out raw genotypes: which columns, whose file, and of which build. Pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass

Cells = tuple[bytes, bytes, bytes, bytes]
"""Variant, chromosome, position and genotype."""

_VCF = re.compile(rb"##fileformat=VCF", re.IGNORECASE)
_NAMES = re.compile(
    rb'#?\s*"?rsid"?([\t,])"?chromosome"?[\t,]"?position"?[\t,]"?(genotype|result|allele1"?[\t,]"?allele2)"?\s*$',
    re.IGNORECASE,
)
_ROW = re.compile(rb"(rs|i)\d+(\t)[0-9XYMT-]{1,2}\t[\d-]+\t[ACGTDI0-]{1,2}(\t[ACGTDI0-])?\s*$")
_BUILD = re.compile(rb"(?:build|GRCh)\s*(3[678])|hg(18|19)", re.IGNORECASE)
_UCSC = {b"18": 36, b"19": 37}
_PROVIDERS = (
    (b"23andMe", "23andMe"),
    (b"Ancestry", "AncestryDNA"),
    (b"Living DNA", "Living DNA"),
    (b"MyHeritage", "MyHeritage"),
)
_UNNAMED = "Raw genotypes"


@dataclass(frozen=True, slots=True)
class Layout:
    """One file's layout; `build` is None where the file does not state it."""

    provider: str
    build: int | None
    cells_of: Callable[[bytes], Cells | None]


def is_vcf(head: bytes) -> bool:
    """Whether the first bytes are those of a variant call file."""
    return bool(_VCF.match(_start(head)))


def layout_of(head: bytes) -> Layout | None:
    """The layout of a file that begins with these bytes; None when it holds no genotypes."""
    comments: list[bytes] = []
    separator = b""
    for line in _start(head).split(b"\n"):
        stripped = line.strip()
        names = _NAMES.match(stripped)
        if names:
            separator = names[1]
        if stripped.startswith(b"#"):
            comments.append(stripped)
        elif names:
            break
        elif stripped:
            row = _ROW.match(stripped)
            separator = separator or (row[2] if row else b"")
            break
    if not separator:
        return None
    said = b"\n".join(comments)
    cells_of = _cells_by_comma if separator == b"," else _cells_by_tab
    return Layout(_provider(said, separator), _build(said), cells_of)


def _start(head: bytes) -> bytes:
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()


def _provider(said: bytes, separator: bytes) -> str:
    first = said.split(b"\n", 1)[0]
    for mark, name in _PROVIDERS:
        if mark in first:
            return name
    for mark, name in _PROVIDERS:
        if mark in said:
            return name
    return "FamilyTreeDNA" if separator == b"," and not said else _UNNAMED


def _build(said: bytes) -> int | None:
    match = _BUILD.search(said)
    if match is None:
        return None
    return int(match[1]) if match[1] else _UCSC[match[2]]


def _cells_by_tab(line: bytes) -> Cells | None:
    # Some files part their columns by several tabs.
    cells = line.split()
    if len(cells) == 4:
        return cells[0], cells[1], cells[2], cells[3]
    if len(cells) == 5:
        return cells[0], cells[1], cells[2], cells[3] + cells[4]
    return None


def _cells_by_comma(line: bytes) -> Cells | None:
    cells = line.strip().replace(b'"', b"").split(b",")
    return (cells[0], cells[1], cells[2], cells[3]) if len(cells) == 4 else None
