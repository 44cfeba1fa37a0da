"""What a person's records say for scores: conditions, medicines, smoking. Pure; the codes lie in facts.json.

A record says yes by one of its codes, or by its words where it carries none that is known. Where records of a
sort are there and none of them says yes it counts as no, and the input says so; without any nothing is known.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

from twin.risk.data import load
from twin.risk.given import named
from twin.risk.result import Input

SILENT = "the records do not name it"
_MOST = 80
"""Characters of a record's text that a source repeats."""
_WORD = re.compile(r"\w+")
_REMARK = re.compile(r"[,(;:]")

Code = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Said:
    """One record: its type, every (system, code) of it and of its answer, and days of the patient's own.

    `status` is FHIR's; None is a day that is not known.
    """

    type: str
    codes: tuple[Code, ...]
    text: str
    status: str
    starts_on: date | None
    ends_on: date | None = None


def said_of(
    *,
    record_type: str,
    system: str,
    code: str,
    text: str,
    status: str,
    body: Mapping[str, Any],
    starts_on: date | None,
    ends_on: date | None,
) -> Said:
    """A stored record with every code of its body; a diagnosis that is only suspected has that as its status.

    Of an observation the codes of the answer are there too. A body that is no FHIR gives nothing more.
    """
    holders = (body.get(key) for key in ("code", "medicationCodeableConcept", "valueCodeableConcept"))
    codes = [(system, code), *(coding for holder in holders for coding in _codings(holder))]
    doubts = [word for _, word in _codings(body.get("verificationStatus")) if word in load("facts")["never"]]
    return Said(record_type, tuple(dict.fromkeys(codes)), text, (doubts or [status])[0], starts_on, ends_on)


def facts(records: Iterable[Said], today: date) -> Mapping[str, Input]:
    """What the records say of each fact of facts.json, by input code; what they leave open is not there."""
    content = load("facts")
    every: defaultdict[str, list[_Read]] = defaultdict(list)
    for one in records:
        if one.status not in content["never"] and not _is_ahead(one, today):
            every[one.type].append(_read(one))
    found: dict[str, Input] = {}
    for code, row in content["facts"].items():
        if "any_of" in row:
            said = _any_of(code, [found[part] for part in row["any_of"] if part in found])
        elif "past" in row:
            said = _yes(code, _matching(_rule(row["past"]), every))
        elif row.get("latest"):
            said = _latest(code, every)
        else:
            said = _now(code, every, today)
        if said is not None:
            found[code] = said
    return found


def next_change(records: Iterable[Said], today: date) -> date | None:
    """The first day after today on which the same records may say something else; None if none does."""
    ahead: set[date] = set()
    for one in records:
        if one.starts_on is not None:
            ahead.add(one.starts_on)
        if one.ends_on is not None and one.ends_on < date.max:
            ahead.add(one.ends_on + timedelta(days=1))
    return min((day for day in ahead if day > today), default=None)


def source_of(record: Said) -> str:
    """What a record is and says, in a few words, as where something is known from."""
    text = " ".join(record.text.split())
    return f"{record.type}: {text if len(text) <= _MOST else text[: _MOST - 1] + '…'}"


def name_of(code: str) -> str:
    """The plain name of a fact; raises KeyError for one that facts.json does not know."""
    row: Mapping[str, str] = load("facts")["facts"][code]
    return row["name"] if "name" in row else named(code)


@dataclass(frozen=True, slots=True)
class _Read:
    """A record as rules look at it: known codes without points, its words, what it says before a remark."""

    record: Said
    codes: tuple[Code, ...]
    words: frozenset[str]
    phrase: str


_ByType = Mapping[str, Sequence[_Read]]


@dataclass(frozen=True, slots=True)
class _Rule:
    """One fact of facts.json, made ready."""

    types: tuple[str, ...]
    codes: frozenset[Code]
    begins: Mapping[str, tuple[str, ...]]
    words: frozenset[str]
    phrases: frozenset[str]

    def says(self, one: _Read) -> bool:
        """Whether a record of these types says yes."""
        if not self.codes.isdisjoint(one.codes) or not self.words.isdisjoint(one.words):
            return True
        for system, code in one.codes:
            if code.startswith(self.begins.get(system, ())):
                return True
        return not one.codes and one.phrase in self.phrases and _denials().isdisjoint(one.words)


