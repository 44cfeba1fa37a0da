"""How each condition of a rule is looked at. Pure: everything follows from the facts."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from math import inf

import numpy as np
import numpy.typing as npt

from twin.kinds import KINDS, DayRule
from twin.state.baseline import Baseline, deviation
from twin.warnings.course import Course, Needs, course
from twin.warnings.facts import DAY, Facts, Threshold
from twin.warnings.finding import Direction, Open
from twin.warnings.looks import Held, Look, amount, evidence
from twin.warnings.moments import (
    Mask,
    Mean,
    Moments,
    at_rest,
    gains,
    is_counted,
    mean_of_week,
    moments,
    of_days,
    without_today,
)
from twin.warnings.rules import Bound, Condition, Level, Pace, Rule, RuleFile

_EPOCH = date(1970, 1, 1)
_AFTER = DAY + DAY // 4
"""Days that follow each other begin so long apart at most, however the clock was changed."""
Looker = Callable[[Rule, "Situation"], Iterator[Look]]


class Situation:
    """One evaluation: rules, facts, now (ms), the alerts that are open; and what is asked for twice."""

    def __init__(self, rules: RuleFile, facts: Facts, now: int, open_: Sequence[Open]) -> None:
        self.rules = rules
        self.facts = facts
        self.now = now
        self.open = open_
        self.today = (facts.today - _EPOCH).days
        self._moments: dict[tuple[str, ...], Moments] = {}

    def moments(self, kinds: Sequence[str], still: int | None) -> Moments:
        """The readings of these kinds, at rest where they have to be."""
        key = (*kinds, "" if still is None else str(still))
        if key not in self._moments:
            found = moments(self.facts.readings, kinds, self.now)
            self._moments[key] = found if still is None else at_rest(found, self.facts.readings, still)
        return self._moments[key]

    def applies(self, rule: Rule) -> bool:
        """Whether the conditions on file are those that the rule is meant for."""
        on_file = self.facts.conditions
        return (rule.requires is None or rule.requires in on_file) and rule.unless not in on_file

    def replaced(self, bound: Bound, kind: str) -> bool:
        """Whether a clinician's own limit takes the place of this one."""
        return any(
            bound.of(kind)
            and threshold.kind == kind
            and (threshold.high if bound.side == "above" else threshold.low) is not None
            for threshold in self.facts.thresholds
        )


def readings(rule: Rule, now: Situation) -> Iterator[Look]:
    """Readings beyond a limit, kind by kind or together."""
    for kinds in [rule.kinds] if rule.together else [(kind,) for kind in rule.kinds]:
        levels = [(level, _bounds_left(level, kinds, now)) for level in rule.levels]
        if any(bounds for _, bounds in levels):
            key = "" if rule.together else kinds[0]
            found = now.moments(kinds, rule.at_rest)
            yield _look(rule, key, kinds, levels, found, now, rule.paces[kinds[0]])


def means(rule: Rule, now: Situation) -> Iterator[Look]:
    """The mean of a week, as of each day that has readings."""
    levels = [(level, _bounds_left(level, rule.kinds, now)) for level in rule.levels]
    if not any(bounds for _, bounds in levels):
        return
    found = now.moments(rule.kinds, None)
    last = np.flatnonzero(np.diff(found.day, append=np.iinfo(np.int64).max) > 0)
    week = rule.days
    worked_out: list[Mean] = []
    at: list[int] = []
    for place in last.tolist():
        mean = mean_of_week(
            found, int(found.day[place]), days=week, least_days=rule.least_days, least=rule.least_readings
        )
        if mean is not None:
            worked_out.append(mean)
            at.append(place)
    places = np.array(at, np.intp)
    values = {
        kind: np.array([mean.of.get(kind, np.nan) for mean in worked_out], np.float64) for kind in rule.kinds
    }
    of = replace(found.take(places), values=values)
    look = _look(rule, "", rule.kinds, levels, of, now, rule.pace, stood=_is_there(found.at))
    if look.held is not None:
        place = int(np.searchsorted(of.at, look.held.at))
        until = int(places[place])
        words = _said_mean(worked_out[place], now.rules)
        held = Held(look.held.level, look.held.at, found.evidence(np.arange(until + 1)), words)
        look = _with(look, held)
    yield look


