"""The file of screening rules: read, or refused with every fault's line and cause. Pure."""

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from reminders.screening.rules import Block, Code, Least, Proof, Rule, RuleKind, RuleSet, Variant, same_code
from twin.risk.data import load
from twin.risk.facts import name_of
from twin.warnings.located import Misplaced, Part, read_located
from twin.warnings.rule_file import RuleFileError

DATA = Path(__file__).parent.parent / "data"
OLDEST = 130
"""No age of a rule lies above it."""
NUMBERS = {
    "bmi": "Body mass index",
    "pack_years": "Pack-years of smoking",
    "cvd_risk_10y": "Risk of ten years",
}
"""The numbers of a person that rules may ask for, by their codes."""

_ID = re.compile(r"[a-z][a-z0-9_]{1,39}")
_MOST_MONTHS = 600
_SEXES = ("female", "male")


@cache
def shipped_rules() -> RuleSet:
    """The rules that come with the program."""
    return parse_rules((DATA / "screening.json").read_text(encoding="utf-8"))


def parse_rules(text: str) -> RuleSet:
    """The rules of a file; raises RuleFileError with every faulty rule's line and cause."""
    try:
        whole, lines = read_located(text, "rules")
        head = Part(whole, 1)
        said = {name: head.text(name) for name in ("id", "title", "jurisdiction", "caution", "verification")}
        as_of = _day(head, "as_of")
        sources = head.texts("sources")
        for name in ("semantics", "value_sets"):
            head.any(name)
        systems = dict(_systems(head))
        facts = dict(_facts(head))
        listed = head.any("rules")
        head.nothing_else()
    except Misplaced as fault:
        raise RuleFileError([fault]) from None
    rules: dict[str, Rule] = {}
    faults: list[Misplaced] = []
    for row, line in zip(listed, lines["rules"], strict=True):
        try:
            rule = _rule(Part(row, line), facts, set(systems.values()))
            if rule.id in rules:
                raise Misplaced(line, f"rule {rule.id}: line {rules[rule.id].line} has the same id")
            rules[rule.id] = rule
        except Misplaced as fault:
            faults.append(fault)
    if faults:
        raise RuleFileError(faults)
    return RuleSet(
        **said,
        as_of=as_of,
        sources=sources,
        digest=sha256(text.encode()).hexdigest(),
        facts=facts,
        systems=systems,
        rules=tuple(rules.values()),
        places=_places(tuple(rules.values())),
    )


def _day(part: Part, name: str) -> date:
    try:
        return date.fromisoformat(part.text(name))
    except ValueError:
        raise part.fault(f'"{name}" is no day') from None


def _systems(head: Part) -> Iterator[tuple[str, str]]:
    given = head.any("systems")
    if not isinstance(given, dict):
        raise head.fault('"systems" is no object')
    part = Part(given, 1, "systems")
    for short in given:
        for uri in part.texts(short):
            yield uri, short
        yield short, short


def _facts(head: Part) -> Iterator[tuple[str, str]]:
    """Those that records may say, by the names that they have there, and those that the file names itself."""
    for code in load("facts")["facts"]:
        yield code, name_of(code)
    given = head.any("facts")
    if not isinstance(given, dict):
        raise head.fault('"facts" is no object')
    part = Part(given, 1, "facts")
    for code in given:
        if code in load("facts")["facts"]:
            raise part.fault(f'"{code}" has its name from records')
        yield code, part.text(code)


def _rule(part: Part, facts: Collection[str], systems: Collection[str]) -> Rule:
    id_ = part.text("id")
    if not _ID.fullmatch(id_):
        raise part.fault(f"{id_!r} is no id: lower-case letters, digits and _, at most 40")
    part.where = f"rule {id_}"
    given = part.any("eligibility")
    whom = Part(given, part.line, f"{part.where}, eligibility")
    blocks = tuple(
        _block(Part(one, part.line, f"{whom.where}, any_of"), facts) for one in _list(whom, "any_of")
    )
    season = part.whole("season_starts_in_month") if part.has("season_starts_in_month") else None
    if season is not None and season > 12:
        raise part.fault(f"there is no month {season}")
    proofs = tuple(
        _proof(Part(one, part.line, f"{part.where}, satisfied_by"), systems)
        for one in _list(part, "satisfied_by")
    )
    if not proofs:
        raise part.fault('there is no "satisfied_by"')
    rule = Rule(
        id=id_,
        line=part.line,
        title=part.text("title"),
        kind=RuleKind(part.text("kind", list(RuleKind))),
        block=_block(whom, facts),
        one_of=blocks,
        proofs=proofs,
        variants=tuple(
            _variant(Part(one, part.line, f"{part.where}, variants"), facts)
            for one in _list(part, "variants")
        ),
        season_month=season,
        gap_months=_months(part, "min_gap_months") if part.has("min_gap_months") else None,
        grade=part.text("grade"),
        source=part.text("source"),
        year=part.whole("year", 1950),
        verification=part.text("verification"),
        note=part.text("note") if part.has("note") else "",
        soft=part.flag("soft"),
    )
    part.nothing_else()
    _check(part, rule)
    return rule


