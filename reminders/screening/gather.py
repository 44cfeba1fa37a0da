"""From what is known of a person elsewhere to what screening goes by. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from reminders.screening.person import Done, Person
from reminders.screening.rules import Code, RuleSet
from twin.kinds import KINDS
from twin.risk.body_mass import class_of
from twin.risk.data import load
from twin.risk.facts import Said, facts, name_of, next_change, source_of
from twin.risk.result import Input

# FHIR's statuses of a procedure, immunisation, report or observation that has not, or not yet, come about.
_NOT_DONE = frozenset(
    {
        "aborted",
        "in-progress",
        "not-done",
        "on-hold",
        "planned",
        "preparation",
        "registered",
        "stopped",
        "suspended",
    }
)


def kinds_of(rules: RuleSet) -> Mapping[str, Code]:
    """The kinds of the catalogue whose readings are evidence for a rule, each with the code it counts as."""
    return {
        code: ("loinc", one.loinc)
        for code, one in KINDS.items()
        if one.loinc is not None and ("loinc", one.loinc) in rules.places
    }


def done_in(rules: RuleSet, records: Iterable[Said]) -> list[Done]:
    """What records say was done; one without a day, or of what was not carried out, says nothing."""
    found = []
    for record in records:
        if record.starts_on is None or record.status in _NOT_DONE or record.status in load("facts")["never"]:
            continue
        codes = [rules.code(system, code) for system, code in record.codes]
        own = tuple(dict.fromkeys(code for code in codes if code is not None))
        if own:
            found.append(Done(record.starts_on, own, source_of(record)))
    return found


def person_of(
    rules: RuleSet,
    *,
    born_on: date,
    sex: str,
    records: Sequence[Said],
    told: Mapping[str, Input],
    done: Iterable[Done] = (),
    quit_on: date | None = None,
    today: date,
) -> Person:
    """A person from her records, what else is `told` of her by code, and what was `done` besides.

    `told` holds numbers and answers; of what scores ask it holds what they go by, in which answers and
    records were weighed. Of all else a record that says yes stands above an answer, and an answer above
    silence. Obesity follows from the body mass index, and that somebody ever smoked from smoking, where they
    are not known themselves.
    """
    said = facts(records, today)
    weighed = load("handling")["inputs"]
    known = dict(said) | {
        code: one
        for code, one in told.items()
        if code in weighed or code not in said or said[code].value is not True
    }
    _follow(known)
    return Person(
        born_on=born_on,
        sex=sex,
        known=known,
        done=(*done_in(rules, records), *done),
        quit_on=quit_on,
        known_until=next_change(records, today),
    )


def _follow(known: dict[str, Input]) -> None:
    """Adds what follows from what is known."""
    index = known.get("bmi")
    if "obesity" not in known and index is not None and not isinstance(index.value, str):
        obese = class_of(index.value).code.startswith("obesity")
        known["obesity"] = Input("Obesity", obese, "", index.on, f"body mass index, {index.source}")
    smoking = known.get("smoking")
    if "ever_smoked" not in known and smoking is not None and smoking.value is True:
        known["ever_smoked"] = Input(name_of("ever_smoked"), True, "", smoking.on, smoking.source)
