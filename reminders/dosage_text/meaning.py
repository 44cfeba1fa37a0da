"""From what the words of a dosage instruction say to one timing and amount, if they make one. Pure."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from reminders.dosage_text.scan import Said, Unclear
from reminders.timing import Timing, parse
from reminders.timing.codes import CODES
from reminders.timing.fields import read_amount


@dataclass(frozen=True, slots=True)
class Dosage:
    """What an instruction says: when, how much of what each time, and for how long.

    `amount` is None where none is said or where the timing has several. `days` counts from the first dose;
    `start` and `end`, both included, are said by FHIR only.
    """

    timing: Timing
    amount: Decimal | None = None
    unit: str = ""
    days: int | None = None
    start: date | None = None
    end: date | None = None


@dataclass(frozen=True, slots=True)
class Unparsed:
    """An instruction that waits for a person: its text as it came, and why, in a sentence for people."""

    text: str
    why: str


def meaning(said: Said) -> Dosage:
    """The dosage that was said. Raises Unclear or TimingError where there is none, or more than one."""
    days = only(said.days, "for how long")
    if said.schemes:
        return _of_scheme(said, days)
    if said.as_needed:
        amount, unit = only(said.amounts, "how much") or (None, "")
        return Dosage(parse({"asNeeded": _limits(said, amount, unit)}), amount, unit, days)
    if said.maxima:
        raise Unclear("It says at most how often, but not how often.")
    body = _body(said)
    is_bare = said.is_daily and not said.repeats and any(not unit for _, unit in said.amounts)
    is_many = any(amount > 1 for amount, _ in said.amounts)
    if (said.is_rate or is_bare) and is_many and "time" not in said.order:
        raise Unclear("It says how much within a time, but not in how many doses.")
    if said.order[1:-1].count("amount") and len(said.amounts) == 1:
        raise Unclear("It names two times of the day that may be one.")
    if len(said.amounts) < 2:
        amount, unit = said.amounts[0] if said.amounts else (None, "")
        return Dosage(parse(body), amount, unit, days)
    return Dosage(parse(body | {"amounts": _paired(said)}), None, said.amounts[0][1], days)


def _of_scheme(said: Said, days: int | None) -> Dosage:
    """Morning, noon, evening and, where there is a fourth number, night."""
    others = (said.amounts, said.whens, said.clocks, said.meals, said.repeats, said.codes, said.maxima)
    if len(said.schemes) > 1 or any(others) or said.as_needed:
        raise Unclear("It says more than its scheme of the day.")
    numbers, unit = said.schemes[0]
    parts_of_day = zip(("MORN", "NOON", "EVE", "NIGHT"), numbers, strict=False)
    taken = [(name, read_amount(amount, "amount")) for name, amount in parts_of_day if amount]
    if not taken:
        raise Unclear("It says that nothing is taken.")
    repeat: dict[str, Any] = {"when": [name for name, _ in taken]}
    if said.weekdays:
        repeat["dayOfWeek"] = said.weekdays
    amounts = {amount for _, amount in taken}
    if len(amounts) == 1:
        return Dosage(parse({"repeat": repeat}), amounts.pop(), unit, days)
    return Dosage(parse({"repeat": repeat, "amounts": [amount for _, amount in taken]}), None, unit, days)


def _body(said: Said) -> dict[str, Any]:
    """The timing that the words say, but for amounts."""
    code = only(said.codes, "how often")
    repeat: dict[str, Any] = dict(only(said.repeats, "how often") or {})
    if code and repeat:
        raise Unclear("It says how often in two ways.")
    if said.whens:
        repeat["when"] = said.whens
    if said.clocks:
        repeat["timeOfDay"] = said.clocks
    if said.weekdays:
        repeat["dayOfWeek"] = said.weekdays
    meal = only(said.meals, "at which meals")
    if meal:
        is_three = code == "TID" or (repeat.get("frequency"), repeat.get("periodUnit")) == (3, "d")
        if not is_three or said.whens or said.clocks:
            raise Unclear("It does not say at which meals.")
        repeat["when"] = [meal]
    if said.is_daily and not repeat and not code:
        repeat = {"frequency": 1, "period": 1, "periodUnit": "d"}
    elif said.is_daily and (
        said.weekdays or repeat.get("period", 1) != 1 or repeat.get("periodUnit", "d") != "d"
    ):
        raise Unclear("It says how often in two ways.")
    return ({"code": code} if code else {}) | ({"repeat": repeat} if repeat or not code else {})


def _limits(said: Said, amount: Decimal | None, unit: str) -> dict[str, Any]:
    """What limits doses as needed: hours in between, and how many a day.

    How often a day it says is the most that may be taken, and "every eight hours" the least in between.
    """
    if said.weekdays or said.meals:
        raise Unclear("It says both as needed and on which days or at which meals.")
    limits: dict[str, Any] = {}
    most = [_doses(maximum, amount, unit) for maximum in said.maxima]
    repeats = [*said.repeats, *(dict(CODES[code].repeat) for code in said.codes)]
    repeat = only(repeats, "how often")
    if repeat and repeat["periodUnit"] == "h":
        limits["minimumGapMinutes"] = repeat["period"] * 60
    elif repeat and (repeat["periodUnit"], repeat["period"]) == ("d", 1):
        most.append(Decimal(repeat["frequency"]))
    elif repeat:
        raise Unclear("It says both as needed and on which days.")
    times = len(said.whens) + len(said.clocks)
    if times or (said.is_daily and not repeat):
        most.append(Decimal(times or 1))
    if len(set(most)) > 1:
        raise Unclear("It says how often a day in two ways.")
    if most:
        limits["maximumPerDay"] = most[0]
    return limits


def _doses(maximum: tuple[Decimal, str], amount: Decimal | None, unit: str) -> Decimal:
    """How many doses a maximum is, which may be said in tablets instead."""
    most, of_unit = maximum
    if not of_unit:
        return most
    if amount is None or of_unit != unit or most < amount:
        raise Unclear("It says a maximum of another thing than the dose.")
    return most // amount


def _paired(said: Said) -> list[Decimal]:
    """The amount of each time of the day, where each is said right before or right after its time."""
    if len({unit for _, unit in said.amounts}) > 1:
        raise Unclear("It says amounts in several units.")
    turns = len(said.amounts)
    alternating = (["amount", "time"] * turns, ["time", "amount"] * turns)
    if said.order not in alternating or (said.whens and said.clocks) or said.repeats or said.codes:
        raise Unclear("It says several amounts, and not at which times.")
    return [amount for amount, _ in said.amounts]


def only(values: list[Any], what: str) -> Any:
    """The one thing that was said, or None; saying it twice over is unclear."""
    if len(values) > 1:
        raise Unclear(f"It says {what} in two ways.")
    return values[0] if values else None
