"""What one look at one rule found, and what follows for an alert of it that is open. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from twin.instants import instant, milliseconds
from twin.kinds import KINDS, Kind, said_unit
from twin.warnings.facts import Facts
from twin.warnings.finding import Clearing, Direction, Evidence, Finding, Open
from twin.warnings.rules import Level, Pace, Rule


@dataclass(frozen=True, slots=True)
class Held:
    """A level holds: `at` (ms) is the newest instant at which its rule's limits were passed."""

    level: Level
    at: int
    evidence: tuple[Evidence, ...]
    words: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Look:
    """How a rule stands to one key. `calm_at` (ms): the newest instant at which it had ended.

    `stood` tells whether the data of an instant (ms) still is there and passes the rule's limits. Where
    `undecided`, what is known is too little to begin and too little to end. `span` is
    how long (ms) the data of an instant goes on.
    """

    rule: Rule
    key: str
    pace: Pace
    held: Held | None = None
    calm_at: int | None = None
    stood: Callable[[int], bool] = lambda _: False
    undecided: bool = False
    direction: Direction | None = None
    topic: str | None = None
    kinds: Sequence[str] = ()
    span: int = 0


def finding(look: Look, facts: Facts, open_: Open | None, now: int) -> Finding | None:
    """What is to be told of this look; None where nothing holds, or nothing is new.

    What is too old to speak of now is told where it came only now, and said to be late.
    """
    held = look.held
    if held is None or now - held.at > look.pace.old:
        return None
    is_late = now - held.at - look.span > look.pace.now
    if is_late:
        if open_ is None and not _has_arrived(look, facts, held.at):
            return None
        if open_ is not None and milliseconds(open_.at) == held.at and open_.severity == held.level.severity:
            return None
    level, rule = held.level, look.rule
    return Finding(
        rule=rule.id,
        key=look.key,
        severity=level.severity,
        topic=rule.topic.__class__(look.topic) if look.topic else rule.topic,
        direction=look.direction or rule.direction,
        title=level.title.format_map(held.words),
        text=level.text.format_map(held.words),
        at=instant(held.at),
        is_late=is_late,
        evidence=held.evidence,
        source=level.source,
        verification=level.verification,
        action=level.action,
    )


def clearing(look: Look, open_: Open, now: int) -> Clearing | None:
    """Why the cause of an open alert is gone; None where it is not, or that cannot be told."""
    at = milliseconds(open_.at)
    is_old = now - at > look.pace.old
    if look.held is not None and now - look.held.at <= look.pace.old:
        return None
    if not is_old and not look.stood(at):
        return Clearing.CORRECTED
    if look.calm_at is not None and look.calm_at > at:
        return Clearing.RECOVERED
    if is_old:
        return Clearing.OUTDATED
    # It stands, nothing newer is better, and still too little is left to hold: what stood beside it is gone.
    return None if look.undecided else Clearing.CORRECTED


def amount(kind: Kind, value: float) -> str:
    """A value in words, with its unit."""
    unit = said_unit(kind)
    return f"{value:,.{kind.decimals}f}" + (f" {unit}" if unit and unit != "%" else unit)


def evidence(kind: str, rows: Iterator[tuple[float, int, str, int]]) -> tuple[Evidence, ...]:
    """Values of one kind, each with its instant (ms), source and flags."""
    unit = KINDS[kind].unit
    return tuple(Evidence(kind, value, unit, instant(at), source, flags) for value, at, source, flags in rows)


def _has_arrived(look: Look, facts: Facts, at: int) -> bool:
    """Whether data of that instant came since the last look."""
    for kind in look.kinds or look.rule.kinds:
        first, last = facts.arrived.get(kind, (1, 0))
        if first < at + look.span + 1 and at <= last:
            return True
    return False
