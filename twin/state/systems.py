"""Eight body systems, each in one state with its reasons in plain words. Pure.

The rules are conservative working choices, reviewed by no clinician: docs/state.md.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from twin.kinds import KINDS, BodySystem, DayRule
from twin.state.facts import Facts, SystemLimit, SystemScore, Trend
from twin.state.tiles import Tile

TITLES = {
    BodySystem.HEART: "Heart and vessels",
    BodySystem.LUNGS: "Lungs",
    BodySystem.METABOLISM: "Metabolism",
    BodySystem.KIDNEYS: "Kidneys",
    BodySystem.BODY: "Weight and body",
    BodySystem.SLEEP: "Sleep",
    BodySystem.ACTIVITY: "Activity",
    BodySystem.MIND: "Mind",
}
NOW = timedelta(days=3)
"""How old the data of a limit that is passed may be before it is said of which day it is."""
RECENT = timedelta(days=14)
"""How old a kind's newest day may be to say anything of a system."""
RECENT_OF_LAST = timedelta(days=366)
"""The same for kinds of which a day's last value counts, weight apart: laboratory values and the like."""
FAR_OFF = 3.0
"""Spreads from what is usual that make a day worth a look: of a bell three days in a thousand are so far."""
LIKELY = 0.5
"""How likely a limit must be to be passed for that to be worth a look."""
SAY_NOTHING = frozenset({"height", "carbs", "insulin", "water", "basal_energy"})
"""Kinds of which no value says how somebody is: what went in, what was reckoned, and what never moves."""


class State(StrEnum):
    """How a system stands, the worst first; that too little is known comes before that all is well."""

    ACT = "act"
    WATCH = "watch"
    NOT_ENOUGH_DATA = "not_enough_data"
    FINE = "fine"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a system is in its state, or what else there is to say of it; `kind` where it is of one."""

    state: State
    text: str
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class SystemKind:
    """A kind with data; `recent` says whether that is new enough to count."""

    kind: str
    day: date
    recent: bool


@dataclass(frozen=True, slots=True)
class System:
    """One body system: its state, the reasons with the worst first, and what belongs to it."""

    system: BodySystem
    title: str
    state: State
    reasons: tuple[Reason, ...]
    kinds: tuple[SystemKind, ...]
    scores: tuple[SystemScore, ...]
    trends: tuple[Trend, ...]


def systems(tiles: Sequence[Tile], facts: Facts, *, today: date) -> list[System]:
    """All eight systems in their order, by the tiles and facts of the topics that the reader may see.

    - act: an open warning is urgent or critical. Only the rules of early warning call for something now, so
      that a system is never graver than its warnings.
    - watch: an open warning is a caution, a limit of a guideline or a clinician is passed or LIKELY to be, a
      newest value lies outside the usual range of adults, a day FAR_OFF from what is usual for this person, a
      score's band is one to watch, or a forecast that matters leaves the usual range of adults.
    - not enough data: none of these, and no kind or score recent enough to say that all is well.
    - fine: none of these.
    """
    by_system: defaultdict[BodySystem, list[Tile]] = defaultdict(list)
    for tile in tiles:
        by_system[BodySystem(tile["system"])].append(tile)
    return [_system(one, by_system[one], facts, today) for one in BodySystem]


def is_recent(code: str, day: date, today: date) -> bool:
    """Whether a kind's newest day is new enough to say anything of now."""
    return today - day <= (
        RECENT_OF_LAST if KINDS[code].daily is DayRule.LAST and not KINDS[code].forecast else RECENT
    )


