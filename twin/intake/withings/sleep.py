"""Sleep of Withings: segments with the curves measured in them, and totals by night. Pure."""

from typing import Any

from twin.intake.gathering import Batches, Tally
from twin.intake.items import ProblemCode
from twin.intake.json_values import number
from twin.intake.withings import sources
from twin.intake.withings.moments import instant, offset_of
from twin.series.columns import Flag

_AWAKE, _TYPED_IN = 0, 4
# By state. Sleep of no stage is typed in, or measured by a device that tells none.
_STAGES = {1: "sleep_stage_light", 2: "sleep_stage_deep", 3: "sleep_stage_rem", _TYPED_IN: None, 5: None}
_CURVES = {
    "hr": ("heart_rate", "/min"),
    "rr": ("resp_rate", "/min"),
    "rmssd": ("hrv_rmssd", "ms"),
    "sdnn_1": ("hrv_sdnn", "ms"),
}
_NIGHT = {
    "lightsleepduration": "sleep_stage_light",
    "deepsleepduration": "sleep_stage_deep",
    "remsleepduration": "sleep_stage_rem",
}
_LONGEST = 48 * 3_600_000


def take_segment(
    entry: dict[str, Any], body: dict[str, Any], place: str, batches: Batches, tally: Tally
) -> None:
    """One segment: seconds asleep, and in its stage; and the curves of its night, by second."""
    span = _span(entry)
    state = entry.get("state")
    device = sources.of_model(entry if "model" in entry else body)
    if span is None:
        tally.add(ProblemCode.BAD_TIME, entry.get("startdate"), place, kind="sleep_duration")
        return
    start, duration = span
    offset = offset_of(start, entry.get("timezone"))
    for key, curve in entry.items():
        if isinstance(curve, dict):
            _take_curve(key, curve, device, place, batches, tally)
    if state == _AWAKE:
        tally.add(ProblemCode.NOT_SLEEP, "awake", place)
    elif isinstance(state, int) and state in _STAGES:
        stage = _STAGES[state]
        flags = Flag.MANUAL if state == _TYPED_IN else 0
        for kind in ("sleep_duration", stage) if stage else ("sleep_duration",):
            batches.add(kind, device, "s", start, duration, duration / 1000, offset=offset, flags=flags)
    else:
        tally.add(ProblemCode.UNKNOWN_KIND, f"sleep of state {state}", place, sort=f"state {state}")


def take_night(entry: Any, place: str, batches: Batches, tally: Tally) -> None:
    """One night: seconds asleep and in each stage, and the mean respiratory rate."""
    data = entry.get("data") if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or not isinstance(data, dict):
        tally.add(ProblemCode.MALFORMED, "no sleep", place)
        return
    span = _span(entry)
    if span is None:
        tally.add(ProblemCode.BAD_TIME, entry.get("startdate"), place, kind="sleep_duration")
        return
    start, duration = span
    source, offset = sources.of_nights(entry), offset_of(start, entry.get("timezone"))
    seconds = {kind: data[key] for key, kind in _NIGHT.items() if data.get(key) is not None}
    asleep = data.get("total_sleep_time")
    if asleep is None:
        asleep = _sum(seconds)
    readings = [("sleep_duration", "s", asleep)] + [(kind, "s", written) for kind, written in seconds.items()]
    if data.get("rr_average"):
        readings.append(("resp_rate", "/min", data["rr_average"]))
    for kind, unit, written in readings:
        value = number(written)
        if value is None:
            tally.add(ProblemCode.NOT_A_NUMBER, written, place, kind=kind)
        else:
            batches.add(kind, source, unit, start, duration, value, offset=offset)


def _take_curve(
    key: str, curve: dict[str, Any], device: str, place: str, batches: Batches, tally: Tally
) -> None:
    if key not in _CURVES:
        tally.add(ProblemCode.UNKNOWN_KIND, key, place, sort=key, count=len(curve))
        return
    kind, unit = _CURVES[key]
    for moment, written in curve.items():
        at, value = instant(moment), number(written)
        if at is None:
            tally.add(ProblemCode.BAD_TIME, moment, place, kind=kind)
        elif value is None:
            tally.add(ProblemCode.NOT_A_NUMBER, written, place, kind=kind)
        else:
            batches.add(kind, device, unit, at, 0, value)


def _span(entry: dict[str, Any]) -> tuple[int, int] | None:
    start, end = instant(entry.get("startdate")), instant(entry.get("enddate"))
    if start is None or end is None or not 0 <= end - start <= _LONGEST:
        return None
    return start, end - start


def _sum(seconds: dict[str, Any]) -> float | None:
    stated = [number(written) for written in seconds.values()]
    return sum(value for value in stated if value is not None) if stated and None not in stated else None
