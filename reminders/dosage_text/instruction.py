"""FHIR's dosage instructions: the coded timing first, then the words, and nothing that is in doubt. Pure.

Reads `dosageInstruction` of a MedicationRequest and `dosage` of a MedicationStatement, of STU3, R4 and R5.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from reminders.dosage_text.meaning import Dosage, Unparsed, meaning
from reminders.dosage_text.scan import Unclear, scan, unit_named
from reminders.dosage_text.words import CHANGES, PRN, RANGE
from reminders.timing import AsNeeded, Repeat, Timing, TimingError, body_of, parse
from reminders.timing.body import MOST_DAYS
from reminders.timing.codes import SYSTEMS
from reminders.timing.fields import read_amount, read_whole

MOST = 20
"""Instructions of one prescription."""
_LONGEST = 1_000
_BOUNDS = ("boundsPeriod", "boundsDuration", "boundsRange")
_OF_ONE_DOSE = ("duration", "durationMax", "durationUnit")
"""How long it takes to take one dose, which moves none."""
_DAYS: Mapping[str, int] = {"d": 1, "wk": 7}
_MINUTE = timedelta(minutes=1)
_CHANGES = re.compile(rf"(?<!\w)(?:{CHANGES})(?!\w)")
_PRN = re.compile(rf"(?<!\w)(?:{PRN})(?!\w)")


def read_dosage(instructions: Sequence[Mapping[str, Any]]) -> Dosage | Unparsed:
    """What the instructions of one prescription say together.

    Several are read if they are doses at different times of the same days, or steps of a taper in order.
    Words that contradict the coded timing, or say more than it, leave both to a person.
    """
    try:
        if not isinstance(instructions, Sequence) or not 1 <= len(instructions) <= MOST:
            raise Unclear(f"From 1 to {MOST} instructions are read.")
        rows = sorted((_object(row) for row in instructions), key=_sequence)
        return _together([_one(row) for row in rows], [_sequence(row) for row in rows])
    except Unclear as unclear:
        return Unparsed(_text_of(instructions), str(unclear))
    except TimingError as wrong:
        return Unparsed(_text_of(instructions), wrong.reason)


def read_words(text: str) -> Dosage | Unparsed:
    """What an instruction in words says, in English or German.

    Amounts with their unit, how often, at which times, weekdays, for how many days, as needed with its
    maximum, and the German scheme of morning, noon, evening and night ("1-0-1").
    """
    try:
        return meaning(scan(text))
    except Unclear as unclear:
        return Unparsed(text, str(unclear))
    except TimingError as wrong:
        return Unparsed(text, wrong.reason)


def _one(row: Mapping[str, Any]) -> Dosage:
    timing = _object(row.get("timing", {}))
    if timing.get("event"):
        raise Unclear("It names single days and times.")
    repeat = dict(_object(timing.get("repeat", {})))
    bounds = {name: repeat.pop(name) for name in _BOUNDS if name in repeat}
    for name in _OF_ONE_DOSE:
        repeat.pop(name, None)
    dose = _dose(row)
    coded = _coded(row, timing, repeat, dose)
    text = row.get("text")
    words = read_words(text) if isinstance(text, str) and text.strip() else None
    if coded is None:
        dosage = _in_words(row, words, dose)
    elif isinstance(words, Dosage):
        dosage = replace(words, timing=_agreed(words.timing, coded))
    else:
        _check_unread(words.text if words else "", coded)
        dosage = Dosage(coded)
    return _bounded(_with_dose(dosage, dose), bounds)


def _in_words(
    row: Mapping[str, Any], words: Dosage | Unparsed | None, dose: tuple[Decimal, str] | None
) -> Dosage:
    if words is None:
        raise Unclear("It says neither in words nor in codes how often.")
    if isinstance(words, Unparsed):
        raise Unclear(words.why)
    if words.timing.as_needed is not None:
        return replace(words, timing=parse({"asNeeded": _limits(words.timing, row, dose)}))
    if _is_as_needed(row):
        raise Unclear("It is as needed, which its words do not say.")
    return words


def _coded(
    row: Mapping[str, Any],
    timing: Mapping[str, Any],
    repeat: Mapping[str, Any],
    dose: tuple[Decimal, str] | None,
) -> Timing | None:
    """The timing in codes; None where only words say it."""
    body: dict[str, Any] = {"repeat": repeat} if repeat else {}
    code = _object(timing.get("code", {}))
    if code:
        codings = [one for one in _rows(code.get("coding", [])) if _object(one).get("system") in SYSTEMS]
        if codings or not isinstance(code.get("text"), str):
            body["code"] = {"coding": [{"code": one.get("code")} for one in codings]}
        elif not repeat:
            said = meaning(scan(code["text"]))
            if said.amount is not None or said.timing.amounts:
                raise Unclear("The text of its code says more than a timing.")
            body = body_of(said.timing)
    if not _is_as_needed(row):
        return parse(body) if body else None
    if not body and isinstance(row.get("text"), str):
        return None
    return parse({"asNeeded": _limits(parse(body) if body else None, row, dose)})


def _is_as_needed(row: Mapping[str, Any]) -> bool:
    names = ("asNeededBoolean", "asNeededCodeableConcept", "asNeeded", "asNeededFor")
    return any(row.get(name) for name in names)


def _limits(
    timing: Timing | None, row: Mapping[str, Any], dose: tuple[Decimal, str] | None
) -> dict[str, Any]:
    """What limits doses as needed: how often a day is the most, and every so many hours the least between."""
    limits: dict[str, Any] = {}
    if timing is not None and timing.as_needed is not None:
        limits = body_of(timing)["asNeeded"]
    elif timing is not None:
        repeat = timing.repeat
        if (
            repeat is None
            or repeat.weekdays
            or (repeat.unit != "h" and (repeat.unit, repeat.period) != ("d", 1))
        ):
            raise Unclear("It says both as needed and on which days.")
        if repeat.unit == "h":
            limits["minimumGapMinutes"] = repeat.period * 60
        else:
            limits["maximumPerDay"] = repeat.frequency
    most = _most(row, dose)
    if most is not None:
        limits["maximumPerDay"] = min(most, limits.get("maximumPerDay", most))
    return limits


def _most(row: Mapping[str, Any], dose: tuple[Decimal, str] | None) -> int | None:
    """The doses a day within which `maxDosePerPeriod` is kept."""
    given = row.get("maxDosePerPeriod")
    if not given:
        return None
    ratios = _rows(given) if not isinstance(given, Mapping) else [given]
    if len(ratios) != 1:
        raise Unclear("It says several maxima.")
    amount, unit = _quantity(_object(ratios[0]).get("numerator"))
    days = _object(_object(ratios[0]).get("denominator"))
    is_a_day = (days.get("value"), days.get("code")) in ((1, "d"), (24, "h"))
    if dose is None or unit != dose[1] or amount < dose[0] or not is_a_day:
        raise Unclear("It says a maximum that is not so many doses a day.")
    return int(amount // dose[0])


def _agreed(words: Timing, coded: Timing) -> Timing:
    """One timing of two that say the same; where only one of them says when, it is that one's."""
    if words.as_needed is not None and coded.as_needed is not None:
        gaps = {words.as_needed.minimum_gap, coded.as_needed.minimum_gap} - {None}
        most = {words.as_needed.maximum_per_day, coded.as_needed.maximum_per_day} - {None}
        if len(gaps) < 2 and len(most) < 2:
            return Timing(as_needed=AsNeeded(next(iter(gaps), None), next(iter(most), None)))
    if words.repeat is not None and coded.repeat is not None:
        said, meant = _times(words.repeat), _times(coded.repeat)
        if _days(words.repeat) == _days(coded.repeat) and (said == meant or not any(said) or not any(meant)):
            return words if any(said) else coded
    raise Unclear("Its words and its codes contradict each other.")


