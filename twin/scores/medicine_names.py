"""Whether a medicine on a list is one of those that are meant, by its code or by its words. Pure."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

_RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
_ATC = frozenset({"http://www.whocc.no/atc", "urn:oid:2.16.840.1.113883.6.73"})


@dataclass(frozen=True, slots=True)
class Medicine:
    """A medicine as the list has it: its words, and its code where it has one."""

    text: str
    system: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Medicines that are meant: by international name, by how such names end, by RxNorm's ingredient, by ATC.

    An ATC code may be a class, which stands for everything below it.
    """

    names: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()
    rxnorm: frozenset[str] = frozenset()
    atc: tuple[str, ...] = ()


def is_one_of(medicine: Medicine, wanted: Wanted) -> bool:
    """Whether a medicine is meant. Names count as words of their own, also as other languages end them."""
    if medicine.system == _RXNORM and medicine.code in wanted.rxnorm:
        return True
    if medicine.system in _ATC and medicine.code.startswith(wanted.atc):
        return True
    pattern = _pattern(wanted.names, wanted.endings)
    return pattern is not None and bool(pattern.search(f" {plain_words(medicine.text)} "))


def plain_words(text: str) -> str:
    """The words in lower case without accents, with single spaces for whatever is no letter or digit."""
    bare = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
    return " ".join(re.split(r"[^a-z0-9]+", bare)).strip()


@cache
def _pattern(names: tuple[str, ...], endings: tuple[str, ...]) -> re.Pattern[str] | None:
    # Codein, codeine, codeina; an ending needs a stem, or April would be an ACE inhibitor.
    words = [re.escape(plain_words(name).removesuffix("e")) for name in names]
    words += [rf"[a-z]{{3,}}{ending}" for ending in endings]
    return re.compile(f" (?:{'|'.join(words)})[aeo]? ") if words else None
