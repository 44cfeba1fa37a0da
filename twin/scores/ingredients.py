"""What is in a medicine and which class it is of, so far as its code or its words say. Pure.

Two medicines are held against each other by code, by known ingredient and, where neither is known, by the
word they begin with. What is not known is not claimed: two brands of one ingredient may go unseen.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache

from twin.scores.genes import pharmacogenetics
from twin.scores.medicine_names import (
    Medicine,
    Wanted,
    atc_of,
    endings_in,
    is_one_of,
    medicines_file,
    plain_words,
    stem,
)

_CLASS = 5  # characters of an ATC code that name the chemical group, its fourth level
_SUBSTANCE = 7  # and those that name the substance
_LEAST_LETTERS = 4
_KEPT = 1024  # medicines whose ingredients are kept: lists are compared line by line


class Sameness(StrEnum):
    """By what two medicines are the same, the surest first."""

    CODE = "code"
    INGREDIENT = "ingredient"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class MedicineClass:
    """A class of medicines. `twice` is what two of it at a time come to, "usual" where that says nothing."""

    id: str
    title: str
    twice: str


@lru_cache(maxsize=_KEPT)
def ingredients_of(medicine: Medicine) -> frozenset[str]:
    """The international names of what is known to be in it; several of a combination, empty of a stranger."""
    found = {name for name, wanted in _lexicon() if is_one_of(medicine, wanted)}
    found.update(endings_in(medicine, _endings()))
    return frozenset(_most_specific(found))


@lru_cache(maxsize=_KEPT)
def classes_of(medicine: Medicine) -> tuple[MedicineClass, ...]:
    """The known classes of a medicine, in the file's order; one known by ATC alone is its chemical group."""
    found = [class_ for class_, wanted, _ in _classes() if is_one_of(medicine, wanted)]
    group = atc_of(medicine)[:_CLASS]
    if not found and len(group) == _CLASS:
        found = [MedicineClass(group, f"ATC group {group}", "warn")]
    return tuple(found)


def allergy_classes_of(substance: Medicine) -> tuple[MedicineClass, ...]:
    """The classes to all of which an allergy is: its words or its ATC code name a class and no substance."""
    is_group = 0 < len(atc_of(substance)) <= _CLASS
    return tuple(
        class_
        for class_, wanted, words in _classes()
        if is_one_of(Medicine(substance.text), words) or (is_group and is_one_of(substance, wanted))
    )


def allergy_source_of(class_: MedicineClass, substance: Medicine) -> str | None:
    """Who says that an allergy to this substance is one to a class it is not of; None where it is of it."""
    row = next(row for row in medicines_file()["classes"] if row["id"] == class_.id)
    also = Wanted(names=_with_synonyms(row.get("allergy_also", ())))
    return str(row["allergy_source"]) if is_one_of(Medicine(substance.text), also) else None


def sameness(one: Medicine, other: Medicine) -> Sameness | None:
    """By what two medicines hold the same ingredient, of whatever strength; None where nothing says so."""
    if set(one.codes) & set(other.codes):
        return Sameness.CODE
    if atc_of(one) and atc_of(one) == atc_of(other):
        return Sameness.CODE
    ingredients = ingredients_of(one), ingredients_of(other)
    if ingredients[0] & ingredients[1]:
        return Sameness.INGREDIENT
    # Where both say what is in them, their brand does not count.
    if all(ingredients) or all(len(atc_of(medicine)) == _SUBSTANCE for medicine in (one, other)):
        return None
    leads = _lead(one.text), _lead(other.text)
    return Sameness.NAME if leads[0] and leads[0] == leads[1] else None


def shared_words(one: Medicine, other: Medicine) -> frozenset[str]:
    """Words both names have, however they end, without those that say little of what is in them."""
    return _telling_words(one.text) & _telling_words(other.text)


def _lead(text: str) -> str:
    """The word a name begins with, and the second too where the first says little."""
    words = plain_words(text).split()
    if not words:
        return ""
    is_enough = len(words[0]) >= _LEAST_LETTERS and words[0] not in _says_little()
    return " ".join(stem(word) for word in words[: 1 if is_enough else 2])


def _telling_words(text: str) -> frozenset[str]:
    return frozenset(
        stem(word)
        for word in plain_words(text).split()
        if len(word) > _LEAST_LETTERS and word.isalpha() and word not in _says_little()
    )


def _most_specific(names: Iterable[str]) -> list[str]:
    """Without names whose words are part of another's: insulin, where it is insulin glargine."""
    known = list(names)
    return [
        name for name in known if not any(name != other and f" {name} " in f" {other} " for other in known)
    ]


@cache
def _says_little() -> frozenset[str]:
    return frozenset(medicines_file()["says_little"])


@cache
def _lexicon() -> tuple[tuple[str, Wanted], ...]:
    data = medicines_file()
    codes = {
        plain_words(row["name"]): (frozenset({row["rxnorm"]} if row["rxnorm"] else ()), tuple(row["atc"]))
        for row in pharmacogenetics()["medicines"]
    }
    names: dict[str, tuple[str, ...]] = {row[0]: tuple(row) for row in data["synonyms"]}
    of_classes = [name for row in data["classes"] for name in row["names"]]
    for name in (*codes, *of_classes, *data["others"]):
        if not any(name in several for several in names.values()):
            names[name] = (name,)
    nothing: tuple[frozenset[str], tuple[str, ...]] = (frozenset(), ())
    return tuple(
        (
            stem(name),
            Wanted(names=several, rxnorm=codes.get(name, nothing)[0], atc=codes.get(name, nothing)[1]),
        )
        for name, several in names.items()
    )


@cache
def _endings() -> tuple[str, ...]:
    return tuple(ending for row in medicines_file()["classes"] for ending in row["endings"])


@cache
def _classes() -> tuple[tuple[MedicineClass, Wanted, Wanted], ...]:
    found = []
    for row in medicines_file()["classes"]:
        names, also = _with_synonyms(row["names"]), _with_synonyms(row.get("allergy_also", ()))
        wanted = Wanted(names=names, endings=tuple(row["endings"]), atc=tuple(row["atc"]))
        words = Wanted(names=(*row["allergy_words"], *also))
        found.append((MedicineClass(row["id"], row["title"], row["twice"]), wanted, words))
    return tuple(found)


def _with_synonyms(names: Iterable[str]) -> tuple[str, ...]:
    synonyms = {name: tuple(row) for row in medicines_file()["synonyms"] for name in row}
    return tuple(other for name in names for other in synonyms.get(name, (name,)))
