"""What a glucose sensor's readings of some weeks come to: time in ranges, mean, spread, coverage. Pure.

Bands, formulas and targets lie in cgm.json with their sources.
"""

import json
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from twin.forecast.glucose import Readings
from twin.kinds import DATA, KINDS
from twin.risk.result import Band, Input, Score

MMOL = KINDS["glucose_cgm"].conversions["mmol/L"].factor
"""mg/dL in 1 mmol/L."""

_MINUTE = 60_000
_DAY = 86_400_000
_CLOSE = 1e-6

Values = npt.NDArray[np.float64]
Side = Literal["above", "below", "at_most"]


class NoReadings(ValueError):
    """There is nothing to work out a metric of."""


class Group(StrEnum):
    """Whom targets are for."""

    ADULT = "t1_t2_adult"
    OLDER = "older_high_risk"
    PREGNANCY = "pregnancy_t1"


@dataclass(frozen=True, slots=True)
class Metrics:
    """Of readings from `start` to `end` (ms): shares in percent of the readings, `mean` and `sd` in mg/dL.

    `tbr2` to `tar2` are slices without overlap that add up to 100; `tbr70` and `tar180` are what reports
    call time below and above range. `days` counts stretches of 24 hours from `start` on that hold a reading.
    `coverage` is the percentage of the time that is covered at the sensor's own interval; it and the
    interval are None for one reading, as the spread is. `low` and `high` count the readings that stand for
    a value beyond what the sensor measures.
    """

    start: int
    end: int
    count: int
    low: int
    high: int
    days: int
    interval_minutes: int | None
    coverage: float | None
    is_sufficient: bool
    mean: float
    sd: float | None
    cv: float | None
    gmi: float
    gmi_mmol_mol: float
    gri: float
    tbr2: float
    tbr1: float
    tir: float
    tar1: float
    tar2: float
    titr: float
    tbr70: float
    tar180: float
    below63: float
    from63to140: float
    above140: float


@dataclass(frozen=True, slots=True)
class Target:
    """One target of a group, and whether it is met; None where the metric is not known."""

    metric: str
    title: str
    side: Side
    limit: float
    value: float | None
    is_met: bool | None
    source: str
    verification: str


