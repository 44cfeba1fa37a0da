"""Day summaries: what each of the patient's own days says of one kind. Pure and vectorised."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import reduce
from operator import and_, or_

import numpy as np
import numpy.typing as npt

from twin.kinds import DayRule, Kind, Overlap, Values
from twin.series.columns import Columns, Flag
from twin.state.clock import DAY, LocalClock
from twin.state.overlap import Mask, one_at_a_time
from twin.state.pieces import days_of, pieces_of

# How far outside a range of days a sample may lie that counts in it: a night, an interval over midnight,
# an offset on the other side of the date line.
REACH = timedelta(days=2)
# The rules by which a day is a figure of its own, made of all its samples.
COUNTED = (DayRule.SUM, DayRule.DURATION)
_EPOCH = date(1970, 1, 1)
_CENSORED = Flag.CENSORED_LOW | Flag.CENSORED_HIGH


@dataclass(frozen=True, slots=True)
class DaySummary:
    """One local day of one kind. `source` gave the value; `sources` is how many had data that day.

    `flags` is a sum of Flag: CENSORED_LOW or CENSORED_HIGH where the lowest or highest is a device's limit,
    MANUAL or INTERPOLATED where that is true of all that counts.
    """

    day: date
    value: float
    low: float
    high: float
    count: int
    source: str
    sources: int
    flags: int = 0


def reach(zone: tzinfo, first: date, last: date) -> tuple[datetime, datetime]:
    """Between which instants samples must start to be read for the days from `first` to `last`."""
    return (
        datetime.combine(first, time.min, zone).astimezone(UTC) - REACH,
        datetime.combine(last, time.min, zone).astimezone(UTC) + REACH,
    )


def summarise(
    kind: Kind,
    sources: Mapping[str, Columns],
    zone: tzinfo,
    *,
    first: date,
    last: date,
    priority: Sequence[str] = (),
) -> list[DaySummary]:
    """The days from `first` to `last` that have data, in order; the order of `sources` makes no difference.

    A sample lies in the day of `zone`, or of its own offset when that is another. By the kind's rule:

    - mean, last: a sample counts where it starts. `source` gave most of what counts, or the last of it.
    - sum: a sample over midnight is shared out by its time on either side.
    - duration: a night belongs whole to the day one wakes, naps are added to it, and where segments overlap
      the time they share counts once.

    `priority` names sources, the most trusted first. Of several sources with data on a day, by the kind's
    overlap:

    - together: the first of `priority` counts alone; without one all do, so that no extreme hides behind a
      preferred device.
    - hour: one counts at a time, as one_at_a_time() says.
    - day: one counts: by `priority`, then the one that covers most of the day, then the one with most
      samples, then by name.
    """
    begin, end = _number(first), _number(last)
    clock = _clock(zone, begin, end)
    having: Counter[int] = Counter()
    if kind.overlap is Overlap.HOUR:
        counts = _hour_by_hour(sources, clock, priority)
        for columns in sources.values():
            having.update(np.unique(days_of(kind.daily, columns, clock)).tolist())
        sources = {source: columns.take(counts[source]) for source, columns in sources.items()}
        priority = ()
    by_day: dict[int, list[_Part]] = defaultdict(list)
    for source in sorted(sources):
        for part in _parts(kind.daily, source, sources[source], clock, begin, end):
            by_day[part.day].append(part)
    return [
        _summary(kind, parts, priority, sources=having[day] or len(parts))
        for day, parts in sorted(by_day.items())
    ]


def counting(
    kind: Kind,
    sources: Mapping[str, Columns],
    zone: tzinfo,
    *,
    first: date,
    last: date,
    priority: Sequence[str] = (),
) -> dict[str, Mask]:
    """Of each source the samples that count in their days, as summarise() takes them; others are as true.

    `first` and `last` bound the days of all samples; a night's samples and what reaches over midnight go by
    the day they end in and begin in.
    """
    if len(sources) < 2:
        return {source: np.ones(len(columns), np.bool_) for source, columns in sources.items()}
    clock = _clock(zone, _number(first), _number(last))
    if kind.overlap is Overlap.HOUR:
        return _hour_by_hour(sources, clock, priority)
    summaries = summarise(kind, sources, zone, first=first, last=last, priority=priority)
    decided = [day for day in summaries if kind.overlap is Overlap.DAY or day.source in priority]
    taken = [_number(day.day) for day in decided]
    masks = {}
    for source, columns in sources.items():
        day = days_of(kind.daily, columns, clock)
        own = [_number(one.day) for one in decided if one.source == source]
        masks[source] = ~np.isin(day, taken) | np.isin(day, own)
    return masks


@dataclass(frozen=True, slots=True)
class _Part:
    """What one source says of one day."""

    day: int
    source: str
    total: float
    low: float
    high: float
    count: int
    covered: int
    last_at: int
    last: float
    flags: int = 0


def _clock(zone: tzinfo, first: int, last: int) -> LocalClock:
    margin = 3 * DAY
    return LocalClock.over(zone, first * DAY - margin, last * DAY + margin)


def _hour_by_hour(
    sources: Mapping[str, Columns], clock: LocalClock, priority: Sequence[str]
) -> dict[str, Mask]:
    local = {
        source: clock.local(columns.start, clock.elsewhere(columns.start, columns.offset))
        for source, columns in sources.items()
    }
    return one_at_a_time(local, priority)


def _parts(
    rule: DayRule, source: str, columns: Columns, clock: LocalClock, first: int, last: int
) -> Iterable[_Part]:
    pieces = pieces_of(rule, columns, clock, first, last)
    order = np.argsort(pieces.day, kind="stable")
    order = order[slice(*np.searchsorted(pieces.day, [first, last + 1], sorter=order))]
    if not len(order):
        return
    day, start = pieces.day[order], pieces.start[order]
    covered, value = pieces.covered[order], pieces.value[order]
    begins = np.flatnonzero(np.diff(day, prepend=day[0] - 1))
    ends = np.append(begins[1:], len(day))
    figures = (
        day[begins],
        np.add.reduceat(value, begins),
        np.minimum.reduceat(value, begins),
        np.maximum.reduceat(value, begins),
        ends - begins,
        np.add.reduceat(covered, begins),
        start[ends - 1],
        value[ends - 1],
    )
    flags = np.zeros(len(begins), np.uint8)
    if pieces.flags is not None:
        flags = _flags(pieces.flags[order], value, begins, ends - begins)
    for number, *rest in zip(*(figure.tolist() for figure in (*figures, flags)), strict=True):
        yield _Part(number, source, *rest)


def _flags(
    flags: npt.NDArray[np.uint8], value: Values, begins: npt.NDArray[np.intp], sizes: npt.NDArray[np.intp]
) -> npt.NDArray[np.uint8]:
    """What is true of each stretch: of its lowest, of its highest, of all of it."""
    found = np.bitwise_and.reduceat(flags, begins) & np.uint8(Flag.MANUAL | Flag.INTERPOLATED)
    for flag, extreme in ((Flag.CENSORED_LOW, np.minimum), (Flag.CENSORED_HIGH, np.maximum)):
        is_extreme = value == np.repeat(extreme.reduceat(value, begins), sizes)
        found |= np.bitwise_or.reduceat(np.where(is_extreme, flags & np.uint8(flag), np.uint8(0)), begins)
    return found


def _summary(kind: Kind, parts: list[_Part], priority: Sequence[str], *, sources: int) -> DaySummary:
    """One day from what its sources, sorted by name, say of it."""
    by_source = {part.source: part for part in parts}
    trusted = next((by_source[source] for source in priority if source in by_source), None)
    if kind.overlap is Overlap.DAY:
        chosen = trusted or max(parts, key=lambda part: (part.covered, part.count))
    elif kind.daily is DayRule.LAST:
        chosen = trusted or max(parts, key=lambda part: part.last_at)
    else:
        chosen = trusted or max(parts, key=lambda part: part.count)

    used = [chosen] if trusted or kind.overlap is Overlap.DAY else parts
    count = sum(part.count for part in used)
    if kind.daily is DayRule.LAST:
        value = chosen.last
    elif kind.daily is DayRule.MEAN:
        value = sum(part.total for part in used) / count
    else:
        value = chosen.total
    low, high = min(part.low for part in used), max(part.high for part in used)
    return DaySummary(
        day=_EPOCH + timedelta(days=chosen.day),
        value=value,
        low=low,
        high=high,
        count=count,
        source=chosen.source,
        sources=sources,
        flags=reduce(and_, (part.flags for part in used)) & ~_CENSORED
        | reduce(or_, (part.flags & Flag.CENSORED_LOW for part in used if part.low == low))
        | reduce(or_, (part.flags & Flag.CENSORED_HIGH for part in used if part.high == high)),
    )


def _number(day: date) -> int:
    return (day - _EPOCH).days
