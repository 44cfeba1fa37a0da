"""What a person's records say for scores: conditions, medicines, smoking. Pure; the codes lie in facts.json.

A record says yes by one of its codes, or by its words where it carries none that is known. Where records of a
sort are there and none of them says yes it counts as no, and the input says so; without any nothing is known.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from twin.risk.data import load
from twin.risk.given import named
from twin.risk.result import Input

SILENT = "the records do not name it"
_MOST = 80
"""Characters of a record's text that a source repeats."""


@dataclass(frozen=True, slots=True)
class Said:
    """One record: its type, every (system, code) of it and of its answer, and days of the patient's own.

    `status` is FHIR's; None is a day that is not known.
    """

    type: str
    codes: tuple[tuple[str, str], ...]
    text: str
    status: str
    starts_on: date | None
    ends_on: date | None = None


def facts(records: Iterable[Said], today: date) -> Mapping[str, Input]:
    """What the records say of each fact of facts.json, by input code; what they leave open is not there."""
    content = load("facts")
    counted = [one for one in records if one.status not in content["never"] and not _is_ahead(one, today)]
    found: dict[str, Input] = {}
    for code, row in content["facts"].items():
        if "any_of" in row:
            said = _any_of(code, [found[part] for part in row["any_of"] if part in found])
        elif "past" in row:
            said = _yes(code, _matching(content["facts"][row["past"]], counted))
        elif row.get("latest"):
            said = _latest(code, row, counted)
        else:
            said = _now(code, row, counted, today)
        if said is not None:
            found[code] = said
    return found


def _now(code: str, row: Mapping[str, Any], records: Sequence[Said], today: date) -> Input | None:
    matching = _matching(row, records)
    if row["types"] == ["medication"]:
        matching = [one for one in matching if _runs(one, today)]
    if matching:
        return _yes(code, matching)
    if any(one.type in row["types"] for one in records):
        return Input(named(code), value=False, unit="", on=None, source=SILENT)
    return None


def _yes(code: str, matching: Sequence[Said]) -> Input | None:
    if not matching:
        return None
    first = min(matching, key=lambda one: one.starts_on or date.max)
    return Input(named(code), value=True, unit="", on=first.starts_on, source=_source(first))


def _any_of(code: str, parts: Sequence[Input]) -> Input | None:
    """Yes if any part is; no only where every part is known to be."""
    yes = [part for part in parts if part.value is True]
    if yes:
        return Input(named(code), value=True, unit="", on=yes[0].on, source=yes[0].source)
    if len(parts) == len(load("facts")["facts"][code]["any_of"]):
        return Input(named(code), value=False, unit="", on=None, source=SILENT)
    return None


def _latest(code: str, row: Mapping[str, Any], records: Sequence[Said]) -> Input | None:
    """The newest record that says yes or no; of two on one day yes."""
    said = [(one, True) for one in _matching(row, records)]
    said += [(one, False) for one in _matching({**row, "codes": row["not_codes"]}, records)]
    if not said:
        return None
    one, yes = max(said, key=lambda pair: (pair[0].starts_on or date.min, pair[1]))
    return Input(named(code), value=yes, unit="", on=one.starts_on, source=_source(one))


def _matching(row: Mapping[str, Any], records: Sequence[Said]) -> list[Said]:
    return [one for one in records if one.type in row["types"] and _says(row, one)]


def _says(row: Mapping[str, Any], record: Said) -> bool:
    known = [(system, code) for uri, code in record.codes if (system := _system(uri))]
    if any(_is_code(wanted, system, code) for wanted in row["codes"] for system, code in known):
        return True
    text = record.text.casefold()
    if "words" in row:
        return any(word in re.findall(r"\w+", text) for word in row["words"])
    return not known and _is_phrase(text, row.get("phrases", ()))


def _is_code(wanted: Mapping[str, str], system: str, code: str) -> bool:
    if wanted["system"] != system:
        return False
    # ICD-10 is written with and without its point.
    plain = code.replace(".", "")
    if "begins" in wanted:
        return plain.startswith(wanted["begins"].replace(".", ""))
    return plain == wanted["code"].replace(".", "")


def _is_phrase(text: str, phrases: Sequence[str]) -> bool:
    if set(re.findall(r"\w+", text)) & set(load("facts")["denials"]):
        return False
    return re.split(r"[,(;:]", text.replace("(primary)", "primary"))[0].strip() in phrases


def _system(uri: str) -> str | None:
    systems: Mapping[str, Sequence[str]] = load("facts")["systems"]
    return next((name for name, uris in systems.items() if uri in uris), None)


def _runs(record: Said, today: date) -> bool:
    over = record.ends_on is not None and record.ends_on < today
    return not over and record.status not in load("facts")["ended"]


def _is_ahead(record: Said, today: date) -> bool:
    return record.starts_on is not None and record.starts_on > today


def _source(record: Said) -> str:
    text = " ".join(record.text.split())
    return f"{record.type}: {text if len(text) <= _MOST else text[: _MOST - 1] + '…'}"
