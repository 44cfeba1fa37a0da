"""What the words of a dosage instruction say, one after another: each is understood, or none is. Pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from reminders.dosage_text.words import (
    A_DAY,
    CODE_WORDS,
    CONFIRM_WORDS,
    FILLER,
    MEALS,
    NUMBER,
    NUMBERS,
    ONE_TIME,
    PLAIN,
    PRN,
    RANGE,
    REASON,
    TIMES,
    UNIT,
    UNITS,
    WEEKDAY_WORDS,
    WHENS,
)
from reminders.timing.body import MOST_DAYS
from reminders.timing.codes import TO_CONFIRM
from reminders.timing.fields import read_amount, read_whole

LONGEST = 400
"""Characters; what is longer is a letter and no instruction."""
_MOST_OF_A_SCHEME = 100
_PARTS_OF_DAY = {"MORN", "NOON", "AFT", "EVE", "NIGHT"}
_AT_MEALS = {"CM", "ACM", "PCM", "CD", "ACD", "PCD", "CV", "ACV", "PCV"}


class Unclear(Exception):
    """Why an instruction stays unparsed, in a sentence for people."""


@dataclass(slots=True)
class Said:
    """What the words said so far. `order` is that of amounts and times, which belong together in pairs."""

    amounts: list[tuple[Decimal, str]] = field(default_factory=list)
    whens: list[str] = field(default_factory=list)
    clocks: list[str] = field(default_factory=list)
    meals: list[str] = field(default_factory=list)
    weekdays: list[str] = field(default_factory=list)
    repeats: list[dict[str, Any]] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    schemes: list[tuple[list[Decimal], str]] = field(default_factory=list)
    maxima: list[tuple[Decimal, str]] = field(default_factory=list)
    days: list[int] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    is_daily: bool = False
    is_rate: bool = False
    is_joined: bool = False
    as_needed: bool = False


def plain_text(text: str) -> str:
    """The words in lower case, numbers as digits, dots and brackets that say nothing gone."""
    if len(text) > LONGEST:
        raise Unclear("It is too long for an instruction.")
    plain = text.lower().replace("–", "-").replace("—", "-").replace("¼", " 1/4").replace("¾", " 3/4")
    plain = re.sub(r"(?<=\d)½", " 1/2", plain)
    if re.search(r"\d[.,]\d{3}(?!\d)", plain):
        raise Unclear("It has a number that may be thousands or a fraction.")
    plain = re.sub(r"(?<=\d),(?=\d)", ".", plain)
    plain = re.sub(r"(?<![\d.])\.(?=\d)", "0.", plain)
    plain = re.sub(r"\b([a-z])\.([a-z])\.(?:([a-z])\b\.?)?", r"\1\2\3", plain)  # b.i.d. and p.o.
    plain = re.sub(r"^(nehmen .*) ein\.?$", r"\1", plain)
    for words, number in NUMBERS.items():
        plain = re.sub(rf"(?<!\w)(?:{words})(?!\w)", number, plain)
    plain = re.sub(r"\b(?:(\d+) )?([13])/([24])\b", _fraction, plain)
    plain = re.sub(r"(\d+(?:\.\d+)?) ?\(\1\)", r"\1", plain)  # 3 (three)
    plain = re.sub(rf"\({NUMBER} ?(?:{UNIT})(?: total)?\)", " ", plain)  # 1 tablet (500 mg)
    return " ".join(plain.split())


def _fraction(found: re.Match[str]) -> str:
    whole, above, below = found.groups(default="0")
    return f"{int(whole) + Decimal(above) / Decimal(below)}"


def scan(text: str) -> Said:
    """All that a text says. Raises Unclear at the first word that is not understood."""
    plain = plain_text(text)
    said, place = Said(), 0
    while place < len(plain):
        if plain[place] in " ,.;:" or (plain[place] == "-" and plain[place - 1 : place + 2] == " - "):
            place += 1
            continue
        for pattern, read in _TOKENS:
            found = pattern.match(plain, place)
            if found:
                read(said, found)
                place = found.end()
                break
        else:
            end = _end_of_reason(plain, place) if said.as_needed else None
            if end is None:
                raise Unclear(_why_not(plain, place))
            place = end
    return said


def _end_of_reason(plain: str, place: int) -> int | None:
    """Where a reason for taking it ends, if here is one with nothing in it that might be more than that."""
    found = REASON.match(plain, place)
    if not found:
        return None
    starts = [start.start(1) + found.start(1) for start in re.finditer(r"(?:^| )(\w)", found[1])]
    telling = [pattern for pattern, read in _TOKENS if read not in (_nothing, _joins)]
    is_more = any(pattern.match(plain, start) for pattern in telling for start in starts)
    return None if is_more else found.end()


def _why_not(plain: str, place: int) -> str:
    to_confirm = re.compile(rf"(?:{CONFIRM_WORDS.pattern})(?!\w)").match(plain, place)
    if to_confirm:
        return TO_CONFIRM[to_confirm[0].upper()]
    if RANGE.search(plain, place, place + 20):
        return "It says a range."
    return f"“{plain[place:].split(maxsplit=1)[0]}” is not understood."


_Reader = Callable[[Said, re.Match[str]], None]


def _nothing(said: Said, found: re.Match[str]) -> None:
    """Words that say neither when nor how much."""


def _amount(said: Said, found: re.Match[str]) -> None:
    said.amounts.append((read_amount(found[1], "amount"), unit_named(found[2])))
    said.order.append("amount")


def _scheme(said: Said, found: re.Match[str]) -> None:
    numbers = [Decimal(number) for number in re.findall(PLAIN, found[0])]
    if max(numbers) >= _MOST_OF_A_SCHEME:
        raise Unclear("It has the form of a date.")
    said.schemes.append((numbers, unit_named(found[5])))


def _maximum(said: Said, found: re.Match[str]) -> None:
    said.maxima.append((Decimal(found[1]), unit_named(found[2])))


def unit_named(said: str | None) -> str:
    return next((name for name, words in UNITS.items() if said and re.fullmatch(words, said)), "")


def _repeat(unit: str, *, every: bool = False) -> _Reader:
    """So many times a unit, or once every so many units."""

    def read(said: Said, found: re.Match[str]) -> None:
        number = Decimal(found[1]) if found.groups() and found[1] else Decimal(1)
        frequency, period = (Decimal(1), number) if every else (number, Decimal(1))
        said.repeats.append({"frequency": frequency, "period": period, "periodUnit": unit})

    return read


def _fixed(unit: str, period: int, *, is_rate: bool = False) -> _Reader:
    def read(said: Said, _: re.Match[str]) -> None:
        said.is_rate = said.is_rate or is_rate
        said.repeats.append({"frequency": 1, "period": period, "periodUnit": unit})

    return read


def _daily(said: Said, _: re.Match[str]) -> None:
    said.is_daily = True


def _rate(said: Said, _: re.Match[str]) -> None:
    said.is_daily = said.is_rate = True


def _needed(said: Said, _: re.Match[str]) -> None:
    said.as_needed = True


def _lasts(said: Said, found: re.Match[str]) -> None:
    of_week = 7 if found[2].startswith("w") else 1
    said.days.append(read_whole(Decimal(found[1]) * of_week, "days", 1, MOST_DAYS))


def _at_clock(said: Said, found: re.Match[str]) -> None:
    hour, minute, half = int(found[1]), int(found[2] or 0), found[3] or ""
    if half in ("am", "pm"):
        if not 1 <= hour <= 12:
            raise Unclear(f"“{found[0].strip()}” is no time of the day.")
        hour = hour % 12 + (12 if half == "pm" else 0)
    said.clocks.append(f"{hour:02}:{minute:02}")
    said.order.append("time")


def _joins(said: Said, _: re.Match[str]) -> None:
    said.is_joined = True


def _when(name: str) -> _Reader:
    def read(said: Said, _: re.Match[str]) -> None:
        is_apart = (
            not said.whens or said.is_joined or said.order[-1] != "time" or _alike(name, said.whens[-1])
        )
        if not is_apart or any({name, other} <= same for other in said.whens for same in ONE_TIME):
            raise Unclear("It names two times of the day that may be one.")
        said.is_joined = False
        said.whens.append(name)
        said.order.append("time")

    return read


def _alike(name: str, other: str) -> bool:
    """Whether two times are of one kind, so that one after the other is a list of them."""
    return any({name, other} <= kind for kind in (_PARTS_OF_DAY, _AT_MEALS))


def _appends(to: str, name: str) -> _Reader:
    def read(said: Said, _: re.Match[str]) -> None:
        getattr(said, to).append(name)

    return read


def _token(words: str, read: _Reader) -> tuple[re.Pattern[str], _Reader]:
    return re.compile(rf"(?:{words})(?!\w)"), read


_MOST = (
    r"(?:up to (?:a maximum of )?|bis zu |max(?:imal|imum|imum of)?\.? ?|höchstens |(?:no|not) more than )"
)
# The first that fits is taken, so what is longer stands before what it begins with.
_TOKENS: tuple[tuple[re.Pattern[str], _Reader], ...] = (
    _token(rf"{NUMBER} ?- ?{NUMBER} ?- ?{NUMBER}(?: ?- ?{NUMBER})?(?! ?-)(?: ?({UNIT}))?", _scheme),
    _token(rf"{_MOST}{NUMBER} ?(?:{TIMES}|({UNIT}))? ?{A_DAY}", _maximum),
    _token(rf"{NUMBER} ?{TIMES} ?{A_DAY}", _repeat("d")),
    _token(
        rf"{NUMBER} ?{TIMES} ?(?:a week|per week|weekly|wöchentlich|pro woche|in der woche)", _repeat("wk")
    ),
    _token(rf"{NUMBER} ?{TIMES} ?(?:a month|per month|monthly|monatlich|pro monat|im monat)", _repeat("mo")),
    _token(rf"(?:every|alle|q) ?{NUMBER} ?(?:hours?|hrs?|h|stunden|std)", _repeat("h", every=True)),
    _token(rf"{NUMBER}[ -]?(?:hourly|hrly|stündlich)", _repeat("h", every=True)),
    _token(rf"(?:every|alle) {NUMBER} (?:days|tage)", _repeat("d", every=True)),
    _token(rf"(?:every|alle) {NUMBER} (?:weeks|wochen)", _repeat("wk", every=True)),
    _token(rf"(?:every|alle) {NUMBER} (?:months|monate)", _repeat("mo", every=True)),
    _token(r"every (?:other|second) day|(?:on )?alternate days|jeden (?:zweiten|2\.?) tag", _fixed("d", 2)),
    _token(r"every hour|hourly|stündlich", _fixed("h", 1)),
    _token(r"every week|jede woche", _fixed("wk", 1)),
    _token(r"weekly|wöchentlich", _fixed("wk", 1, is_rate=True)),
    _token(r"every month|jeden monat", _fixed("mo", 1)),
    _token(r"monthly|monatlich", _fixed("mo", 1, is_rate=True)),
    _token(rf"(?:for|für|über|x) ?{NUMBER} ?(days?|d|tage?|weeks?|wochen?)", _lasts),
    _token(r"(?:at |um |gegen )?(\d{1,2})(?::(\d\d))? ?(am|pm|uhr)", _at_clock),
    _token(r"(?:at |um |gegen )(\d{1,2}):(\d\d)()", _at_clock),
    *(_token(words, _when(name)) for name, words in WHENS.items()),
    *(_token(words, _appends("meals", name)) for name, words in MEALS.items()),
    *(_token(words, _appends("weekdays", name)) for name, words in WEEKDAY_WORDS.items()),
    *(_token(words, _appends("codes", name)) for name, words in CODE_WORDS.items()),
    _token(r"daily|each day|every day|jeden tag", _daily),
    _token(A_DAY, _rate),
    _token(PRN, _needed),
    _token(rf"(?!{RANGE.pattern}){NUMBER} ?({UNIT})", _amount),
    # A number alone is an amount where it is said to be taken, or where it comes first.
    _token(
        rf"(?:^|(?:take|nehmen(?: sie)?) ){NUMBER}()(?! ?(?:-|to |or |bis |oder |{TIMES}|{UNIT}))", _amount
    ),
    _token("and|und|sowie|&", _joins),
    _token(FILLER, _nothing),
)
