"""A timing in words for people. Pure."""

from collections.abc import Sequence
from datetime import time, timedelta
from decimal import Decimal

from reminders.timing.codes import EVENT_TITLES
from reminders.timing.pattern import AsNeeded, Repeat, Timing

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_UNITS = {"h": "hour", "d": "day", "wk": "week", "mo": "month", "a": "year"}
_TIMES = {1: "once", 2: "twice"}


def timing_words(timing: Timing) -> str:
    """When doses are due, as one would say it: "twice a day at 08:00 and 20:00, 21 days on and 7 off"."""
    parts = []
    if timing.as_needed is not None:
        parts += _as_needed(timing.as_needed)
    elif timing.every_hours is not None:
        parts.append(_every(timing.every_hours.hours, "h"))
    elif timing.repeat is not None:
        parts.append(_repeat(timing.repeat))
    if timing.cycle is not None:
        parts.append(f"{timing.cycle.on} days on and {timing.cycle.off} off")
    if timing.taper:
        steps = (
            f"{_amount(step.amount)} for {step.days} days" if step.days else f"then {_amount(step.amount)}"
            for step in timing.taper
        )
        parts.append(f"tapering: {', '.join(steps)}")
    if timing.amounts:
        parts.append(f"{_listed([_amount(one) for one in timing.amounts])} in this order")
    return ", ".join(parts)


def _as_needed(needed: AsNeeded) -> list[str]:
    parts = ["as needed"]
    if needed.minimum_gap is not None:
        parts.append(f"at least {_span(needed.minimum_gap)} apart")
    if needed.maximum_per_day is not None:
        parts.append(f"at most {needed.maximum_per_day} within 24 hours")
    return parts


def _repeat(repeat: Repeat) -> str:
    if repeat.unit == "h" and repeat.frequency == 1:
        often = _every(repeat.period, "h")
    elif repeat.frequency == 1 and repeat.period > 1:
        often = _every(repeat.period, repeat.unit)
    else:
        count = _TIMES.get(repeat.frequency, f"{repeat.frequency} times")
        often = f"{count} {_per(repeat.period, repeat.unit)}"
    if repeat.weekdays:
        often += f" on {_listed([WEEKDAYS[day] for day in repeat.weekdays])}"
    if repeat.clock:
        often += f" at {_listed([_clock(at) for at in repeat.clock])}"
    if repeat.when:
        events = _listed([EVENT_TITLES[event] for event in repeat.when])
        often += f", {repeat.offset} minutes from: {events}" if repeat.offset else f", {events}"
    return often


def _every(count: int, unit: str) -> str:
    return f"every {_UNITS[unit]}" if count == 1 else f"every {count} {_UNITS[unit]}s"


def _per(period: int, unit: str) -> str:
    if period == 1:
        return "an hour" if unit == "h" else f"a {_UNITS[unit]}"
    return f"in {period} {_UNITS[unit]}s"


def _span(span: timedelta) -> str:
    hours = span / timedelta(hours=1)
    return f"{hours:g} hours" if hours >= 1 else f"{span // timedelta(minutes=1)} minutes"


def _clock(at: time) -> str:
    return f"{at:%H:%M}"


def _amount(amount: Decimal) -> str:
    return f"{amount.normalize():f}"


def _listed(words: Sequence[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