def gain(rule: Rule, now: Situation) -> Iterator[Look]:
    """Days that have more than a day before them."""
    (kind,) = rule.kinds
    days = now.facts.days.get(kind)
    if days is None:
        yield Look(rule, kind, rule.pace)
        return
    courses = []
    passed = np.zeros(len(days.day), np.bool_)
    for level in rule.levels:
        values, before = gains(days, level.days or 1)
        found = Moments.plain(days.at, days.day, kind, values)
        beyond, calm = found.passed(level.bounds), found.calm(level.bounds) & ~np.isnan(values)
        passed |= beyond
        courses.append((level, course(days.at, beyond, calm, Needs()), values, before))
    look = Look(rule, kind, rule.pace, None, _calm_at(days.at, [one for _, one, _, _ in courses]), span=DAY)
    look = _with(look, None, stood=_is_there(days.at[passed]))
    holding = [one for one in courses if one[1].holds]
    if holding:
        level, followed, values, before = max(holding, key=lambda one: one[0].severity.rank)
        place = int(followed.run[-1])
        rows = [
            (float(days.value[which]), int(days.at[which]), "", 0) for which in (int(before[place]), place)
        ]
        words = {"gain": f"{values[place]:.1f}", "days": level.days}
        at = int(days.at[np.flatnonzero(passed)[-1]])
        look = _with(look, Held(level, at, evidence(kind, iter(rows)), words))
    yield look


def deviations(rule: Rule, now: Situation) -> Iterator[Look]:
    """Days in a row away from what is usual for the person."""
    for kind in rule.kinds:
        days, usual = now.facts.days.get(kind), now.facts.baselines.get(kind)
        pace = rule.paces[kind]
        if days is None or usual is None or usual.days < rule.least_days:
            yield Look(rule, kind, pace, undecided=True, stood=lambda _: True, span=DAY)
            continue
        if KINDS[kind].daily is DayRule.SUM:
            days = without_today(days, now.today)
        away = _deviations(usual, days.day, days.value)
        found = Moments.plain(days.at, days.day, kind, away)
        levels = [(level, level.bounds) for level in rule.levels]
        # Days are a day apart, but by the clock; where one is missing, the row is broken.
        look = _look(rule, kind, (kind,), levels, found, now, _days_in_a_row(pace, rule.days), span=DAY)
        if look.held is not None:
            places = np.flatnonzero(days.at <= look.held.at)[-rule.days :]
            rows = [(float(days.value[place]), int(days.at[place]), "", 0) for place in places.tolist()]
            words = {"kind": KINDS[kind].title, "days": rule.days, "usual": amount(KINDS[kind], usual.centre)}
            look = _with(look, Held(look.held.level, look.held.at, evidence(kind, iter(rows)), words))
        yield look


def thresholds(rule: Rule, now: Situation) -> Iterator[Look]:
    """A clinician's limits, with the severity of a guideline's that is passed too."""
    for threshold in now.facts.thresholds:
        pace = now.rules.paces.get(threshold.kind, now.rules.paces[""])
        for side, value in (("below", threshold.low), ("above", threshold.high)):
            if value is not None:
                yield _threshold(rule, now, threshold, "above" if side == "above" else "below", value, pace)


