"""The National Early Warning Score 2 from measurements at home, whole or in part. Pure; its table is data.

A measurement that is missing or too old is never taken for a normal one: it leaves a range of totals.
"""

import json
import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from functools import cache
from itertools import accumulate
from typing import Any, Literal

from twin.kinds import DATA, KINDS
from twin.risk.result import Band, Flag, Input, Lever, Refusal, Score

Scale = Literal[1, 2]
"""Which of the two scales of oxygen saturation holds; see `spo2_scale`."""
OXYGEN = "oxygen"
CONSCIOUSNESS = "consciousness"

_ASKED = "asked"
_HOUR = timedelta(hours=1)

Row = tuple[float, float, int]
"""From and to, both included, and the points."""


class Consciousness(StrEnum):
    """The level of consciousness by ACVPU."""

    ALERT = "A"
    CONFUSED = "C"  # newly
    VOICE = "V"
    PAIN = "P"
    UNRESPONSIVE = "U"


class Standing(StrEnum):
    """Whether a part of the score is known, and if not, why."""

    KNOWN = "known"
    MISSING = "missing"
    STALE = "stale"  # measured, but too long ago
    REFUSED = "refused"  # not possible, or of the future


@dataclass(frozen=True, slots=True)
class Reading:
    """One measurement of a kind of the catalogue, in its canonical unit, at an instant."""

    kind: str
    value: float
    at: datetime
    source: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One parameter's points: `low` and `high` are equal when they are known.

    `reading` is what was measured, also where it is too old or refused.
    """

    parameter: str
    title: str
    standing: Standing
    low: int
    high: int
    reading: Reading | None = None

    @property
    def points(self) -> int | None:
        """The points, if one number of them is possible."""
        return self.low if self.low == self.high else None


@dataclass(frozen=True, slots=True)
class Level:
    """What a total asks for; `rank` counts from the calmest, 0."""

    rank: int
    code: str
    title: str
    monitoring: str
    response: str


@dataclass(frozen=True, slots=True)
class News2:
    """The score with its parts, and the calmest and the worst level that it may be at.

    Without parts it is not for this person, and `score.refused` says why.
    """

    score: Score
    parts: tuple[Part, ...]
    least: Level | None
    most: Level | None

    @property
    def level(self) -> Level | None:
        """The level, if it is the same whatever is missing."""
        return self.least if self.least == self.most else None

    @property
    def at_least(self) -> float | None:
        """The total, or the lowest that it may be; None where the score is not for this person."""
        return self.score.low if self.score.value is None else self.score.value

    @property
    def worst_part(self) -> int | None:
        """The most points that one part alone has for sure; None as above."""
        return max((part.low for part in self.parts), default=None)


def spo2_scale(target: tuple[float, float] | None) -> Scale:
    """The scale for the target of oxygen saturation that a clinician has set: 2 for 88 to 92 % only."""
    return 2 if target is not None and tuple(target) == _table().target_of_scale_2 else 1


def at_rest(readings: Iterable[Reading], moves: Iterable[tuple[datetime, datetime]]) -> list[Reading]:
    """The readings without pulses and breaths that were counted in one of the moves, or too soon after it.

    `moves` are spans in which the person walked or exercised: a watch that measures 140 during a run would
    give 3 points. Of whom no movement is counted it is not known, and everything stays.
    """
    table = _table()
    spans = sorted(moves)
    starts = [since for since, _ in spans]
    ends = list(accumulate((until for _, until in spans), max))

    def rests(at: datetime) -> bool:
        begun = bisect_right(starts, at)
        return not begun or at >= ends[begun - 1] + table.rest

    return [one for one in readings if one.kind not in table.kinds_at_rest or rests(one.at)]


def kinds() -> tuple[str, ...]:
    """The kinds of the measurements that the score adds up."""
    return tuple(one.kind for one in _table().measured)


def oldest_of(kind: str) -> timedelta:
    """How old a measurement of one of these kinds may be and still count."""
    return next(one.oldest for one in _table().measured if one.kind == kind)


def ages_at(found: News2, now: datetime) -> datetime | None:
    """The next instant after `now` at which a measurement that counts will be too old."""
    oldest = {one.parameter: one.oldest for one in _table().measured}
    ends = [
        part.reading.at + oldest[part.parameter]
        for part in found.parts
        if part.standing is Standing.KNOWN and part.reading is not None
    ]
    return min((end for end in ends if end > now), default=None)


def news2(
    readings: Iterable[Reading],
    *,
    now: datetime,
    age: int,
    pregnant: bool | None = None,
    on_oxygen: bool | None = None,
    scale: Scale = 1,
    consciousness: Consciousness | None = None,
) -> News2:
    """The score at `now` of the newest measurement of each kind that is not too old.

    Oxygen and consciousness are asked: None is unknown, which costs as much as any missing part. With
    something unknown the score has no value but a range, from the lowest to the highest total that is
    possible. Days of inputs are those of the zone of `now`. A reading that is of the future or outside the
    kind's hard range does not count. Refused by name: people under 16, and pregnant women. Pulse and breaths
    are to be counted at rest, see `at_rest`. Source: RCP 2017, see news2.json.
    """
    table = _table()
    refusals = _not_for(table, age, pregnant)
    if refusals:
        return News2(_score(table, refused=refusals), (), None, None)
    taken = list(readings)
    picked = [_pick(one, taken, now) for one in table.measured]
    ways = [
        (*(_measured(table, one, oxygen, scale) for one in picked), *_answered(table, oxygen, consciousness))
        for oxygen in ((False, True) if on_oxygen is None else (on_oxygen,))
    ]
    parts = tuple(_either(several, on_oxygen) for several in zip(*ways, strict=True))
    low = min(sum(part.low for part in way) for way in ways)
    high = max(sum(part.high for part in way) for way in ways)
    least = min((_level(table, [part.low for part in way]) for way in ways), key=lambda level: level.rank)
    most = max((_level(table, [part.high for part in way]) for way in ways), key=lambda level: level.rank)
    is_whole = all(part.standing is Standing.KNOWN for part in parts)
    score = _score(
        table,
        value=float(low) if is_whole else None,
        low=None if is_whole else float(low),
        high=None if is_whole else float(high),
        band=Band(least.code, least.title) if is_whole else None,
        inputs=_inputs(table, parts, now, on_oxygen=on_oxygen, consciousness=consciousness),
        missing=tuple(part.title for part in parts if part.standing in (Standing.MISSING, Standing.STALE)),
        refused=_refused(parts, now),
        levers=_levers(table, parts, low, scale, oxygen=bool(on_oxygen)) if is_whole else (),
        flags=_flags(parts),
        notes=(table.meaning, *_ages(table, parts, now), *_of_scale(scale)),
    )
    return News2(score, parts, least, most)


@dataclass(frozen=True, slots=True)
class _Measured:
    parameter: str
    kind: str
    title: str
    unit: str
    decimals: int
    rows: tuple[Row, ...]
    oldest: timedelta


@dataclass(frozen=True, slots=True)
class _Table:
    title: str
    version: str
    source: str
    verification: str
    meaning: str
    age_from: int
    not_at_age: str
    not_pregnant: str
    measured: tuple[_Measured, ...]
    target_of_scale_2: tuple[float, float]
    scale_2_on_air: tuple[Row, ...]
    scale_2_on_oxygen: tuple[Row, ...]
    oxygen_title: str
    oxygen: Mapping[bool, int]
    consciousness_title: str
    consciousness: Mapping[str, int]
    levels: tuple[tuple[Level, int | None, int | None], ...]
    kinds_at_rest: frozenset[str]
    rest: timedelta


@dataclass(frozen=True, slots=True)
class _Picked:
    measured: _Measured
    standing: Standing
    reading: Reading | None


@cache
def _table() -> _Table:
    data = json.loads((DATA / "news2.json").read_text(encoding="utf-8"))
    applies, scale_2, oxygen, consciousness = (
        data[name] for name in ("applies_to", "spo2_scale_2", OXYGEN, CONSCIOUSNESS)
    )
    oldest, rest = data["at_home"]["oldest_hours"], data["at_home"]["at_rest"]
    return _Table(
        title=data["title"],
        version=data["version"],
        source=data["citation"],
        verification=data["verification"],
        meaning=data["meaning"],
        age_from=applies["age_from"],
        not_at_age=applies["age"],
        not_pregnant=applies["pregnant"],
        measured=tuple(
            _Measured(
                row["parameter"],
                row["kind"],
                row["title"],
                row["unit"],
                row["decimals"],
                _rows(row["bands"]),
                oldest[row["parameter"]] * _HOUR,
            )
            for row in data["measured"]
        ),
        target_of_scale_2=tuple(scale_2["only_for_target"]),
        scale_2_on_air=_rows(scale_2["on_air"]),
        scale_2_on_oxygen=_rows(scale_2["on_oxygen"]),
        oxygen_title=oxygen["title"],
        oxygen={False: oxygen["air"], True: oxygen["oxygen"]},
        consciousness_title=consciousness["title"],
        consciousness={one.value: consciousness[one] for one in Consciousness},
        levels=tuple(
            (
                Level(rank, row["id"], row["title"], row["monitoring"], row["response"]),
                row.get("total"),
                row.get("single"),
            )
            for rank, row in enumerate(data["levels"])
        ),
        kinds_at_rest=frozenset(
            row["kind"] for row in data["measured"] if row["parameter"] in rest["parameters"]
        ),
        rest=timedelta(minutes=rest["minutes"]),
    )


def _rows(bands: Sequence[Sequence[Any]]) -> tuple[Row, ...]:
    return tuple(
        (-math.inf if low is None else low, math.inf if high is None else high, points)
        for low, high, points in bands
    )


def _not_for(table: _Table, age: int, pregnant: bool | None) -> tuple[Refusal, ...]:
    refusals = []
    if age < table.age_from:
        refusals.append(Refusal("Age", age, table.not_at_age))
    if pregnant:
        refusals.append(Refusal("Pregnancy", True, table.not_pregnant))
    return tuple(refusals)


def _pick(measured: _Measured, readings: Sequence[Reading], now: datetime) -> _Picked:
    """The newest reading that can be used; without one, the newest that cannot."""
    own = sorted((one for one in readings if one.kind == measured.kind), key=lambda one: one.at, reverse=True)
    usable = [one for one in own if one.at <= now and _is_possible(one)]
    if usable:
        is_fresh = now - usable[0].at <= measured.oldest
        return _Picked(measured, Standing.KNOWN if is_fresh else Standing.STALE, usable[0])
    if own:
        return _Picked(measured, Standing.REFUSED, own[0])
    return _Picked(measured, Standing.MISSING, None)


def _is_possible(reading: Reading) -> bool:
    low, high = KINDS[reading.kind].hard
    return low <= reading.value <= high


def _measured(table: _Table, picked: _Picked, oxygen: bool, scale: Scale) -> Part:
    measured, reading = picked.measured, picked.reading
    rows = _rows_of(table, measured, oxygen, scale)
    if picked.standing is Standing.KNOWN and reading is not None:
        low = high = _points(rows, _rounded(reading.value, measured.decimals))
    else:
        low, high = min(points for _, _, points in rows), max(points for _, _, points in rows)
    return Part(measured.parameter, measured.title, picked.standing, low, high, reading)


def _answered(table: _Table, oxygen: bool, consciousness: Consciousness | None) -> tuple[Part, Part]:
    on_oxygen = table.oxygen[oxygen]
    if consciousness is None:
        every = table.consciousness.values()
        standing, low, high = Standing.MISSING, min(every), max(every)
    else:
        standing = Standing.KNOWN
        low = high = table.consciousness[consciousness]
    return (
        Part(OXYGEN, table.oxygen_title, Standing.KNOWN, on_oxygen, on_oxygen),
        Part(CONSCIOUSNESS, table.consciousness_title, standing, low, high),
    )


def _either(several: Sequence[Part], on_oxygen: bool | None) -> Part:
    """One parameter's part, when it is not known in which of several ways things are."""
    first = several[0]
    is_unknown = first.parameter == OXYGEN and on_oxygen is None
    return Part(
        first.parameter,
        first.title,
        Standing.MISSING if is_unknown else first.standing,
        min(part.low for part in several),
        max(part.high for part in several),
        first.reading,
    )


