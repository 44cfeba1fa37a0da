"""Who is due for what, why and since when; what satisfied it; and when the answer may change. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeVar

from reminders.screening.days import Watch, after_months, season_after
from reminders.screening.fit import Fit, fit, latest
from reminders.screening.person import Choice, Decision, Done, Person
from reminders.screening.rules import Proof, Rule, RuleSet

Key = TypeVar("Key")


class Status(StrEnum):
    """Where a person stands with a rule."""

    NOT_FOR_YOU = "not_for_you"
    DUE = "due"
    UP_TO_DATE = "up_to_date"
    UNKNOWN = "unknown"
    DECLINED = "declined"
    POSTPONED = "postponed"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True)
class Screening:
    """Where a person stands with one rule.

    `why` says in sentences what the rule asks for and what is so. `since` is from when on it is due, None
    where that is not known; `next_on` the day on which it comes to be due: after what was done, after a
    postponement, or by age. `evidence` is what satisfies it (`proof` says as what) or, where it is due, the
    last of what did or might have. `missing` are facts without which it cannot be said; `unless` what would
    make a difference and is not known to be so. Of several doses `had` of `doses` count, and the next is not
    given before `not_before`. A repeat may be talked about from `repeat_on` on.
    """

    rule: Rule
    status: Status
    why: tuple[str, ...]
    since: date | None = None
    next_on: date | None = None
    evidence: tuple[Done, ...] = ()
    proof: str = ""
    missing: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    decision: Decision | None = None
    interval: Decision | None = None
    had: int = 0
    doses: int = 1
    not_before: date | None = None
    repeat_on: date | None = None


@dataclass(frozen=True, slots=True)
class State:
    """Where a person stands with every rule, in their order; nothing new, it stays so before `changes_on`."""

    screenings: tuple[Screening, ...]
    changes_on: date | None


def state(person: Person, rules: RuleSet, decisions: Iterable[Decision], *, on: date) -> State:
    """Where a person stands on a day of her own, and until when."""
    watch = Watch(on)
    if person.known_until is not None:
        watch.reached(person.known_until)
    done = _done_by_proof(person, rules, watch)
    decided = _in_force(decisions, watch)
    found = tuple(
        _screening(rule, number, person, rules.facts, done, decided.get(rule.id, {}), watch)
        for number, rule in enumerate(rules.rules)
    )
    return State(found, watch.next)


def screenings(
    person: Person, rules: RuleSet, decisions: Iterable[Decision], *, on: date
) -> tuple[Screening, ...]:
    """Where a person stands with every rule on a day of her own."""
    return state(person, rules, decisions, on=on).screenings


def next_change(person: Person, rules: RuleSet, decisions: Iterable[Decision], *, on: date) -> date | None:
    """The next day on which that may change though nothing new is known; None if there is none."""
    return state(person, rules, decisions, on=on).changes_on


def states(
    people: Iterable[tuple[Key, Person, Sequence[Decision], date]], rules: RuleSet
) -> Iterator[tuple[Key, State]]:
    """The states of many people, each on her own day, one at a time as they are read."""
    for key, person, decisions, on in people:
        yield key, state(person, rules, decisions, on=on)


def _done_by_proof(person: Person, rules: RuleSet, watch: Watch) -> Mapping[tuple[int, int], list[Done]]:
    """What was done, by the number of its rule and proof, the newest first and a day once."""
    found: dict[tuple[int, int], dict[date, Done]] = {}
    for done in person.done:
        for code in done.codes:
            for place in rules.places.get(code, ()):
                if not watch.reached(done.on):
                    continue
                days = found.setdefault(place, {})
                # A record stands above somebody's word for the same day.
                if done.on not in days or days[done.on].said:
                    days[done.on] = done
    return {place: [days[day] for day in sorted(days, reverse=True)] for place, days in found.items()}


_INSTEAD = (
    {Choice.DECLINED, Choice.POSTPONED},
    {Choice.APPLICABLE, Choice.NOT_APPLICABLE},
    {Choice.INTERVAL},
)
"""Choices of which the newer takes the place of the older."""


def _in_force(decisions: Iterable[Decision], watch: Watch) -> Mapping[str, dict[Choice, Decision]]:
    """The newest decisions that hold, by rule and choice."""
    found: dict[str, dict[Choice, Decision]] = {}
    for one in sorted(decisions, key=lambda one: one.on):
        if not watch.reached(one.on):
            continue
        own = found.setdefault(one.rule, {})
        for other in next(group for group in _INSTEAD if one.choice in group):
            own.pop(other, None)
        own[one.choice] = one
    return {
        rule: {
            choice: one for choice, one in own.items() if one.until is None or not watch.reached(one.until)
        }
        for rule, own in found.items()
    }


@dataclass(frozen=True, slots=True)
class _Met:
    """How far one proof has come: how many of its events count, and when it, and each, ends or ended."""

    proof: Proof
    events: Sequence[Done]
    had: int
    met: bool
    ends: date | None
    each: tuple[date | None, ...]


def _screening(
    rule: Rule,
    number: int,
    person: Person,
    names: Mapping[str, str],
    done: Mapping[tuple[int, int], list[Done]],
    decided: Mapping[Choice, Decision],
    watch: Watch,
) -> Screening:
    meant = decided.get(Choice.APPLICABLE)
    whom = fit(rule, person, names, watch) if meant is None else _as_decided(meant)
    if whom.holds is False:
        return Screening(rule, Status.NOT_FOR_YOU, whom.why, next_on=whom.starts)
    refused = decided.get(Choice.NOT_APPLICABLE)
    if refused is not None:
        return Screening(
            rule, Status.NOT_APPLICABLE, (refused.reason,), decision=refused, next_on=refused.until
        )
    interval = decided.get(Choice.INTERVAL)
    shorter, whom = _variant(rule, person, names, whom)
    every = [
        _met(rule, proof, done.get((number, place), ()), _months(proof, interval, shorter), watch.on)
        for place, proof in enumerate(rule.proofs)
    ]
    if any(one.met for one in every):
        return _up_to_date(rule, whom, [one for one in every if one.met], interval, watch)
    return _open(rule, whom, every, interval, decided, watch)


def _as_decided(meant: Decision) -> Fit:
    """That a rule is for somebody by a clinician's word, whatever the file says."""
    return Fit(True, (f"{meant.reason} ({meant.by}).",), since=meant.on, until=meant.until)