def crossings(rule: Rule, now: Situation) -> Iterator[Look]:
    """The chance that a limit is passed within the forecast."""
    (level,) = rule.levels
    (bound,) = level.bounds
    known = set()
    for row in now.facts.crossings:
        if row.basis not in rule.basis:
            continue
        key = f"{row.kind}/{row.rule}/{row.side}"
        known.add(key)
        chance = np.array([row.probability])
        one, high = KINDS[row.kind], row.side == "above"
        held = None
        if not row.is_passed and bound.passed(chance)[0]:
            words = {
                "kind": one.title,
                "limit": amount(one, row.limit),
                "side": row.side,
                "percent": round(100 * row.probability),
            }
            held = Held(level, row.made_at, (), words)
        # What is passed already is no longer ahead; rules on readings speak of it.
        calm_at = row.made_at if row.is_passed or bound.calm(chance)[0] else None
        yield Look(
            rule,
            key,
            rule.pace,
            held,
            calm_at,
            stood=lambda _: True,
            undecided=True,
            direction="high" if high else "low",
            topic=one.topic,
            kinds=(row.kind,),
        )
    limits = {str(threshold.id) for threshold in now.facts.thresholds} | now.facts.goals
    for open_ in now.open:
        kind, _, rest = open_.key.partition("/")
        is_known = kind in KINDS and (rule.basis == {"guideline"} or rest.rpartition("/")[0] in limits)
        if open_.rule == rule.id and open_.key not in known and is_known:
            # Its limit is what it was, and hardly a chance is left.
            yield Look(rule, open_.key, rule.pace, None, now.now, stood=lambda _: True)


def ahead(rule: Rule, now: Situation) -> Iterator[Look]:
    """Glucose beyond a limit within the next minutes, where it is not yet."""
    (kind,) = rule.kinds
    (level,) = rule.levels
    said = now.facts.ahead
    if said is None:
        yield Look(rule, kind, rule.pace, stood=lambda _: True, undecided=True)
        return
    values = np.array(
        [mean for mean, minute in zip(said.mean, said.minutes, strict=True) if minute <= rule.minutes_ahead]
    )
    last = np.array([said.last_value])
    found, start = (
        Moments.plain(np.arange(len(one)), np.arange(len(one)), kind, one) for one in (values, last)
    )
    passed = found.passed(level.bounds)
    held = None
    if passed.any() and not start.passed(level.bounds)[0]:
        minutes = said.minutes[int(np.flatnonzero(passed)[0])]
        held = Held(
            level, said.at, evidence(kind, iter([(said.last_value, said.at, "", 0)])), {"minutes": minutes}
        )
    calm_at = said.at if found.calm(level.bounds).all() and start.calm(level.bounds)[0] else None
    yield Look(rule, kind, rule.pace, held, calm_at, stood=lambda _: True, undecided=True)


def scores(rule: Rule, now: Situation) -> Iterator[Look]:
    """A score of which at least so much is certain."""
    score = now.facts.scores.get(rule.score)
    if score is None:
        yield Look(rule, "", rule.pace, stood=lambda _: True, undecided=True)
        return
    least, most = np.array([score.low]), np.array([score.high])
    holding = [level for level in rule.levels if any(bound.passed(least)[0] for bound in level.bounds)]
    held = Held(holding[-1], score.at, (), {"score": f"{score.low:g}"}) if holding else None
    is_calm = all(bound.calm(most)[0] for level in rule.levels for bound in level.bounds)
    calm_at = score.at if is_calm else None
    yield Look(rule, "", rule.pace, held, calm_at, stood=lambda at: at <= score.at, undecided=True)


def silence(rule: Rule, now: Situation) -> Iterator[Look]:
    """Devices that have gone quiet."""
    (level,) = rule.levels
    for source in now.facts.sources:
        since = source.silent_since
        held = None if since is None else Held(level, since, (), {"device": source.name})
        calm_at = now.now if since is None else None
        yield Look(
            rule, str(source.id), rule.pace, held, calm_at, stood=lambda _: True, topic=source.topic.value
        )