def _system(system: BodySystem, tiles: Sequence[Tile], facts: Facts, today: date) -> System:
    days = {tile["kind"]: date.fromisoformat(tile["day"]) for tile in tiles}
    recent = {code for code, day in days.items() if is_recent(code, day, today)}
    telling = [tile for tile in tiles if tile["kind"] in recent - SAY_NOTHING]
    scores = tuple(one for one in facts.scores if one.system is system)
    trends = tuple(one for one in facts.trends if one.kind in recent)
    current = [one for one in scores if one.counts_on(today)]
    reasons = [
        *_of_findings(system, facts),
        *_of_limits([one for one in facts.limits if one.kind in recent], days, today),
        *(Reason(State.WATCH, f"{one.title}: {one.band}.") for one in current if one.to_watch),
        *(reason for tile in telling for reason in _of_tile(tile)),
        *(reason for one in trends for reason in _of_trend(one)),
    ]
    if not telling and not current:
        nothing = "There is no data of it." if not days else "There is no recent data of it."
        reasons.append(Reason(State.NOT_ENOUGH_DATA, nothing))
    reasons += [
        Reason(State.NOT_ENOUGH_DATA, f"{KINDS[code].title}: last measured on {_in_words(day)}.", code)
        for code, day in days.items()
        if code not in recent | SAY_NOTHING
    ]
    said = {reason.kind for reason in reasons}
    calm = [tile["title"] for tile in telling if tile["kind"] not in said]
    if calm:
        reasons.append(Reason(State.FINE, f"Nothing stands out in {_listed(calm)}."))
    reasons += [Reason(State.FINE, f"{one.title}: {one.band}.") for one in current if not one.to_watch]
    order = list(State)
    reasons.sort(key=lambda reason: order.index(reason.state))
    return System(
        system=system,
        title=TITLES[system],
        state=_state(reasons, is_known=bool(telling or current)),
        reasons=tuple(reasons),
        kinds=tuple(SystemKind(code, day, code in recent) for code, day in days.items()),
        scores=scores,
        trends=trends,
    )


def _state(reasons: Sequence[Reason], *, is_known: bool) -> State:
    if reasons and reasons[0].state in (State.ACT, State.WATCH):
        return reasons[0].state
    return State.FINE if is_known else State.NOT_ENOUGH_DATA


def _of_findings(system: BodySystem, facts: Facts) -> Iterable[Reason]:
    states = {"critical": State.ACT, "urgent": State.ACT, "caution": State.WATCH, "information": State.FINE}
    severities = list(states)
    found = [one for one in facts.findings if system in one.systems]
    for one in sorted(found, key=lambda one: severities.index(one.severity)):
        yield Reason(states[one.severity], f"{one.title} ({one.severity}).")


def _of_limits(limits: Sequence[SystemLimit], days: dict[str, date], today: date) -> Iterable[Reason]:
    """A goal that is not reached is no reason to worry."""
    for one in limits:
        if one.basis == "goal" or one.kind not in days:
            continue
        kind = KINDS[one.kind]
        whose = one.title if one.basis == "guideline" else f"{kind.title} {one.side} a clinician's limit"
        number = f"limit {one.limit:,.{kind.decimals}f}"
        if one.passed:
            is_now = today - days[one.kind] <= NOW
            when = "" if is_now else f", by values of {_in_words(days[one.kind])}"
            yield Reason(State.WATCH, f"{whose} ({number}){when}.", one.kind)
        elif one.probability >= LIKELY and one.expected_on is not None:
            text = f"{whose} ({number}) is likely by {_in_words(one.expected_on)}."
            yield Reason(State.WATCH, text, one.kind)


def _of_tile(tile: Tile) -> Iterable[Reason]:
    if tile["flag"] and not tile["growing"]:
        side = "above" if tile["flag"] == "high" else "below"
        text = f"{tile['title']}: {_number(tile, tile['value'])} is {side} the usual range of adults."
        yield Reason(State.WATCH, text, tile["kind"])
    usual = tile["usual"]
    if usual and usual["value"] is not None and abs(usual["deviation"] or 0.0) >= FAR_OFF:
        value, low, high = (_number(tile, one) for one in (usual["value"], usual["low"], usual["high"]))
        when = _in_words(date.fromisoformat(usual["day"]))
        text = f"{tile['title']}: {value} on {when}; its own usual range is {low} to {high}."
        yield Reason(State.WATCH, text, tile["kind"])


def _of_trend(trend: Trend) -> Iterable[Reason]:
    kind = KINDS[trend.kind]
    low, high = kind.soft
    if trend.matters and low <= trend.first_week <= high and not low <= trend.last_week <= high:
        text = f"{kind.title} is {trend.direction}, and is expected to leave the usual range of adults."
        yield Reason(State.WATCH, text, trend.kind)


def _number(tile: Tile, value: float) -> str:
    return f"{value:,.{tile['decimals']}f}"


def _listed(titles: Sequence[str]) -> str:
    return titles[0] if len(titles) == 1 else f"{', '.join(titles[:-1])} and {titles[-1]}"


def _in_words(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
