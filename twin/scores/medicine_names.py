"""Whether a medicine on a list is one of those that are meant, by its code or by its words. Pure."""

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from twin.kinds import DATA

_RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
_ATC = frozenset({"http://www.whocc.no/atc", "urn:oid:2.16.840.1.113883.6.73"})


@dataclass(frozen=True, slots=True)
class Medicine:
    """A medicine as the list has it: its words, and its code where it has one; `also` are further ones.

    A code stands with its system.
    """

    text: str
    system: str = ""
    code: str = ""
    also: tuple[tuple[str, str], ...] = ()

    @property
    def codes(self) -> tuple[tuple[str, str], ...]:
        """Every system and code it has."""
        return tuple(one for one in ((self.system, self.code), *self.also) if one[1])


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
    for system, code in medicine.codes:
        if system == _RXNORM and code in wanted.rxnorm:
            return True
        if system in _ATC and code.startswith(wanted.atc):
            return True
    pattern = _pattern(wanted.names, wanted.endings)
    return pattern is not None and bool(pattern.search(f" {plain_words(medicine.text)} "))


def is_swallowed(medicine: Medicine) -> bool:
    """Whether its words do not say that it is rubbed in, dropped or inhaled."""
    return frozenset(medicines_file()["not_swallowed"]).isdisjoint(plain_words(medicine.text).split())


def atc_of(medicine: Medicine) -> str:
    """Its ATC code, the first of several; empty where it has none."""
    return next((code for system, code in medicine.codes if system in _ATC), "")


def endings_in(medicine: Medicine, endings: tuple[str, ...]) -> list[str]:
    """The words that end as international names of a class do, without what other languages add."""
    pattern = _pattern((), endings)
    words = plain_words(medicine.text).split()
    return [] if pattern is None else [stem(word) for word in words if pattern.fullmatch(f" {word} ")]


def stem(name: str) -> str:
    """A name without the vowel at its end, which languages differ in: codein of codeine and codeina."""
    return re.sub("[aeo]$", "", name)


def plain_words(text: str) -> str:
    """The words in lower case without accents, with single spaces for whatever is no letter or digit."""
    bare = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
    return " ".join(re.split(r"[^a-z0-9]+", bare)).strip()


@cache
def medicines_file() -> Mapping[str, Any]:
    """Names and classes of medicines, as medicines.json has them."""
    data: Mapping[str, Any] = json.loads((DATA / "medicines.json").read_text(encoding="utf-8"))
    return data


@cache
def _pattern(names: tuple[str, ...], endings: tuple[str, ...]) -> re.Pattern[str] | None:
    # Codein, codeine, codeina; an ending needs a stem, or April would be an ACE inhibitor.
    words = [re.escape(plain_words(name).removesuffix("e")) for name in names]
    words += [rf"[a-z]{{3,}}{ending}" for ending in endings]
    return re.compile(f" (?:{'|'.join(words)})[aeo]? ") if words else None
