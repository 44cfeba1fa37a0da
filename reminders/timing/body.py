"""A timing as JSON: FHIR's Timing as far as it goes, then fields of ours. Pure."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any, cast, get_args

from reminders.timing.codes import CODES, EACH_MEAL, EVENTS, SYSTEM, SYSTEMS, TO_CONFIRM
from reminders.timing.day import check_gap, times_needed, usual_clock
from reminders.timing.fields import (
    WEEKDAYS,
    read_amount,
    read_fields,
    read_list,
    read_minutes,
    read_rows,
    read_time,
    read_weekday,
    read_whole,
    spelled,
)
from reminders.timing.pattern import (
    FIRST_YEAR,
    HOURS_A_DAY,
    LAST_YEAR,
    AsNeeded,
    Cycle,
    EveryHours,
    Repeat,
    Step,
    Timing,
    TimingError,
    Unit,
)

FIELDS = ("code", "repeat", "amounts", "cycle", "taper", "asNeeded", "everyHours", "minimumGapMinutes")
OF_REPEAT = ("frequency", "period", "periodUnit", "dayOfWeek", "timeOfDay", "when", "offset")
MOST_A_DAY = 24
MOST_STEPS = 100
MOST_DAYS = 3_660
MOST_OFFSET = 720
_MOST_PERIODS: Mapping[str, int] = {"h": 8_784, "d": 366, "wk": 104, "mo": 60, "a": 10}
_MINUTE = timedelta(minutes=1)


def parse(body: Mapping[str, Any]) -> Timing:
    """The timing that a body says. Raises TimingError with the field and the reason when there is none.

    A code and a `repeat` beside it must say the same; the `repeat` may add at which times of the day.
    """
    given = read_fields(body, "", FIELDS)
    code = _code(given["code"]) if "code" in given else None
    repeat = _repeat(given.get("repeat", {}), code) if code or "repeat" in given else None
    timing = Timing(
        code=code,
        repeat=repeat,
        cycle=_cycle(given["cycle"]) if "cycle" in given else None,
        taper=_taper(given["taper"]) if "taper" in given else (),
        as_needed=_as_needed(given["asNeeded"]) if "asNeeded" in given else None,
        every_hours=_every_hours(given["everyHours"]) if "everyHours" in given else None,
        minimum_gap=read_minutes(given, "minimumGapMinutes"),
        amounts=_amounts(given["amounts"], given.get("repeat", {})) if "amounts" in given else (),
    )
    _check_together(timing)
    return timing


def body_of(timing: Timing) -> dict[str, Any]:
    """The one body of a timing: `parse` makes the same timing of it again."""
    body: dict[str, Any] = {}
    if timing.code is not None:
        body["code"] = {"coding": [{"system": SYSTEM, "code": timing.code}]}
    if timing.repeat is not None:
        body["repeat"] = _repeat_body(timing.repeat)
    if timing.amounts:
        body["amounts"] = [spelled(amount) for amount in timing.amounts]
    if timing.cycle is not None:
        body["cycle"] = {"on": timing.cycle.on, "off": timing.cycle.off}
    if timing.taper:
        body["taper"] = [
            ({} if step.days is None else {"days": step.days}) | {"amount": spelled(step.amount)}
            for step in timing.taper
        ]
    if timing.as_needed is not None:
        needed = timing.as_needed
        body["asNeeded"] = (
            {} if needed.minimum_gap is None else {"minimumGapMinutes": needed.minimum_gap // _MINUTE}
        )
        if needed.maximum_per_day is not None:
            body["asNeeded"]["maximumPerDay"] = needed.maximum_per_day
    if timing.every_hours is not None:
        first = timing.every_hours.first.strftime("%Y-%m-%dT%H:%MZ")
        body["everyHours"] = {"hours": timing.every_hours.hours, "first": first}
    if timing.minimum_gap is not None:
        body["minimumGapMinutes"] = timing.minimum_gap // _MINUTE
    return body


def _repeat_body(repeat: Repeat) -> dict[str, Any]:
    body: dict[str, Any] = {
        "frequency": repeat.frequency,
        "period": repeat.period,
        "periodUnit": repeat.unit,
    }
    if repeat.weekdays:
        body["dayOfWeek"] = [WEEKDAYS[day] for day in repeat.weekdays]
    if repeat.clock:
        body["timeOfDay"] = [at.isoformat() for at in repeat.clock]
    if repeat.when:
        body["when"] = list(repeat.when)
    if repeat.offset is not None:
        body["offset"] = repeat.offset
    return body


def _code(given: object) -> str:
    code = given
    if isinstance(given, Mapping):
        codings = given.get("coding")
        if not isinstance(codings, Sequence) or isinstance(codings, str) or len(codings) != 1:
            raise TimingError("code", "One coding is wanted.")
        coding = codings[0]
        if not isinstance(coding, Mapping):
            raise TimingError("code", "A coding is an object.")
        if coding.get("system", SYSTEM) not in SYSTEMS:
            raise TimingError("code", "This system of codes is not known.", to_confirm=True)
        code = coding.get("code")
    if not isinstance(code, str):
        raise TimingError("code", "A code is a text, or one coding.")
    if code in TO_CONFIRM:
        raise TimingError("code", f"{code} needs to be confirmed. {TO_CONFIRM[code]}", to_confirm=True)
    if code not in CODES:
        raise TimingError("code", f"The code {code[:40]} is not known.", to_confirm=True)
    return code


def _repeat(given: object, code: str | None) -> Repeat:
    fields = read_fields(given, "repeat", OF_REPEAT)
    if code is not None:
        _add_code(fields, code)
    weekdays = read_list(fields, "dayOfWeek", read_weekday)
    clock = read_list(fields, "timeOfDay", read_time)
    when = _when(fields)
    if clock and when:
        raise TimingError("repeat", "It says both clock times and events; only one of them can hold.")
    times = times_needed(clock, when)
    _add_how_often(fields, len(weekdays), times)
    unit = fields["periodUnit"]
    if unit not in get_args(Unit):
        raise TimingError("repeat.periodUnit", "Hours, days, weeks, months or years: h, d, wk, mo or a.")
    repeat = Repeat(
        frequency=read_whole(fields["frequency"], "repeat.frequency", 1, 7 * MOST_A_DAY),
        period=read_whole(fields["period"], "repeat.period", 1, _MOST_PERIODS[unit]),
        unit=cast("Unit", unit),
        weekdays=weekdays,
        clock=clock,
        when=when,
        offset=_offset(fields, when),
    )
    _check_repeat(repeat, times)
    return repeat


def _add_code(fields: dict[str, Any], code: str) -> None:
    """Adds what a code says, which the rest may not contradict."""
    said = CODES[code].repeat
    for name in ("frequency", "period", "periodUnit"):
        if fields.setdefault(name, said[name]) != said[name]:
            raise TimingError(f"repeat.{name}", f"It contradicts the code {code}.")
    if "when" in said:
        own = fields.setdefault("when", [said["when"]])
        if own not in (said["when"], [said["when"]]) or "timeOfDay" in fields:
            raise TimingError("repeat", f"The code {code} says its own time of the day.")


def _add_how_often(fields: dict[str, Any], weekdays: int, times: int) -> None:
    """Adds how often a period, where the days and times that are named say it."""
    said = [name in fields for name in ("frequency", "period", "periodUnit")]
    if not any(said):
        if not weekdays and not times:
            raise TimingError("repeat", "It does not say how often.")
        fields |= {"period": 1, "periodUnit": "wk" if weekdays else "d"}
    elif not all(said[1:]):
        raise TimingError("repeat.period", "It says how often, but not within what time.")
    if "frequency" not in fields:
        if not weekdays and not times:
            raise TimingError("repeat.frequency", "It is missing.")
        of_week = weekdays if fields["periodUnit"] == "wk" and weekdays else 1
        fields["frequency"] = 1 if fields["periodUnit"] == "h" else of_week * (times or 1)


def _when(fields: Mapping[str, Any]) -> tuple[str, ...]:
    given = fields.get("when", ())
    names = [given] if isinstance(given, str) else given
    if not isinstance(names, Sequence) or len(names) > MOST_A_DAY or (not names and "when" in fields):
        raise TimingError("repeat.when", "A list of events is wanted.")
    for name in names:
        if not isinstance(name, str) or (name not in EVENTS and name not in EACH_MEAL):
            raise TimingError("repeat.when", f"The event {str(name)[:40]} is not known.", to_confirm=True)
    meals = [meal for name in names for meal in EACH_MEAL.get(name, (name,))]
    if len(set(meals)) < len(meals):
        raise TimingError("repeat.when", "It says one event twice.")
    if any(name in EACH_MEAL for name in names) and "frequency" not in fields:
        raise TimingError("repeat.when", "It does not say at which meals.", to_confirm=True)
    order = [*EVENTS, *EACH_MEAL]
    return tuple(sorted(names, key=order.index))


def _offset(fields: Mapping[str, Any], when: Sequence[str]) -> int | None:
    if "offset" not in fields:
        return None
    offset = read_whole(fields["offset"], "repeat.offset", 0, MOST_OFFSET)
    meals = [meal for name in when for meal in EACH_MEAL.get(name, (name,))]
    if not meals or any(EVENTS[meal].shift == 0 for meal in meals):
        raise TimingError("repeat.offset", "An offset is before or after an event that takes one.")
    return offset


def _check_repeat(repeat: Repeat, times: int) -> None:
    """Whether its numbers and its times can be true together."""
    _check_days(repeat)
    days = len(repeat.weekdays) if repeat.unit == "wk" and repeat.weekdays else 1
    if repeat.unit == "h":
        _check_hours(repeat, times)
    elif times and repeat.frequency != times * days:
        reason = f"It says {repeat.frequency} times but names {times * days}."
        raise TimingError("repeat.frequency", reason, to_confirm=True)
    elif repeat.unit == "wk" and repeat.frequency % days:
        raise TimingError("repeat.frequency", "It is not the same on each of its days.", to_confirm=True)
    elif days == 1 and repeat.frequency > 1 and not _says_on_which_days(repeat, times):
        raise TimingError("repeat", "It says how often but not on which days.", to_confirm=True)
    if repeat.frequency > days * MOST_A_DAY:
        raise TimingError("repeat.frequency", f"More than {MOST_A_DAY} doses a day.")
    if not times and repeat.unit != "h" and not usual_clock(repeat):
        reason = f"{repeat.frequency // days} times a day has no usual times; say them."
        raise TimingError("repeat.timeOfDay", reason, to_confirm=True)


def _says_on_which_days(repeat: Repeat, times: int) -> bool:
    """Whether several doses a period are those of one day; else they might be on several."""
    return (repeat.unit == "d" and (repeat.period == 1 or times > 0)) or bool(repeat.weekdays)


def _check_days(repeat: Repeat) -> None:
    if repeat.weekdays and repeat.unit in ("mo", "a"):
        raise TimingError("repeat.dayOfWeek", "Weekdays go with weeks, not with months or years.")
    if repeat.weekdays and repeat.unit == "d" and repeat.period > 1:
        raise TimingError("repeat.dayOfWeek", "Every few days and on certain weekdays contradict each other.")
    if repeat.weekdays and repeat.unit == "h" and repeat.period > HOURS_A_DAY:
        raise TimingError("repeat.dayOfWeek", "So many hours apart and on certain weekdays cannot both be.")


def _check_hours(repeat: Repeat, times: int) -> None:
    if repeat.frequency != 1:
        raise TimingError("repeat.frequency", "Several doses every few hours have no times of their own.")
    if repeat.period % HOURS_A_DAY and HOURS_A_DAY % repeat.period:
        raise TimingError(
            "repeat.period",
            f"Every {repeat.period} hours is at no fixed times; everyHours counts from a first instant.",
        )
    if repeat.when and repeat.period < HOURS_A_DAY:
        raise TimingError("repeat.when", "Events of the day are not so many hours apart.")
    apart = min(repeat.period, HOURS_A_DAY) * 60
    minutes = [at.hour * 60 + at.minute for at in repeat.clock]
    if times and (times * apart != HOURS_A_DAY * 60 or any((at - minutes[0]) % apart for at in minutes)):
        raise TimingError("repeat.timeOfDay", f"These times are not {apart // 60} hours apart.")


def _check_together(timing: Timing) -> None:
    """Whether the parts of a timing can be true together."""
    kinds = [
        name
        for name, given in (
            ("repeat", timing.repeat),
            ("asNeeded", timing.as_needed),
            ("everyHours", timing.every_hours),
        )
        if given is not None
    ]
    if not kinds:
        raise TimingError("repeat", "It does not say how often.")
    if len(kinds) > 1:
        raise TimingError(kinds[1], f"It says both {kinds[0]} and {kinds[1]}; only one of them can hold.")
    repeat = timing.repeat
    for name, part in (
        ("cycle", timing.cycle),
        ("taper", timing.taper),
        ("amounts", timing.amounts),
        ("minimumGapMinutes", timing.minimum_gap),
    ):
        if part and repeat is None:
            raise TimingError(name, f"It does not go with {kinds[0]}.")
    if repeat is None:
        return
    if timing.cycle and timing.taper:
        raise TimingError("taper", "A taper within a cycle has no days of its own.")
    if timing.cycle and (repeat.unit in ("mo", "a") or (repeat.period > 1 and repeat.unit != "h")):
        raise TimingError("cycle", "Days on and off go with doses of every day or of weekdays.")
    if timing.taper and timing.amounts:
        raise TimingError("amounts", "The taper already says how much.")
    if timing.amounts and len(timing.amounts) != times_needed(repeat.clock, repeat.when):
        raise TimingError("amounts", "One amount for each time of the day is wanted, and each time named.")
    check_gap(timing)


def _cycle(given: object) -> Cycle:
    fields = read_fields(given, "cycle", ("on", "off"), all_of=True)
    return Cycle(read_whole(fields["on"], "cycle.on", 1, 366), read_whole(fields["off"], "cycle.off", 1, 366))


def _taper(given: object) -> tuple[Step, ...]:
    rows = read_rows(given, "taper", MOST_STEPS)
    steps = []
    for place, row in enumerate(rows):
        path = f"taper.{place}"
        fields = read_fields(row, path, ("days", "amount"))
        if "amount" not in fields:
            raise TimingError(f"{path}.amount", "It is missing.")
        if "days" not in fields and place < len(rows) - 1:
            raise TimingError(f"{path}.days", "Only the last step may go on.")
        days = read_whole(fields["days"], f"{path}.days", 1, MOST_DAYS) if "days" in fields else None
        steps.append(Step(days, read_amount(fields["amount"], f"{path}.amount")))
    return tuple(steps)


def _as_needed(given: object) -> AsNeeded:
    fields = read_fields(given, "asNeeded", ("minimumGapMinutes", "maximumPerDay"))
    gap = read_minutes(fields, "minimumGapMinutes", "asNeeded.")
    most = fields.get("maximumPerDay")
    if most is not None:
        most = read_whole(most, "asNeeded.maximumPerDay", 1, 100)
    return AsNeeded(gap, most)


def _every_hours(given: object) -> EveryHours:
    fields = read_fields(given, "everyHours", ("hours", "first"), all_of=True)
    hours = read_whole(fields["hours"], "everyHours.hours", 1, _MOST_PERIODS["h"])
    try:
        first = datetime.fromisoformat(fields["first"])
    except (TypeError, ValueError) as wrong:
        raise TimingError("everyHours.first", "An instant with its offset is wanted.") from wrong
    if first.tzinfo is None:
        raise TimingError("everyHours.first", "It has no offset, so the instant is not known.")
    if not FIRST_YEAR <= first.year <= LAST_YEAR:
        raise TimingError("everyHours.first", f"Years from {FIRST_YEAR} to {LAST_YEAR} are possible.")
    first = first.astimezone(UTC)
    if first.second or first.microsecond:
        raise TimingError("everyHours.first", "It has to be on a whole minute.")
    return EveryHours(hours, first)


def _amounts(given: object, repeat: Mapping[str, Any]) -> tuple[Decimal, ...]:
    """In the order of the times as they are kept, which need not be that in which they were written."""
    rows = read_rows(given, "amounts", MOST_A_DAY)
    amounts = [read_amount(row, f"amounts.{place}") for place, row in enumerate(rows)]
    named = repeat.get("timeOfDay") or repeat.get("when") or ()
    if isinstance(named, str) or len(named) != len(amounts) or any(name in EACH_MEAL for name in named):
        if len(amounts) == 1:
            return tuple(amounts)
        raise TimingError("amounts", "One amount for each time of the day is wanted, and each time named.")
    order = list(EVENTS)
    places = [order.index(name) if name in EVENTS else time.fromisoformat(name) for name in named]
    return tuple(amount for _, amount in sorted(zip(places, amounts, strict=True), key=lambda pair: pair[0]))