def _rows_of(table: _Table, measured: _Measured, oxygen: bool, scale: Scale) -> tuple[Row, ...]:
    if measured.parameter == "spo2" and scale == 2:
        return table.scale_2_on_oxygen if oxygen else table.scale_2_on_air
    return measured.rows


def _points(rows: Sequence[Row], value: float) -> int:
    return next(points for _, high, points in rows if value <= high)


def _rounded(value: float, decimals: int) -> float:
    # Through its shortest spelling: 38.05 as a float lies a little below 38.05.
    return float(Decimal(repr(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP))


def _level(table: _Table, points: Sequence[int]) -> Level:
    total, worst = sum(points), max(points)
    return next(
        level
        for level, least_total, least_single in reversed(table.levels)
        if (least_total is not None and total >= least_total)
        or (least_single is not None and worst >= least_single)
    )


def _inputs(
    table: _Table,
    parts: Sequence[Part],
    now: datetime,
    *,
    on_oxygen: bool | None,
    consciousness: Consciousness | None,
) -> tuple[Input, ...]:
    units = {one.parameter: one.unit for one in table.measured}
    inputs = [
        Input(
            part.title,
            part.reading.value,
            units[part.parameter],
            part.reading.at.astimezone(now.tzinfo).date(),
            part.reading.source,
        )
        for part in parts
        if part.standing is Standing.KNOWN and part.reading is not None
    ]
    if on_oxygen is not None:
        inputs.append(Input(table.oxygen_title, "oxygen" if on_oxygen else "air", "", now.date(), _ASKED))
    if consciousness is not None:
        inputs.append(Input(table.consciousness_title, consciousness.value, "", now.date(), _ASKED))
    return tuple(inputs)


def _refused(parts: Sequence[Part], now: datetime) -> tuple[Refusal, ...]:
    return tuple(
        Refusal(
            part.title,
            part.reading.value,
            "It is of the future." if part.reading.at > now else "No person can have this value.",
        )
        for part in parts
        if part.standing is Standing.REFUSED and part.reading is not None
    )


def _levers(
    table: _Table, parts: Sequence[Part], total: int, scale: Scale, *, oxygen: bool
) -> tuple[Lever, ...]:
    """What the total would be with one measurement at the nearest value that gives no points."""
    by_parameter = {one.parameter: one for one in table.measured}
    levers = []
    for part in sorted(parts, key=lambda part: -part.low):
        measured = by_parameter.get(part.parameter)
        if measured is None or part.reading is None or not part.low:
            continue
        value = _rounded(part.reading.value, measured.decimals)
        low, high = next(
            (low, high) for low, high, points in _rows_of(table, measured, oxygen, scale) if not points
        )
        nearest = float(low if value < low else high)
        levers.append(Lever(part.title, part.reading.value, nearest, float(total - part.low)))
    return tuple(levers)


def _flags(parts: Sequence[Part]) -> tuple[Flag, ...]:
    three = [part.title for part in parts if part.low == 3]
    return (Flag("single_three", f"3 points by one part alone: {', '.join(three)}"),) if three else ()


def _ages(table: _Table, parts: Sequence[Part], now: datetime) -> list[str]:
    oldest = {one.parameter: one.oldest for one in table.measured}
    return [
        f"{part.title} is {(now - part.reading.at) // _HOUR} hours old; up to "
        f"{oldest[part.parameter] // _HOUR} count."
        for part in parts
        if part.standing is Standing.STALE and part.reading is not None
    ]


def _of_scale(scale: Scale) -> tuple[str, ...]:
    if scale == 1:
        return ()
    return ("Oxygen saturation is scored on scale 2, for the target of 88 to 92 % that a clinician has set.",)


def _score(table: _Table, *, value: float | None = None, **said: Any) -> Score:
    return Score(
        code="news2",
        title=table.title,
        version=table.version,
        value=value,
        unit="{score}",
        source=table.source,
        verification=table.verification,
        **said,
    )