def _variant(rule: Rule, person: Person, names: Mapping[str, str], whom: Fit) -> tuple[int | None, Fit]:
    """The months of the variant that holds, and the fit with what is known or not known of variants."""
    unknown = []
    for variant in rule.variants:
        for code in variant.when_any:
            found = person.known.get(code)
            if found is None:
                unknown.append(names[code])
            elif found.value is True:
                why = f"Every {variant.months} months: {names[code]}."
                return variant.months, _with(whom, why=(why,))
    return None, _with(whom, unless=tuple(unknown))


def _with(whom: Fit, *, why: tuple[str, ...] = (), unless: tuple[str, ...] = ()) -> Fit:
    if not why and not unless:
        return whom
    return Fit(
        whom.holds, whom.why + why, whom.missing, whom.unless + unless, whom.since, whom.until, whom.starts
    )


@dataclass(frozen=True, slots=True)
class _Holds:
    """For how long an event holds: months, a season, or for ever."""

    months: int | None
    of_season: bool


def _months(proof: Proof, interval: Decision | None, shorter: int | None) -> _Holds:
    if interval is not None and interval.proof in ("", proof.name):
        return _Holds(interval.months, of_season=False)
    return _Holds(proof.months if shorter is None else shorter, of_season=True)


def _ends(rule: Rule, event: Done, holds: _Holds) -> date | None:
    if rule.season_month is not None and holds.of_season:
        return season_after(event.on, rule.season_month)
    return None if holds.months is None else after_months(event.on, holds.months)


