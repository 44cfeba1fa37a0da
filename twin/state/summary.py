"""Day summaries: what each of the patient's own days says of one kind. Pure and vectorised."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

import numpy as np

from twin.kinds import DayRule, Kind, Values
from twin.series.columns import Columns
from twin.state.clock import DAY, Integers, LocalClock, Offsets

# Sleep that ended in the evening belongs to the night that goes on within two hours: without this, what was
# slept before midnight would be lost to the day before.
EVENING = DAY * 18 // 24
NIGHT_BREAK = DAY * 2 // 24
# How far outside a range of days a sample may lie that counts in it: a night, an interval over midnight,
# an offset on the other side of the date line.
REACH = timedelta(days=2)
# The rules by which two devices' figures for one day must not be put together.
COUNTED = (DayRule.SUM, DayRule.DURATION)
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class DaySummary:
    """One local day of one kind. `source` gave the value; `sources` is how many had data that day."""

    day: date
    value: float
    low: float
    high: float
    count: int
    source: str
    sources: int


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

    - mean, last: a sample counts where it starts. The readings of all sources count together, so that no
      extreme hides behind a preferred device; `source` gave most of them (mean) or the last one (last).
    - sum: one source decides the day, because two devices count the same steps. A sample over midnight is
      shared out by its time on either side.
    - duration: one source likewise, but a night belongs whole to the day one wakes, naps are added to it,
      and where segments overlap the time they share counts once.

    `priority` names sources, the most trusted first: the first with data that day decides it alone, by every
    rule. Without one, a counted day goes to the source that covers most of it, then to the one with most
    samples, then by name.
    """
    begin, end = _number(first), _number(last)
    margin = 3 * DAY
    clock = LocalClock.over(zone, begin * DAY - margin, end * DAY + margin)
    by_day: dict[int, list[_Part]] = defaultdict(list)
    for source in sorted(sources):
        for part in _parts(kind.daily, source, sources[source], clock, begin, end):
            by_day[part.day].append(part)
    return [_summary(kind.daily, parts, priority) for _, parts in sorted(by_day.items())]


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


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Samples, or the pieces of them that lie in one local day; `start` and `covered` in ms."""

    day: Integers
    start: Integers
    covered: Integers
    value: Values


def _parts(
    rule: DayRule, source: str, columns: Columns, clock: LocalClock, first: int, last: int
) -> Iterable[_Part]:
    away = clock.elsewhere(columns.start, columns.offset)
    if rule is DayRule.SUM:
        pieces = _split_at_midnight(columns, away, clock, first, last)
    elif rule is DayRule.DURATION:
        pieces = _nights(columns, away, clock)
    else:
        day = clock.day_of(columns.start, away)
        pieces = _Pieces(day, columns.start, columns.duration, columns.value)

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
    for number, *rest in zip(*(figure.tolist() for figure in figures), strict=True):
        yield _Part(number, source, *rest)


def _split_at_midnight(
    columns: Columns, away: Offsets | None, clock: LocalClock, first: int, last: int
) -> _Pieces:
    start, duration = columns.start, columns.duration
    end = start + duration
    day = clock.day_of(start, away)
    # A journey west over midnight leads back into the day before.
    last_day = np.maximum(clock.day_of(np.maximum(end - 1, start), away), day)
    if (day == last_day).all():
        return _Pieces(day, start, duration, columns.value)

    # Only the days asked for: a sample that claims a century must not become a piece for each of its days.
    day = np.maximum(day, first)
    pieces = np.maximum(np.minimum(last_day, last) - day + 1, 0)
    sample = np.repeat(np.arange(len(start)), pieces)
    nth = np.arange(len(sample)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    day = day[sample] + nth
    away = None if away is None else away[sample]
    begins = np.maximum(start[sample], clock.start_of(day, away))
    # What a journey west repeats after midnight is not parted a second time.
    is_last = day == last_day[sample]
    covered = np.where(is_last, end[sample], np.minimum(end[sample], clock.start_of(day + 1, away))) - begins
    whole = duration[sample]
    share = np.divide(covered, whole, out=np.ones(len(sample)), where=whole > 0)
    real = (covered > 0) | (whole == 0)
    return _Pieces(day[real], begins[real], covered[real], (columns.value[sample] * share)[real])


def _nights(columns: Columns, away: Offsets | None, clock: LocalClock) -> _Pieces:
    start, duration = columns.start, columns.duration
    if not len(start):
        return _Pieces(start, start, duration, columns.value)
    end = start + duration
    until = np.maximum.accumulate(end)  # what the segments so far have covered
    before = np.append(start[0], until[:-1])
    covered = np.maximum(end - np.maximum(start, before), 0)
    share = np.divide(covered, duration, out=np.ones(len(start)), where=duration > 0)

    goes_on = (start - before <= NIGHT_BREAK) & (clock.local(before, away) % DAY >= EVENING)
    goes_on[0] = True
    night = np.cumsum(~goes_on)
    last_of_night = np.searchsorted(night, np.arange(night[-1] + 1), side="right") - 1
    woken = np.maximum(until - 1, start)[last_of_night]  # a day's total ends at midnight, still in its day
    day = clock.day_of(woken, None if away is None else away[last_of_night])[night]
    return _Pieces(day, start, covered, columns.value * share)


def _summary(rule: DayRule, parts: list[_Part], priority: Sequence[str]) -> DaySummary:
    """One day from what its sources, sorted by name, say of it."""
    by_source = {part.source: part for part in parts}
    trusted = next((by_source[source] for source in priority if source in by_source), None)
    if rule in COUNTED:
        chosen = trusted or max(parts, key=lambda part: (part.covered, part.count))
    elif rule is DayRule.LAST:
        chosen = trusted or max(parts, key=lambda part: part.last_at)
    else:
        chosen = trusted or max(parts, key=lambda part: part.count)

    used = [chosen] if trusted or rule in COUNTED else parts
    count = sum(part.count for part in used)
    if rule is DayRule.LAST:
        value = chosen.last
    elif rule is DayRule.MEAN:
        value = sum(part.total for part in used) / count
    else:
        value = chosen.total
    return DaySummary(
        day=_EPOCH + timedelta(days=chosen.day),
        value=value,
        low=min(part.low for part in used),
        high=max(part.high for part in used),
        count=count,
        source=chosen.source,
        sources=len(parts),
    )


def _number(day: date) -> int:
    return (day - _EPOCH).days