def doses(rule: Rule, now: Situation) -> Iterator[Look]:
    """Critical medicines that were not taken."""
    for one in now.facts.doses:
        missed = np.array([float(one.missed)])
        holding = [level for level in rule.levels if any(bound.passed(missed)[0] for bound in level.bounds)]
        words = {"medicine": one.medicine, "count": one.missed}
        held = Held(holding[-1], one.at, (), words) if holding else None
        yield Look(rule, one.key, rule.pace, held, now.now if held is None else None, stood=lambda _: True)


LOOKERS: Mapping[Condition, Looker] = {
    Condition.READING: readings,
    Condition.MEAN: means,
    Condition.GAIN: gain,
    Condition.DEVIATION: deviations,
    Condition.THRESHOLD: thresholds,
    Condition.CROSSING: crossings,
    Condition.AHEAD: ahead,
    Condition.SCORE: scores,
    Condition.SILENCE: silence,
    Condition.DOSES: doses,
}


def _bounds_left(level: Level, kinds: Sequence[str], now: Situation) -> list[Bound]:
    """The level's limits for these kinds without those in whose place a clinician's own stands."""
    return [
        bound
        for bound in level.bounds
        if any(bound.of(kind) and not now.replaced(bound, kind) for kind in kinds)
    ]


def _look(
    rule: Rule,
    key: str,
    kinds: Sequence[str],
    levels: Sequence[tuple[Level, Sequence[Bound]]],
    found: Moments,
    now: Situation,
    pace: Pace,
    *,
    stood: Callable[[int], bool] | None = None,
    span: int = 0,
) -> Look:
    """How moments stand to a rule's levels."""
    courses, passed = _courses(levels, found, kinds, now, pace)
    calm_at = _calm_at(found.at, [one for _, one in courses])
    holding = [(level, one) for level, one in courses if one.holds]
    held = None
    if holding:
        level, one = max(holding, key=lambda pair: pair[0].severity.rank)
        places = np.flatnonzero(passed)
        places = places[places >= one.run[0]]
        words = {"kind": KINDS[kinds[0]].title, "count": len(places)}
        held = Held(level, int(found.at[places[-1]]), found.evidence(places), _Missing(words))
    return Look(
        rule,
        key,
        pace,
        held,
        calm_at,
        stood=stood or _is_there(found.at[passed]),
        kinds=tuple(kinds),
        span=span,
    )


def _courses(
    levels: Sequence[tuple[Level, Sequence[Bound]]],
    found: Moments,
    kinds: Sequence[str],
    now: Situation,
    pace: Pace,
) -> tuple[list[tuple[Level, Course]], Mask]:
    """Each level's course, and where any of their limits is passed."""
    followed: list[tuple[Level, Course]] = []
    passed = np.zeros(len(found), np.bool_)
    doubtful = found.doubtful() if pace.doubt else None
    for level, bounds in levels:
        if not bounds:
            continue
        beyond, calm = found.passed(bounds), found.calm(bounds)
        if level.unless_usual is not None and beyond.any():
            usual = _is_usual(found, kinds[0], beyond, level.unless_usual, now)
            beyond, calm = beyond & ~usual, calm | usual
        readings = pace.readings if level.readings is None else level.readings
        minutes = pace.minutes if level.minutes is None else level.minutes
        needs = Needs(readings, minutes, pace.gap)
        followed.append((level, course(found.at, beyond, calm, needs, doubtful=doubtful)))
        passed |= beyond
    return followed, passed


def _is_usual(found: Moments, kind: str, where: Mask, within: float, now: Situation) -> Mask:
    """Where a value is within so many spreads of what is usual for the person, if that is known."""
    usual = np.zeros(len(found), np.bool_)
    baseline = now.facts.baselines.get(kind)
    if baseline is not None:
        away = _deviations(baseline, found.day[where], found.values[kind][where])
        usual[where] = np.abs(away) <= within
    return usual


