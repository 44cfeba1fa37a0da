"""The file of rules: read, and refused with every fault's line and cause where it is wrong. Pure."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from string import Formatter
from typing import Any, cast

from backend.rules import Topic
from twin.kinds import DATA, KINDS
from twin.risk.data import load
from twin.warnings.actions import actions
from twin.warnings.facts import Side
from twin.warnings.finding import Direction, Severity
from twin.warnings.located import Misplaced, Part, read_located
from twin.warnings.rules import Bound, Category, Condition, Level, Pace, Rule, RuleFile

_MINUTE, _HOUR = 60_000, 3_600_000
_ID = re.compile(r"[a-z][a-z0-9_]{1,39}")


class RuleFileError(ValueError):
    """A rule file is refused: every fault with its line."""

    def __init__(self, faults: Sequence[Misplaced]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


@cache
def current_rules() -> RuleFile:
    """The rules that are in force."""
    return parse_rules((DATA / "warnings.json").read_text(encoding="utf-8"))


def parse_rules(text: str) -> RuleFile:
    """The rules of a file; raises RuleFileError with every faulty rule's line and cause."""
    try:
        whole, lines = read_located(text, "rules")
        head = Part(whole, 1)
        for name in ("id", "title", "meaning", "verification", "working_choices"):
            head.text(name)
        head.any("left_out")
        paces = {
            code: _pace(part) for code, part in head.parts("paces", lambda code: code == "" or code in KINDS)
        }
        if "" not in paces:
            raise Misplaced(1, '"paces" has none for "", which is for what is of no kind')
        pressure = {name: tuple(_bands(part)) for name, part in head.parts("home_pressure")}
        listed = head.any("rules")
        head.nothing_else()
    except Misplaced as fault:
        raise RuleFileError([fault]) from None
    rules: dict[str, Rule] = {}
    levels: set[str] = set()
    faults: list[Misplaced] = []
    for row, line in zip(listed, lines["rules"], strict=True):
        try:
            rule = _rule(Part(row, line), paces)
            if rule.id in rules:
                raise Misplaced(line, f"rule {rule.id}: line {rules[rule.id].line} has the same id")
            for level in rule.levels:
                if level.id in levels:
                    raise Misplaced(line, f"rule {rule.id}: the level {level.id} stands in the file twice")
                levels.add(level.id)
            rules[rule.id] = rule
        except Misplaced as fault:
            faults.append(fault)
    if faults:
        raise RuleFileError(faults)
    return RuleFile(tuple(rules.values()), paces, pressure)


_LIMITS: dict[str, tuple[Side, bool]] = {
    "above": ("above", False),
    "at_least": ("above", True),
    "below": ("below", False),
    "at_most": ("below", True),
}
_WORDS: dict[Condition, frozenset[str]] = {
    Condition.READING: frozenset({"kind", "count"}),
    Condition.MEAN: frozenset({"mean", "count", "days", "category"}),
    Condition.GAIN: frozenset({"gain", "days"}),
    Condition.DEVIATION: frozenset({"kind", "days", "usual"}),
    Condition.THRESHOLD: frozenset({"kind", "limit", "side"}),
    Condition.CROSSING: frozenset({"kind", "limit", "side", "percent"}),
    Condition.AHEAD: frozenset({"minutes"}),
    Condition.SCORE: frozenset({"score"}),
    Condition.SILENCE: frozenset({"device", "days"}),
    Condition.DOSES: frozenset({"medicine", "count"}),
}
_WITHOUT_KINDS = frozenset(
    {Condition.THRESHOLD, Condition.CROSSING, Condition.SCORE, Condition.SILENCE, Condition.DOSES}
)
_BASES = ("goal", "threshold", "guideline")
_WITHOUT_BOUNDS = frozenset({Condition.THRESHOLD, Condition.SILENCE})


def _pace(part: Part, base: Pace | None = None) -> Pace:
    """What the part says, over what `base` says; without one it has to say the times."""

    def time(name: str, unit: int, default: int | None) -> int:
        return default if default is not None and not part.has(name) else round(part.number(name) * unit)

    pace = Pace(
        now=time("now_minutes", _MINUTE, base.now if base else None),
        old=time("old_hours", _HOUR, base.old if base else None),
        gap=time("gap_minutes", _MINUTE, base.gap if base else None),
        margin=part.number("margin") if part.has("margin") else base.margin if base else 0.0,
        readings=part.whole("readings") if part.has("readings") else base.readings if base else 1,
        minutes=time("minutes", _MINUTE, base.minutes if base else 0),
        doubt=part.flag("doubt") if part.has("doubt") else base.doubt if base else False,
    )
    part.nothing_else()
    if not 0 < pace.now <= pace.old or pace.gap <= 0 or pace.margin < 0 or pace.minutes < 0:
        raise part.fault("its times or its margin are in no order")
    return pace


def _bands(part: Part) -> Iterator[Category]:
    bands = part.any("bands")
    part.text("source")
    part.nothing_else()
    if not isinstance(bands, list) or not bands:
        raise part.fault('"bands" is no list')
    for band in bands:
        one = Part(band, part.line, part.where)
        at = one.has("at_least")
        limits = one.any("at_least" if at else "above")
        if not isinstance(limits, list) or len(limits) != 2:
            raise one.fault("a band has one limit for sbp and one for dbp")
        yield Category(one.text("label"), float(limits[0]), float(limits[1]), at)
        one.nothing_else()