def _check(part: Part, rule: Rule) -> None:
    """Whether the parts of a rule can be true together."""
    for block in (rule.block, *rule.one_of):
        asked = {*block.all, *block.any} | set(rule.block.all)
        if both := asked & set(block.none):
            raise part.fault(f"{min(both)} is asked for and ruled out")
        if block.years_since_diagnosis is not None and not (*rule.block.all, *block.all):
            raise part.fault("min_years_since_dx has no fact to count from")
    if rule.season_month is not None and any(one.doses > 1 for one in rule.proofs):
        raise part.fault("a season has one dose")


def _list(part: Part, name: str) -> list[Any]:
    given = part.any(name) if part.has(name) else []
    if not isinstance(given, list):
        raise part.fault(f'"{name}" is no list')
    return given


def _block(part: Part, facts: Collection[str]) -> Block:
    youngest, oldest = _ages(part)
    block = Block(
        youngest=youngest,
        oldest=oldest,
        sex=part.text("sex", _SEXES) if part.has("sex") else None,
        born_from=part.whole("born_from", 1900) if part.has("born_from") else None,
        all=part.texts("all", facts),
        any=part.texts("any", facts),
        none=part.texts("none", facts),
        least=tuple(Least(code, part.number(f"min_{code}")) for code in NUMBERS if part.has(f"min_{code}")),
        years_since_quit=_years(part, "max_years_since_quit"),
        years_since_diagnosis=_years(part, "min_years_since_dx"),
    )
    part.nothing_else()
    return block


def _ages(part: Part) -> tuple[int | None, int | None]:
    if not part.has("age"):
        return None, None
    given = part.any("age")
    if not isinstance(given, list) or len(given) != 2:
        raise part.fault('"age" has a lower and an upper end')
    for end in given:
        if end is not None and (type(end) is not int or not 0 <= end <= OLDEST):
            raise part.fault(f'"age" has {end!r}, which is no age')
    youngest, oldest = given
    if youngest is not None and oldest is not None and oldest < youngest:
        raise part.fault('"age" ends before it begins')
    return youngest, oldest


def _years(part: Part, name: str) -> int | None:
    if not part.has(name):
        return None
    years = part.whole(name, 0)
    if years > OLDEST:
        raise part.fault(f'"{name}" is longer than a life')
    return years


def _months(part: Part, name: str) -> int:
    months = part.whole(name)
    if months > _MOST_MONTHS:
        raise part.fault(f'"{name}" is more than {_MOST_MONTHS} months')
    return months


def _valid_months(part: Part) -> int | None:
    """None, written as null, is for ever; it has to be said."""
    months = part.any("valid_months")
    if months is not None and (type(months) is not int or not 1 <= months <= _MOST_MONTHS):
        raise part.fault(f'"valid_months" is neither null nor 1 to {_MOST_MONTHS} months')
    return months


def _proof(part: Part, systems: Collection[str]) -> Proof:
    codes = frozenset(
        _code(Part(one, part.line, f"{part.where}, codes"), systems) for one in _list(part, "codes")
    )
    if not codes:
        raise part.fault('there are no "codes"')
    proof = Proof(
        name=part.text("name") if part.has("name") else "",
        codes=codes,
        months=_valid_months(part),
        doses=part.whole("doses_needed") if part.has("doses_needed") else 1,
        repeat_months=_months(part, "suggest_repeat_months") if part.has("suggest_repeat_months") else None,
    )
    part.nothing_else()
    return proof


def _code(part: Part, systems: Collection[str]) -> Code:
    system = part.text("system", systems)
    code = same_code(system, part.text("code"))
    for name in ("verification", "seen_in"):
        if part.has(name):
            part.text(name)
    part.nothing_else()
    return system, code


def _variant(part: Part, facts: Collection[str]) -> Variant:
    when = part.texts("when_any", facts)
    if not when:
        raise part.fault('there is no "when_any"')
    variant = Variant(when, _months(part, "valid_months"))
    part.nothing_else()
    return variant


def _places(rules: tuple[Rule, ...]) -> Mapping[Code, tuple[tuple[int, int], ...]]:
    found: dict[Code, list[tuple[int, int]]] = {}
    for number, rule in enumerate(rules):
        for place, proof in enumerate(rule.proofs):
            for code in proof.codes:
                found.setdefault(code, []).append((number, place))
    return {code: tuple(places) for code, places in found.items()}