def _met(rule: Rule, proof: Proof, events: Sequence[Done], holds: _Holds, on: date) -> _Met:
    ends = [_ends(rule, event, holds) for event in events]
    had = sum(end is None or end > on for end in ends)
    # The dose whose end leaves too few is the last of the newest that are enough.
    decisive = ends[proof.doses - 1] if len(ends) >= proof.doses else None
    return _Met(proof, events, had, had >= proof.doses, decisive, tuple(ends[:had]))


def _up_to_date(
    rule: Rule, whom: Fit, met: Sequence[_Met], interval: Decision | None, watch: Watch
) -> Screening:
    best = max(met, key=lambda one: (one.ends is None, one.ends or date.min))
    if best.ends is not None:
        watch.reached(best.ends)
    is_over = best.ends is not None and whom.until is not None and best.ends >= whom.until
    newest = best.events[0]
    repeat = best.proof.repeat_months
    return Screening(
        rule,
        Status.UP_TO_DATE,
        whom.why,
        next_on=None if is_over else best.ends,
        evidence=tuple(best.events[: best.proof.doses]),
        proof=best.proof.name,
        missing=whom.missing,
        unless=whom.unless,
        interval=interval,
        had=best.proof.doses,
        doses=best.proof.doses,
        repeat_on=None if repeat is None or best.ends is not None else after_months(newest.on, repeat),
    )


def _open(
    rule: Rule,
    whom: Fit,
    every: Sequence[_Met],
    interval: Decision | None,
    decided: Mapping[Choice, Decision],
    watch: Watch,
) -> Screening:
    nearest = min(every, key=lambda one: one.proof.doses - one.had)
    for end in nearest.each:
        if end is not None:
            watch.reached(end)
    lapsed = latest(*(one.ends for one in every))
    since = latest(whom.since, lapsed)
    if rule.season_month is not None:
        since = latest(since, _season_start(rule.season_month, watch))
    not_before = None
    if rule.gap_months is not None and nearest.had:
        not_before = after_months(nearest.events[0].on, rule.gap_months)
    last = max((one.events[0] for one in every if one.events), key=lambda done: done.on, default=None)
    status, decision = _answer(whom, since, decided)
    return Screening(
        rule,
        status,
        (*whom.why, *_what_is_there(nearest, last, lapsed)),
        since=None if status is Status.UNKNOWN else since,
        next_on=decision.until if decision is not None else None,
        evidence=tuple(nearest.events[: nearest.had]) or (() if last is None else (last,)),
        missing=whom.missing,
        unless=whom.unless,
        decision=decision,
        interval=interval,
        had=nearest.had,
        doses=nearest.proof.doses,
        not_before=not_before,
    )


def _season_start(month: int, watch: Watch) -> date:
    """When the season that runs began; watched, for the next makes what is due anew."""
    ends = season_after(watch.on, month)
    watch.reached(ends)
    return ends.replace(year=ends.year - 1)


def _answer(
    whom: Fit, since: date | None, decided: Mapping[Choice, Decision]
) -> tuple[Status, Decision | None]:
    """A refusal without an end is of what was due then: what has come to be due later is asked for anew."""
    declined, postponed = decided.get(Choice.DECLINED), decided.get(Choice.POSTPONED)
    if postponed is not None:
        return Status.POSTPONED, postponed
    if declined is not None and (declined.until is not None or since is None or since <= declined.on):
        return Status.DECLINED, declined
    return (Status.DUE if whom.holds else Status.UNKNOWN), None


def _what_is_there(nearest: _Met, last: Done | None, lapsed: date | None) -> tuple[str, ...]:
    if nearest.had:
        return (f"{nearest.had} of {nearest.proof.doses} doses.",)
    if last is None:
        return ("Nothing of it is on file.",)
    held = "" if lapsed is None else f", which held until {lapsed.isoformat()}"
    return (f"The last was on {last.on.isoformat()}{held}.",)