def _deviations(
    usual: Baseline, days: npt.NDArray[np.int64], values: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """How many spreads each day's value is away; nan where the baseline does not speak of the day."""
    pairs = zip(days.tolist(), values.tolist(), strict=True)
    found = (deviation(usual, value, _EPOCH + timedelta(days=day)) for day, value in pairs)
    return np.array([np.nan if one is None else one for one in found], np.float64)


def _threshold(rule: Rule, now: Situation, threshold: Threshold, side: str, value: float, pace: Pace) -> Look:
    (level,) = rule.levels
    kind, is_high = threshold.kind, side == "above"
    bound = Bound(
        "above" if is_high else "below",
        value,
        False,
        value - pace.margin if is_high else value + pace.margin,
        kind,
    )
    direction: Direction = "high" if is_high else "low"
    key = f"{kind}/{direction}"
    span = 0
    if is_counted(kind):
        days = now.facts.days.get(kind)
        if days is None:
            return Look(rule, key, pace, direction=direction, topic=KINDS[kind].topic, kinds=(kind,))
        # What today comes to is not known yet.
        found, span = of_days(kind, without_today(days, now.today)), DAY
    else:
        found = now.moments((kind,), None)
    look = _look(rule, key, (kind,), [(level, [bound])], found, now, pace, span=span)
    held = look.held
    if held is not None:
        worse = _worst_guideline(now, kind, side)
        if worse is not None and worse.severity.rank > level.severity.rank:
            level = _as_severe(level, worse)
        words = {"kind": KINDS[kind].title, "limit": amount(KINDS[kind], value), "side": side}
        held = Held(level, held.at, held.evidence, words)
    return _with(look, held, direction=direction, topic=KINDS[kind].topic)


def _worst_guideline(now: Situation, kind: str, side: str) -> Level | None:
    """The worst level of a rule on readings of this kind that would hold if no clinician had set a limit."""
    holding: list[Level] = []
    for rule in now.rules.rules:
        if rule.condition is not Condition.READING or kind not in rule.kinds or not now.applies(rule):
            continue
        levels = [
            (level, [one for one in level.bounds_of(kind) if one.side == side]) for level in rule.levels
        ]
        followed, _ = _courses(levels, now.moments((kind,), rule.at_rest), (kind,), now, rule.paces[kind])
        holding += [level for level, one in followed if one.holds]
    return max(holding, key=lambda level: level.severity.rank, default=None)


def _as_severe(level: Level, worse: Level) -> Level:
    return Level(
        level.id, worse.severity, level.title, level.text, level.source, level.verification, worse.action
    )


def _said_mean(mean: Mean, rules: RuleFile) -> Mapping[str, object]:
    sbp, dbp = mean.of.get("sbp", -inf), mean.of.get("dbp", -inf)
    said = "/".join("–" if value == -inf else f"{value:.0f}" for value in (sbp, dbp))
    words = {
        name: re.sub(r"_|(?<=[a-z])(?=\d)", " ", rules.category(name, sbp, dbp))
        for name in rules.home_pressure
    }
    category = ", ".join(f"{word} by {name.split('_')[0].upper()}" for name, word in words.items())
    return {"mean": said, "count": mean.readings, "days": mean.days, "category": category}


def _days_in_a_row(pace: Pace, days: int) -> Pace:
    return Pace(pace.now, pace.old, _AFTER, pace.margin, days)


def _calm_at(at: npt.NDArray[np.int64], courses: Sequence[Course]) -> int | None:
    """The newest instant at which one of the levels had ended."""
    last = max((one.calm for one in courses), default=-1)
    return None if last < 0 else int(at[last])


def _is_there(instants: npt.NDArray[np.int64]) -> Callable[[int], bool]:
    there = set(instants.tolist())
    return there.__contains__


def _with(look: Look, held: Held | None, **other: object) -> Look:
    return replace(look, held=held, **other)  # type: ignore[arg-type]


class _Missing(dict[str, object]):
    """Words some of which are filled in later."""

    def __missing__(self, key: str) -> str:
        return ""