def _rule(part: Part, paces: Mapping[str, Pace]) -> Rule:
    id_ = part.text("id")
    if not _ID.fullmatch(id_):
        raise part.fault(f"{id_!r} is no id: lower-case letters, digits and _, at most 40")
    part.where = f"rule {id_}"
    condition = Condition(part.text("condition", list(Condition)))
    conditions = load("facts")["facts"]
    kinds = () if condition in _WITHOUT_KINDS else part.texts("kinds", KINDS)
    if not kinds and condition not in _WITHOUT_KINDS:
        raise part.fault('there are no "kinds"')
    topics = {KINDS[code].topic for code in kinds}
    together = part.flag("together") or condition is Condition.MEAN
    if together and len(topics) > 1:
        raise part.fault("kinds of one moment are of one topic")
    topic = Topic(KINDS[kinds[0]].topic) if kinds else Topic.VITALS
    if part.has("topic"):
        topic = Topic(part.text("topic", list(Topic)))
    own = {code: paces.get(code, paces[""]) for code in kinds or ("",)}
    if part.has("pace"):
        given = part.any("pace")
        own = {code: _pace(Part(given, part.line, part.where), pace) for code, pace in own.items()}
    direction = cast("Direction", part.text("direction", ("high", "low", "other")))
    levels = part.any("levels")
    if not isinstance(levels, list) or not levels:
        raise part.fault('"levels" is no list')
    rule = Rule(
        id=id_,
        line=part.line,
        condition=condition,
        direction=direction,
        topic=topic,
        kinds=kinds,
        levels=tuple(_level(Part(one, part.line, part.where), condition, kinds, own) for one in levels),
        paces=own,
        together=together,
        requires=part.text("requires", conditions) if part.has("requires") else None,
        unless=part.text("unless", conditions) if part.has("unless") else None,
        **_OWN.get(condition, _nothing_own)(part),
    )
    part.nothing_else()
    for calmer, worse in pairwise(rule.levels):
        if worse.severity.rank < calmer.severity.rank:
            raise part.fault(f"the level {worse.id} is calmer than {calmer.id} before it")
    return rule


def _nothing_own(_: Part) -> dict[str, Any]:
    return {}


def _of_reading(part: Part) -> dict[str, Any]:
    rests = part.has("at_rest_minutes")
    return {"at_rest": part.whole("at_rest_minutes") * _MINUTE if rests else None}


def _of_days(part: Part) -> dict[str, Any]:
    return {name: part.whole(name) for name in ("days", "least_days")}


_OWN: Mapping[Condition, Callable[[Part], dict[str, Any]]] = {
    Condition.READING: _of_reading,
    Condition.MEAN: lambda part: _of_days(part) | {"least_readings": part.whole("least_readings")},
    Condition.DEVIATION: _of_days,
    Condition.SCORE: lambda part: {"score": part.text("score")},
    Condition.CROSSING: lambda part: {"basis": frozenset(part.texts("basis", _BASES))},
    Condition.AHEAD: lambda part: {"minutes_ahead": part.whole("minutes_ahead")},
}
"""What only rules of one condition say."""


def _level(part: Part, condition: Condition, kinds: Sequence[str], paces: Mapping[str, Pace]) -> Level:
    id_ = part.text("id")
    part.where += f", level {id_}"
    action = part.text("action") if part.has("action") else None
    if action is not None and action not in actions():
        raise part.fault(f"there is no action {action!r}")
    bounds = () if condition in _WITHOUT_BOUNDS else tuple(_bounds(part, condition, kinds, paces))
    level = Level(
        id=id_,
        severity=Severity(part.text("severity", list(Severity))),
        title=_words(part, "title", condition),
        text=_words(part, "text", condition),
        source=part.text("source"),
        verification=part.text("verification"),
        action=action,
        bounds=bounds,
        readings=part.whole("readings") if part.has("readings") else None,
        minutes=part.whole("minutes", 0) * _MINUTE if part.has("minutes") else None,
        days=part.whole("days") if condition is Condition.GAIN else None,
        unless_usual=part.number("unless_usual") if part.has("unless_usual") else None,
    )
    part.nothing_else()
    return level


def _bounds(
    part: Part, condition: Condition, kinds: Sequence[str], paces: Mapping[str, Pace]
) -> Iterator[Bound]:
    limits = part.any("limits")
    if not isinstance(limits, list) or not limits:
        raise part.fault('"limits" is no list')
    for given in limits:
        one = Part(given, part.line, part.where)
        kind = one.text("kind", kinds) if one.has("kind") else None
        names = [name for name in _LIMITS if one.has(name)]
        if len(names) != 1:
            raise one.fault(f"a limit is one of {', '.join(_LIMITS)}")
        side, at = _LIMITS[names[0]]
        value = one.number(names[0])
        of_values = condition in (Condition.READING, Condition.MEAN, Condition.AHEAD)
        ends = one.number("ends") if one.has("ends") else None
        one.nothing_else()
        meant = [code for code in kinds if kind in (None, code)] if of_values else [None]
        for code in meant:
            # How far back a value has to come is the kind's own; of all else it is said beside the limit.
            margin = 0.0 if code is None else paces[code].margin
            own = (value - margin if side == "above" else value + margin) if ends is None else ends
            if (own > value) if side == "above" else (own < value):
                raise one.fault(f"it ends at {own:g}, which lies beyond where it begins")
            if code is not None and not KINDS[code].hard[0] <= value <= KINDS[code].hard[1]:
                low, high = KINDS[code].hard
                raise one.fault(f"{value:g} is impossible of {code}: {low:g} to {high:g}")
            yield Bound(side, value, at, own, code)


def _words(part: Part, name: str, condition: Condition) -> str:
    template = part.text(name)
    try:
        fields = {field for _, field, _, _ in Formatter().parse(template) if field is not None}
    except ValueError as wrong:
        raise part.fault(f'"{name}" cannot be filled in: {wrong}') from None
    if unknown := fields - _WORDS[condition]:
        raise part.fault(f'"{name}" asks for {{{min(unknown)}}}, which {condition} does not have')
    return template