def _codings(concept: Any) -> list[Code]:
    """The (system, code) pairs of a FHIR CodeableConcept; of anything else none."""
    listed = concept.get("coding") if isinstance(concept, dict) else None
    pairs = [
        (one.get("system"), one.get("code"))
        for one in (listed if isinstance(listed, list) else ())
        if isinstance(one, dict)
    ]
    return [(system, code) for system, code in pairs if isinstance(system, str) and isinstance(code, str)]


def _now(code: str, every: _ByType, today: date) -> Input | None:
    rule = _rule(code)
    matching = _matching(rule, every)
    if rule.types == ("medication",):
        matching = [one for one in matching if _runs(one, today)]
    if matching:
        return _yes(code, matching)
    if any(every.get(type_) for type_ in rule.types):
        return Input(name_of(code), value=False, unit="", on=None, source=SILENT)
    return None


def _yes(code: str, matching: Sequence[Said]) -> Input | None:
    if not matching:
        return None
    first = min(matching, key=lambda one: one.starts_on or date.max)
    return Input(name_of(code), value=True, unit="", on=first.starts_on, source=source_of(first))


def _any_of(code: str, parts: Sequence[Input]) -> Input | None:
    """Yes if any part is; no only where every part is known to be."""
    yes = [part for part in parts if part.value is True]
    if yes:
        return Input(name_of(code), value=True, unit="", on=yes[0].on, source=yes[0].source)
    if len(parts) == len(load("facts")["facts"][code]["any_of"]):
        return Input(name_of(code), value=False, unit="", on=None, source=SILENT)
    return None


def _latest(code: str, every: _ByType) -> Input | None:
    """The newest record that says yes or no; of two on one day yes."""
    said = [(one, True) for one in _matching(_rule(code), every)]
    said += [(one, False) for one in _matching(_rule(code, "not_codes"), every)]
    if not said:
        return None
    one, yes = max(said, key=lambda pair: (pair[0].starts_on or date.min, pair[1]))
    return Input(name_of(code), value=yes, unit="", on=one.starts_on, source=source_of(one))


def _matching(rule: _Rule, every: _ByType) -> list[Said]:
    return [one.record for type_ in rule.types for one in every.get(type_, ()) if rule.says(one)]


def _read(record: Said) -> _Read:
    text = record.text.casefold()
    systems = _systems()
    return _Read(
        record,
        tuple((systems[uri], _plain(code)) for uri, code in record.codes if uri in systems),
        frozenset(_WORD.findall(text)),
        _REMARK.split(text.replace("(primary)", "primary"), maxsplit=1)[0].strip(),
    )


@cache
def _rule(code: str, codes: str = "codes") -> _Rule:
    row: Mapping[str, Any] = load("facts")["facts"][code]
    wanted: Sequence[Mapping[str, str]] = row[codes]
    return _Rule(
        types=tuple(row["types"]),
        codes=frozenset((one["system"], _plain(one["code"])) for one in wanted if "code" in one),
        begins={
            system: tuple(
                _plain(one["begins"]) for one in wanted if one["system"] == system and "begins" in one
            )
            for system in load("facts")["systems"]
        },
        words=frozenset(row.get("words", ()) if codes == "codes" else ()),
        phrases=frozenset(row.get("phrases", ()) if codes == "codes" else ()),
    )


@cache
def _systems() -> Mapping[str, str]:
    return {uri: name for name, uris in load("facts")["systems"].items() for uri in uris}


@cache
def _denials() -> frozenset[str]:
    return frozenset(load("facts")["denials"])


def _plain(code: str) -> str:
    """A code without its points: ICD-10 is written with and without."""
    return code.replace(".", "")


def _runs(record: Said, today: date) -> bool:
    over = record.ends_on is not None and record.ends_on < today
    return not over and record.status not in load("facts")["ended"]


def _is_ahead(record: Said, today: date) -> bool:
    return record.starts_on is not None and record.starts_on > today
