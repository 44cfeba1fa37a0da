"""Whether a rule is for somebody: yes, no, or which facts are missing. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import cast

from reminders.screening.days import Watch, birthday
from reminders.screening.person import Person
from reminders.screening.rule_file import NUMBERS
from reminders.screening.rules import Block, Rule
from twin.risk.facts import SILENT
from twin.risk.result import Input

_PEOPLE = {"female": "women", "male": "men"}
_QUIT_ON = "The day on which smoking ended"
_DIAGNOSED_ON = "The day of the diagnosis"


@dataclass(frozen=True, slots=True)
class Fit:
    """Whether a rule is for somebody, None where that hangs on what is `missing`; and why, in sentences.

    `unless` are what would rule it out and is not known to be so. It is so since `since`, as far as that is
    known, and ends by age on `until`; what is not so for being too early begins on `starts`.
    """

    holds: bool | None
    why: tuple[str, ...]
    missing: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    starts: date | None = None


def fit(rule: Rule, person: Person, names: Mapping[str, str], watch: Watch) -> Fit:
    """Whether a rule is for a person on the day that is watched."""
    own = _Look(person, names, watch).fit(rule.block, ())
    if own.holds is False or not rule.one_of:
        return own
    others = [_Look(person, names, watch).fit(block, rule.block.all) for block in rule.one_of]
    return _together(own, _one_of(others))


def _one_of(fits: list[Fit]) -> Fit:
    for one in fits:
        if one.holds:
            return one
    open_ = [one for one in fits if one.holds is None]
    if open_:
        missing = tuple(dict.fromkeys(name for one in open_ for name in one.missing))
        unless = tuple(dict.fromkeys(name for one in open_ for name in one.unless))
        return Fit(None, open_[0].why, missing, unless)
    starts = min((one.starts for one in fits if one.starts is not None), default=None)
    return Fit(False, tuple(dict.fromkeys(why for one in fits for why in one.why)), starts=starts)


def _together(own: Fit, other: Fit) -> Fit:
    if other.holds is False:
        return other
    return Fit(
        None if None in (own.holds, other.holds) else True,
        own.why + other.why,
        own.missing + other.missing,
        own.unless + other.unless,
        since=latest(own.since, other.since),
        until=_earliest(own.until, other.until),
    )


def latest(*days: date | None) -> date | None:
    """The latest of the days that are known."""
    known = [day for day in days if day is not None]
    return max(known) if known else None


def _earliest(*days: date | None) -> date | None:
    return min((day for day in days if day is not None), default=None)


class _No(Exception):
    """It is not so, and why; `starts` is when it will be, if only time is wanting."""

    def __init__(self, why: str, starts: date | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.starts = starts


class _Look:
    """One look at one block of conditions, which gathers what speaks for it and what is missing."""

    __slots__ = ("missing", "names", "person", "since", "unless", "until", "watch", "why")

    def __init__(self, person: Person, names: Mapping[str, str], watch: Watch) -> None:
        self.person = person
        self.names = names
        self.watch = watch
        self.why: list[str] = []
        self.missing: list[str] = []
        self.unless: list[str] = []
        self.since: date | None = None
        self.until: date | None = None

    def fit(self, block: Block, also: tuple[str, ...]) -> Fit:
        """Whether every condition holds. What cannot change comes first, so that fewer days are watched."""
        try:
            self._sex_and_birth(block)
            self._facts(block)
            for one in block.least:
                self._number(one.code, one.at_least)
            self._not_too_old(block)
            if block.years_since_quit is not None:
                self._quit(block.years_since_quit)
            if block.years_since_diagnosis is not None:
                self._diagnosed(block.years_since_diagnosis, (*also, *block.all))
            self._not_too_young(block)
        except _No as no:
            return Fit(False, (no.why,), starts=no.starts)
        return Fit(
            None if self.missing else True,
            tuple(self.why),
            tuple(self.missing),
            tuple(self.unless),
            since=self.since,
            until=self.until,
        )

    def _sex_and_birth(self, block: Block) -> None:
        if block.sex is not None:
            if self.person.sex not in _PEOPLE:
                self.missing.append("Sex")
            elif self.person.sex != block.sex:
                raise _No(f"For {_PEOPLE[block.sex]} only.")
            else:
                self.why.append(f"For {_PEOPLE[block.sex]}.")
        if block.born_from is not None:
            if self.person.born_on.year < block.born_from:
                raise _No(f"For people born in {block.born_from} or later.")
            self.why.append(f"Born in {block.born_from} or later.")

    def _not_too_old(self, block: Block) -> None:
        if block.oldest is None:
            return
        self.until = birthday(self.person.born_on, block.oldest + 1)
        if self.watch.reached(self.until):
            raise _No(f"Up to age {block.oldest}.")

    def _not_too_young(self, block: Block) -> None:
        if block.youngest is None:
            return
        starts = birthday(self.person.born_on, block.youngest)
        if not self.watch.reached(starts):
            raise _No(f"From age {block.youngest} on.", None if self.missing else starts)
        self._lasts_since(starts)
        end = "on" if block.oldest is None else f"to {block.oldest}"
        self.why.append(f"From age {block.youngest} {end}.")

    def _facts(self, block: Block) -> None:
        for code in block.none:
            found = self.person.known.get(code)
            if found is not None and found.value is True:
                raise _No(f"Not with: {self._said(code, found)}.")
            if found is None or found.source == SILENT:
                self.unless.append(self.names[code])
        for code in block.all:
            self._asked(code, self.person.known.get(code))
        if block.any:
            self._any(block.any)

    def _asked(self, code: str, found: Input | None) -> None:
        if found is None:
            self.missing.append(self.names[code])
        elif found.value is not True:
            raise _No(f"Only with: {self.names[code]}.")
        else:
            self._so(code, found)

    def _any(self, codes: tuple[str, ...]) -> None:
        unknown = []
        for code in codes:
            found = self.person.known.get(code)
            if found is None:
                unknown.append(self.names[code])
            elif found.value is True:
                self._so(code, found)
                return
        if not unknown:
            raise _No(f"Only with one of: {', '.join(self.names[code] for code in codes)}.")
        self.missing += unknown

    def _so(self, code: str, found: Input) -> None:
        self.why.append(f"{self._said(code, found)}.")
        self._lasts_since(found.on)

    def _number(self, code: str, at_least: float) -> None:
        found = self.person.known.get(code)
        value: float
        if found is not None:
            value = cast("float", found.value)
        elif code == "pack_years" and self._has_never_smoked():
            value = 0
        else:
            self.missing.append(NUMBERS[code])
            return
        if value < at_least:
            raise _No(f"{NUMBERS[code]}: only from {at_least:g} on.")
        self.why.append(f"{NUMBERS[code]}: {value:g}, from {at_least:g} on.")

    def _has_never_smoked(self) -> bool:
        ever = self.person.known.get("ever_smoked")
        return ever is not None and ever.value is False

    def _quit(self, years: int) -> None:
        smoking = self.person.known.get("smoking")
        if smoking is not None and smoking.value is True:
            self._so("smoking", smoking)
        elif self.person.quit_on is None:
            if self._has_never_smoked():
                raise _No("Only with smoking, now or in the past.")
            self.missing.append(_QUIT_ON)
        else:
            over = birthday(self.person.quit_on, years) + timedelta(days=1)
            if self.watch.reached(over):
                raise _No(f"Up to {years} years after the end of smoking.")
            self.until = _earliest(self.until, over)
            self.why.append(f"Smoking ended on {self.person.quit_on.isoformat()}, not {years} years ago.")

    def _diagnosed(self, years: int, codes: tuple[str, ...]) -> None:
        days = [found.on for code in codes if (found := self.person.known.get(code)) and found.on is not None]
        if not days:
            self.missing.append(_DIAGNOSED_ON)
            return
        starts = birthday(min(days), years)
        if not self.watch.reached(starts):
            raise _No(f"From {years} years after the diagnosis on.", None if self.missing else starts)
        self._lasts_since(starts)

    def _lasts_since(self, day: date | None) -> None:
        if day is not None and (self.since is None or day > self.since):
            self.since = day

    def _said(self, code: str, found: Input) -> str:
        return f"{self.names[code]} ({found.source})" if found.source else self.names[code]