def _days(repeat: Repeat) -> tuple[object, ...]:
    if repeat.weekdays and repeat.unit == "d":
        return repeat.frequency * len(repeat.weekdays), 1, "wk", repeat.weekdays
    return repeat.frequency, repeat.period, repeat.unit, repeat.weekdays


def _times(repeat: Repeat) -> tuple[object, ...]:
    return repeat.clock, repeat.when, repeat.offset


def _check_unread(text: str, coded: Timing) -> None:
    """Words that were not understood beside codes may explain them, but may not add to them."""
    plain = text.lower()
    if _CHANGES.search(plain) or RANGE.search(plain) or (coded.as_needed is None and _PRN.search(plain)):
        raise Unclear("Its words say more than its codes.")


def _dose(row: Mapping[str, Any]) -> tuple[Decimal, str] | None:
    rows = [_object(one) for one in _rows(row.get("doseAndRate", [row]))]
    if len(rows) > 1:
        raise Unclear("It says several amounts.")
    if not rows:
        return None
    if "doseRange" in rows[0]:
        raise Unclear("It says a range.")
    if any(name.startswith("rate") for name in rows[0]):
        raise Unclear("It is given over time.")
    return _quantity(rows[0]["doseQuantity"]) if "doseQuantity" in rows[0] else None


def _quantity(given: object) -> tuple[Decimal, str]:
    fields = _object(given)
    if "comparator" in fields:
        raise Unclear("It says no certain amount.")
    spoken = [fields.get(name) for name in ("unit", "code")]
    named = [text for text in spoken if isinstance(text, str)]
    unit = next((found for found in (unit_named(text.lower()) for text in named) if found), "")
    return read_amount(fields.get("value"), "amount"), unit or (named[0][:40] if named else "")


