"""FIT messages that hold measurements as they are: which field is which kind, and what it is not. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twin.intake.fit import profile
from twin.intake.fit.protocol import EVERY, Message
from twin.intake.gathering import Batches, Tally
from twin.intake.items import ProblemCode


@dataclass(frozen=True, slots=True)
class Measure:
    """What one field measures; `at_zero` whether 0 and less are values of it too."""

    kind: str
    unit: str
    at_zero: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """The fields of one message. Of a `whole` one the others are counted too, unless they only describe.

    `time` is the field that says when, where the message's timestamp does not. `source` is added to the
    device's name where values sum up what it gives singly as well. `failures` are those values of the field
    `status` with which the message holds no measurement.
    """

    measures: Mapping[int, Measure]
    whole: bool = False
    describing: frozenset[int] = frozenset()
    time: int | None = None
    source: str = ""
    status: int | None = None
    failures: frozenset[int] = frozenset()


_HEART_RATE = Measure("heart_rate", "/min")
_RMSSD = Measure("hrv_rmssd", "ms")
_MESSAGE_INDEX = 254

# Garmin states its overnight variability as the RMSSD of five minutes (Garmin: HRV Status).
LAYOUTS: Mapping[int, Layout] = {
    profile.number_of(name): layout
    for name, layout in {
        "record": Layout({3: _HEART_RATE, 108: Measure("resp_rate", "/min")}),
        "weight_scale": Layout(
            {
                0: Measure("weight", "kg"),
                1: Measure("body_fat", "%"),
                13: Measure("bmi", "kg/m2"),
            },
            whole=True,
            describing=frozenset({12, _MESSAGE_INDEX}),
        ),
        "blood_pressure": Layout(
            {0: Measure("sbp", "mm[Hg]"), 1: Measure("dbp", "mm[Hg]"), 6: _HEART_RATE},
            whole=True,
            describing=frozenset({7, 8, 9, _MESSAGE_INDEX}),
            status=8,
            # Incomplete, none at all, or out of the cuff's range; 4 is a pulse that was not regular.
            failures=frozenset({1, 2, 3}),
        ),
        # Field 0 is a week's average of what field 1 says of the day.
        "monitoring_hr_data": Layout({1: Measure("resting_heart_rate", "/min")}),
        "hrv_value": Layout({0: _RMSSD}),
        "hrv_status_summary": Layout({1: _RMSSD}, source=" nights"),
        "spo2_data": Layout({0: Measure("spo2", "%")}),
        "respiration_rate": Layout({0: Measure("resp_rate", "/min")}),
        "max_met_data": Layout({2: Measure("vo2max", "mL/kg/min")}, time=0),
        "skin_temp_overnight": Layout({1: Measure("skin_temp_delta", "K", at_zero=True)}),
    }.items()
}

WANTED = {
    number: EVERY
    if layout.whole
    else frozenset(layout.measures) | ({layout.time} if layout.time is not None else set())
    for number, layout in LAYOUTS.items()
}


def take(
    message: Message, place: str, batches: Batches, tally: Tally, *, source: str, offset: int | None
) -> None:
    """The samples of one message that has a layout; a message without a value is `not_measured`."""
    layout = LAYOUTS[message.number]
    first = next(iter(layout.measures.values()))
    at = profile.instant(message.time if layout.time is None else _time(message, layout.time))
    if layout.status is not None and message.whole(layout.status) in layout.failures:
        name = profile.word("bp_status", message.whole(layout.status))
        tally.add(ProblemCode.ERROR_CODE, name, place, kind=first.kind)
        return
    found = False
    for number, measure in layout.measures.items():
        raw = message.fields.get(number)
        if not isinstance(raw, int | float):
            continue
        found = True
        described = profile.field_of(message.number, number)
        if at is None:
            tally.add(ProblemCode.BAD_TIME, _undated(message), place, kind=measure.kind)
        elif (raw <= 0 and not measure.at_zero) or raw in (described.type.enum or ()):
            tally.add(ProblemCode.NOT_MEASURED, raw, place, kind=measure.kind)
        else:
            value = profile.scaled(described, raw)
            batches.add(measure.kind, source + layout.source, measure.unit, at, 0, value, offset=offset)
    if not found:
        name = profile.name_of(message.number)
        tally.add(ProblemCode.NOT_MEASURED, f"{name} without a value", place, kind=first.kind)
    if layout.whole:
        _count_others(message, layout, place, tally)


def _count_others(message: Message, layout: Layout, place: str, tally: Tally) -> None:
    for number in message.fields.keys() - layout.measures.keys() - layout.describing:
        described = profile.field_of(message.number, number)
        name = f"{profile.name_of(message.number)}.{described.name if described else number}"
        tally.add(ProblemCode.UNKNOWN_KIND, name, place, sort=name)


def _time(message: Message, number: int) -> int | None:
    time = message.whole(number)
    return time if time is not None and 0 <= time <= 0xFFFF_FFFF else message.time


def _undated(message: Message) -> Any:
    if message.time is None:
        return "no timestamp"
    return f"{message.time} s after the device was switched on"
