"""Logs that Fitbit's Takeout and its Web API share: sleep, and weight that names no unit. Pure."""

from typing import Any

from twin.intake.clock import MINUTE, midnight_wall, parse_clock, parse_date, parse_wall
from twin.intake.fitbit import sources
from twin.intake.gathering import Tally
from twin.intake.items import ProblemCode
from twin.intake.json_values import number
from twin.intake.wall_samples import WallSamples

# Metres between which wearers stand. A weight in pounds taken for kilograms makes the same person 1.485 times
# taller, one in kilograms taken for pounds 1.485 times shorter: nobody is inside both ways.
SHORTEST, TALLEST = 1.40, 2.07
_KG_PER_LB = 0.45359237

_STAGES = {"deep": "sleep_stage_deep", "rem": "sleep_stage_rem", "light": "sleep_stage_light"}
_LONGEST_SLEEP = 48 * 60 * MINUTE


def take_sleep(log: dict[str, Any], place: str, samples: WallSamples, tally: Tally) -> None:
    """One sleep: minutes asleep, and in each stage where the log has stages, from its start to its end."""
    start, end = (parse_wall(str(log.get(key, ""))) for key in ("startTime", "endTime"))
    if start is None or end is None or not 0 <= end - start <= _LONGEST_SLEEP:
        tally.add(ProblemCode.BAD_TIME, log.get("startTime"), place, kind="sleep_duration")
        return
    stated = number(log.get("duration"))
    # The stated length is right also where the clock changed in the night.
    duration = round(stated) if stated is not None and 0 <= stated <= _LONGEST_SLEEP else end - start
    minutes = {"sleep_duration": log.get("minutesAsleep")}
    summary = _member(_member(log, "levels"), "summary")
    minutes |= {
        kind: _member(summary, stage).get("minutes") for stage, kind in _STAGES.items() if stage in summary
    }
    for kind, written in minutes.items():
        value = number(written)
        if value is None:
            tally.add(ProblemCode.NOT_A_NUMBER, written, place, kind=kind)
        else:
            samples.add(kind, sources.DEVICE, "min", start, duration, value)


def take_weight(log: dict[str, Any], place: str, samples: WallSamples, tally: Tally) -> None:
    """One weighing, with BMI and body fat where given; the unit follows from the BMI or stays unknown."""
    on, at = parse_date(str(log.get("date", ""))), parse_clock(str(log.get("time", "0:00")))
    if on is None or at is None:
        tally.add(ProblemCode.BAD_TIME, f"{log.get('date')} {log.get('time')}", place, kind="weight")
        return
    wall = midnight_wall(on) + at
    weight, bmi, fat = (number(log.get(key)) for key in ("weight", "bmi", "fat"))
    unit = weight_unit(weight, bmi)
    if "weight" in log and weight is None:
        tally.add(ProblemCode.NOT_A_NUMBER, log["weight"], place, kind="weight")
    elif weight is not None and unit is None:
        tally.add(ProblemCode.UNKNOWN_UNIT, f"{weight:g}, which may be kg or lb", place, kind="weight")
    elif weight is not None and unit is not None:
        samples.add("weight", sources.DEVICE, unit, wall, 0, weight)
    if bmi:
        samples.add("bmi", sources.DEVICE, "kg/m2", wall, 0, bmi)
    if fat:
        samples.add("body_fat", sources.DEVICE, "%", wall, 0, fat)


def weight_unit(weight: float | None, bmi: float | None) -> str | None:
    """ "kg" or "lb", whichever makes the BMI that of a person of a wearer's height; None when neither does.

    Fitbit writes weights in the unit of the account or of the request, and does not say which.
    """
    if not weight or not bmi or weight < 0 or bmi < 0:
        return None
    if SHORTEST <= (weight / bmi) ** 0.5 <= TALLEST:
        return "kg"
    if SHORTEST <= (weight * _KG_PER_LB / bmi) ** 0.5 <= TALLEST:
        return "lb"
    return None


def _member(holder: dict[str, Any], key: str) -> dict[str, Any]:
    value = holder.get(key)
    return value if isinstance(value, dict) else {}