def metrics(readings: Readings, *, start: int, end: int) -> Metrics:
    """The metrics of one sensor's readings from `start` up to `end` (ms). Raises NoReadings.

    Of two readings of one instant the later given counts. A reading that stands for less or more than the
    sensor measures is in the outermost band, whatever number it was written as, and enters the mean as that
    number. Source of every formula: cgm.json.
    """
    at, value, low, high = _used(readings, start, end)
    count = len(at)
    if not count:
        raise NoReadings("no readings")
    interval, coverage = _coverage(at, start, end)
    shares = {name: 100.0 * number / count for name, number in _numbers(value, low, high).items()}
    mean = float(value.mean())
    sd = float(value.std(ddof=1)) if count > 1 else None
    data = _data()
    return Metrics(
        start=start,
        end=end,
        count=count,
        low=int(np.count_nonzero(low)),
        high=int(np.count_nonzero(high)),
        days=len(np.unique((at - start) // _DAY)),
        interval_minutes=interval,
        coverage=coverage,
        is_sufficient=(
            end - start >= data["sufficient"]["days"] * _DAY
            and coverage is not None
            and coverage >= data["sufficient"]["coverage"]
        ),
        mean=mean,
        sd=sd,
        cv=None if sd is None else 100.0 * sd / mean,
        gmi=_line(data["gmi"]["percent"], mean),
        gmi_mmol_mol=_line(data["gmi"]["mmol/mol"], mean / MMOL),
        gri=min(
            float(data["gri"]["most"]),
            sum(data["gri"][name] * shares[name] for name in ("tbr2", "tbr1", "tar2", "tar1")),
        ),
        **shares,
    )


def targets(found: Metrics, group: Group) -> list[Target]:
    """Every target of a group beside the metric; `above` and `below` are strict."""
    data = _data()
    return [
        _target(row, data, None if (value := getattr(found, row["metric"])) is None else float(value))
        for row in data["targets"][group]
    ]


def scores(found: Metrics, *, on: date, source: str) -> list[Score]:
    """Time in range, management indicator, variation and risk index in the shape of every score.

    Too few readings for the consensus, 14 days of which 70 % are covered, are named as missing, and no value
    is claimed. `on` is the last of the days, `source` the sensor.
    """
    data = _data()
    inputs = (
        Input("Glucose readings", float(found.count), "", on, source),
        Input("Coverage", round(found.coverage or 0.0, 1), "%", on, source),
    )
    least = data["sufficient"]
    lacks = f"Readings of {least['days']} days, {least['coverage']} % of them covered"
    notes = (
        ("Readings of Low and High count as the sensor's limits in the mean.",)
        if found.low or found.high
        else ()
    )
    return [
        Score(
            code=f"cgm_{name}",
            title=data["titles"][name],
            version=data["version"],
            value=value if found.is_sufficient else None,
            unit="%" if name != "gri" else "{score}",
            source=data["citations"][about],
            verification=data["verification"][about],
            band=_zone(value, data) if name == "gri" and value is not None and found.is_sufficient else None,
            inputs=inputs,
            missing=() if found.is_sufficient else (lacks,),
            notes=notes,
        )
        for name, about, value in (
            ("tir", "metrics", found.tir),
            ("gmi", "gmi", found.gmi),
            ("cv", "metrics", found.cv),
            ("gri", "gri", found.gri),
        )
    ]


def in_mmol(mg_dl: float) -> float:
    """mg/dL as mmol/L to a tenth, as it is shown."""
    return round(mg_dl / MMOL, 1)


@cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = json.loads((DATA / "cgm.json").read_text(encoding="utf-8"))
    return data


def _used(
    readings: Readings, start: int, end: int
) -> tuple[npt.NDArray[np.int64], Values, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Readings of the span in order, each instant once, without what is no number above 0."""
    inside = (readings.at >= start) & (readings.at < end) & np.isfinite(readings.value) & (readings.value > 0)
    kept = np.flatnonzero(inside)
    kept = kept[np.argsort(readings.at[kept], kind="stable")]
    kept = kept[np.append(np.diff(readings.at[kept]) > 0, True)] if len(kept) else kept
    return readings.at[kept], readings.value[kept], readings.low[kept], readings.high[kept]


def _numbers(value: Values, low: npt.NDArray[np.bool_], high: npt.NDArray[np.bool_]) -> dict[str, int]:
    """How many readings are in each band.

    10.0 mmol/L is in range, although it is 180.16 mg/dL: what is a whole tenth of mmol/L was measured so.
    """
    data = _data()
    edges, edges_mmol = data["bands"]["mg/dL"], data["bands"]["mmol/L"]
    mmol = np.round(value / MMOL, 1)
    spoken = np.abs(mmol * MMOL - value) < _CLOSE

    def below(name: str) -> int:
        is_below = np.where(spoken, mmol < edges_mmol[name], value < edges[name])
        return int(np.count_nonzero((is_below | low) & ~high))

    def up_to(name: str) -> int:
        is_up_to = np.where(spoken, mmol <= edges_mmol[name], value <= edges[name])
        return int(np.count_nonzero((is_up_to | low) & ~high))

    below54, below70 = below("tbr2_below"), below("tir_from")
    to140, to180, to250 = up_to("titr_to"), up_to("tir_to"), up_to("tar1_to")
    # 3.5 mmol/L is 63.06 mg/dL: it lies on the same side by either unit.
    below63 = int(np.count_nonzero(((value < data["pregnancy_range"][0]) | low) & ~high))
    return {
        "tbr2": below54,
        "tbr1": below70 - below54,
        "tir": to180 - below70,
        "tar1": to250 - to180,
        "tar2": len(value) - to250,
        "titr": to140 - below70,
        "tbr70": below70,
        "tar180": len(value) - to180,
        "below63": below63,
        "from63to140": to140 - below63,
        "above140": len(value) - to140,
    }


def _coverage(at: npt.NDArray[np.int64], start: int, end: int) -> tuple[int | None, float | None]:
    """The sensor's interval in minutes, and the percentage of the span that its readings cover.

    Each 24 hours are held against their own interval, for sensors are replaced by others.
    """
    if len(at) < 2:
        return None, None
    overall = _interval(at)
    covered = 0
    days = np.append(np.arange(start, end, _DAY), end)
    places = np.searchsorted(at, days)
    for first, last, begins, ends in zip(places, places[1:], days, days[1:], strict=False):
        own = _interval(at[first:last]) if last - first > 2 else overall
        covered += min(int(ends - begins), int(last - first) * own * _MINUTE)
    return overall, 100.0 * covered / (end - start)


def _interval(at: npt.NDArray[np.int64]) -> int:
    minutes = round(float(np.median(np.diff(at))) / _MINUTE)
    return int(np.clip(minutes, 1, _data()["longest_interval"]["minutes"]))


def _line(coefficients: list[float], x: float) -> float:
    return coefficients[0] + coefficients[1] * x


def _target(row: dict[str, Any], data: dict[str, Any], value: float | None) -> Target:
    return Target(
        row["metric"],
        data["titles"][row["metric"]],
        row["side"],
        float(row["limit"]),
        value,
        None if value is None else _is_met(row["side"], value, row["limit"]),
        data["citations"]["targets"],
        row.get("verification", data["verification"]["metrics"]),
    )


def _is_met(side: Side, value: float, limit: float) -> bool:
    match side:
        case "above":
            return value > limit
        case "below":
            return value < limit
        case "at_most":
            return value <= limit


def _zone(value: float, data: dict[str, Any]) -> Band:
    zone = next(name for name, last in data["gri"]["zones"] if round(value) <= last)
    return Band(zone, f"Zone {zone}")