def _with_dose(dosage: Dosage, dose: tuple[Decimal, str] | None) -> Dosage:
    if dose is None:
        return dosage
    amount, unit = dose
    if dosage.timing.amounts or (dosage.unit in ("", unit) and dosage.amount not in (None, amount)):
        raise Unclear("Its words and its codes say different amounts.")
    return replace(dosage, amount=amount, unit=unit)


def _bounded(dosage: Dosage, bounds: Mapping[str, Any]) -> Dosage:
    if not bounds:
        return dosage
    if len(bounds) > 1 or "boundsRange" in bounds:
        raise Unclear("It says no certain duration.")
    if "boundsPeriod" in bounds:
        period = _object(bounds["boundsPeriod"])
        start, end = (_day(period.get(name)) for name in ("start", "end"))
        if start is not None and end is not None and end < start:
            raise Unclear("It ends before it starts.")
        return replace(dosage, start=start, end=end)
    duration = _object(bounds["boundsDuration"])
    of_unit = _DAYS.get(str(duration.get("code")))
    if of_unit is None or "comparator" in duration:
        raise Unclear("It says a duration that is not of days or weeks.")
    days = read_whole(duration.get("value"), "days", 1, MOST_DAYS) * of_unit
    if dosage.days not in (None, days):
        raise Unclear("Its words and its codes say different durations.")
    return replace(dosage, days=days)


def _day(given: object) -> date | None:
    if given is None:
        return None
    try:
        return date.fromisoformat(str(given)[:10])
    except ValueError as wrong:
        raise Unclear("It says no certain first or last day.") from wrong


def _together(dosages: Sequence[Dosage], places: Sequence[int]) -> Dosage:
    first = dosages[0]
    if len(dosages) == 1:
        return first
    if len({dosage.unit for dosage in dosages}) == 1 and all(dosage.amount for dosage in dosages):
        if len(set(places)) == len(places) and len({dosage.timing for dosage in dosages}) == 1:
            return _tapered(dosages)
        if len(set(places)) == 1 and len({(one.days, one.start, one.end) for one in dosages}) == 1:
            return _of_one_day(dosages)
    raise Unclear("Its instructions do not make one timing.")


def _tapered(dosages: Sequence[Dosage]) -> Dosage:
    """One timing with amounts that follow each other, each but the last for so many days."""
    if any(dosage.days is None for dosage in dosages[:-1]) or any(one.start or one.end for one in dosages):
        raise Unclear("It does not say for how long each of its instructions holds.")
    steps = [
        ({} if dosage.days is None else {"days": dosage.days}) | {"amount": dosage.amount}
        for dosage in dosages
    ]
    return Dosage(parse(body_of(dosages[0].timing) | {"taper": steps}), None, dosages[0].unit)


def _of_one_day(dosages: Sequence[Dosage]) -> Dosage:
    """Doses at different times of the same days."""
    repeats = [dosage.timing.repeat for dosage in dosages]
    named = [one for one in repeats if one is not None and (one.clock or one.when)]
    kinds = {(one.period, one.unit, one.weekdays, one.offset, bool(one.clock)) for one in named}
    is_plain = all(len(_times_of(one)) == one.frequency // max(1, len(one.weekdays)) for one in named)
    if len(named) < len(dosages) or len(kinds) > 1 or not is_plain:
        raise Unclear("Its instructions do not make one timing.")
    field = "timeOfDay" if named[0].clock else "when"
    repeat: dict[str, Any] = body_of(Timing(repeat=named[0]))["repeat"]
    repeat["frequency"] = sum(one.frequency for one in named)
    repeat[field] = [time for one in named for time in body_of(Timing(repeat=one))["repeat"][field]]
    amounts = [
        dosage.amount for dosage, one in zip(dosages, named, strict=True) for _ in range(len(_times_of(one)))
    ]
    first = dosages[0]
    if len(set(amounts)) == 1:
        return replace(first, timing=parse({"repeat": repeat}))
    return replace(first, timing=parse({"repeat": repeat, "amounts": amounts}), amount=None)


def _times_of(repeat: Repeat) -> Sequence[object]:
    return repeat.clock or repeat.when


def _sequence(row: Mapping[str, Any]) -> int:
    given = row.get("sequence", 0)
    return given if isinstance(given, int) else 0


def _object(given: object) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise Unclear("It is not in the form of FHIR.")
    return given


def _rows(given: object) -> Sequence[Any]:
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise Unclear("It is not in the form of FHIR.")
    return given


def _text_of(instructions: object) -> str:
    """The words as they came; without any, the codes."""
    rows = instructions if isinstance(instructions, Sequence) and not isinstance(instructions, str) else []
    texts = [row["text"] for row in rows if isinstance(row, Mapping) and isinstance(row.get("text"), str)]
    said = "; ".join(text for text in texts if text.strip())
    return (said or json.dumps(instructions, ensure_ascii=False, default=str))[:_LONGEST]
